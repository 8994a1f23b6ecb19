"""Days on which customers are hardly expected, whatever their weekday, line by line.

The public holidays of the country that the portal's address names, and the days that the line's own schedule shuts: a
portal on a domain of its own has no country, but its lines tell their holidays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache

from monitor.core.calendar import Schedule
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.schedules import PublicDays, schedule_of

DaysOff = frozenset[int]  # ordinals
QuietDays = Callable[[int], DaysOff]  # by line
NO_DAYS: DaysOff = frozenset()
COUNTRIES = {"ru": "RU", "by": "BY", "kz": "KZ"}
DAY = timedelta(days=1)


def country_of(policy: Policy) -> str:
    """Whose public holidays keep customers away: by the portal's address; "" = not known."""
    return COUNTRIES.get(policy.url.partition("://")[2].partition("/")[0].rpartition(".")[2], "")


def quiet_days(
    state: PortalState,
    policy: Policy,
    public_days: Mapping[str, PublicDays],
    days_off: Mapping[str, DaysOff],
    now: datetime,
) -> QuietDays:
    """`days_off`: public holidays by country. A line whose hours are not known yet has its country's alone."""
    public = days_off.get(country_of(policy), NO_DAYS)

    def of(line: int) -> DaysOff:
        schedule = schedule_of(line, state, policy, public_days)
        return public if schedule is None else _with_shut(public, schedule, now.year)

    return of


@lru_cache(maxsize=512)
def _with_shut(public: DaysOff, schedule: Schedule, year: int) -> DaysOff:
    """With what the schedule shuts by date, from the year before to the year after."""
    special = dict(schedule.special)
    first, last = date(year - 1, 1, 1), date(year + 1, 12, 31)
    days = (first + number * DAY for number in range((last - first).days + 1))
    yearly = {day.toordinal() for day in days if (day.month, day.day) in schedule.yearly and not special.get(day)}
    shut = {day.toordinal() for day, hours in special.items() if not hours} | yearly
    return public | shut if shut - public else public
