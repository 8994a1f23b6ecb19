"""When each step of a ladder is due: on a working day of its own, on or before its moment.

So that a weekend or a long holiday neither swallows a reminder nor puts it off beyond the end.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from monitor.core.calendar import ALWAYS, NEVER, Schedule
from monitor.core.memory import PortalState
from monitor.core.policy import Ladder, Policy
from monitor.core.schedules import PublicDays, schedule_of

DAY = timedelta(days=1)
SEARCH = 45  # days back for a working day; a schedule that never opens is asked no longer
OFFICE_WEEK = (((540, 1080),),) * 5 + ((),) * 2  # where no line has hours: Monday to Friday, 9 to 18


def office_of(state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays]) -> Schedule:
    """When people may be reminded: the hours of the first line that has any; nobody is reminded round the clock."""
    for line in sorted({*state.lines, *policy.lines}):
        schedule = schedule_of(line, state, policy, public_days)
        if schedule is not None and any(day != ALWAYS for day in schedule.week) and any(schedule.week):
            return schedule
    return Schedule(zone=policy.timezone, week=OFFICE_WEEK)


def hours_of(line: int | None, state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays]) -> Schedule:
    """When people of a line, or of the portal, read what is brought to them."""
    schedule = schedule_of(line, state, policy, public_days) if line is not None else None
    return schedule or office_of(state, policy, public_days)


def passed_steps(ends: datetime, ladder: Ladder, office: Schedule, now: datetime) -> int:
    """How many of the four steps should be done by now; all of them once the end is there."""
    if now >= ends:
        return 4
    if now < ends - ladder.early - SEARCH * DAY:
        return 0
    return sum(at <= now for at in due_moments(ends, ladder, office))


@lru_cache(maxsize=4096)  # asked at every poll, the same for months
def due_moments(ends: datetime, ladder: Ladder, office: Schedule) -> tuple[datetime, ...]:
    """When each of the four steps is due, in order: the opening of a working day of its own."""
    zone = ZoneInfo(office.zone or "UTC")
    days: list[date] = []
    for before in reversed((ladder.early, *ladder.reminders)):
        day = (ends - before).astimezone(zone).date()
        latest = min(day, days[-1] - DAY) if days else day
        days.append(_working_day(latest, office, zone))
    return tuple(_opening(day, office, zone) for day in reversed(days))


def _working_day(latest: date, office: Schedule, zone: ZoneInfo) -> date:
    """The last one that is not after `latest`."""
    for back in range(SEARCH):
        day = latest - back * DAY
        if office.working(_midnight(day, zone), _midnight(day + DAY, zone)):
            return day
    return latest


def _opening(day: date, office: Schedule, zone: ZoneInfo) -> datetime:
    midnight = _midnight(day, zone)
    opens = office.next_open(midnight)
    return midnight if opens == NEVER else opens


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
