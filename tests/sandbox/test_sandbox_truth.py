"""A year of the sandbox's life, judged from what REST tells of it, is what that life meant: turn by turn.

TRUTH_SEEDS=1,2,3 judges other years than the one of every day.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.core.calendar import from_worktime
from monitor.core.history import parse
from monitor.core.policy import Targets
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.core.turn_rules import Rules
from monitor.core.turns import judge
from monitor.sandbox import answers
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.life import CLOSES, OPENS, Life, Meant
from monitor.sandbox.presets import PEOPLE, living
from probes._lines import worktime_of

END = datetime.fromisoformat("2027-03-02T12:00:00+03:00")
SEEDS = [int(seed) for seed in os.environ.get("TRUTH_SEEDS", "11").split(",")]
TARGETS = {"first": timedelta(minutes=15), "next": timedelta(minutes=30)}
MOSCOW = ZoneInfo("Europe/Moscow")


def judged(life: Life) -> dict[TurnKey, Turn]:
    world = life.world
    schedule = from_worktime(worktime_of(world.lines[1]))
    rules = Rules(schedule=schedule, targets=Targets(**TARGETS))
    turns: dict[TurnKey, Turn] = {}
    left: dict[int, Turn | None] = {}
    for dialog in world.dialogs.values():
        seen = parse(answers.history(world, dialog))
        people = {person.id: person for person in seen.people}
        told = judge(seen.session, seen.messages, people=people, rules=rules, carried=left.get(dialog.chat), now=END)
        left[dialog.chat] = told.carry
        turns |= {turn.key: turn for turn in told.turns}
    return turns


def by_the_day(start: datetime, end: datetime) -> timedelta:
    """The working clock once more, slow and obvious: what each office day has of the wait."""
    total, day = timedelta(), start.astimezone(MOSCOW).date()
    while day <= end.astimezone(MOSCOW).date():
        opens, closes = (datetime.combine(day, time(hour), tzinfo=MOSCOW) for hour in (OPENS, CLOSES))
        if day.weekday() < 5:
            total += max(timedelta(), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return total


def moment_of(written: str) -> datetime:
    """As REST tells it: whole seconds."""
    return datetime.fromisoformat(written).astimezone(UTC).replace(microsecond=0)


def verdict_of(meant: Meant, working: timedelta) -> Verdict:
    if not meant.answered:
        return Verdict.MISSED if meant.closed else Verdict.OPEN
    return Verdict.MET if working <= TARGETS[meant.kind] else Verdict.LATE


@pytest.mark.parametrize("seed", SEEDS)
def test_every_turn_of_a_year_of_five_managers_is_what_was_meant(seed: int) -> None:
    """Start, kind, answer, author, verdict, both clocks, and whether it was late at its deadline."""
    life = living(SandboxClock(END, rate=0), seed=seed, per_day=6, days=365)
    turns = judged(life)
    meant = {TurnKey(one.chat, one.message): one for one in life.truth}
    assert len(meant) > 3000
    assert turns.keys() == meant.keys()
    for key, truth in meant.items():
        turn, opened = turns[key], moment_of(truth.opened)
        ended = moment_of(truth.answered or truth.closed) if truth.answered or truth.closed else None
        working = by_the_day(opened, ended or END)
        assert (turn.opened, turn.kind) == (opened, truth.kind), truth
        assert (turn.ended, turn.ended_by, turn.responder) == (ended, truth.answer, truth.author), truth
        assert turn.verdict is verdict_of(truth, working), truth
        assert (turn.overdue_verdict is Verdict.LATE) == (working > TARGETS[truth.kind]), truth
        assert turn.calendar == (ended - opened if ended else None), truth
        assert turn.working == (working if ended else None), truth
    assert {turn.responder for turn in turns.values()} == {0, *(number for number, *_ in PEOPLE)}
    told = {turn.verdict for turn in turns.values()}
    assert told >= {Verdict.MET, Verdict.LATE, Verdict.MISSED}


def test_the_same_seed_and_time_give_the_same_life_whatever_the_steps() -> None:
    one = living(SandboxClock(END, rate=0), seed=5, days=4)
    two = living(SandboxClock(END - timedelta(days=2), rate=0), seed=5, days=2)
    for hours in range(1, 49):
        two.advance(END - timedelta(days=2) + timedelta(hours=hours))
    assert one.truth_rows() == two.truth_rows()
