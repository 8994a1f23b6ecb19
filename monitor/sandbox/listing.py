"""How lists leave the portal: pages of 50, `total` and `next` beside the rows, numbers as PHP reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PAGE = 50

Params = dict[str, Any]


@dataclass(frozen=True)
class Listed:
    """A list's page: `result` with total and next beside it."""

    rows: Any
    total: int | None = None
    next: int | None = None


def number(value: Any) -> int:
    """As PHP reads a number: what is none is zero."""
    text = str(value if value is not None else "").strip()
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def page(rows: list[Any], params: Params) -> Listed:
    if str(params.get("start", "")).startswith("-"):
        return Listed(rows[:PAGE], total=0)
    start = number(params.get("start"))
    more = start + PAGE
    return Listed(rows[start:more], total=len(rows), next=more if more < len(rows) else None)


def several(value: Any) -> set[str]:
    """A value or many of them, as texts: a list, a PHP map, a single word."""
    many = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return {str(one) for one in many}
