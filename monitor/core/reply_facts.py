"""What the turns of one dialog are judged by, gathered from all that is known of its portal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence

from monitor.core.connectors import is_personal, messenger_of
from monitor.core.echoes import Said, echoed
from monitor.core.memory import PortalState, SessionMemory
from monitor.core.model import Author, ChannelKey, Session
from monitor.core.policy import Policy
from monitor.core.reading import HistorySeen
from monitor.core.schedules import PublicDays, schedule_of, targets_of
from monitor.core.turn import Turn
from monitor.core.turn_rules import Aside, Rules
from monitor.core.turn_verdicts import ANSWERED

ECHOES_KEPT = 200  # ids of messages that no human typed, the newest

Sessions = Mapping[int, SessionMemory]


def rules_of(
    session: Session,
    state: PortalState,
    policy: Policy,
    public_days: Mapping[str, PublicDays],
    *,
    earlier: Sequence[Turn] = (),
    asides: tuple[Aside, ...] = (),
    no_human: frozenset[int] = frozenset(),
) -> Rules | None:
    """None while the line's hours are not known. `earlier`: the chat's turns of sessions before this one."""
    schedule = schedule_of(session.line, state, policy, public_days)
    if schedule is None:
        return None
    memory = state.channels.get(ChannelKey(session.line, session.connector))
    options = policy.replies
    return Rules(
        schedule=schedule,
        targets=targets_of(session.line, policy),
        messenger=memory.channel.messenger if memory else messenger_of(session.connector, ""),
        earlier=state.schedules,
        staff=frozenset(state.managers),
        gone=dict(state.memory.gone),
        outages=memory.outages if memory else (),
        portal_outages=state.memory.outages,
        maintenance=tuple((window.start, window.end) for window in policy.maintenance),
        answered_before=bool(earlier) and max(earlier, key=lambda turn: turn.message).verdict in ANSWERED,
        campaigns=options.campaigns,
        asides=asides,
        echoed=no_human,
        excluded=options.excluded.union(memory.canaries.customers) if memory else options.excluded,
        mirrors=options.phone_users,
        no_phone=is_personal(session.connector) and not (memory is not None and memory.echoes_phone),
        reaction_ends_turn=options.reaction_ends_turn,
        call_ends_turn=options.call_ends_turn,
        groups=options.groups,
    )


def is_ours(session: Session, state: PortalState) -> bool:
    """Whether the customer is our own second account, known by a test message that arrived."""
    memory = state.channels.get(ChannelKey(session.line, session.connector))
    return memory is not None and bool(session.customer) and session.customer in memory.canaries.customers


def no_human_typed(known: Iterable[int], sessions: Sessions, histories: Sequence[HistorySeen]) -> tuple[int, ...]:
    """Ids of messages that a connector wrote under somebody's name (case 4), with those known before; ascending."""
    now = list(_said_now(histories))
    said = [*_said_lately(sessions, {one.digest for one in now}), *now]
    return tuple(sorted({*known, *echoed(said)})[-ECHOES_KEPT:])


def _said_lately(sessions: Sessions, texts: Container[str]) -> Iterable[Said]:
    """Of the texts that are heard now: what was said of the others was told when they were."""
    for memory in sessions.values():
        for one in memory.spoken:
            if one.digest in texts:
                yield Said(one.user, one.digest, one.at, memory.session.chat, one.message)


def _said_now(histories: Sequence[HistorySeen]) -> Iterable[Said]:
    for history in histories:
        for one in history.messages:
            if one.author is Author.MANAGER and one.digest:
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
        said = [one for other in self.others(session) for one in other.spoken]
        return tuple(Aside(kind="elsewhere", at=one.at, user=one.user, message=one.message) for one in said)


def _place(memory: SessionMemory) -> tuple[int, str]:
    return memory.session.line, memory.session.connector
