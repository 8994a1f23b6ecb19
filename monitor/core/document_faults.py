"""What is wrong with the numbers of generated documents (mission G11): not unique, not gapless, not in their order.

The portal tells neither the counter's value nor what was deleted, nor what a numerator was like before: a gap is a
number that nobody has, and the texts say that deleted documents and failed generations leave one, too. Where another
setting or an older document may be the reason, nothing is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, chain, islice
from zoneinfo import ZoneInfo

from monitor.core.document_numbers import (
    Document,
    Numerator,
    names_its_period,
    period_of,
    sequence_of,
    written_like,
)
from monitor.core.reading import AuditFact

MOST = 20  # numbers that one fact names
WIDEST = 10_000  # numbers between the first and the last: farther apart they are no sequence
AT_ONCE = timedelta(minutes=1)  # documents made together may be kept the other way round


Counted = tuple[Document, int]  # a document and its place in its numerator's sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The documents of one numerator and one period of it, as they were made; `counted` are those like its template."""

    numerator: Numerator
    period: str
    rows: Sequence[Document]
    counted: Sequence[Counted]

    @property
    def step(self) -> int:
        return max(1, self.numerator.step)

    @property
    def places(self) -> dict[int, str]:
        return {place: one.number for one, place in self.counted}


def faults_of(
    documents: Iterable[Document],
    numerators: Mapping[int, Numerator],
    of_template: Mapping[int, int],
    zone: str,
    *,
    whole: bool = False,
) -> tuple[AuditFact, ...]:
    """Every fault. `whole`: these are all the documents that there are."""
    in_order = sorted(documents, key=_made)
    lost = stray(in_order, numerators, of_template)
    rounds = [*_rounds(in_order, numerators, of_template, zone)]
    twice = {number: [*_twice(_scoped(number, rounds))] for number in numerators}
    unknown = _twice((_loose_scope(one, zone), one.number) for one in lost)
    found = {
        "duplicate_numbers": sorted(chain(unknown, *twice.values())),
        "missing_numbers": [gap for one in rounds for gap in _gaps(one, lost, zone)],
        "missing_first": [gap for one in rounds for gap in _head(one, in_order, zone)] if whole else [],
        "off_step": [number for one in rounds for number in _off_step(one)],
        "wrong_order": [number for one in rounds if not twice[one.numerator.id] for number in _out_of_order(one)],
    }
    return tuple(AuditFact(what=what, items=tuple(items), n=len(items)) for what, items in found.items() if items)


def _made(document: Document) -> tuple[datetime, int]:
    return document.created, document.id


def stray(
    documents: Iterable[Document], numerators: Mapping[int, Numerator], of_template: Mapping[int, int]
) -> list[Document]:
    """Those whose numerator is not told: their template is no more, or our rights do not show it. Any may have made
    them."""
    return [one for one in documents if of_template.get(one.template, 0) not in numerators]


def overridden(
    documents: Iterable[Document], numerators: Mapping[int, Numerator], of_template: Mapping[int, int]
) -> tuple[str, ...]:
    """Numbers written by hand: unlike their template, between two that are like it. Older ones may be of another
    template."""
    by_template: dict[int, list[tuple[Document, bool]]] = defaultdict(list)
    for one in sorted(documents, key=_made):
        numerator = numerators.get(of_template.get(one.template, 0))
        if numerator is not None:
            by_template[one.template].append((one, sequence_of(one.number, numerator.template) is not None))
    return tuple(
        one.number or f"#{one.id}"
        for rows in by_template.values()
        for (_, before), (one, is_like), (_, after) in zip(rows, rows[1:], rows[2:], strict=False)
        if before and after and not is_like
    )


def _rounds(
    in_order: Sequence[Document], numerators: Mapping[int, Numerator], of_template: Mapping[int, int], zone: str
) -> Iterator[Round]:
    by_round: dict[tuple[int, str], list[Document]] = defaultdict(list)
    for one in in_order:
        numerator = numerators.get(of_template.get(one.template, 0))
        if numerator is not None:
            by_round[numerator.id, period_of(one, numerator, zone)].append(one)
    for (number, period), rows in by_round.items():
        counted = [*_placed(rows, numerators[number])]
        yield Round(numerator=numerators[number], period=period, rows=rows, counted=counted)


def _placed(rows: Iterable[Document], numerator: Numerator) -> Iterator[Counted]:
    for one in rows:
        place = sequence_of(one.number, numerator.template)
        if place is not None:
            yield one, place


def _scoped(number: int, rounds: Sequence[Round]) -> Iterator[tuple[Hashable, str]]:
    """Each number of a numerator with that within which it must not come again."""
    for index, one in enumerate(rounds):
        if one.numerator.id != number:
            continue
        like = {paper.id for paper, _ in one.counted} if names_its_period(one.numerator) else set()
        yield from ((0 if paper.id in like else index + 1, paper.number) for paper in one.rows)


def _loose_scope(document: Document, zone: str) -> Hashable:
    """Of a number whose numerator is not told: its template, and the day where it may begin anew each day."""
    day = document.created.astimezone(ZoneInfo(zone))
    return document.template, "" if str(day.year) in document.number else day.date()


def _twice(numbers: Iterable[tuple[Hashable, str]]) -> Iterator[str]:
    counted = Counter(one for one in numbers if one[1])
    return (number for (_, number), count in counted.items() if count > 1)


def _grid(one: Round) -> int | None:
    """On which places the step leads, as most of them say; None = they do not, the step was another one before."""
    if not one.counted:
        return None
    rest, count = Counter(place % one.step for _, place in one.counted).most_common(1)[0]
    return rest if count * 2 > len(one.counted) else None


def _gaps(one: Round, lost: Sequence[Document], zone: str) -> Iterator[str]:
    """Numbers between the lowest and the highest that nobody has, written as their neighbours are."""
    places, grid = one.places, _grid(one)
    reached = [place for place in places if place % one.step == grid]
    if len(reached) < 2 or (max(reached) - min(reached)) // one.step > WIDEST:
        return
    first, taken = min(reached), {*places, *_elsewhere(one, lost, zone)}
    missing = (place for place in range(first, max(reached), one.step) if place not in taken)
    for place in islice(missing, MOST):
        yield written_like(places[first], first, place)


def _head(one: Round, documents: Sequence[Document], zone: str) -> Iterator[str]:
    """The first numbers of a round that nobody has. Many of them, or a number unlike the template, speak of a counter
    that was moved or of another setting."""
    start, places = one.numerator.start, one.places
    if start is None or not places or len(one.counted) < len(one.rows):
        return
    first = min(places)
    missing = range(start, first, one.step)
    if not missing or (first - start) % one.step or len(missing) >= min(len(places), MOST):
        return
    taken = _elsewhere(one, documents, zone)
    for place in missing:
        if place not in taken:
            yield written_like(places[first], first, place)


def _elsewhere(one: Round, documents: Iterable[Document], zone: str) -> set[int]:
    """Places of the round that documents of others would have: who counted them is not kept."""
    own = {paper.id for paper in one.rows}
    rest = [paper for paper in documents if paper.id not in own and period_of(paper, one.numerator, zone) == one.period]
    return {place for _, place in _placed(rest, one.numerator)}


def _off_step(one: Round) -> Iterator[str]:
    """Between two numbers that the step leads to, or after the last of them; others may be from before it was set."""
    grid = _grid(one)
    if grid is None or one.step == 1:
        return
    steps = [place % one.step == grid for _, place in one.counted]
    for index, (paper, _) in enumerate(one.counted):
        if index and steps[index - 1] and not steps[index] and all(steps[index + 1 : index + 2]):
            yield paper.number


def _out_of_order(one: Round) -> Iterator[str]:
    """Those that would have to be elsewhere in the order of making, as few as explain it."""
    for run in _runs(one.counted):
        keep = _longest_rise([place for _, place in run])
        odd = [row for index, row in enumerate(run) if index not in keep]
        yield from (paper.number for paper, place in odd[:MOST] if _is_misplaced(paper, place, run))


def _runs(counted: Sequence[Counted]) -> Iterator[Sequence[Counted]]:
    """Cut where all that follows is below all that went before: the counter was set back, or another one took over."""
    places = [place for _, place in counted]
    highest_later = [*accumulate(reversed(places), max)][::-1]
    begun, lowest = 0, 0
    for index, place in enumerate(places):
        if index > begun and lowest > highest_later[index]:
            yield counted[begun:index]
            begun = index
        lowest = min(lowest, place) if index > begun else place
    yield counted[begun:]


def _is_misplaced(paper: Document, place: int, run: Sequence[Counted]) -> bool:
    """Against one that was not made in the same moment."""
    return any(
        (other.created - paper.created >= AT_ONCE and number < place)
        or (paper.created - other.created >= AT_ONCE and number > place)
        for other, number in run
    )


def _longest_rise(places: Sequence[int]) -> set[int]:
    """The indices of a longest subsequence that rises."""
    ends: list[int] = []  # the lowest place that ends a rise of each length
    at: list[int] = []  # its index
    before: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(ends, place)
        ends[length : length + 1] = [place]
        at[length : length + 1] = [index]
        before.append(at[length - 1] if length else -1)
    kept, index = set(), at[-1] if at else -1
    while index >= 0:
        kept.add(index)
        index = before[index]
    return kept
