"""Public holidays of a country as plain values, from the `holidays` library."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

import holidays

from monitor.core.calendar import PublicDay

DAY = timedelta(days=1)
SATURDAY = 5
SHORT_BEFORE_HOLIDAYS = frozenset({"RU"})  # Labour Code, article 95: the day before a holiday is an hour shorter
_MOVED_FROM = re.compile(r"\(перенесено с (\d\d)\.(\d\d)\.(\d{4})\)")


def public_days(country: str, years: Iterable[int]) -> dict[date, PublicDay]:
    """Days off, moved working days and Russia's short days, as far as the library knows the decrees.

    Not in its data: what the government has not decreed yet (the coming year is known by the late autumn), regional
    holidays, and the short days of other countries. An exception of the configuration tells them.
    """
    language = "ru" if country in SHORT_BEFORE_HOLIDAYS else None  # the names say what was moved
    known = holidays.country_holidays(country, years=sorted(set(years)), language=language)
    off = {day: str(name) for day, name in known.items()}
    days = dict.fromkeys(off, PublicDay.OFF)
    days |= dict.fromkeys(known.weekend_workdays, PublicDay.WORKING)
    return days | _short(off, known.weekend_workdays) if country in SHORT_BEFORE_HOLIDAYS else days


def _short(off: dict[date, str], working: Iterable[date]) -> dict[date, PublicDay]:
    """The working day right before a holiday; if it was moved, the day it was moved to."""
    moved = {day: _moved_from(name) for day, name in off.items()}
    moved_to = {source: day for day, source in moved.items() if source is not None}
    eves = {day - DAY for day, name in off.items() if moved[day] is None}
    short = {
        day: PublicDay.SHORT for day in eves if day not in off and day not in moved_to and day.weekday() < SATURDAY
    }
    return short | {day: PublicDay.WORKING_SHORT for day in working if moved_to.get(day) in eves or day in eves}


def _moved_from(name: str) -> date | None:
    """The weekend day that became a working day for this one, or whose holiday was moved here."""
    found = _MOVED_FROM.search(name)
    return date(int(found[3]), int(found[2]), int(found[1])) if found else None
