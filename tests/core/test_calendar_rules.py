"""Public days, several spans at once, years beyond one timeline, and another's arithmetic beside ours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import businesstimedelta
import pytest
import pytz
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core import calendar
from monitor.core.calendar import NEVER, PublicDay, Schedule, from_rule, from_worktime, moment_of, zone_name
from monitor.core.model import WorkTime
from monitor.core.policy import ScheduleRule

HOUR, MINUTE, ZERO = timedelta(hours=1), timedelta(minutes=1), timedelta()
OFFICE = ((540, 780), (840, 1080))


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> None:
    """Each test works its hours out for itself."""
    calendar._ruled.cache_clear()
    calendar._timeline.cache_clear()
    calendar.from_worktime.cache_clear()


WEEK = (((0, 1, 2, 3, 4), OFFICE), ((5,), ((600, 660),)))
DAY = date(2026, 3, 4)  # a Wednesday


def hours_on(day: date, kind: PublicDay | None, *, week: Any = WEEK, exceptions: Any = ()) -> list[tuple[int, int]]:
    """The openings of one day in minutes."""
    rule = ScheduleRule(timezone="UTC", week=week, holidays="RU", exceptions=exceptions)
    schedule = from_rule(rule, {day: kind} if kind else {})
    start = datetime.combine(day, datetime.min.time(), tzinfo=UTC)
    minutes = [schedule.is_open(start + n * MINUTE) for n in range(1441)]
    edges = [n for n, (one, other) in enumerate(pairwise([False, *minutes])) if one != other]
    return list(zip(edges[::2], [*edges[1::2], 1441][: len(edges[::2])], strict=True))


@pytest.mark.parametrize(
    ("day", "kind", "hours"),
    [
        (DAY, None, [(540, 780), (840, 1080)]),
        (DAY, PublicDay.OFF, []),
        (DAY, PublicDay.SHORT, [(540, 780), (840, 1020)]),
        (DAY, PublicDay.WORKING, [(540, 780), (840, 1080)]),
        (date(2026, 3, 7), None, [(600, 660)]),
        (date(2026, 3, 7), PublicDay.SHORT, []),  # its only hour is the one taken off
        (date(2026, 3, 7), PublicDay.WORKING, [(600, 660)]),  # Saturday has hours of its own
        (date(2026, 3, 8), None, []),
        (date(2026, 3, 8), PublicDay.SHORT, []),  # a day off does not become longer by being short
        (date(2026, 3, 8), PublicDay.WORKING, [(600, 660)]),  # Sunday works as the last day before it that has hours
    ],
)
def test_a_public_day_changes_the_hours_of_its_weekday(
    day: date, kind: PublicDay | None, hours: list[tuple[int, int]]
) -> None:
    assert hours_on(day, kind) == hours


def test_a_moved_working_day_takes_the_hours_of_the_nearest_day_before_it() -> None:
    week = (((0,), ((480, 600),)), ((3,), ((540, 720),)), ((4,), ((600, 900),)))
    assert hours_on(date(2026, 3, 7), PublicDay.WORKING, week=week) == [(600, 900)]
    assert hours_on(date(2026, 3, 7), PublicDay.WORKING_SHORT, week=week) == [(600, 840)]
    assert hours_on(date(2026, 3, 3), PublicDay.WORKING, week=week) == [(480, 600)]
    assert hours_on(date(2026, 3, 3), PublicDay.WORKING, week=(((3,), ((540, 720),)),)) == [(540, 720)]
    assert hours_on(DAY, PublicDay.WORKING, week=()) == []


def test_a_short_day_loses_its_last_hour_also_when_that_is_a_whole_interval() -> None:
    assert hours_on(DAY, PublicDay.SHORT, week=(((2,), ((540, 780), (1020, 1080))),)) == [(540, 780)]
    assert hours_on(DAY, PublicDay.SHORT, week=(((2,), ((540, 780), (1050, 1080))),)) == [(540, 780)]
    assert hours_on(DAY, PublicDay.SHORT, week=(((2,), ((540, 1000), (1010, 1040))),)) == [(540, 980)]


def test_the_rules_own_exception_beats_the_public_day() -> None:
    written = ((DAY.isoformat(), ((1020, 1080), (540, 600))),)
    assert hours_on(DAY, PublicDay.OFF, exceptions=written) == [(540, 600), (1020, 1080)]
    assert hours_on(DAY, None, exceptions=((DAY.isoformat(), ()),)) == []


@pytest.mark.parametrize(
    ("minute", "at"), [(0, "04T00:00"), (1439, "04T23:59"), (1440, "05T00:00"), (1505, "05T01:05")]
)
def test_a_minute_past_midnight_is_the_next_days(minute: int, at: str) -> None:
    assert moment_of("UTC", DAY, minute) == datetime.fromisoformat(f"2026-03-{at}+00:00")


def test_a_minute_has_its_zones_offset_on_both_sides_of_a_change() -> None:
    told = [moment_of("Europe/Berlin", date(2026, 3, 29), minute) for minute in (119, 120, 121, 179, 180, 181)]
    first = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert [(at - first) // MINUTE for at in told] == [0, 1, 1, 1, 1, 2]
    autumn = [moment_of("Europe/Berlin", date(2026, 10, 25), minute) for minute in (119, 120, 179, 180)]
    assert [(at - autumn[0]) // MINUTE for at in autumn] == [0, 1, 60, 121]


def test_a_zone_that_is_none_is_utc() -> None:
    assert [zone_name(name) for name in ("Europe/Moscow", "Mars/Olympus", "", "../etc/passwd")] == [
        "Europe/Moscow",
        "UTC",
        "UTC",
        "UTC",
    ]


@pytest.mark.parametrize(
    ("opens", "closes", "worked"), [(540, 1080, 9), (540, 540, 24), (0, 0, 24), (1200, 240, 8), (1380, 0, 1)]
)
def test_a_lines_own_hours_count_through_midnight(opens: int, closes: int, worked: int) -> None:
    schedule = from_worktime(WorkTime(opens=opens, closes=closes, timezone="Asia/Yekaterinburg"))
    start = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert schedule.working(start, start + timedelta(days=1)) == worked * HOUR


INTERVAL = st.tuples(st.integers(0, 22), st.integers(1, 6)).map(lambda t: (t[0] * 60, min(1440, (t[0] + t[1]) * 60)))
WEEKS = st.lists(st.lists(INTERVAL, max_size=2).map(tuple), min_size=7, max_size=7).map(tuple)
STARTS = st.integers(0, 60 * 24 * 110).map(lambda minutes: datetime(2025, 12, 20, tzinfo=UTC) + minutes * MINUTE)
SPANS = st.integers(0, 60 * 24 * 40).map(lambda minutes: minutes * MINUTE)


@settings(max_examples=120, deadline=None)
@given(WEEKS, STARTS, SPANS, SPANS)
def test_two_spans_at_once_are_the_two_spans(week: Any, start: datetime, one: timedelta, other: timedelta) -> None:
    schedule = Schedule(zone="Europe/Berlin", week=week)
    assert schedule.add_both(start, one, other) == (schedule.add(start, one), schedule.add(start, other))


@settings(max_examples=80, deadline=None)
@given(WEEKS, st.lists(STARTS, min_size=2, max_size=5).map(sorted))
def test_neighbouring_spans_are_each_measured_and_add_up(week: Any, moments: list[datetime]) -> None:
    schedule = Schedule(zone="Europe/Berlin", week=week)
    spans = schedule.spans(moments)
    assert spans == [schedule.working(start, end) for start, end in pairwise(moments)]
    assert sum(spans, ZERO) == schedule.working(moments[0], moments[-1])


def test_a_span_longer_than_one_timeline_is_measured_to_its_end() -> None:
    daily = Schedule(zone="UTC", week=(((540, 600),),) * 7)
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
    days = (end - start).days
    assert daily.working(start, end) == days * HOUR
    assert daily.spans([start, datetime(2026, 1, 2, tzinfo=UTC), end]) == [HOUR, (days - 1) * HOUR]


@pytest.mark.parametrize("hours", [5, 24 * 800])
def test_what_takes_years_never_comes(hours: int) -> None:
    rare = Schedule(zone="UTC", week=((),) * 7, special=((date(2026, 1, 5), ((540, 600),)),))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert rare.add(start, hours * HOUR) == NEVER
    assert rare.add_both(start, HOUR, hours * HOUR) == (datetime(2026, 1, 5, 10, tzinfo=UTC), NEVER)
    assert rare.add_both(start, hours * HOUR, HOUR) == (NEVER, datetime(2026, 1, 5, 10, tzinfo=UTC))
    assert rare.next_open(datetime(2026, 1, 6, tzinfo=UTC)) == NEVER


def test_the_edges_of_an_opening_belong_to_it_at_the_start_and_not_at_the_end() -> None:
    schedule = Schedule(zone="UTC", week=(OFFICE,) * 5 + ((), ()))
    opening, closing = datetime(2026, 3, 4, 9, tzinfo=UTC), datetime(2026, 3, 4, 13, tzinfo=UTC)
    assert (schedule.is_open(opening), schedule.is_open(closing)) == (True, False)
    assert schedule.next_open(opening) == opening
    assert schedule.next_open(closing) == closing + HOUR
    assert schedule.next_open(datetime(2026, 3, 6, 18, tzinfo=UTC)) == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert schedule.working(closing, opening) == ZERO
    assert schedule.add(closing, ZERO) == closing
    assert schedule.add(opening, 4 * HOUR) == closing


def test_schedules_that_say_the_same_are_one_and_have_one_version() -> None:
    one = Schedule(zone="UTC", week=(OFFICE,) * 7, yearly=frozenset({(5, 1), (1, 1)}))
    same = Schedule(zone="UTC", week=(OFFICE,) * 7, yearly=frozenset({(1, 1), (5, 1)}))
    other = Schedule(zone="Europe/Moscow", week=(OFFICE,) * 7, yearly=frozenset({(1, 1), (5, 1)}))
    assert (one, hash(one), one.version) == (same, hash(same), same.version)
    assert one.version != other.version


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["Europe/Moscow", "Europe/Berlin", "Asia/Kolkata"]),
    STARTS,
    st.integers(0, 60 * 24 * 20),
)
def test_another_implementation_measures_the_same(zone: str, start: datetime, minutes: int) -> None:
    """businesstimedelta 1.0.1 knows days, hours and a lunch; its office hours are apart from the clocks' changes."""
    local = ZoneInfo(zone)
    begins, ends = start.astimezone(local), (start + minutes * MINUTE).astimezone(local)
    rules = businesstimedelta.Rules(
        [
            businesstimedelta.WorkDayRule(
                start_time=time(9), end_time=time(18),
                working_days=[0, 1, 2, 3, 4], tz=pytz.timezone(zone),
            ),
            businesstimedelta.LunchTimeRule(
                start_time=time(13), end_time=time(14),
                working_days=[0, 1, 2, 3, 4], tz=pytz.timezone(zone),
            ),
        ]
    )  # fmt: skip
    theirs = rules.difference(begins, ends).timedelta
    ours = Schedule(zone=zone, week=(OFFICE,) * 5 + ((), ())).working(begins, ends)
    assert ours == theirs


def test_the_very_first_opening_of_a_timeline_is_an_opening_like_any_other() -> None:
    daily = Schedule(zone="UTC", week=(((540, 600),),) * 7)
    at = datetime(2026, 1, 1, 9, 50, tzinfo=UTC)
    assert daily.working(at, at + timedelta(days=1)) == HOUR
    assert daily.add(at, 5 * MINUTE) == at + 5 * MINUTE
    next_day = datetime(2026, 1, 2, 9, 10, tzinfo=UTC)
    assert daily.add_both(at, 20 * MINUTE, 80 * MINUTE) == (next_day, next_day + timedelta(days=1))
    assert daily.working(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)) == 2 * HOUR


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Honolulu", "Europe/Berlin"])
def test_round_the_clock_no_second_is_lost_where_one_timeline_follows_another(zone: str) -> None:
    always = Schedule(zone=zone, week=(((0, 1440),),) * 7)
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 6, 1, tzinfo=UTC)
    assert always.working(start, end) == end - start
    eve = datetime(2027, 1, 1, 0, 30, tzinfo=ZoneInfo("Europe/Moscow"))  # still the old year in UTC
    assert always.working(eve, eve + 5 * HOUR) == 5 * HOUR


def test_west_of_greenwich_a_skipped_minute_is_the_moment_of_the_skip_as_well() -> None:
    told = {moment_of("America/New_York", date(2026, 3, 8), minute) for minute in range(120, 180)}
    assert told == {datetime(2026, 3, 8, 7, tzinfo=UTC)}


def test_hours_that_the_clocks_skip_wholly_are_no_opening() -> None:
    night = Schedule(zone="Europe/Berlin", week=(((120, 180),),) * 7)
    eve = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert night.next_open(eve) == datetime(2026, 3, 30, 0, tzinfo=UTC)
