"""The text that Prometheus reads: a portal is written anew only after it has changed, and never for long at a time."""

from __future__ import annotations

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TypeVar

from monitor.core.model import State
from monitor.core.samples import Sample, Shown, StateSet
from monitor.core.signals import BY_NAME, METRICS, Metric
from monitor.shell.metrics import Labels, Registry, Tally

T = TypeVar("T")
Row = tuple[Labels, float]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
AT_A_TIME = 0.005  # seconds after which the event loop gets its turn
SLICE = 1000  # series between two looks at the time
PIECES = 250  # of a portal's samples likewise: a set of states is many series
PORTALS = 200  # texts that are there already, likewise
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Exposition:
    """Renders a registry. Keeps each portal's lines by metric for as long as the portal shows the same samples."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._written: dict[str, dict[str, str]] = {metric.name: {} for metric in METRICS}
        self._source: dict[str, Iterable[Sample]] = {}
        self._sets: dict[str, dict[str, dict[StateSet, str]]] = defaultdict(dict)  # likewise: a third of all text
        self._one_at_a_time = asyncio.Lock()

    async def render(self, *, openmetrics: bool = False) -> str:
        """The whole text. Other work goes on between slices of it."""
        async with self._one_at_a_time:
            turns = Turns()
            await self._renew(turns)
            parts = [part async for part in self._parts(turns, openmetrics=openmetrics)]
            return "".join(parts) + ("# EOF\n" if openmetrics else "")

    async def _renew(self, turns: Turns) -> None:
        """Write the portals that changed; forget those that are gone."""
        for portal in [portal for portal in self._source if portal not in self._registry.shown]:
            self._forget(portal)
        for portal, source in list(self._registry.shown.items()):
            if self._source.get(portal) is not source:
                await self._rewrite(portal, source, turns)

    async def _rewrite(self, portal: str, source: Iterable[Sample], turns: Turns) -> None:
        told: dict[str, list[str]] = defaultdict(list)
        sets: dict[str, dict[StateSet, str]] = defaultdict(dict)
        samples = iter(source.told() if isinstance(source, Shown) else source)
        while part := list(islice(samples, PIECES)):
            rows: dict[str, list[Sample]] = defaultdict(list)
            for sample in part:
                if isinstance(sample, StateSet):
                    sets[sample.name][sample] = self._set_of(portal, sample) or _set_lines(sample)
                else:
                    rows[sample[0]].append(sample)
            for name, mine in rows.items():
                told[name].append(_lines(name, mine))
            await turns.give()
        self._forget(portal)
        if portal in self._registry.shown:
            self._source[portal] = source
            for name, texts in told.items():
                self._written[name][portal] = "".join(texts)
            for name, written in sets.items():
                self._sets[name][portal] = written

    def _set_of(self, portal: str, sample: StateSet) -> str | None:
        """Its lines, if they were written before."""
        return self._sets[sample.name].get(portal, {}).get(sample)

    def _forget(self, portal: str) -> None:
        self._source.pop(portal, None)
        for texts in self._written.values():
            texts.pop(portal, None)
        for sets in self._sets.values():
            sets.pop(portal, None)

    async def _parts(self, turns: Turns, *, openmetrics: bool) -> AsyncIterator[str]:
        for metric in METRICS:
            named = False
            for block in self._blocks(metric):
                if not named:
                    yield _head(metric, openmetrics=openmetrics)
                named = True
                yield block
                await turns.give()

    def _blocks(self, metric: Metric) -> Iterator[str]:
        """A metric's lines in parts that are quickly made."""
        for texts in _parted(list(self._written[metric.name].values()), PORTALS):
            yield "".join(texts)
        for sets in _parted(list(self._sets.get(metric.name, {}).values()), PORTALS):
            yield "".join([text for one in sets for text in one.values()])
        for series in (self._registry.own, self._registry.counters):
            told = list(series.get(metric.name, {}).items())
            for part in _parted(told):
                yield _lines(metric.name, part)
        tallies = list(self._registry.histograms.get(metric.name, {}).items())
        for tallied in _parted(tallies):
            yield "".join([_histogram(metric, labels, tally) for labels, tally in tallied])


class Turns:
    """Gives way to other work when it has been long enough."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def give(self) -> None:
        if time.perf_counter() - self._since >= AT_A_TIME:
            await asyncio.sleep(0)
            self._since = time.perf_counter()


def _parted(rows: list[T], size: int = SLICE) -> Iterator[list[T]]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _head(metric: Metric, *, openmetrics: bool) -> str:
    family = metric.name.removesuffix("_total") if openmetrics and metric.kind == "counter" else metric.name
    return f"# HELP {family} {metric.help}\n# TYPE {family} {metric.kind}\n"


@cache
def _template(name: str) -> str:
    """`name{portal="%s",line="%s"} ` of a metric of the table."""
    pairs = ",".join(f'{label}="%s"' for label in BY_NAME[name].labels)
    return f"{name}{{{pairs}}} " if pairs else f"{name} "


def _lines(name: str, rows: Sequence[Row | Sample]) -> str:
    """All lines in one piece of formatting. Escaping is rare, so it is done only where the result shows the need."""
    template = _template(name)
    words: list[str] = []
    for row in rows:
        words += row[-2]
        words.append(_WRITTEN.get(row[-1]) or number(row[-1]))
    text = f"{template}%s\n" * len(rows) % tuple(words)
    if "\\" not in text and text.count("\n") == len(rows) and text.count('"') == template.count('"') * len(rows):
        return text
    return "".join([f"{template % _escaped(row[-2])}{number(row[-1])}\n" for row in rows])


def _set_lines(one: StateSet) -> str:
    """Lines that differ in their ends alone."""
    *names, last = BY_NAME[one.name].labels
    pairs = [f'{label}="{word}"' for label, word in zip(names, _escaped(one.labels), strict=True)]
    start = f"{one.name}{{{','.join(pairs)},{last}="
    return start + start.join(_set_ends(one.state))


@cache
def _set_ends(told: State) -> tuple[str, ...]:
    return tuple(f'"{state.value}"}} {number(state is told)}\n' for state in State)


def _escaped(labels: Labels) -> Labels:
    return tuple(label.translate(_ESCAPES) for label in labels)


@cache
def _bounds(name: str) -> tuple[str, ...]:
    """The ends of a histogram's bucket lines."""
    return tuple(f'le="{number(bound)}"}} ' for bound in (*BY_NAME[name].buckets, math.inf))


def _histogram(metric: Metric, labels: Labels, tally: Tally) -> str:
    place = (_template(metric.name) % _escaped(labels))[len(metric.name) : -2]  # {portal="acme",...
    bucket = f"{metric.name}_bucket{place}," if metric.labels else f"{metric.name}_bucket{{"
    lines, below = [], 0
    for bound, count in zip(_bounds(metric.name), tally.counts, strict=True):
        below += count
        lines.append(f"{bucket}{bound}{below}.0\n")
    end = f"{place}}}" if metric.labels else ""
    return f"{''.join(lines)}{metric.name}_count{end} {below}.0\n{metric.name}_sum{end} {number(tally.total)}\n"


_NO_NUMBERS = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}


def number(value: float) -> str:
    """As prometheus_client writes it: 1.0, +Inf, NaN."""
    text = repr(float(value))
    return _NO_NUMBERS.get(text, text)


_WRITTEN: dict[float, str] = {whole: number(whole) for whole in range(1000)}
