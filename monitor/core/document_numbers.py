"""Numbers of generated documents (mission G11): the vocabulary, and how a number is read by its numerator."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

LONGEST = 128  # characters of a number, and of a template: the portal says both, and a longer one is none
MOST_UNKNOWN = 2  # places of a template that may hold anything: with more of them a search takes its time
MOST_DATES = 4
_PLACE = re.compile(r"\{(\w+)\}")
_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")
_COUNTER, _ANYTHING = r"(\d+)", ".*?"
_DATES = {"YEAR": r"\d{4}", "MONTH": r"\d{1,2}", "DAY": r"\d{1,2}"}
_PERIODS = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}
_OF_PERIOD = {"year": ("YEAR",), "month": ("YEAR", "MONTH"), "day": ("YEAR", "MONTH", "DAY")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    id: int
    number: str
    template: int
    created: datetime
    entity_type: int = 0  # 0 = bound to nothing
    entity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Numerator:
    """`template` as its page shows it, e.g. {YEAR}-{NUMBER}; `period` None = it never starts anew; `start` None = it is
    not told."""

    id: int
    template: str = "{NUMBER}"
    step: int = 1
    start: int | None = None
    period: str | None = None
    timezone: str | None = None


def sequence_of(number: str, template: str) -> int | None:
    """The counter's part of a number; None where the number does not look like the template (it was overridden).

    Of a template that leaves too much open for a quick search the last number is taken.
    """
    if len(number) > LONGEST:
        return None
    pattern = _pattern(template) if len(template) <= LONGEST else None
    found = pattern.fullmatch(number) if pattern else _LAST_NUMBER.search(number)
    return int(found[1]) if found else None


@lru_cache(maxsize=256)
def _pattern(template: str) -> re.Pattern[str] | None:
    """Unknown places side by side are one. None where the counter has no one place, or the unknown have too many."""
    pieces: list[str] = []
    for index, part in enumerate(_PLACE.split(template)):
        piece = _place(part) if index % 2 else re.escape(part)
        if piece and (piece != _ANYTHING or pieces[-1:] != [_ANYTHING]):
            pieces.append(piece)
    dates = sum(piece in _DATES.values() for piece in pieces)
    if pieces.count(_COUNTER) != 1 or pieces.count(_ANYTHING) > MOST_UNKNOWN or dates > MOST_DATES:
        return None
    return re.compile("".join(pieces))


def _place(name: str) -> str:
    return _COUNTER if name == "NUMBER" else _DATES.get(name, _ANYTHING)


def period_of(document: Document, numerator: Numerator, zone: str) -> str:
    """In which of its numerator's rounds it was made; "" = it has but one."""
    if numerator.period not in _PERIODS:
        return ""
    return document.created.astimezone(ZoneInfo(numerator.timezone or zone)).strftime(_PERIODS[numerator.period])


def names_its_period(numerator: Numerator) -> bool:
    """Whether a number says its round, so that no other round may give it again."""
    return all("{" + place + "}" in numerator.template for place in _OF_PERIOD.get(numerator.period or "", ()))


def written_like(neighbour: str, sequence: int, wanted: int) -> str:
    """The missing number as its neighbour is written: 2026-007 -> 2026-008."""
    spans = [found.span() for found in re.finditer(r"\d+", neighbour) if int(found[0]) == sequence]
    if len(spans) != 1:
        return str(wanted)
    start, end = spans[0]
    return neighbour[:start] + str(wanted).rjust(end - start, "0") + neighbour[end:]
