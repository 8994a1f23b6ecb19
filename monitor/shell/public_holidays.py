"""Public holidays of a country as plain values, from the `holidays` library."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import holidays

Intervals = tuple[tuple[int, int], ...]


def public_days(country: str, years: Iterable[int]) -> dict[date, Intervals | None]:
    """Date -> None for a day off. Russia's days off that the government moves are in it as far as they are decreed.

    Short days before a holiday and working Saturdays are not in the library's data: an exception of the
    configuration tells them.
    """
    return dict.fromkeys(holidays.country_holidays(country, years=list(years)), None)
