"""What customers and managers said, turned into turns: sessions remembered, replies judged, traffic counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.calendar import Schedule
from monitor.core.furniture import kept
from monitor.core.ledger import events
from monitor.core.memory import ChannelMemory, Cursor, PortalState, SessionMemory
from monitor.core.model import ChannelKey, Message, Session
from monitor.core.policy import Policy
from monitor.core.portal_clock import ahead
from monitor.core.reading import Finding, HistorySeen
from monitor.core.replacing import replace
from monitor.core.reply_facts import Contacts, PortalRules, is_ours, no_human_typed, on_clock_of
from monitor.core.restored import forgotten, in_words, restored
from monitor.core.schedules import PublicDays
from monitor.core.sessions import Read, is_behind, remember
from monitor.core.tallies import Tallies, recent, recount
from monitor.core.turn import Turn, TurnEvent, TurnKey, Verdict
from monitor.core.turn_book import UNANSWERED, Chat, TurnBook, book_of
from monitor.core.turn_carried import has_gone_on, on_its_way
from monitor.core.turn_rules import Rules
from monitor.core.turn_verdicts import ANSWERED
from monitor.core.turns import Judged, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Sessions, turns and traffic after a poll. `ended` are the turns to count now, each once in its life.

    `echoed`: messages that no human typed; `schedules`: those that open turns began with, by version.
    """

    cursor: Cursor
    sessions: Mapping[int, SessionMemory]
    turns: TurnBook
    fresh: tuple[tuple[ChannelKey, tuple[Message, ...]], ...] = ()
    read: tuple[Read, ...] = ()
    events: tuple[TurnEvent, ...] = ()
    ended: tuple[Turn, ...] = ()
    problems: tuple[str, ...] = ()
    echoed: tuple[int, ...] = ()
    schedules: Mapping[str, Schedule]
    tallies: Tallies


def hear(
    state: PortalState,
    findings: Sequence[Finding],
    policy: Policy,
    public_days: Mapping[str, PublicDays],
    *,
    now: datetime,
    forgetting: bool = True,
) -> Heard:
    """Fold the dialogs' findings. A line whose hours are not known yet is not judged: its sessions stay due.

    `forgetting`: whether sessions that were closed long ago go now.
    """
    back = restored(state.cursor, state.sessions, findings)
    state = forgotten(state, back) if back is not None else state
    book = _known_turns(state)
    gists = book.shelf.gists
    cursor, sessions, told = remember(state.cursor, state.sessions, findings, now, policy, gists, forgetting=forgetting)
    hearing = _Hearing(state=state, book=book, policy=policy, public_days=public_days, sessions=dict(sessions), now=now)
    if told:
        hearing.prepare(told)
    # What one leaves unanswered, the next goes on with.
    for one in sorted(told, key=lambda one: one.history.session.id):
        hearing.take(one)
    heard = replace(hearing.outcome(cursor), read=told)
    return replace(heard, problems=(*in_words(back), *heard.problems)) if back is not None else heard


class _Hearing:
    """The running account of one poll's histories."""

    def __init__(
        self,
        *,
        state: PortalState,
        book: TurnBook,
        policy: Policy,
        public_days: Mapping[str, PublicDays],
        sessions: dict[int, SessionMemory],
        now: datetime,
    ) -> None:
        self._state, self._policy, self._public_days, self._now = state, policy, public_days, now
        self._sessions = sessions
        self._book = book
        self._chats: dict[int, Chat] = {}  # those that have changed
        self._changed: dict[TurnKey, Turn] = {}
        self._schedules = dict(state.schedules)
        self._tallies = dict(state.tallies)
        self._echoed = state.memory.echoed
        self._contacts = Contacts({})
        self._rules: PortalRules | None = None  # None = nothing is heard
        self._read = frozenset[int]()  # sessions that are heard now
        self._by_chat: Mapping[int, Sequence[int]] | None = None
        self._fresh: list[tuple[ChannelKey, tuple[Message, ...]]] = []
        self._events: list[TurnEvent] = []
        self._ended: dict[TurnKey, Turn] = {}
        self._problems: list[str] = []

    def prepare(self, told: Sequence[Read]) -> None:
        """What one dialog has to know of the others; sessions that learn something new of them are read again."""
        self._contacts = Contacts(self._sessions)
        before = self._echoed
        gists = {one.history.session.id: one.gist for one in told}
        self._echoed = no_human_typed(before, self._sessions, gists, self._book.shelf.said)
        self._rules = self._rules_of_portal()
        reread = {one.history.session.id for one in told}
        self._read = frozenset(reread)
        if self._echoed is not before:
            self._look_again(frozenset(self._echoed).difference(before), reread)
        for one in told:
            self._wake_others(one.history, reread)

    def _rules_of_portal(self) -> PortalRules:
        """Those of the last poll, if what they rest on is still the same."""
        shelf, ground = self._book.shelf, (self._state, self._policy, self._public_days, self._echoed)
        if shelf.rules is None or not shelf.rules.rests_on(*ground):
            shelf.rules = PortalRules(*ground)
        return shelf.rules

    def _look_again(self, echoed: frozenset[int], reread: set[int]) -> None:
        """What somebody was heard to say turns out to be no human's words."""
        for number, memory in self._sessions.items():
            if number not in reread and any(one.message in echoed for one in memory.spoken):
                self._sessions[number] = replace(memory, due=True)

    def _wake_others(self, history: HistorySeen, reread: set[int]) -> None:
        """The same person waits in another messenger: what was said here may have been the answer."""
        spoken = self._sessions[history.session.id].spoken
        for other in self._contacts.others(history.session) if spoken else ():
            session = other.session
            waits = [turn for turn in self._chat(session.chat).turns.values() if turn.verdict is Verdict.OPEN]
            if session.id not in reread and any(spoken[-1].at >= turn.opened for turn in waits):
                self._sessions[session.id] = replace(self._sessions[session.id], due=True)

    def take(self, read: Read) -> None:
        history, session = read.history, read.history.session
        channel = self._state.channels.get(read.channel)
        if read.fresh and not is_ours(session, channel):
            self._fresh.append((read.channel, read.fresh))
        chat = self._chat(session.chat)
        last = chat.last_before(session.id)
        skew = ahead(self._state.memory, history.messages[-1].at if history.messages else session.created)
        rules = self._judged_by(session, channel, last, skew)
        if rules is None:
            self._sessions[session.id] = replace(self._sessions[session.id], due=True)
            return
        self._schedules[rules.schedule.version] = rules.schedule
        judged = judge(
            session,
            history.messages,
            people={person.id: person for person in history.people},
            rules=rules,
            previous=list(chat.of_session(session.id).values()),
            carried=self._brought(chat, history, last),
            now=self._now + skew,
            seen=self._seen(session, skew),
            marks=self._book.shelf.marks,
        )
        if judged.carry is not None and (
            not self._is_known_unanswered(judged.carry) or is_behind(self._state.sessions.get(session.id))
        ):
            self._wake_later(session)
        self._settle(judged, session.id)

    def _seen(self, session: Session, skew: timedelta) -> datetime | None:
        before = self._state.sessions.get(session.id)
        return before.read_at + skew if before is not None and before.read_at is not None else None

    def _brought(self, chat: Chat, history: HistorySeen, last: Turn | None) -> Turn | None:
        """What an earlier session left unanswered (case 27); nothing of one that has moved and is still to be read: it
        may have been answered there, and most are."""
        if last is not None and last.verdict in UNANSWERED:
            is_read = last.session in self._read or not is_behind(self._sessions.get(last.session))
            return last if is_read else None
        first = history.messages[0].id if history.messages else 0
        passed = chat.passed_through(history.session.id, first)
        return on_its_way(passed) if passed is not None else None

    def _is_known_unanswered(self, turn: Turn) -> bool:
        """Of this very session; or a later one has gone on with it."""
        before = self._chat(turn.chat).turns.get(turn.message)
        if before is None or before.session < turn.session:
            return False
        return before.verdict in UNANSWERED or before.session > turn.session

    def _wake_later(self, session: Session) -> None:
        """Sessions that were read before the one they go on with (case 27)."""
        if self._by_chat is None:
            self._by_chat = _by_chat(self._sessions)
        for number in self._by_chat.get(session.chat, ()):
            if number > session.id:
                self._wake(number)

    def _wake(self, number: int) -> None:
        if number in self._sessions and number not in self._read:
            self._sessions[number] = replace(self._sessions[number], due=True)

    def _judged_by(
        self, session: Session, channel: ChannelMemory | None, last: Turn | None, skew: timedelta
    ) -> Rules | None:
        """`skew`: by which the portal's clock was ahead of ours when it dated this dialog."""
        assert self._rules is not None  # noqa: S101 - prepared before anything is taken
        if self._is_on_a_new_line(session):
            return None
        rules = self._rules.of(session, channel, answered_before=last is not None and last.verdict in ANSWERED)
        if rules is not None and skew:
            rules = on_clock_of(rules, skew)
        asides = self._contacts.asides(session)
        return replace(rules, asides=asides) if rules is not None and asides else rules

    def _is_on_a_new_line(self, session: Session) -> bool:
        """One that we may know nothing of because the lines were last told before the dialog began."""
        discovered, line = self._state.cursor.discovered, session.served_by
        is_known = line in self._state.lines or self._policy.line(line).schedule is not None
        return not is_known and discovered is not None and discovered <= session.created

    def _settle(self, judged: Judged, session: int) -> None:
        for told in judged.turns[judged.stands :]:
            before = self._chat(told.chat).turns.get(told.message)
            if before is not None and (before is told or before == told or has_gone_on(before, told)):
                continue
            was_counted = told.key not in self._ended and (told.counted or (before is not None and before.counted))
            ends = told.verdict is not Verdict.OPEN and not was_counted
            counted = ends or was_counted
            turn = told if told.counted is counted else replace(told, counted=counted)
            if turn is not told:
                self._book.shelf.marks.settled(session, told, turn)
            recount(self._tallies, before, turn, self._policy.timezone)
            if before is not None and before.session > turn.session:
                self._wake(before.session)
            self._put(turn)
            self._events += events(before, turn)
            self._count(turn, ends)
        self._problems += judged.problems

    def _count(self, turn: Turn, ends: bool) -> None:
        """Once a poll: what a later session has gone on with has not ended as the earlier one left it (case 27)."""
        if ends:
            self._ended[turn.key] = turn
        else:
            self._ended.pop(turn.key, None)

    def _put(self, turn: Turn) -> None:
        if turn.chat not in self._chats:
            self._chats[turn.chat] = self._book.chat(turn.chat).copy()
        self._chats[turn.chat].put(turn)
        self._changed[turn.key] = turn

    def outcome(self, cursor: Cursor) -> Heard:
        known = self._sessions
        turns = self._book.rewritten(self._chats, self._changed.values())
        if self._state.sessions.keys() - known.keys():
            turns = turns.of_sessions(known)
        return Heard(
            cursor=cursor,
            sessions=known,
            turns=turns,
            fresh=tuple(self._fresh),
            events=tuple(self._events),
            ended=tuple(self._ended.values()),
            problems=tuple(self._problems),
            echoed=self._echoed,
            schedules=self._in_use(turns),
            tallies=kept(self._state.tallies, recent(self._tallies, self._now, self._policy.timezone)),
        )

    def _chat(self, chat: int) -> Chat:
        """A chat's turns as they stand by now."""
        return self._chats.get(chat) or self._book.chat(chat)

    def _in_use(self, turns: TurnBook) -> Mapping[str, Schedule]:
        if self._rules is None:
            return self._state.schedules
        versions = {turn.schedule_version for turn in turns.unanswered()}
        return kept(self._state.schedules, {name: one for name, one in self._schedules.items() if name in versions})


def _by_chat(sessions: Mapping[int, SessionMemory]) -> Mapping[int, Sequence[int]]:
    told: dict[int, list[int]] = defaultdict(list)
    for number, memory in sessions.items():
        told[memory.session.chat].append(number)
    return told


def _known_turns(state: PortalState) -> TurnBook:
    """As the store tells them, also those are there whose session is remembered no more."""
    is_checked = isinstance(state.turns, TurnBook)
    book = book_of(state.turns)
    return book if is_checked else book.of_sessions(state.sessions)
