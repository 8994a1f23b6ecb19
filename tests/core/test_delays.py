"""Whose delay an unmet request was: the queue's, or of whoever had the dialog in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from judgement_parts import MINUTE, START, make_turn

from monitor.core.delays import Own, culprit_of, is_untaken, own_delays
from monitor.core.turn import Held, Turn, Verdict

NOW = START + timedelta(days=1)
QUEUED = (Held(0, START, 38 * MINUTE), Held(13, START + 38 * MINUTE, 2 * MINUTE))


def answered(verdict: Verdict, **more: object) -> Turn:
    facts = {"verdict": verdict, "ended": START + 40 * MINUTE, "ended_by": 5, "responder": 13, "holder": 13}
    return make_turn(**(facts | more))


LATE_IN_QUEUE = answered(Verdict.LATE, held=QUEUED, blame="routing")
LATE_IN_HAND = answered(Verdict.LATE, blame="manager", culprit=13)


def test_who_answers_at_once_what_the_queue_held_too_long_is_not_late() -> None:
    turns = [LATE_IN_QUEUE] * 4 + [answered(Verdict.MET)] * 16
    assert own_delays(turns, NOW) == {13: Own(n=20, late=0)}
    assert own_delays(turns, NOW)[13].share == 1.0


def test_who_had_it_in_hand_is_late_also_where_somebody_else_answered_it() -> None:
    helped = answered(Verdict.LATE, responder=12, blame="manager", culprit=13)
    assert own_delays([LATE_IN_HAND, helped, answered(Verdict.MET)], NOW) == {13: Own(n=3, late=2)}


def test_what_a_channel_delayed_is_nobodys() -> None:
    failed = answered(Verdict.LATE, blame="channel")
    assert own_delays([failed], NOW) == {13: Own(n=1, late=0)}
    assert not is_untaken(failed)


def test_the_queue_itself_is_no_employee() -> None:
    missed = make_turn(verdict=Verdict.MISSED, ended=NOW, holder=0, blame="routing")
    assert own_delays([missed], NOW) == {}
    assert is_untaken(missed)


@pytest.mark.parametrize(
    ("held", "holder", "culprit"),
    [
        ((), 12, 12),
        ((Held(0, START, 14 * MINUTE),), 12, 12),
        ((Held(0, START, 15 * MINUTE),), 12, 0),
        ((), 0, 0),
    ],
)
def test_who_still_waits_is_with_his_holder_unless_the_queue_used_up_the_time(
    held: tuple[Held, ...], holder: int, culprit: int
) -> None:
    turn = make_turn(held=held, holder=holder)
    assert (culprit_of(turn), is_untaken(turn)) == (culprit, culprit == 0)


def test_what_is_excused_or_in_time_yet_is_judged_of_nobody() -> None:
    waiting = make_turn(deadline=NOW + MINUTE)
    assert own_delays([waiting, answered(Verdict.EXCUSED), answered(Verdict.WAIVED)], NOW) == {}


def test_below_ten_requests_nobody_is_rated() -> None:
    assert not own_delays([LATE_IN_HAND] * 9, NOW)[13].is_rated
    assert own_delays([LATE_IN_HAND] * 10, NOW)[13].is_rated
    assert Own().share is None
    assert replace(Own(), n=4, late=1).share == 0.75
