"""What the core has to be told beside a portal's own facts, for one configuration."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.config import Config
from monitor.core.calendar import PublicDay
from monitor.core.desk import Context
from monitor.core.quiet_days import country_of
from monitor.shell.public_holidays import public_days


def context_of(config: Config, now: datetime) -> Context:
    known = holidays_of(config, now)
    off = {
        country: frozenset(day.toordinal() for day, kind in days.items() if kind is PublicDay.OFF)
        for country, days in known.items()
    }
    return Context(public_days=known, days_off=off)


def holidays_of(config: Config, now: datetime) -> dict[str, Any]:
    """Public holidays from last year to the year after next: of the countries that schedules and addresses name."""
    rules = [line.schedule for one in config.portals for line in one.policy.lines.values() if line.schedule]
    named = {rule.holidays for rule in rules if rule.holidays}
    countries = (named | {country_of(one.policy) for one in config.portals}) - {""}
    return {country: public_days(country, range(now.year - 1, now.year + 3)) for country in sorted(countries)}
