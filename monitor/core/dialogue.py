"""What customers and managers said, turned into turns: sessions remembered, replies judged, traffic counted once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.connectors import messenger_of
from monitor.core.ledger import events
from monitor.core.memory import Cursor, PortalState, SessionMemory
from monitor.core.model import ChannelKey, Message
from monitor.core.outages import outages_of
from monitor.core.policy import Policy
from monitor.core.reading import Finding, HistorySeen
from monitor.core.schedules import PublicDays, schedule_of, targets_of
from monitor.core.sessions import fresh, remember
from monitor.core.turn import Turn, TurnEvent, TurnKey, Verdict
from monitor.core.turns import Judged, Rules, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Sessions, turns and traffic after a poll. `ended` are the turns to count now, each once in its life."""

    cursor: Cursor
    sessions: Mapping[int, SessionMemory]
    turns: Mapping[TurnKey, Turn]
    fresh: tuple[tuple[ChannelKey, tuple[Message, ...]], ...] = ()
    events: tuple[TurnEvent, ...] = ()
    ended: tuple[Turn, ...] = ()
    problems: tuple[str, ...] = ()


def hear(
    state: PortalState,
    findings: Sequence[Finding],
    policy: Policy,
    public_days: Mapping[str, PublicDays],
    *,
    now: datetime,
) -> Heard:
    """Fold the dialogs' findings. A line whose hours are not known yet is not judged: its sessions stay due."""
    cursor, sessions, histories = remember(state.cursor, state.sessions, findings, now, policy)
    heard = _Hearing(state=state, policy=policy, public_days=public_days, sessions=dict(sessions), now=now)
    for history in histories:
        heard.take(history)
    return heard.outcome(cursor)


class _Hearing:
    """The running account of one poll's histories."""

    def __init__(
        self,
        *,
        state: PortalState,
        policy: Policy,
        public_days: Mapping[str, PublicDays],
        sessions: dict[int, SessionMemory],
        now: datetime,
    ) -> None:
        self._state, self._policy, self._public_days, self._now = state, policy, public_days, now
        self._sessions = sessions
        self._turns = dict(state.turns)
        self._fresh: list[tuple[ChannelKey, tuple[Message, ...]]] = []
        self._events: list[TurnEvent] = []
        self._ended: list[Turn] = []
        self._problems: list[str] = []

    def take(self, history: HistorySeen) -> None:
        session = history.session
        self._count(history)
        rules = rules_of(history, self._state, self._policy, self._public_days)
        if rules is None:
            self._sessions[session.id] = replace(self._sessions[session.id], due=True)
            return
        before = {turn.key: turn for turn in self._turns.values() if turn.session == session.id}
        judged = judge(
            session,
            history.messages,
            people={person.id: person for person in history.people},
            rules=rules,
            previous=tuple(before.values()),
            carried=self._carried(history),
            now=self._now,
        )
        self._settle(judged)

    def _count(self, history: HistorySeen) -> None:
        memory = self._sessions[history.session.id]
        new = fresh(memory, history)
        if new:
            highest = max(message.id for message in new)
            self._sessions[history.session.id] = replace(memory, counted=max(memory.counted, highest))
            self._fresh.append((ChannelKey(history.session.line, history.session.connector), new))

    def _carried(self, history: HistorySeen) -> Turn | None:
        """The chat's last turn of an earlier session, if nobody answered it (case 27)."""
        session = history.session
        earlier = [turn for turn in self._turns.values() if turn.chat == session.chat and turn.session < session.id]
        last = max(earlier, key=lambda turn: turn.message, default=None)
        return last if last is not None and last.verdict in {Verdict.OPEN, Verdict.MISSED} else None

    def _settle(self, judged: Judged) -> None:
        for told in judged.turns:
            before = self._turns.get(told.key)
            if before == told:
                continue
            ends = told.verdict is not Verdict.OPEN and not told.counted
            turn = replace(told, counted=True) if ends else told
            self._turns[turn.key] = turn
            self._events += events(before, turn)
            self._ended += [turn] if ends else []
        self._problems += judged.problems

    def outcome(self, cursor: Cursor) -> Heard:
        known = self._sessions
        turns = {key: turn for key, turn in self._turns.items() if turn.session in known}
        return Heard(
            cursor=cursor,
            sessions=known,
            turns=turns,
            fresh=tuple(self._fresh),
            events=tuple(self._events),
            ended=tuple(self._ended),
            problems=tuple(self._problems),
        )


def rules_of(
    history: HistorySeen, state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays]
) -> Rules | None:
    """What the turns of this session are judged by; None while the line's hours are not known."""
    session = history.session
    schedule = schedule_of(session.line, state, policy, public_days)
    if schedule is None:
        return None
    memory = state.channels.get(ChannelKey(session.line, session.connector))
    return Rules(
        schedule=schedule,
        targets=targets_of(session.line, policy),
        staff=frozenset(state.managers),
        messenger=memory.channel.messenger if memory else messenger_of(session.connector, ""),
        outages=outages_of(memory, state.memory),
        maintenance=tuple((window.start, window.end) for window in policy.maintenance),
    )
