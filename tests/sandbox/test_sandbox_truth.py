"""A year of the sandbox's life, judged from what REST tells of it, is what that life meant: turn by turn."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.core.calendar import from_worktime
from monitor.core.history import parse
from monitor.core.policy import Targets
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.core.turns import Rules, judge
from monitor.sandbox import answers
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.life import Life
from monitor.sandbox.presets import living
from probes._lines import worktime_of

END = datetime.fromisoformat("2027-03-02T12:00:00+03:00")


def judged(life: Life) -> dict[TurnKey, Turn]:
    world = life.world
    schedule = from_worktime(worktime_of(world.lines[1]))
    rules = Rules(schedule=schedule, targets=Targets(first=timedelta(minutes=15), next=timedelta(minutes=30)))
    turns: dict[TurnKey, Turn] = {}
    left: dict[int, Turn | None] = {}
    for dialog in world.dialogs.values():
        seen = parse(answers.history(world, dialog))
        people = {person.id: person for person in seen.people}
        told = judge(seen.session, seen.messages, people=people, rules=rules, carried=left.get(dialog.chat), now=END)
        left[dialog.chat] = told.carry
        turns |= {turn.key: turn for turn in told.turns}
    return turns


def test_every_turn_of_a_year_has_the_kind_the_answer_and_the_author_that_were_meant() -> None:
    life = living(SandboxClock(END, rate=0), seed=11, per_day=6, days=365)
    turns = judged(life)
    meant = {TurnKey(one.chat, one.message): one for one in life.truth}
    assert len(meant) > 3000
    assert turns.keys() == meant.keys()
    for key, truth in meant.items():
        turn = turns[key]
        assert (turn.kind, turn.ended_by, turn.responder) == (truth.kind, truth.answer, truth.author)
        waits = not truth.answered and not truth.closed
        assert (turn.verdict is Verdict.OPEN) == waits
        assert (turn.verdict is Verdict.MISSED) == bool(truth.closed)


def test_the_same_seed_and_time_give_the_same_life_whatever_the_steps() -> None:
    one = living(SandboxClock(END, rate=0), seed=5, days=4)
    two = living(SandboxClock(END - timedelta(days=2), rate=0), seed=5, days=2)
    for hours in range(1, 49):
        two.advance(END - timedelta(days=2) + timedelta(hours=hours))
    assert one.truth_rows() == two.truth_rows()
