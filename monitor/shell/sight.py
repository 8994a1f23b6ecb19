"""One portal as a page looks at it: the state, the wishes, the moment and the language that texts are said in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.memory import PortalState
from monitor.core.model import BLIND_STATES, UP_STATES, State
from monitor.core.policy import Policy
from monitor.core.words import MESSENGERS, moment, name_of, span_of
from monitor.shell.page_words import STATES, WORDS

Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    state: PortalState
    policy: Policy
    now: datetime
    language: str

    def say(self, word: str) -> str:
        return WORDS[self.language][word]

    def at(self, moment_: datetime | None) -> str:
        return moment(moment_, self.policy.timezone, self.language) if moment_ else ""

    def span(self, span: timedelta | None) -> str:
        return span_of(span, self.language) if span is not None else ""

    def ago(self, since: datetime | None) -> str:
        return self.span(self.now - since) if since else ""

    def manager(self, user: int) -> str:
        """A name, or the number of somebody whose name is not known; 0 = the queue."""
        name = name_of(user, self.state, self.language)
        return name or (f"{self.say('employee')} {user}" if user else self.say("queue"))

    def line(self, line: int) -> str:
        known = self.state.lines.get(line)
        return known.name if known and known.name else f"{self.say('line')} {line}"

    def connector(self, connector: str) -> str:
        return self.state.connectors.get(connector) or connector

    def messenger(self, messenger: str) -> str:
        return next((name for kind, name in MESSENGERS.items() if kind.value == messenger), self.say("other_messenger"))

    def state_word(self, state: State) -> str:
        return STATES[self.language][state]

    def link(self, chat: int) -> str:
        """The dialog in Bitrix24 itself."""
        address = self.state.memory.server_address or self.policy.url
        return f"{address.rstrip('/')}/online/?IM_DIALOG=chat{chat}"


def light_of(state: State) -> str:
    """good, bad or none: what the eye sees; the word stands beside it."""
    return "none" if state in BLIND_STATES else "good" if state in UP_STATES else "bad"
