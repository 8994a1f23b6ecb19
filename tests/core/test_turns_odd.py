"""Odd data: clocks that disagree, sessions that overlap, strangers, nothing at all; judged, and told as what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from replies_parts import OFFICE, PEOPLE, RULES, at, only, parts, session_of, told, turns

from monitor.core.calendar import Schedule
from monitor.core.model import Author
from monitor.core.turn import Turn, Verdict
from monitor.core.turn_rules import Aside
from monitor.core.turns import judge

ZERO = timedelta()
BERLIN = Schedule(zone="Europe/Berlin", week=OFFICE.week)
WORDS = ["c", "c", "m12", "m15", "n12", "n15", "n12>15", "b90", "n90", "n90>12", "a", "w12", "c thanks", "c sticker"]
WORDS += [
    "m12 failed",
    "m15 pending",
    "q",
    "q12",
    "end",
    "end12",
    "start",
    "x",
    "c deleted",
    "m77",
    "m18",
    "c reaction",
]
steps = st.lists(st.tuples(st.sampled_from([0, 0, 1, 2, 5, 20, 60, 300, 2000]), st.sampled_from(WORDS)), max_size=14)
asides = st.sampled_from([(), (Aside(kind="call", at=at("14:00"), user=15, message=9, lasted=timedelta(minutes=1)),)])


def story_of(chosen: list[tuple[int, str]]) -> str:
    clock, lines = 480, []
    for wait, what in chosen:
        clock += wait
        lines.append(f"{1 + clock // 1440}/{clock // 60 % 24}:{clock % 60} {what}")
    return ";".join(lines)


@settings(max_examples=200, deadline=None)
@given(steps, steps, st.integers(-3000, 3000), st.permutations(range(14)), st.sampled_from([OFFICE, BERLIN]), asides)
def test_whatever_the_data_nobody_waits_less_than_nothing_and_every_field_is_told(
    one: list[tuple[int, str]],
    two: list[tuple[int, str]],
    shift: int,
    order: list[int],
    schedule: Schedule,
    heard: tuple[Aside, ...],
) -> None:
    rules = replace(RULES, schedule=schedule, asides=heard, gone={15: at("12:00")})
    first = told(story_of(one))
    shuffled = [first[n] for n in order if n < len(first)]
    earlier = judge(session_of(first), shuffled, people=PEOPLE, rules=rules, now=at("9/12:00"))
    later = [replace(m, id=m.id + 100, session=8, at=m.at + timedelta(minutes=shift)) for m in told(story_of(two))]
    session = replace(session_of(later, closed=None), id=8, created=at("00:00") - timedelta(days=9))
    both = judge(session, later, people=PEOPLE, rules=rules, carried=earlier.carry, now=at("12/12:00"))
    customers = sum(message.author is Author.CUSTOMER for message in (*first, *later))
    assert len(earlier.turns) + len(both.turns) <= customers + 1  # one may be carried over
    for turn in (*earlier.turns, *both.turns):
        _is_whole(turn)


def _is_whole(turn: Turn) -> None:
    assert repr(turn).endswith("counted=False)")
    spans: list[Any] = [turn.working, turn.calendar, turn.manager_working, turn.portal_wait]
    assert all(span is None or span >= ZERO for span in spans), spans
    assert all(part.working >= ZERO for part in turn.held), turn.held
    assert turn.deadline > turn.opened
    assert turn.verdict is Verdict.OPEN or turn.ended is not None
    moments = [part.since for part in turn.held]
    assert moments == sorted(moments)


def test_who_takes_the_dialog_after_a_thanks_has_settled_itself_has_no_part_of_it() -> None:
    _, thanks = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:50 n15; 10:55 end15")
    assert (thanks.cause, thanks.ended, parts(thanks)) == ("no_reply_needed", at("10:36"), [(0, 30)])


def test_a_session_that_begins_before_the_earlier_one_was_closed_goes_on_with_its_wait_from_there() -> None:
    missed = only("10:00 c; 10:05 n12; 11:00 end12")
    turn = only("10:30 c; 10:40 m15", carried=missed, first=201)
    assert (turn.key, parts(turn)) == (missed.key, [(0, 5), (12, 35)])
    assert turn.working == timedelta(minutes=40)


def test_a_session_that_is_older_than_the_wait_that_was_left_knows_nothing_of_it() -> None:
    missed = only("10:00 c; 11:00 end12")
    assert only("09:30 c; 09:40 m15", carried=missed, first=201).message == 201


def test_a_session_whose_first_line_is_older_than_the_wait_it_goes_on_with_is_told_again_with_all_who_had_it() -> None:
    missed = replace(only("10:00 c; 11:00 end12"), session=6)
    first = only("09:00 a; 11:30 c", carried=missed, first=201, now="11:40")
    again = only("09:00 a; 11:30 c; 11:45 m15", previous=(first,), carried=missed, first=201)
    assert (again.key, again.held[0].since, again.ended) == (missed.key, at("10:00"), at("11:45"))


def test_a_thanks_that_is_dated_later_than_the_end_of_its_session_waited_for_nothing() -> None:
    _, thanks = turns("10:00 c; 10:05 m12; 10:10 c thanks", closed=at("10:08"))
    assert (thanks.cause, thanks.ended, thanks.working) == ("no_reply_needed", at("10:10"), ZERO)
