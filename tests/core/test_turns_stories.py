"""What holds for every story: kinds and targets, waiting now, long sessions, and the ledger that rebuilds them all."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replies_parts import OFFICE, PEOPLE, RULES, at, minutes, only, told, turns

from monitor.core.ledger import events, rebuild
from monitor.core.model import Author, Message, Session
from monitor.core.turn import Turn, TurnDraft, TurnKey, Verdict
from monitor.core.turns import judge, overdue, waits


def test_later_turns_of_a_session_are_next_and_have_their_own_target() -> None:
    first, second = turns("10:00 c; 10:05 m12; 11:00 c; 11:25 m12")
    assert (first.kind, second.kind, second.verdict) == ("first", "next", Verdict.MET)


def test_an_answer_outside_of_hours_is_met_and_marked() -> None:
    turn = only("03:00 c; 03:20 m12", rules=replace(RULES, schedule=OFFICE))
    assert (turn.verdict, minutes(turn.working), turn.marks) == (Verdict.MET, 0, ("ooh",))


def test_how_long_it_waits_is_told_on_both_clocks_and_in_targets() -> None:
    turn = only("12:50 c", now="14:00", rules=replace(RULES, schedule=OFFICE))
    assert [minutes(span) for span in waits(turn, OFFICE, at("14:10"))] == [20, 80]
    assert [overdue(turn, at(text)) for text in ("14:05", "14:06", "14:36")] == [0, 1, 3]


def test_a_session_of_twenty_thousand_messages_is_judged() -> None:
    pair = [(Author.CUSTOMER, 844), (Author.MANAGER, 12)]
    messages = [
        Message(
            id=n, session=7, chat=1, at=at("00:00") + timedelta(seconds=n), author=pair[n % 2][0], user=pair[n % 2][1]
        )
        for n in range(20_000)
    ]
    session = Session(id=7, chat=1, line=1, connector="max", customer=844, created=at("00:00"))
    assert len(judge(session, messages, people=PEOPLE, rules=RULES, now=at("3/00:00")).turns) == 9_999 + 1


kinds = st.sampled_from(
    ["c", "m12", "m15", "n12", "n12>15", "b90", "a", "w12", "c thanks", "m12 failed", "m15 pending"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), kinds), max_size=25), st.booleans())
def test_the_ledger_of_a_growing_history_rebuilds_the_turns_as_they_stand(steps: list[Any], ends: bool) -> None:
    """Fed back what it said before, the engine says the same again, and nothing that was counted is taken back."""
    clock, lines = 0, []
    for wait, what in steps:
        clock += wait
        lines.append(f"{1 + clock // 1440}/{clock // 60 % 24}:{clock % 60} {what}")
    lines += [f"{1 + (clock + 5) // 1440}/{(clock + 5) // 60 % 24}:{(clock + 5) % 60} end"] if ends else []
    session = Session(id=7, chat=1, line=1, connector="max", customer=844, created=at("00:00"))
    known: dict[TurnKey, Turn] = {}
    rows: list[Any] = []
    for count in range(1, len(lines) + 1):
        messages = told(";".join(lines[:count]))
        last = max(one.at for one in messages)
        for _ in range(2):
            outcome = judge(session, messages, people=PEOPLE, rules=RULES, previous=known.values(), now=last)
            for turn in outcome.turns:
                before = known.get(turn.key)
                counted = replace(turn, counted=turn.verdict is not Verdict.OPEN or turn.counted)
                rows += events(before, counted)
                assert before is None or counted.counted >= before.counted
                known[turn.key] = counted
        again = judge(session, messages, people=PEOPLE, rules=RULES, previous=known.values(), now=last)
        assert {turn.key: turn for turn in again.turns} == {turn.key: known[turn.key] for turn in again.turns}
    assert rebuild(rows) == known


def test_a_draft_has_the_very_fields_of_the_turn_it_is_sealed_into() -> None:
    assert [field.name for field in fields(TurnDraft)] == [field.name for field in fields(Turn)]
    turn = only("10:00 c; 10:05 m12")
    assert type(turn) is Turn
    with pytest.raises(FrozenInstanceError):
        turn.holder = 5  # type: ignore[misc]  # what must not work


def test_the_ledger_tells_when_the_clock_stood_and_when_the_answer_was_due() -> None:
    bot = only("10:00 c; 10:00 n90; 10:01 b90", owner=90, now="10:05")
    person = only("10:00 c; 10:00 n90; 10:01 b90; 10:20 n90>12", owner=12, now="10:25", previous=(bot,))
    rows = [*events(None, bot), *events(bot, person)]
    assert [(row.what, row.at) for row in rows] == [
        ("turn_open", at("10:00")),
        ("pause", at("10:00")),
        ("resume", at("10:20")),
        ("deadline", at("10:35")),
        ("assign", at("10:20")),
    ]
