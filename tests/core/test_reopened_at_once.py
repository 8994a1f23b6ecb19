"""Case 27 where two sessions of one chat are read at first sight: the turns are those that were told live."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from judgement_parts import make_policy
from replies_parts import MINUTE, at, session_of, told

from monitor.core.desk import Context, judge
from monitor.core.memory import PortalState
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
    clock = ClockSeen(portal=now, asked=now, answered=now)
    reading = Reading(probe="dialogs", source="bitrix24", at=now, findings=(clock, *seen))
    return judge(state, [reading], POLICY, Context(), now=now, real_now=now).state


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
