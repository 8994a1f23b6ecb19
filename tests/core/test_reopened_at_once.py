"""Case 27 where two sessions of one chat are read at first sight: the turns are those that were told live."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from judgement_parts import make_policy
from replies_parts import MINUTE, at, session_of, told

from monitor.core.desk import Context, judge
from monitor.core.memory import Judgement, PortalState, SessionMemory
from monitor.core.model import Line, Manager, Person
from monitor.core.reading import ClockSeen, HistorySeen, Reading
from monitor.core.turn import Turn, Verdict

PEOPLE = (Person(id=844, name="", connector=True), Person(id=12, name="Анна"))
NOW = at("10:40")
BEGUN = PortalState(portal="acme", lines={1: Line(id=1, name="Продажи")}, managers={12: Manager(id=12, name="Анна")})
POLICY = make_policy()


def history(number: int, story: str) -> HistorySeen:
    messages = [replace(one, session=number) for one in told(story, 100 * number + 1)]
    session = session_of(messages, id=number, created=messages[0].at)
    return HistorySeen(session=session, messages=tuple(messages), people=PEOPLE)


FIRST = history(1, "10:05 c; 10:15 end")
SECOND = history(2, "10:25 c; 10:30 m12")


def poll(state: PortalState, now: datetime, *seen: HistorySeen) -> PortalState:
    return judged(state, now, *seen).state


def judged(state: PortalState, now: datetime, *seen: HistorySeen) -> Judgement:
    clock = ClockSeen(portal=now, asked=now, answered=now)
    reading = Reading(probe="dialogs", source="bitrix24", at=now, findings=(clock, *seen))
    return judge(state, [reading], POLICY, Context(), now=now, real_now=now)


def live() -> PortalState:
    state = poll(BEGUN, at("10:15"), FIRST)
    state = poll(state, at("10:26"), history(2, "10:25 c"))
    return poll(state, NOW, SECOND)


def waits(state: PortalState) -> list[Turn]:
    return [turn for turn in state.turns.values() if turn.verdict is not Verdict.VOID]


@pytest.mark.parametrize("seen", [(FIRST, SECOND), (SECOND, FIRST)])
def test_two_sessions_read_together_are_one_turn_in_whatever_order_they_come(seen: tuple[HistorySeen, ...]) -> None:
    (turn,) = waits(poll(BEGUN, NOW, *seen))
    assert (turn.message, turn.session, turn.verdict, turn.calendar) == (101, 2, Verdict.LATE, 25 * MINUTE)
    assert turn.responder == 12
    (known,) = waits(live())
    assert turn == known


@pytest.mark.parametrize("seen", [(FIRST, SECOND), (SECOND, FIRST)])
def test_what_is_one_turn_when_it_is_told_first_is_counted_once_as_it_ended(seen: tuple[HistorySeen, ...]) -> None:
    told = judged(BEGUN, NOW, *seen)
    counted = [(turn.message, turn.verdict) for turn in told.ended if turn.verdict is not Verdict.VOID]
    assert counted == [(101, Verdict.LATE)]
    assert not judged(told.state, NOW + MINUTE, *seen).ended


def test_what_was_reopened_before_it_was_told_has_not_ended_yet() -> None:
    told = judged(BEGUN, NOW, FIRST, history(2, "10:25 c"))
    assert told.ended == ()
    (turn,) = judged(told.state, NOW + MINUTE, SECOND).ended
    assert (turn.message, turn.verdict) == (101, Verdict.LATE)


def test_an_earlier_session_that_is_read_later_has_the_later_one_read_again() -> None:
    state = poll(BEGUN, NOW, SECOND)
    assert [turn.message for turn in waits(state)] == [201]
    state = poll(state, NOW + MINUTE, FIRST)
    assert (state.sessions[1].due, state.sessions[2].due) == (False, True)
    state = poll(state, NOW + 2 * MINUTE, SECOND)
    (turn,) = waits(state)
    assert (turn.message, turn.verdict, turn.calendar) == (101, Verdict.LATE, 25 * MINUTE)
    state = poll(state, NOW + 3 * MINUTE, FIRST)
    assert not any(one.due for one in state.sessions.values())
    assert waits(state) == [turn]


def test_an_earlier_session_that_was_answered_wakes_no_other() -> None:
    answered = history(1, "10:05 c; 10:10 m12; 10:15 end12")
    state = poll(poll(BEGUN, NOW, SECOND), NOW + MINUTE, answered)
    assert not state.sessions[2].due
    assert sorted(turn.message for turn in waits(state)) == [101, 201]


ANSWERED = history(1, "10:05 c; 10:10 m12; 10:15 end12")


def moved(state: PortalState, number: int, updated: datetime) -> PortalState:
    """An activity tells that the session has moved, and its history could not be read yet."""
    memory = state.sessions[number]
    told = replace(memory, due=True, session=replace(memory.session, updated=updated))
    return replace(state, sessions={**state.sessions, number: told})


def test_what_a_session_left_unanswered_is_not_taken_from_one_that_has_moved_since_it_was_read() -> None:
    state = moved(poll(BEGUN, at("10:06"), history(1, "10:05 c")), 1, at("10:15"))
    state = poll(state, NOW, SECOND)
    assert [(turn.message, turn.session, turn.verdict) for turn in waits(state)] == [
        (101, 1, Verdict.OPEN),
        (201, 2, Verdict.MET),
    ]
    state = poll(state, NOW + MINUTE, ANSWERED)
    assert [(turn.message, turn.responder) for turn in waits(state)] == [(101, 12), (201, 12)]
    assert not state.sessions[2].due


def test_and_if_it_was_closed_unanswered_the_next_one_goes_on_with_it_all_the_same() -> None:
    state = moved(poll(BEGUN, at("10:06"), history(1, "10:05 c")), 1, at("10:15"))
    state = poll(poll(state, NOW, SECOND), NOW + MINUTE, FIRST)
    assert state.sessions[2].due
    (turn,) = waits(poll(state, NOW + 2 * MINUTE, SECOND))
    assert (turn.message, turn.session, turn.calendar) == (101, 2, 25 * MINUTE)


def test_a_wait_that_was_taken_over_too_soon_goes_back_to_whom_it_was_answered_by() -> None:
    state = poll(poll(BEGUN, at("10:06"), history(1, "10:05 c")), NOW, SECOND)  # nothing told that the first had moved
    assert [(turn.message, turn.session) for turn in waits(state)] == [(101, 2)]
    state = poll(state, NOW + MINUTE, ANSWERED)
    assert state.sessions[2].due
    state = poll(state, NOW + 2 * MINUTE, SECOND)
    assert [(turn.message, turn.session, turn.calendar) for turn in waits(state)] == [
        (101, 1, 5 * MINUTE),
        (201, 2, 5 * MINUTE),
    ]
    assert not any(one.due for one in state.sessions.values())


def test_a_session_that_a_wait_only_passed_through_has_none_of_its_own_when_it_is_read_again() -> None:
    through, third = history(2, "10:25 c; 10:28 end"), history(3, "10:32 c; 10:35 m12")
    state = poll(BEGUN, NOW, FIRST, through, third)
    (turn,) = waits(state)
    assert (turn.message, turn.session, turn.verdict) == (101, 3, Verdict.LATE)
    again = judged(state, NOW + MINUTE, through)
    assert waits(again.state) == [turn]
    assert again.ended == ()


def test_an_answer_in_a_session_that_a_wait_passed_through_is_its_answer() -> None:
    through, third = history(2, "10:25 c; 10:26 m12; 10:28 end"), history(3, "10:32 c; 10:35 m12")
    state = poll(BEGUN, NOW, FIRST, third)  # the one between could not be read
    state = poll(state, NOW + MINUTE, through)
    assert state.sessions[3].due
    state = poll(state, NOW + 2 * MINUTE, third)
    assert [(turn.message, turn.session, turn.calendar) for turn in waits(state)] == [
        (101, 2, 21 * MINUTE),
        (301, 3, 3 * MINUTE),
    ]


def test_a_closed_session_is_remembered_while_another_of_the_same_customer_is_to_be_read() -> None:
    state, late = poll(BEGUN, at("10:16"), FIRST), NOW + timedelta(days=3)
    unread = SessionMemory(session=replace(SECOND.session, chat=0), due=True)
    cursor = replace(state.cursor, watermark=late)
    state = poll(replace(state, sessions={**state.sessions, 2: unread}, cursor=cursor), late)
    assert set(state.sessions) == {1, 2}
    state = poll(state, late + MINUTE, SECOND)
    (turn,) = waits(state)
    assert (turn.message, turn.responder) == (101, 12)
    assert set(poll(state, late + timedelta(hours=1)).sessions) == {2}


def test_three_sessions_that_are_read_from_the_last_to_the_first_are_one_wait() -> None:
    through, third = history(2, "10:25 c; 10:28 end"), history(3, "10:32 c; 10:35 m12")
    state, now = BEGUN, NOW
    for seen in (third, through, FIRST):
        now += MINUTE
        state = poll(state, now, seen)
    for _ in range(3):  # sessions that learn something new of the others are read again
        now += MINUTE
        state = poll(state, now, *[seen for seen in (FIRST, through, third) if state.sessions[seen.session.id].due])
    assert [(turn.message, turn.session, turn.responder) for turn in waits(state)] == [(101, 3, 12)]
    assert not any(one.due for one in state.sessions.values())
