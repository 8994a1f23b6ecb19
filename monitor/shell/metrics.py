"""What /metrics shows: counters that only grow, and each portal's samples, rendered from memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from monitor.core.samples import Sample
from monitor.core.signals import BY_NAME
from monitor.core.turn import Turn, Verdict

Labels = tuple[str, ...]
COUNTED = frozenset({Verdict.MET, Verdict.LATE, Verdict.MISSED, Verdict.EXCUSED})
SUM = -1  # the place of a counter's value, or of a histogram's sum


class Total(NamedTuple):
    """One number of a series that only grows. `place`: which bucket of a histogram, or SUM."""

    name: str
    labels: Labels
    place: int
    amount: float


class Counted(NamedTuple):
    """What the counters take of a turn that has ended; seconds None where there was none to measure."""

    line: str
    messenger: str
    manager: str
    kind: str
    verdict: str
    working: float | None
    calendar: float | None
    manager_working: float | None


def counted_of(ended: Iterable[Turn]) -> list[Counted]:
    """Of turns that have ended."""
    return [_counted(turn) for turn in ended if turn.verdict in COUNTED]


def _counted(turn: Turn) -> Counted:
    answered = turn.verdict in {Verdict.MET, Verdict.LATE} or (turn.responder and turn.verdict is Verdict.EXCUSED)
    by_phone = turn.verdict in {Verdict.MET, Verdict.LATE} and not turn.responder and "phone" in turn.marks
    whose = turn.responder if answered else turn.holder
    measured = turn.responder or by_phone
    spans = (turn.working, turn.calendar, turn.manager_working) if measured else (None, None, None)
    return Counted(
        str(turn.line),
        turn.messenger._value_,
        str(whose) if whose else "phone" if by_phone else "queue",
        turn.kind,
        turn.verdict._value_,
        *[span.total_seconds() if span is not None else None for span in spans],
    )


def totals_of(portal: str, counted: Iterable[Counted]) -> list[Total]:
    """What they add, summed by series and place; the places of a series follow each other."""
    alike: dict[tuple[str, ...], list[Counted]] = {}
    for one in counted:
        alike.setdefault(one[:5], []).append(one)
    series: dict[tuple[str, Labels], dict[int, float]] = {}
    for (line, messenger, manager, kind, verdict), some in alike.items():
        turns = series.setdefault(("messenger_turns_total", (portal, line, manager, kind, verdict)), {SUM: 0.0})
        turns[SUM] += len(some)
        for name, labels, field_of in _SPANS:
            seconds = [span for span in map(field_of, some) if span is not None]
            if seconds:
                place = (portal, line, messenger, manager, kind, *labels)
                _add(series.setdefault((name, place), {}), seconds, BY_NAME[name].buckets)
    return [Total(*key, *one) for key, added in series.items() for one in added.items()]


_SPANS = (
    ("messenger_response_time_seconds", ("working",), attrgetter("working")),
    ("messenger_response_time_seconds", ("calendar",), attrgetter("calendar")),
    ("messenger_manager_response_time_seconds", (), attrgetter("manager_working")),
)


def _add(places: dict[int, float], seconds: Iterable[float], bounds: tuple[float, ...]) -> None:
    for span in seconds:
        place = bisect_left(bounds, span)
        places[place] = places.get(place, 0.0) + 1.0
    places[SUM] = places.get(SUM, 0.0) + sum(seconds)


@dataclass(slots=True)
class Tally:
    """One histogram series: counts per bucket (the last one is +Inf), and the sum."""

    counts: list[int]
    total: float = 0.0

    def observe(self, value: float, bounds: tuple[float, ...]) -> None:
        self.counts[bisect_left(bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Registry:
    """The daemon's numbers. Everything of a portal goes when the portal goes."""

    counters: dict[str, dict[Labels, float]] = field(default_factory=lambda: defaultdict(dict))
    histograms: dict[str, dict[Labels, Tally]] = field(default_factory=lambda: defaultdict(dict))
    own: dict[str, dict[Labels, float]] = field(default_factory=lambda: defaultdict(dict))
    shown: dict[str, Iterable[Sample]] = field(default_factory=dict)

    def count(self, name: str, labels: Labels, by: float = 1.0) -> None:
        series = self.counters[name]
        series[labels] = series.get(labels, 0.0) + by

    def set_counter(self, name: str, labels: Labels, value: float) -> None:
        self.counters[name][labels] = value

    def set_gauge(self, name: str, labels: Labels, value: float) -> None:
        self.own[name][labels] = value

    def drop_gauge(self, name: str, labels: Labels) -> None:
        self.own[name].pop(labels, None)

    def observe(self, name: str, labels: Labels, value: float) -> None:
        bounds = BY_NAME[name].buckets
        self._tally(name, labels, bounds).observe(value, bounds)

    def count_turns(self, portal: str, ended: Iterable[Turn]) -> None:
        """Each ended turn once: its verdict, and where somebody answered, both clocks and the manager's own."""
        for name, labels, place, amount in totals_of(portal, counted_of(ended)):
            if not (bounds := BY_NAME[name].buckets):
                self.count(name, labels, amount)
                continue
            tally = self._tally(name, labels, bounds)
            if place == SUM:
                tally.total += amount
            else:
                tally.counts[place] += int(amount)

    def restore(self, totals: Iterable[Total]) -> None:
        """Counters and histograms as the store has kept them."""
        for name, labels, place, amount in totals:
            if not (bounds := BY_NAME[name].buckets):
                self.set_counter(name, labels, amount)
                continue
            tally = self._tally(name, labels, bounds)
            if place == SUM:
                tally.total = amount
            else:
                tally.counts[place] = int(amount)

    def _tally(self, name: str, labels: Labels, bounds: tuple[float, ...]) -> Tally:
        return self.histograms[name].setdefault(labels, Tally([0] * (len(bounds) + 1)))

    def show(self, portal: str, samples: Iterable[Sample]) -> None:
        """What can be gone through again is gone through when somebody looks, and not before."""
        self.shown[portal] = tuple(samples) if isinstance(samples, Iterator) else samples

    def drop(self, portal: str) -> None:
        """Nothing of a portal that is not watched any more stays behind."""
        self.shown.pop(portal, None)
        for kept in (self.own, self.counters, self.histograms):
            _drop(kept, portal)

    def samples(self) -> Iterator[Sample]:
        """Every gauge and counter there is now."""
        for kept in (self.own, self.counters):
            for name, series in kept.items():
                for labels, value in series.items():
                    yield Sample(name, labels, value)
        for shown in self.shown.values():
            yield from shown


def _drop(kept: Mapping[str, dict[Labels, Any]], portal: str) -> None:
    for name, series in kept.items():
        if BY_NAME[name].labels[:1] == ("portal",):
            for labels in [labels for labels in series if labels[0] == portal]:
                del series[labels]
