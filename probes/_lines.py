"""A line's row in Bitrix24's words turned into a Line: hours as H.MM, days off as MO..SU, numbers as texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from monitor.core.history import integer
from monitor.core.model import Line, WorkTime
from probes._rows import one_line

_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_TIME = re.compile(r"^(\d{1,2})(?:[.:](\d{1,2}))?(?::\d{2})?$")
_HOLIDAY = re.compile(r"^(\d{1,2})\.(\d{1,2})$")
_VOLATILE = frozenset({"QUEUE", "QUEUE_ONLINE", "QUEUE_FULL", "QUEUE_USERS_FIELDS", "STATISTIC", "DATE_MODIFY"})


def line_of(row: Mapping[str, Any]) -> Line | None:
    """A row of imopenlines.config.list.get or config.get; None for a temporary draft."""
    number = integer(row.get("ID"))
    if number is None or row.get("TEMPORARY") == "Y":
        return None
    departments, people = config_queue(row.get("CONFIG_QUEUE"))
    queue = row.get("QUEUE")
    members = [integer(user) for user in queue] if isinstance(queue, list) else people
    return Line(
        id=number,
        name=one_line(row.get("LINE_NAME")) or f"#{number}",
        active=row.get("ACTIVE") != "N",
        worktime=worktime_of(row),
        queue=tuple(user for user in members if user),
        queue_departments=tuple(departments),
        queue_type=str(row.get("QUEUE_TYPE") or "all"),
        crm=row.get("CRM") != "N",
        crm_forward=row.get("CRM_FORWARD") == "Y",
        settings=_settings(row),
    )


def worktime_of(row: Mapping[str, Any]) -> WorkTime | None:
    """WORKTIME_*; None = round the clock, also where the hours make no sense."""
    opens, closes = minutes(row.get("WORKTIME_FROM")), minutes(row.get("WORKTIME_TO"))
    if row.get("WORKTIME_ENABLE") != "Y" or opens is None or closes is None:
        return None
    return WorkTime(
        opens=opens,
        closes=closes,
        timezone=str(row.get("WORKTIME_TIMEZONE") or ""),
        days_off=tuple(sorted(_DAYS.index(day) for day in words(row.get("WORKTIME_DAYOFF")) if day in _DAYS)),
        holidays=tuple(sorted(filter(None, map(_holiday, words(row.get("WORKTIME_HOLIDAYS")))))),
    )


def minutes(text: Any) -> int | None:
    """ "9", "18.30" (hours and minutes, no decimals), "09:05" -> minutes of the day."""
    found = _TIME.match(str(text).strip()) if text is not None else None
    if found is None:
        return None
    tail = found[2] or "0"
    minute = int(tail) * 10 if len(tail) == 1 and "." in str(text) else int(tail)
    total = int(found[1]) * 60 + minute
    return total if total <= 1440 and minute < 60 else None


def words(value: Any) -> list[str]:
    """A list of words, or one text with commas; the empty list arrives as [""]."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [str(part).strip().upper() for part in parts if str(part).strip()]


def _holiday(text: str) -> tuple[int, int] | None:
    found = _HOLIDAY.match(text)
    return (int(found[2]), int(found[1])) if found else None


def config_queue(rows: Any) -> tuple[list[int], list[int | None]]:
    """CONFIG_QUEUE: the departments and the people that were put into the queue, working here or not."""
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    numbers = [(row.get("ENTITY_TYPE"), integer(row.get("ENTITY_ID"))) for row in known]
    return [n for kind, n in numbers if kind == "department" and n], [n for kind, n in numbers if kind == "user"]


def _settings(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The other settings that are plain words, for the comparison with the hand-over."""
    plain = {name: str(value) for name, value in row.items() if isinstance(value, str | int | bool)}
    return tuple(sorted(_setting(name, value[:200]) for name, value in plain.items() if name not in _VOLATILE))


@lru_cache(maxsize=4096)  # eighty of them a line, and on most lines of most portals the same ones
def _setting(name: str, value: str) -> tuple[str, str]:
    return name, value
