"""A crowd after a gap that nobody knew of is an outage learnt later; a crowd or a gap alone is nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judgement_parts import MINUTE, WAZZUP
from test_silence import HOUR, MONDAY, POLICY, lived, poll, quiet_state

from monitor.core.bursts import learnt
from monitor.core.calendar import Schedule
from monitor.core.desk import Context, judge
from monitor.core.habit import NO_HABIT
from monitor.core.memory import PortalState
from monitor.core.model import Author, Message, Person, Session
from monitor.core.policy import Targets
from monitor.core.reading import ClockSeen, HistorySeen, Reading
from monitor.core.turn import Verdict
from monitor.core.turn_rules import Rules
from monitor.core.turns import judge as judge_session

TEN = (MONDAY + 10 * HOUR).astimezone(UTC)
NO_DAYS_OFF: frozenset[int] = frozenset()


def word(dialog: int, at: datetime, author: Author = Author.CUSTOMER) -> HistorySeen:
    session = Session(id=dialog, chat=dialog, line=1, connector=WAZZUP.connector, customer=900 + dialog, created=at)
    message = Message(id=dialog, session=dialog, chat=dialog, at=at, author=author, user=900 + dialog)
    return HistorySeen(session=session, messages=(message,))


def crowd(at: datetime, dialogs: int = 6, apart: timedelta = timedelta(seconds=5)) -> list[HistorySeen]:
    return [word(10 + number, at + number * apart) for number in range(dialogs)]


def outages(state: PortalState, seen: list[HistorySeen], days_off: frozenset[int] = NO_DAYS_OFF) -> tuple[object, ...]:
    channels, _ = learnt(state, seen, POLICY, lambda _: days_off)
    return channels[WAZZUP].outages


def known(**facts: object) -> PortalState:
    state = quiet_state()
    memory = replace(state.channels[WAZZUP], **facts)  # type: ignore[arg-type]
    return replace(state, channels={WAZZUP: memory})


def test_six_dialogs_in_a_minute_after_three_dead_hours_are_a_backlog() -> None:
    at = TEN + 3 * HOUR
    channels, notes = learnt(known(), crowd(at), POLICY, lambda _: NO_DAYS_OFF)
    assert channels[WAZZUP].outages == ((TEN, at),)
    assert notes == (
        "channel.outage_learnt line=1 connector=wz_whatsapp_0a1b since=2026-03-02T07:00:00+00:00 "
        "until=2026-03-02T10:00:00+00:00",
    )


def test_the_gap_begins_with_the_last_word_in_either_direction() -> None:
    at, spoke = TEN + 4 * HOUR, TEN + HOUR
    assert outages(known(last_outbound=spoke), crowd(at)) == ((spoke, at),)


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        (crowd(TEN + 3 * HOUR, dialogs=2), "two customers are no crowd"),
        (crowd(TEN + 3 * HOUR, apart=timedelta(minutes=2)), "they came one by one"),
        (crowd(TEN + 40 * MINUTE), "forty minutes are no gap"),
        (crowd(TEN + timedelta(days=4)), "after days it has an incident of its own"),
        ([word(10, TEN + 3 * HOUR)] * 6, "one dialog with many words"),
        ([word(n, TEN + 3 * HOUR, Author.MANAGER) for n in range(10, 16)], "managers writing to many"),
    ],
)
def test_no_outage_is_made_of(seen: list[HistorySeen], why: str) -> None:
    assert outages(known(), seen) == (), why


def test_a_night_is_no_gap_however_many_write_in_the_morning() -> None:
    evening = (MONDAY + 17 * HOUR + 50 * MINUTE).astimezone(UTC)
    assert outages(known(last_inbound=evening), crowd(evening + 15 * HOUR)) == ()


def test_a_public_holiday_is_no_gap() -> None:
    today = frozenset({MONDAY.toordinal()})
    assert outages(known(), crowd(TEN + 3 * HOUR), today) == ()
    assert outages(known(), crowd(TEN + 3 * HOUR)) != ()


def test_a_channel_that_is_still_learning_or_was_seen_down_learns_nothing_later() -> None:
    assert outages(known(habit=NO_HABIT), crowd(TEN + 3 * HOUR)) == ()
    down = ((TEN + HOUR, TEN + 2 * HOUR),)
    assert outages(known(outages=down), crowd(TEN + 3 * HOUR)) == down


def test_an_old_outage_does_not_keep_a_new_one_from_being_learnt() -> None:
    old = (TEN - 5 * HOUR, TEN - 4 * HOUR)
    assert outages(known(outages=(old,)), crowd(TEN + 3 * HOUR)) == (old, (TEN, TEN + 3 * HOUR))


def test_what_usually_comes_in_such_a_minute_raises_what_a_crowd_is() -> None:
    at = TEN + 3 * HOUR
    busy = known(habit=lived(2000))
    assert outages(busy, crowd(at, dialogs=20, apart=timedelta(seconds=2))) == ()
    assert outages(busy, crowd(at, dialogs=40, apart=timedelta(seconds=1))) == ((TEN, at),)


def test_the_same_poll_judged_again_learns_it_once() -> None:
    at = TEN + 3 * HOUR
    seen = crowd(at)
    clock = ClockSeen(portal=at, asked=at, answered=at)
    reading = Reading(probe="x", source="bitrix24", at=at, findings=(clock, *seen))
    once = judge(known(), [reading], POLICY, Context(), now=at, real_now=at)
    assert once.notes[0].startswith("channel.outage_learnt")
    twice = judge(once.state, [reading], POLICY, Context(), now=at, real_now=at)
    assert once.state.channels[WAZZUP].outages == twice.state.channels[WAZZUP].outages == ((TEN, at),)
    assert poll(once.state, at + MINUTE).notes == ()


def test_a_message_of_the_crowd_that_is_answered_late_is_excused_as_the_channels() -> None:
    at = TEN + 3 * HOUR
    (gap,) = outages(known(), crowd(at))
    history = word(10, at)
    reply = Message(id=99, session=10, chat=10, at=at + 2 * HOUR, author=Author.MANAGER, user=12)
    people = {910: Person(id=910, name="", connector=True), 12: Person(id=12, name="Иван")}
    schedule = Schedule(zone="Europe/Moscow", week=(((540, 1080),),) * 7)
    rules = Rules(
        schedule=schedule,
        targets=Targets(first=timedelta(minutes=15), next=timedelta(minutes=30)),
        outages=(gap,),  # type: ignore[arg-type]  # as it was learnt
    )
    judged = judge_session(history.session, [*history.messages, reply], people=people, rules=rules, now=at + 3 * HOUR)
    (turn,) = judged.turns
    assert (turn.verdict, turn.cause, turn.blame) == (Verdict.EXCUSED, "backlog", "channel")
