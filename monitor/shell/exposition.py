"""The text that Prometheus reads: label strings escaped once and kept, only values written at each scrape."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice

from monitor.core.samples import Sample
from monitor.core.signals import METRICS, Metric
from monitor.shell.metrics import Labels, Registry

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SLICE = 2000  # lines between two breaths of the event loop
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Exposition:
    """Renders a registry; remembers how each label set is written."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._written: dict[tuple[Labels, Labels], str] = {}

    async def render(self, *, openmetrics: bool = False) -> str:
        """The whole text. Other work goes on between slices of it."""
        parts = [part async for part in self._parts(openmetrics=openmetrics)]
        return "\n".join(parts) + ("\n# EOF\n" if openmetrics else "\n")

    async def _parts(self, *, openmetrics: bool) -> AsyncIterator[str]:
        by_name: dict[str, list[Sample]] = defaultdict(list)
        for sample in self._registry.samples():
            by_name[sample.name].append(sample)
        for metric in METRICS:
            lines = self._metric(metric, by_name.get(metric.name, ()), openmetrics=openmetrics)
            while part := list(islice(lines, SLICE)):
                yield "\n".join(part)
                await asyncio.sleep(0)

    def _metric(self, metric: Metric, samples: Iterable[Sample], *, openmetrics: bool) -> Iterator[str]:
        tallies = self._registry.histograms.get(metric.name, {})
        if not samples and not tallies:
            return
        family = metric.name.removesuffix("_total") if openmetrics and metric.kind == "counter" else metric.name
        yield f"# HELP {family} {metric.help}"
        yield f"# TYPE {family} {metric.kind}"
        for sample in samples:
            yield f"{metric.name}{self._labels(metric.labels, sample.labels)} {number(sample.value)}"
        for labels, tally in list(tallies.items()):
            yield from self._histogram(metric, labels, tally.counts, tally.total)

    def _histogram(self, metric: Metric, labels: Labels, counts: list[int], total: float) -> Iterator[str]:
        below = 0
        for bound, count in zip((*metric.buckets, math.inf), counts, strict=True):
            below += count
            written = self._labels((*metric.labels, "le"), (*labels, number(bound)))
            yield f"{metric.name}_bucket{written} {number(below)}"
        written = self._labels(metric.labels, labels)
        yield f"{metric.name}_count{written} {number(below)}"
        yield f"{metric.name}_sum{written} {number(total)}"

    def _labels(self, names: Labels, values: Labels) -> str:
        key = (names, values)
        written = self._written.get(key)
        if written is None:
            pairs = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True))
            written = self._written[key] = f"{{{pairs}}}" if pairs else ""
        return written

    def forget(self) -> None:
        """Written label sets of what is gone are not kept for ever."""
        if len(self._written) > 2 * sum(1 for _ in self._registry.samples()) + 10_000:
            self._written.clear()


def number(value: float) -> str:
    """As prometheus_client writes it: 1.0, +Inf, NaN."""
    if value == math.inf:
        return "+Inf"
    if value == -math.inf:
        return "-Inf"
    return "NaN" if value != value else repr(float(value))  # noqa: PLR0124 - only NaN differs from itself
