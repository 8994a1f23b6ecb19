"""How a review says numbers, times and names in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.expiry_rules import subject_name
from monitor.core.replies import QUEUE, Waited
from monitor.core.words import at_most, plural, span_of
from monitor.review_words import FORMS, WORDS

MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """`names` of employees by id; `zone` in which days begin."""

    language: str
    zone: str
    names: Mapping[int, str]
    now: datetime

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS[self.language]

    def say(self, name: str, /, **facts: object) -> str:
        return self.words[name].format(**facts)

    def period(self, name: str, since: datetime, until: datetime, /, **facts: object) -> str:
        """By its first and its last day."""
        return self.say(name, since=self.day(since), until=self.last(until), **facts)

    def form(self, name: str, number: int) -> str:
        return plural(number, FORMS[self.language][name], self.language)

    def wait(self, waited: Waited | None) -> str:
        if waited is None:
            return "–"
        if waited.at_least:
            return self.say("longer", span=at_most(waited.span, self.language))
        return self.span(waited.span)

    def waited(self, of: str, waited: Waited) -> str:
        """A percentile in a sentence. Who was never answered has waited for longer than is known."""
        return self.say(f"{of}_{'least' if waited.at_least else 'most'}", span=at_most(waited.span, self.language))

    def until(self, at: datetime) -> str:
        return self.say("until" if at > self.now else "ended", at=self.day(at))

    def span(self, span: timedelta) -> str:
        return span_of(span, self.language)

    def at(self, at: datetime) -> str:
        return at.astimezone(ZoneInfo(self.zone)).strftime("%d.%m.%Y %H:%M")

    def last(self, until: datetime) -> str:
        """The last day of what ends before `until`."""
        return self.day(until - MOMENT)

    def day(self, at: datetime) -> str:
        return at.astimezone(ZoneInfo(self.zone)).strftime("%d.%m.%Y")

    def name(self, user: int) -> str:
        return self.words["queue"] if user == QUEUE else self.names.get(user, str(user))

    def subject(self, name: str) -> str:
        return subject_name(name, self.language)
