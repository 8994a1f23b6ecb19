"""The working clock: a line's schedule as exact intervals of time, measured and added to without counting minutes.

A timeline of openings is built once for three years and asked by bisection: a working day costs the same as a year.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monitor.core.model import WorkTime
from monitor.core.policy import ScheduleRule

Intervals = tuple[tuple[int, int], ...]  # minutes of the local day, 1440 = midnight of the next
ZERO = timedelta()
ALWAYS: Intervals = ((0, 1440),)
DAY = timedelta(days=1)
SHORTER = 60  # minutes by which a day before a holiday is shorter
YEARS = 3  # of one timeline: a span is never longer, or the line never opens
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # a year's distance from the last moment: it has a local time everywhere
FIRST_YEAR, LAST_YEAR = 2, 9990  # what a date can be counted from


class PublicDay(StrEnum):
    """What a country's calendar says of one day. A moved working day keeps the hours of the weekday before it."""

    OFF = "off"
    SHORT = "short"  # an hour less
    WORKING = "working"
    WORKING_SHORT = "working_short"


@dataclass(frozen=True)
class Schedule:
    """When a line works. `week` from Monday; `special` overrides a date; `yearly` shuts on (month, day).

    Equal schedules are one schedule: their timelines are shared.
    """

    zone: str
    week: tuple[Intervals, ...]
    special: tuple[tuple[date, Intervals], ...] = ()
    yearly: frozenset[tuple[int, int]] = field(default_factory=frozenset)

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.zone, self.week, self.special, self.yearly))

    @cached_property
    def version(self) -> str:
        """A short mark of what was in force: turns remember it."""
        text = f"{self.zone}|{self.week}|{self.special}|{sorted(self.yearly)}"
        return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()

    def is_open(self, at: datetime) -> bool:
        line = self._line(at)
        index = bisect_right(line.starts, at) - 1
        return index >= 0 and at < line.ends[index]

    def working(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two moments; nothing if the second is not later."""
        if end <= start:
            return ZERO
        line = self._line(start)
        begun = bisect_right(line.starts, start)
        if begun and end <= line.ends[begun - 1]:
            return end - start
        before = line.worked_at(start, begun)
        if end <= line.until:
            return line.worked_at(end, bisect_right(line.starts, end, begun)) - before
        return line.worked_at(line.until, len(line.starts)) - before + self.working(line.until, end)

    def add(self, start: datetime, span: timedelta) -> datetime:
        """The first moment by which `span` of working time has passed; NEVER if that takes years."""
        if span <= ZERO:
            return start
        line = self._line(start)
        begun = bisect_right(line.starts, start)
        return line.reached(line.worked_at(start, begun) + span, begun)

    def add_both(self, start: datetime, first: timedelta, second: timedelta) -> tuple[datetime, datetime]:
        """`add` of two spans at once: a target and what comes after it."""
        if first <= ZERO or second <= ZERO:
            return self.add(start, first), self.add(start, second)
        line = self._line(start)
        begun = bisect_right(line.starts, start)
        if begun:
            ahead = line.ends[begun - 1] - start
            if ahead >= first and ahead >= second:
                return start + first, start + second
        done = line.worked_at(start, begun)
        return line.reached(done + first, begun), line.reached(done + second, begun)

    def spans(self, moments: Sequence[datetime]) -> list[timedelta]:
        """Working time between each two neighbours; the moments never go back."""
        first = moments[0]
        line = self._line(first)
        if moments[-1] > line.until:
            return [self.working(start, end) for start, end in pairwise(moments)]
        starts = line.starts
        begun, told = bisect_right(starts, first), []
        before = line.worked_at(first, begun)
        for at in moments[1:]:
            if begun < len(starts) and at >= starts[begun]:
                begun = bisect_right(starts, at, begun)
            worked = line.worked_at(at, begun)
            told.append(worked - before)
            before = worked
        return told

    def next_open(self, at: datetime) -> datetime:
        """`at` itself inside the schedule, else the next opening."""
        if self.is_open(at):
            return at
        line = self._line(at)
        index = bisect_right(line.starts, at)
        return line.starts[index] if index < len(line.starts) else NEVER

    def _line(self, at: datetime) -> Timeline:
        year = at.year if at.tzinfo is UTC else at.astimezone(UTC).year
        line = self._lines.get(year)
        if line is None:
            line = self._lines[year] = _timeline(self, min(max(year, FIRST_YEAR), LAST_YEAR))
        return line

    @cached_property
    def _lines(self) -> dict[int, Timeline]:
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Openings and closings in order, and the working time up to each closing."""

    starts: tuple[datetime, ...]
    ends: tuple[datetime, ...]
    worked: tuple[timedelta, ...]
    until: datetime

    def worked_at(self, at: datetime, begun: int) -> timedelta:
        """Working time up to a moment by which so many openings have begun."""
        if not begun:
            return ZERO
        begun -= 1
        ahead = self.ends[begun] - at
        return self.worked[begun] - ahead if ahead > ZERO else self.worked[begun]

    def reached(self, wanted: timedelta, begun: int) -> datetime:
        """When so much has been worked: mostly in the last opening of so many that have begun, or in the next one."""
        worked = self.worked
        index = begun - 1 if begun and worked[begun - 1] >= wanted else begun
        if index == len(worked) or worked[index] < wanted:
            index = bisect_left(worked, wanted, index)
        return self.ends[index] - (worked[index] - wanted) if index < len(worked) else NEVER


@lru_cache(maxsize=1024)
def from_worktime(worktime: WorkTime | None, zone: str = "UTC") -> Schedule:
    """A line's own WORKTIME_*; None = round the clock. `zone`: of a line that names none.

    Hours that cross midnight go on into the next day; equal hours are a whole day, as they are to the portal.
    """
    if worktime is None:
        return Schedule(zone="UTC", week=(ALWAYS,) * 7)
    closes = worktime.closes or 1440
    closes += 1440 if closes < worktime.opens else 0
    hours = ALWAYS if closes == worktime.opens else ((worktime.opens, closes),)
    week = tuple(() if day in worktime.days_off else hours for day in range(7))
    return Schedule(zone=zone_name(worktime.timezone, zone), week=week, yearly=frozenset(worktime.holidays))


def from_rule(rule: ScheduleRule, public: Mapping[date, PublicDay]) -> Schedule:
    """An explicit schedule with a country's public days; the rule's own exceptions beat both."""
    return _ruled(rule, tuple(public.items()))


@lru_cache(maxsize=256)
def _ruled(rule: ScheduleRule, public: tuple[tuple[date, PublicDay], ...]) -> Schedule:
    week: list[Intervals] = [()] * 7
    for days, intervals in rule.week:
        for day in days:
            week[day] = tuple(sorted(intervals))
    special = {day: _public_hours(kind, day.weekday(), week) for day, kind in public}
    special |= {date.fromisoformat(day): tuple(sorted(hours)) for day, hours in rule.exceptions}
    return Schedule(zone=zone_name(rule.timezone), week=tuple(week), special=tuple(sorted(special.items())))


def _public_hours(kind: PublicDay, weekday: int, week: list[Intervals]) -> Intervals:
    if kind is PublicDay.OFF:
        return ()
    hours = week[weekday]
    if kind is not PublicDay.SHORT:
        earlier = (week[(weekday - back) % 7] for back in range(7))
        hours = next((one for one in earlier if one), ())
    return _shortened(hours) if kind is not PublicDay.WORKING else hours


def _shortened(hours: Intervals) -> Intervals:
    """The day ends an hour sooner."""
    if not hours:
        return ()
    end = hours[-1][1] - SHORTER
    return tuple((opens, min(closes, end)) for opens, closes in hours if opens < end)


def zone_name(name: str, otherwise: str = "UTC") -> str:
    """The zone, or another where its name is no zone's."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return otherwise


@lru_cache(maxsize=4096)
def _timeline(schedule: Schedule, year: int) -> Timeline:
    first = datetime(year, 1, 1, tzinfo=UTC)
    until = datetime(year + YEARS, 1, 1, tzinfo=UTC)
    starts, ends, worked, total = [], [], [], ZERO
    for start, end in _joined(_pieces(schedule, first, until)):
        total += end - start
        starts.append(start)
        ends.append(end)
        worked.append(total)
    return Timeline(starts=tuple(starts), ends=tuple(ends), worked=tuple(worked), until=until)


def _pieces(schedule: Schedule, first: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    special = dict(schedule.special)
    day, last = first.date() - 2 * DAY, until.date() + DAY
    while day <= last:
        shut = (day.month, day.day) in schedule.yearly
        hours = special.get(day, () if shut else schedule.week[day.weekday()])
        for opens, closes in hours:
            start = max(first, moment_of(schedule.zone, day, opens))
            end = min(until, moment_of(schedule.zone, day, closes))
            if start < end:
                yield start, end
        day += DAY


def _joined(pieces: Iterator[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    """Intervals that touch or overlap are one."""
    open_piece: tuple[datetime, datetime] | None = None
    for start, end in sorted(pieces):
        if open_piece is not None and start <= open_piece[1]:
            open_piece = open_piece[0], max(open_piece[1], end)
            continue
        if open_piece is not None:
            yield open_piece
        open_piece = start, end
    if open_piece is not None:
        yield open_piece


def moment_of(zone: str, day: date, minute: int) -> datetime:
    """A local wall-clock minute as a moment; a minute that the clocks skip is the moment they skip at."""
    day, minute = day + DAY * (minute // 1440), minute % 1440
    local = datetime.combine(day, time(minute // 60, minute % 60), tzinfo=ZoneInfo(zone))
    at = local.astimezone(UTC)
    offset, other = local.utcoffset() or ZERO, local.replace(fold=1).utcoffset() or ZERO
    if other <= offset:  # no change near, or a repeated hour, of which the first one counts
        return at
    return _skipped_at(zone, at - (other - offset), at)


def _skipped_at(zone: str, low: datetime, high: datetime) -> datetime:
    """The moment between two at which the zone's offset changes, to the second."""
    before = low.astimezone(ZoneInfo(zone)).utcoffset()
    seconds = int((high - low).total_seconds())
    left, right = 0, seconds
    while left < right:
        middle = (left + right) // 2
        is_before = (low + timedelta(seconds=middle)).astimezone(ZoneInfo(zone)).utcoffset() == before
        left, right = (middle + 1, right) if is_before else (left, middle)
    return low + timedelta(seconds=left)
