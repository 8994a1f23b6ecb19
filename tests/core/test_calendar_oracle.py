"""The working clock against an oracle that looks at every single minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core import calendar
from monitor.core.calendar import Schedule, from_worktime, moment_of
from monitor.core.model import WorkTime

MINUTE = timedelta(minutes=1)
OFFICE = ((9 * 60, 13 * 60), (14 * 60, 18 * 60))


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    """Each test works its hours out for itself."""
    calendar._timeline.cache_clear()
    calendar.from_worktime.cache_clear()


def is_open(schedule: Schedule, at: datetime) -> bool:
    """Slow and obvious: the local minute, today's intervals, and yesterday's that went past midnight."""
    local = at.astimezone(ZoneInfo(schedule.zone))
    for back in (0, 1):
        day = local.date() - timedelta(days=back)
        shut = (day.month, day.day) in schedule.yearly
        hours = dict(schedule.special).get(day, () if shut else schedule.week[day.weekday()])
        minute = local.hour * 60 + local.minute + 1440 * back
        if any(opens <= minute < closes for opens, closes in hours):
            return True
    return False


def minutes(schedule: Schedule, start: datetime, end: datetime) -> int:
    count = 0
    while start < end:
        count += is_open(schedule, start)
        start += MINUTE
    return count


interval = st.tuples(st.integers(0, 23), st.integers(1, 8)).map(lambda t: (t[0] * 60, min(1440, (t[0] + t[1]) * 60)))
weeks = st.lists(st.lists(interval, max_size=2).map(tuple), min_size=7, max_size=7).map(tuple)
zones = st.sampled_from(["Europe/Moscow", "Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata"])
# Around the changes of summer time and the turn of a year in these zones.
starts = st.sampled_from(["2026-03-28", "2026-10-24", "2026-03-07", "2026-10-31", "2026-12-30", "2024-02-28"])


@settings(max_examples=60, deadline=None)
@given(weeks, zones, starts, st.integers(0, 3000), st.integers(0, 3000))
def test_working_time_is_what_counting_minutes_gives(week, zone, start, offset, length) -> None:
    schedule = Schedule(zone=zone, week=week, special=((date(2026, 12, 31), ((540, 900),)),))
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC) + offset * MINUTE
    ends = begins + length * MINUTE
    repeated = _has_repeated_hour(zone, begins - timedelta(days=1), ends + timedelta(days=1))
    counted = schedule.working(begins, ends)
    if not repeated:  # an interval that touches a repeated hour is one interval, the oracle would cut it in two
        assert counted == minutes(schedule, begins, ends) * MINUTE


def _has_repeated_hour(zone: str, start: datetime, end: datetime) -> bool:
    at, before = start, start.astimezone(ZoneInfo(zone)).utcoffset()
    while at < end:
        at += timedelta(minutes=30)
        if at.astimezone(ZoneInfo(zone)).utcoffset() < before:
            return True
        before = at.astimezone(ZoneInfo(zone)).utcoffset()
    return False


@settings(max_examples=100, deadline=None)
@given(weeks.filter(any), zones, starts, st.integers(0, 5000), st.integers(1, 3000))
def test_adding_a_span_and_measuring_it_are_each_others_inverse(week, zone, start, offset, span) -> None:
    schedule = Schedule(zone=zone, week=week)
    begins = datetime.fromisoformat(start).replace(tzinfo=UTC) + offset * MINUTE
    ends = schedule.add(begins, span * MINUTE)
    assert schedule.working(begins, ends) == span * MINUTE
    assert schedule.working(begins, ends - timedelta(seconds=1)) < span * MINUTE


@pytest.mark.parametrize(
    ("written", "deadline"),
    [
        ("2026-03-02T10:00", "2026-03-02T10:30"),
        ("2026-03-02T12:50", "2026-03-02T14:20"),  # lunch
        ("2026-03-02T17:55", "2026-03-03T09:25"),  # five minutes before closing
        ("2026-03-06T17:55", "2026-03-09T09:25"),  # over a weekend
        ("2026-03-07T03:00", "2026-03-09T09:30"),  # at night
    ],
)
def test_a_deadline_moves_what_is_left_to_the_next_working_interval(written: str, deadline: str) -> None:
    schedule = Schedule(zone="Europe/Moscow", week=(OFFICE,) * 5 + ((), ()))
    zone = ZoneInfo("Europe/Moscow")
    start = datetime.fromisoformat(written).replace(tzinfo=zone)
    assert schedule.add(start, 30 * MINUTE) == datetime.fromisoformat(deadline).replace(tzinfo=zone)


def test_hours_that_the_clocks_skip_are_no_working_time() -> None:
    night = Schedule(zone="Europe/Berlin", week=(((60, 240),),) * 7)
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert night.working(start, start + timedelta(days=1)) == timedelta(hours=2)


def test_a_repeated_hour_is_worked_twice() -> None:
    night = Schedule(zone="Europe/Berlin", week=(((60, 240),),) * 7)
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert night.working(start, start + timedelta(days=1)) == timedelta(hours=4)


def test_a_skipped_minute_is_the_moment_of_the_skip() -> None:
    assert moment_of("Europe/Berlin", date(2026, 3, 29), 150) == datetime(2026, 3, 29, 1, tzinfo=UTC)


def test_the_lines_own_hours_may_cross_midnight_and_know_holidays_by_day_and_month() -> None:
    schedule = from_worktime(
        WorkTime(opens=1200, closes=240, timezone="Europe/Moscow", days_off=(6,), holidays=((5, 1),))
    )
    zone = ZoneInfo("Europe/Moscow")
    assert schedule.is_open(datetime(2026, 3, 3, 2, tzinfo=zone))
    assert not schedule.is_open(datetime(2026, 3, 3, 5, tzinfo=zone))
    assert not schedule.is_open(datetime(2026, 3, 8, 21, tzinfo=zone))
    assert not schedule.is_open(datetime(2026, 5, 1, 21, tzinfo=zone))


def test_a_line_that_never_opens_has_no_deadline_and_no_working_time() -> None:
    schedule = Schedule(zone="UTC", week=((),) * 7)
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert schedule.add(at, MINUTE).year == 9999
    assert schedule.working(at, at + timedelta(days=400)) == timedelta()
