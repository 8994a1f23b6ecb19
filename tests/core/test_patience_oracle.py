"""Patience against the slow way to it, hour by hour: the very same numbers, over changes of clocks and holidays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp, log, log1p
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.habit import NO_HABIT, Habit, hours_from, listen, model_of, pass_days
from monitor.core.silence import (
    FALSE_ALARMS,
    FEWEST_GAPS,
    LONGEST,
    ODD_DAY_HEARS,
    ODD_DAYS,
    SHORTEST,
    Patience,
    patience,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = ["Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"]
ZONES += ["America/St_Johns", "America/Santiago", "Atlantic/Azores", "UTC"]


def slowly(habit: Habit, last: datetime, zone: str, holidays: frozenset[int]) -> Patience:
    local = last.astimezone(ZoneInfo(zone))
    model = model_of(habit.days, local.toordinal(), holidays)
    if model is None or local.toordinal() - habit.since < 14:
        return Patience(since=last, after=None)
    limit = log(FALSE_ALARMS / max(FEWEST_GAPS, model.a_day * 365))
    k = 1.0 / (1.0 / model.steadiness + 1.0 / model.certainty)
    closed = today = reached = expected = 0.0
    ordinal = 0
    for start, end in hours_from(last, zone):
        day = start.astimezone(ZoneInfo(zone))
        amount = model.expected(day.date(), day.toordinal() in holidays)[day.hour] * ((end - start) / HOUR)
        if day.toordinal() != ordinal:
            closed, today, ordinal = reached, 0.0, day.toordinal()
        today += amount
        expected += amount
        usual, odd = (-k * log1p(part * today / k) for part in (1.0, ODD_DAY_HEARS))
        before, reached = reached, closed + log((1 - ODD_DAYS) * exp(usual) + ODD_DAYS * exp(odd))
        if reached <= limit:
            after = max(start + (end - start) * ((limit - before) / (reached - before)), last + SHORTEST)
            return Patience(since=last, after=after, expected=expected, chance=exp(limit))
        if end - last >= LONGEST:
            return Patience(since=last, after=end, expected=expected, chance=exp(reached))
    raise AssertionError("hours do not end")


def lived(a_day: float, days: int, until: datetime, zone: str, seed: int) -> Habit:
    chance, heard = Random(seed), []
    for back in range(1, days + 1):
        for _ in range(round(chance.expovariate(1 / a_day))):
            heard.append(
                (chance.randrange(10**6), until - back * DAY + chance.choice([9, 12, 3]) * HOUR * chance.random())
            )
    habit = listen(NO_HABIT, heard, zone)
    today = until.astimezone(ZoneInfo(zone)).date()
    return pass_days(replace(habit, since=today.toordinal() - days), today, frozenset({today.toordinal() - 3}))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([0.5, 1.0, 3.0, 10.0, 40.0, 300.0]),
    st.sampled_from([10, 20, 60]),
    st.sampled_from(ZONES),
    st.integers(0, 19 * 365 * 24),
    st.integers(0, 9 * 24 * 3600),
    st.sets(st.integers(0, 25)),
    st.integers(0, 99),
)
def test_patience_is_what_going_through_every_hour_gives(
    a_day: float, days: int, zone: str, hours: int, later: int, free: set[int], seed: int
) -> None:
    until = datetime(2009, 1, 1, tzinfo=UTC) + hours * HOUR
    habit, last = lived(a_day, days, until, zone, seed), until + timedelta(seconds=later)
    holidays = frozenset(until.toordinal() + number for number in free)
    assert patience(habit, last, zone, holidays) == slowly(habit, last, zone, holidays)
