"""Numbers of generated documents (mission G11): unique, without gaps, each still bound to its card.

The portal tells neither the counter's value nor what was deleted: a gap is a number that nobody has, and the texts
say that deleted documents and failed generations leave one, too.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from monitor.core.reading import AuditFact

MOST_GAPS = 20
LONGEST = 128  # characters of a number, and of a template: the portal says both, and a longer one is none
MOST_UNKNOWN = 2  # places of a template that may hold anything: with more of them a search takes its time
MOST_DATES = 4
WIDEST = 10_000  # numbers between the first and the last: farther apart they are no sequence
_PLACE = re.compile(r"\{(\w+)\}")
_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")
_COUNTER, _ANYTHING = r"(\d+)", ".*?"
_DATES = {"YEAR": r"\d{4}", "MONTH": r"\d{1,2}", "DAY": r"\d{1,2}"}
_PERIODS = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d"}


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
    """`template` as its page shows it, e.g. {YEAR}-{NUMBER}; `period` None = it never starts anew."""

    id: int
    template: str = "{NUMBER}"
    step: int = 1
    period: str | None = None
    timezone: str | None = None


def faults_of(
    documents: Iterable[Document],
    numerators: Mapping[int, Numerator],
    of_template: Mapping[int, int],
    zone: str,
) -> tuple[AuditFact, ...]:
    """What is wrong with the numbers. Documents whose numerator is not told are counted by their template."""
    groups: dict[tuple[str, int, str], list[tuple[Document, Numerator]]] = defaultdict(list)
    for document in documents:
        known = numerators.get(of_template.get(document.template, 0))
        numerator = known or Numerator(id=0)
        own = ("numerator", numerator.id) if known else ("template", document.template)
        groups[(*own, _period(document, numerator, zone))].append((document, numerator))
    twice = [number for rows in groups.values() for number in _twice([one for one, _ in rows])]
    gaps = [gap for rows in groups.values() for gap in _gaps(rows)]
    facts = []
    if twice:
        facts.append(AuditFact(what="duplicate_numbers", items=tuple(sorted(twice)), n=len(twice)))
    if gaps:
        facts.append(AuditFact(what="missing_numbers", items=tuple(gaps), n=len(gaps)))
    return tuple(facts)


def sequence_of(number: str, template: str) -> int | None:
    """The counter's part of a number; None where the number does not look like the template (it was overridden).

    Of a template that leaves too much open for a quick search the last number is taken.
    """
    if len(number) > LONGEST:
        return None
    pattern = _pattern(template) if len(template) <= LONGEST else None
    found = pattern.fullmatch(number) if pattern else _LAST_NUMBER.search(number)
    return int(found[1]) if found else None


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


def _period(document: Document, numerator: Numerator, zone: str) -> str:
    if numerator.period not in _PERIODS:
        return ""
    return document.created.astimezone(ZoneInfo(numerator.timezone or zone)).strftime(_PERIODS[numerator.period])


def _twice(documents: Sequence[Document]) -> Iterator[str]:
    counted = Counter(document.number for document in documents if document.number)
    return (number for number, count in counted.items() if count > 1)


def _gaps(rows: Sequence[tuple[Document, Numerator]]) -> Iterator[str]:
    """Numbers between the lowest and the highest that nobody has, written as their neighbours are."""
    numerator = rows[0][1]
    known = {found: one.number for one, _ in rows if (found := sequence_of(one.number, numerator.template)) is not None}
    step = max(1, numerator.step)
    if len(known) < 2 or (max(known) - min(known)) // step > WIDEST:
        return
    missing = (wanted for wanted in range(min(known), max(known), step) if wanted not in known)
    for wanted in islice(missing, MOST_GAPS):
        yield _like(known[min(known)], min(known), wanted)


def _like(neighbour: str, sequence: int, wanted: int) -> str:
    """The missing number as its neighbour is written: 2026-007 -> 2026-008."""
    spans = [found.span() for found in re.finditer(r"\d+", neighbour) if int(found[0]) == sequence]
    if len(spans) != 1:
        return str(wanted)
    start, end = spans[0]
    return neighbour[:start] + str(wanted).rjust(end - start, "0") + neighbour[end:]
