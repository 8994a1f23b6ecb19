"""What the turns of one dialog are judged by, gathered from all that is known of its portal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Set
from datetime import timedelta
from operator import is_

from monitor.core.connectors import confirms, is_personal, messenger_of
from monitor.core.deliveries import CONFIRMED_SEEN
from monitor.core.echoes import Said, echoed
from monitor.core.gist import Gist
from monitor.core.last_words import LastWords
from monitor.core.memory import ChannelMemory, PortalState, SessionMemory
from monitor.core.model import Author, Messenger, Session
from monitor.core.policy import Policy
from monitor.core.portal_clock import as_dated
from monitor.core.replacing import replace
from monitor.core.schedules import PublicDays, schedule_of, targets_of
from monitor.core.turn_rules import Aside, Interval, Rules

ECHOES_KEPT = 200  # ids of messages that no human typed, the newest

MANAGER = Author.MANAGER

Sessions = Mapping[int, SessionMemory]


class PortalRules:
    """The rules of a portal's channels, each made when it is first asked for. What all of them rest on is given once;
    where it is not the very same any more, others have to be made."""

    def __init__(
        self, state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays], no_human: tuple[int, ...]
    ) -> None:
        self._state, self._policy, self._public_days = state, policy, public_days
        self._ground = _ground(state, policy, public_days, no_human)
        self._staff, self._gone, self._echoed = frozenset(state.managers), dict(state.memory.gone), frozenset(no_human)
        self._maintenance = tuple((window.start, window.end) for window in policy.maintenance)
        self._made: dict[tuple[int, int, str, bool], tuple[Channel, Rules | None]] = {}

    def rests_on(
        self, state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays], no_human: tuple[int, ...]
    ) -> bool:
        return all(map(is_, self._ground, _ground(state, policy, public_days, no_human)))

    def of(self, session: Session, memory: ChannelMemory | None, *, answered_before: bool) -> Rules | None:
        """None while the line's hours are not known. `answered_before`: the chat's earlier session ended with our
        reply."""
        place, channel = (session.line, session.moved, session.connector, answered_before), _channel(memory)
        made = self._made.get(place)
        if made is None or made[0] != channel:
            made = self._made[place] = (channel, self._rules(session, channel, answered_before))
        return made[1]

    def _rules(self, session: Session, channel: Channel, answered_before: bool) -> Rules | None:
        schedule = schedule_of(session.served_by, self._state, self._policy, self._public_days)
        if schedule is None:
            return None
        messenger, outages, ours, echoes_phone, has_confirmed = channel
        options, state = self._policy.replies, self._state
        return Rules(
            schedule=schedule,
            targets=targets_of(session.served_by, self._policy),
            messenger=messenger or messenger_of(session.connector, ""),
            earlier=state.schedules,
            staff=self._staff,
            gone=self._gone,
            outages=outages,
            portal_outages=state.memory.outages,
            maintenance=self._maintenance,
            answered_before=answered_before,
            campaigns=options.campaigns,
            echoed=self._echoed,
            excluded=options.excluded.union(ours) if ours else options.excluded,
            mirrors=options.phone_users,
            no_phone=is_personal(session.connector) and not (echoes_phone and options.phone_users),
            confirms=True if has_confirmed or confirms(session.connector) else None,
            reaction_ends_turn=options.reaction_ends_turn,
            call_ends_turn=options.call_ends_turn,
            groups=options.groups,
        )


def on_clock_of(rules: Rules, skew: timedelta) -> Rules:
    """The same rules for a dialog that is dated by a clock so much ahead of ours: by ours we have seen the outages."""
    return replace(
        rules,
        outages=as_dated(rules.outages, skew),
        portal_outages=as_dated(rules.portal_outages, skew),
        maintenance=as_dated(rules.maintenance, skew),
    )


# What the rules rest on of a channel: its messenger, its outages, customers that are ourselves, whether it echoes and
# whether it is known to confirm what it was given to send.
Channel = tuple[Messenger | None, tuple[Interval, ...], tuple[int, ...], bool, bool]
NO_CHANNEL: Channel = (None, (), (), False, False)


def _channel(memory: ChannelMemory | None) -> Channel:
    if memory is None:
        return NO_CHANNEL
    has_confirmed = memory.deliveries.confirmed >= CONFIRMED_SEEN
    return memory.channel.messenger, memory.outages, memory.canaries.customers, memory.echoes_phone, has_confirmed


def _ground(
    state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays], no_human: tuple[int, ...]
) -> tuple[object, ...]:
    """What the rules rest on beside the channels."""
    memory, is_discovered = state.memory, state.cursor.discovered is not None
    told = (state.lines, state.managers, state.schedules, memory.gone, memory.outages, is_discovered)
    return (policy, public_days, no_human, *told)


def is_ours(session: Session, memory: ChannelMemory | None) -> bool:
    """Whether the customer is our own second account, known by a test message that arrived."""
    return memory is not None and bool(session.customer) and session.customer in memory.canaries.customers


def no_human_typed(
    known: tuple[int, ...], sessions: Sessions, gists: Mapping[int, Gist], lately: LastWords | None = None
) -> tuple[int, ...]:
    """Ids of messages that a connector wrote under somebody's name (case 4), with those known before; ascending.

    `gists`: of the histories that are heard now, by session. `lately`: what was said in the `sessions` up to now.
    """
    lately = lately if lately is not None else LastWords()
    lately.hear(sessions, {number: gist.spoken for number, gist in gists.items()})
    texts = _often_said(sessions, gists, lately)
    if not texts:
        return known
    found = echoed((*_said_lately(sessions, texts, lately), *_said_now(gists.values(), texts)))
    return tuple(sorted({*known, *found})[-ECHOES_KEPT:]) if found.difference(known) else known


def _often_said(sessions: Sessions, gists: Mapping[int, Gist], lately: LastWords) -> Set[str]:
    """Of the texts that are heard now those that stand in another dialog too; mostly none. What was said of the others
    was told when they were."""
    heard, often = set[str](), set[str]()
    for gist in gists.values():
        often |= heard & gist.texts
        heard |= gist.texts
    for digest in heard - often:
        if any(memory.session.id not in gists for memory, _ in lately.of(digest, sessions)):
            often.add(digest)
    return often


def _said_lately(sessions: Sessions, texts: Iterable[str], lately: LastWords) -> Iterable[Said]:
    for digest in texts:
        for memory, one in lately.of(digest, sessions):
            yield Said(one.user, one.digest, one.at, memory.session.chat, one.message)


def _said_now(gists: Iterable[Gist], texts: Container[str]) -> Iterable[Said]:
    for gist in gists:
        for one in gist.messages:
            if one.author is MANAGER and one.digest in texts:
                yield Said(one.user, one.digest, one.at, one.chat, one.id)


class Contacts:
    """Customers who write through several messengers, joined by their CRM contact (case 36).

    A contact that several customers of one channel share is somebody's collecting box and joins nobody.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._by_contact: dict[int, list[SessionMemory]] = defaultdict(list)
        for memory in sessions.values():
            if memory.session.contact:
                self._by_contact[memory.session.contact].append(memory)

    def others(self, session: Session) -> list[SessionMemory]:
        """Sessions of the same person in another messenger or line."""
        same = self._by_contact.get(session.contact, []) if session.contact else []
        mine = (session.line, session.connector)
        if any(_place(one) == mine and one.session.customer != session.customer for one in same):
            return []
        return [one for one in same if _place(one) != mine and one.session.chat != session.chat]

    def asides(self, session: Session) -> tuple[Aside, ...]:
        if not session.contact:
            return ()
        said = [one for other in self.others(session) for one in other.spoken]
        return tuple(Aside(kind="elsewhere", at=one.at, user=one.user, message=one.message) for one in said)


def _place(memory: SessionMemory) -> tuple[int, str]:
    return memory.session.line, memory.session.connector
