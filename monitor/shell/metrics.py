"""What /metrics shows: counters that only grow, and each portal's samples, rendered from memory."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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


def counted_of(portal: str, ended: Iterable[Turn]) -> Iterator[tuple[str, Labels, float | None]]:
    """(metric, labels, observed seconds or None = count one) of turns that have ended."""
    for turn in ended:
        if turn.verdict in COUNTED:
            yield from _counted(portal, turn)


def _counted(portal: str, turn: Turn) -> Iterator[tuple[str, Labels, float | None]]:
    answered = turn.verdict in {Verdict.MET, Verdict.LATE} or (turn.responder and turn.verdict is Verdict.EXCUSED)
    whose = turn.responder if answered else turn.holder
    manager = str(whose) if whose else "queue"
    line = str(turn.line)
    yield "messenger_turns_total", (portal, line, manager, turn.kind, turn.verdict.value), None
    if not turn.responder:
        return
    place = (portal, line, turn.messenger.value, manager, turn.kind)
    if turn.working is not None:
        yield "messenger_response_time_seconds", (*place, "working"), turn.working.total_seconds()
    if turn.calendar is not None:
        yield "messenger_response_time_seconds", (*place, "calendar"), turn.calendar.total_seconds()
    if turn.manager_working is not None:
        yield "messenger_manager_response_time_seconds", place, turn.manager_working.total_seconds()


def totals_of(portal: str, ended: Iterable[Turn]) -> list[Total]:
    """What turns that have ended add, summed by series and place; the places of a series follow each other."""
    series: dict[tuple[str, Labels], dict[int, float]] = {}
    for name, labels, value in counted_of(portal, ended):
        added = series.get((name, labels))
        if added is None:
            added = series[name, labels] = {}
        if value is None:
            added[SUM] = added.get(SUM, 0.0) + 1.0
        else:
            place = bisect_left(BY_NAME[name].buckets, value)
            added[place] = added.get(place, 0.0) + 1.0
            added[SUM] = added.get(SUM, 0.0) + value
    return [Total(*key, *one) for key, added in series.items() for one in added.items()]


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

    def observe(self, name: str, labels: Labels, value: float) -> None:
        bounds = BY_NAME[name].buckets
        tally = self.histograms[name].setdefault(labels, Tally([0] * (len(bounds) + 1)))
        tally.observe(value, bounds)

    def count_turns(self, portal: str, ended: Iterable[Turn]) -> None:
        """Each ended turn once: its verdict, and where somebody answered, both clocks and the manager's own."""
        for name, labels, value in counted_of(portal, ended):
            if value is None:
                self.count(name, labels)
            else:
                self.observe(name, labels, value)

    def restore(self, totals: Iterable[Total]) -> None:
        """Counters and histograms as the store has kept them."""
        for name, labels, place, amount in totals:
            bounds = BY_NAME[name].buckets
            if not bounds:
                self.set_counter(name, labels, amount)
                continue
            tally = self.histograms[name].setdefault(labels, Tally([0] * (len(bounds) + 1)))
            if place == SUM:
                tally.total = amount
            else:
                tally.counts[place] = int(amount)

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
