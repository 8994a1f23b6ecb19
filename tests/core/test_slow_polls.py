"""Replies of a busy portal that is looked at seldom and slowly and answers by halves: told is what was meant."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asked import Asked, readings_of
from wild_parts import wild

from monitor.core.desk import Context, judge
from monitor.core.memory import PortalState
from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.plugin import Params, View
from monitor.core.policy import Policy
from monitor.core.recall import Recall
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.life import Life
from monitor.sandbox.presets import living

START = datetime(2026, 3, 2, 5, tzinfo=UTC)  # a Monday, 8:00 in Moscow
END = START + timedelta(days=9)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", history=timedelta(days=3))
CATCHING_UP = 20  # polls


@dataclass(frozen=True)
class Trouble:
    """`pause` between polls on the average, `step` at most between two questions; `unanswered`: of one, how many
    questions, `out`: how many polls."""

    pause: timedelta
    step: timedelta = timedelta()
    unanswered: float = 0.0
    out: float = 0.0


PASSING = (Reason.TIMEOUT, Reason.UNREACHABLE, Reason.THROTTLED, Reason.MALFORMED)


class Moving(Asked):
    """The portal's life goes on from one question to the next."""

    def __init__(self, life: Life, clock: SandboxClock, luck: random.Random, trouble: Trouble) -> None:
        super().__init__(life)
        self.clock, self.luck, self.trouble, self.is_over = clock, luck, trouble, False

    async def __call__(self, method: str, params: Params | None = None) -> Any:
        self.go_on(self.luck.random() * self.trouble.step)
        if self.luck.random() < self.trouble.unanswered:
            raise CallFailed(Failure(reason=self.luck.choice(PASSING)))
        return await super().__call__(method, params)

    def pause(self) -> None:
        self.go_on(self.luck.expovariate(1) * self.trouble.pause)
        self.broken = self.luck.random() < self.trouble.out

    def go_on(self, by: timedelta) -> None:
        self.clock.advance(by)
        if not self.is_over:
            self.life.advance(self.clock.now())


@dataclass
class Lived:
    """Turns as they were told last, how often each was counted, and those that were meant."""

    life: Life
    known: dict[TurnKey, Turn] = field(default_factory=dict)
    counted: Counter[TurnKey] = field(default_factory=Counter)
    due: list[int] = field(default_factory=list)


async def lived(seed: int, trouble: Trouble, crm: str) -> Lived:
    """Nine days with three of a past."""
    clock = SandboxClock(START, rate=0.0)
    life = living(clock, seed=seed, per_day=50)
    life.world.lines[1]["CRM"] = crm
    return await watched(Moving(life, clock, random.Random(seed), trouble), END)


async def watched(call: Moving, end: datetime, history: timedelta = timedelta(days=3)) -> Lived:
    """By polls until then, and by some more while nothing happens."""
    recall, told, clock = Recall(), Lived(call.life), call.clock
    state, number, left = PortalState(portal="acme"), 0, CATCHING_UP
    policy = replace(POLICY, history=history)
    while left:
        if clock.now() >= end:
            left -= 1
            call.trouble, call.is_over = Trouble(timedelta(seconds=1)), True
        view = View(policy=policy, state=state, now=clock.now(), clock=clock.now, recall=recall)
        readings = await readings_of(call, view, furniture=number % 15 == 0)
        now = clock.now()
        judged = judge(replace(state, calm_until=None), readings, policy, Context(), now=now, real_now=now)
        state = judged.state
        told.known |= state.turns
        told.counted.update(turn.key for turn in judged.ended)
        number += 1
        call.pause()
    told.due = [number for number, memory in state.sessions.items() if memory.due]
    return told


def wrongly_told(told: Lived) -> list[object]:
    """Of more than 200 waits that ended: those that were told otherwise than meant or counted twice, or in vain, and
    sessions that are still to be read."""
    ended = [(one, one.answered or one.closed) for one in told.life.truth if one.opened > START.isoformat()]
    ended = [(one, at) for one, at in ended if at and at < END.isoformat()]
    assert len(ended) > 200
    wrong: list[object] = [*told.due, *(key for key, times in told.counted.items() if times > 1)]
    wrong += [key for key in told.counted if told.known[key].verdict is Verdict.VOID]
    for one, _ in ended:
        turn = told.known.get(TurnKey(one.chat, one.message))
        if turn is not None and turn.verdict is Verdict.EXCUSED:
            continue  # closed while the portal was out of sight, and not taken up again for that
        if turn is None or (turn.kind, turn.ended_by, turn.responder) != (one.kind, one.answer, one.author):
            wrong.append((one, turn))
    return wrong


@pytest.mark.parametrize(
    ("seed", "minutes", "seconds"),
    [
        pytest.param(32, 60, 200, id="new dialogs come while a backlog is read"),
        pytest.param(33, 10, 600, id="a poll takes hours"),
        pytest.param(33, 600, 200, id="ten hours between polls"),
        pytest.param(35, 600, 30, id="a dialog is read after the next one was forgotten"),
    ],
)
def test_turns_are_those_that_were_meant_however_late_they_are_read(seed: int, minutes: int, seconds: int) -> None:
    trouble = Trouble(timedelta(minutes=minutes), timedelta(seconds=seconds))
    assert wrongly_told(asyncio.run(lived(seed, trouble, "Y"))) == []


@pytest.mark.parametrize(
    ("seed", "crm", "minutes", "unanswered", "out"),
    [
        pytest.param(33, "Y", 30, 0.3, 0.3, id="the list fails for long while dialogs are found"),
        pytest.param(32, "N", 60, 0.05, 0.3, id="without CRM, three polls of ten fail"),
    ],
)
def test_turns_are_those_that_were_meant_whatever_is_not_answered(
    seed: int, crm: str, minutes: int, unanswered: float, out: float
) -> None:
    trouble = Trouble(timedelta(minutes=minutes), unanswered=unanswered, out=out)
    assert wrongly_told(asyncio.run(lived(seed, trouble, crm))) == []


def as_told(turn: Turn) -> tuple[object, ...]:
    return turn.session, turn.kind, turn.verdict, turn.ended_by, turn.responder, turn.opened, turn.calendar, turn.cause


@pytest.mark.parametrize(
    ("seed", "minutes", "seconds", "unanswered"),
    [(3, 20, 0, 0.1), (5, 60, 60, 0.0)],
)
def test_turns_are_told_the_same_as_they_happen_and_from_the_histories_alone(
    seed: int, minutes: int, seconds: int, unanswered: float
) -> None:
    """Whatever befalls dialogs, and read newest first, in part and again."""
    clock, luck = SandboxClock(START, rate=0.0), random.Random(seed)
    life, end = wild(clock, seed, per_day=30), START + timedelta(days=3)
    trouble = Trouble(timedelta(minutes=minutes), timedelta(seconds=seconds), unanswered)
    live = asyncio.run(watched(Moving(life, clock, luck, trouble), end))
    again = Moving(life, clock, luck, Trouble(timedelta()))
    after = asyncio.run(watched(again, clock.now(), history=timedelta(days=9)))
    excused = {turn.chat for turn in live.known.values() if turn.verdict is Verdict.EXCUSED and turn.cause != "spam"}
    mine = {
        key: [as_told(one) if one and one.verdict is not Verdict.VOID else None for one in pair]
        for key in live.known.keys() | after.known.keys()
        for pair in [(live.known.get(key), after.known.get(key))]
        if key.chat not in excused and all(one is None or one.opened > START for one in pair)
    }
    assert len(mine) > 200
    assert {key: pair for key, pair in mine.items() if pair[0] != pair[1]} == {}
