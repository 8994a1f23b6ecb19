"""An explicit schedule of a line: `{mon-fri: "09:00-13:00,14:00-18:00", holidays: RU, except: {...}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from monitor.config_types import shown, unexpected

Intervals = tuple[tuple[int, int], ...]  # minutes of the day

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01][0-9]|2[0-4]):([0-5][0-9])"
_SPAN = re.compile(rf"{_TIME}-{_TIME}")
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekPlan:
    """A schedule without its time zone, which the line or the portal gives."""

    week: tuple[tuple[tuple[int, ...], Intervals], ...]
    holidays: str | None = None
    exceptions: tuple[tuple[str, Intervals], ...] = ()


def read_schedule(value: Any) -> WeekPlan | None:
    """None for `bitrix`: the line's own WORKTIME_*. Raises with every problem of the schedule in `several`."""
    if value == "bitrix":
        return None
    if not isinstance(value, dict):
        raise unexpected('`bitrix` or a mapping such as {mon-fri: "09:00-18:00"}', value)
    problems: list[tuple[str, str]] = []
    week = _week(value, problems)
    holidays = _holidays(value.get("holidays"), problems)
    exceptions = _exceptions(value.get("except"), problems)
    if not problems and not week:
        problems.append(("", 'expected at least one day such as mon-fri: "09:00-18:00", got none'))
    if problems:
        raise PydanticCustomError("several", "several", {"several": problems})
    return WeekPlan(week=week, holidays=holidays, exceptions=exceptions)


def read_days(text: str) -> tuple[int, ...] | None:
    """`sat`, `mon-fri`, `fri-mon`; None if it is no such thing."""
    first, dash, last = text.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        return None
    start, end = DAYS.index(first), DAYS.index(last or first)
    return tuple(day % 7 for day in range(start, end + 1 + (7 if end < start else 0)))


def read_intervals(value: object) -> Intervals | str:
    """Minutes of the day, ascending and apart; `closed` is none. A text says what is wrong."""
    if value == "closed":
        return ()
    if not isinstance(value, str):
        return f'expected hours such as "09:00-13:00,14:00-18:00" or closed, got {shown(value)}'
    spans = [_span(part.strip()) for part in value.split(",")]
    good = [span for span in spans if span is not None]
    if len(good) < len(spans):
        return f'expected hours such as "09:00-13:00,14:00-18:00" or closed, got {shown(value)}'
    if any(start >= end for start, end in good):
        remedy = "write a night as 22:00-24:00 and 00:00-06:00"
        return f"expected hours that end after they begin, got {shown(value)}: {remedy}"
    if any(later[0] < earlier[1] for earlier, later in pairwise(good)):
        return f"expected hours in their order and apart, got {shown(value)}"
    return tuple(good)


def _span(text: str) -> tuple[int, int] | None:
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    start, end = (int(match[hour]) * 60 + int(match[hour + 1]) for hour in (1, 3))
    return (start, end) if max(start, end) <= 24 * 60 else None


def _week(value: Mapping[str, Any], problems: list[tuple[str, str]]) -> tuple[tuple[tuple[int, ...], Intervals], ...]:
    rows: list[tuple[tuple[int, ...], Intervals]] = []
    taken: dict[int, str] = {}
    for key, hours in value.items():
        if key in ("holidays", "except"):
            continue
        days, intervals = read_days(str(key)), read_intervals(hours)
        twice = next((day for day in days or () if day in taken), None)
        if days is None:
            problems.append((str(key), "unknown key, expected days such as mon-fri or sat, or holidays, or except"))
        elif twice is not None:
            problems.append(
                (str(key), f"expected each day once, got {DAYS[twice]} again (it is in {taken[twice]} too)")
            )
        elif isinstance(intervals, str):
            problems.append((str(key), intervals))
        else:
            rows.append((days, intervals))
            taken |= dict.fromkeys(days, str(key))
    return tuple(rows)


def _holidays(value: object, problems: list[tuple[str, str]]) -> str | None:
    if value is None:
        return None
    if isinstance(value, str) and _COUNTRY.fullmatch(value) and _is_known(value):
        return value
    problems.append(("holidays", f"expected a country such as RU, got {shown(value)}"))
    return None


def _is_known(country: str) -> bool:
    from holidays.utils import list_supported_countries

    return country in list_supported_countries()


def _exceptions(value: object, problems: list[tuple[str, str]]) -> tuple[tuple[str, Intervals], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        problems.append(("except", f'expected a mapping such as {{"2026-12-31": "09:00-15:00"}}, got {shown(value)}'))
        return ()
    rows: list[tuple[str, Intervals]] = []
    for day, hours in value.items():
        intervals = read_intervals(hours)
        if not _is_day(day):
            problems.append((f"except.{shown(day)}", f"expected a date such as 2026-12-31, got {shown(day)}"))
        elif isinstance(intervals, str):
            problems.append((f"except.{day}", intervals))
        else:
            rows.append((day, intervals))
    return tuple(sorted(rows))


def _is_day(text: object) -> bool:
    try:
        return isinstance(text, str) and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


Schedule = Annotated[WeekPlan | None, BeforeValidator(read_schedule)]
