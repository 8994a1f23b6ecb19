"""/metrics with 100,000 series: CPU, the longest time the loop stands still, size, beside the reference client."""

from __future__ import annotations

import asyncio
import gzip
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import uvloop
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from benchmarks.measure import Row, cpu, middle, show
from monitor.core.memory import ChannelMemory, Diagnosis, PortalMemory, PortalState
from monitor.core.model import Certainty, Channel, Line, Manager, Messenger, State
from monitor.core.policy import Policy
from monitor.core.samples import Sample, Shown
from monitor.shell.exposition import Exposition
from monitor.shell.metrics import Registry

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CHANNELS, SERIES, ROUNDS = 12, 100_000, 7
DIAGNOSIS = Diagnosis(state=State.CONNECTED, certainty=Certainty.BY_FLAG, cause="flag_ok")


def portal(number: int) -> PortalState:
    channels = {}
    for index in range(CHANNELS):
        channel = Channel(line=index % 3 + 1, connector=f"wz_whatsapp_{index:04x}", messenger=Messenger.WHATSAPP)
        at = NOW - timedelta(seconds=index * 97.3)
        memory = ChannelMemory(channel=channel, diagnosis=DIAGNOSIS, since=at, last_inbound=at, last_outbound=at)
        channels[channel.key] = replace(memory, received=number, sent=index)
    lines = {line: Line(id=line, name=f"Линия {line}") for line in (1, 2, 3)}
    managers = {user: Manager(id=user, name=f"Анна {user}") for user in range(11, 19)}
    memory = PortalMemory(up=True, auth_ok=True)
    return PortalState(portal=f"company-{number:05}", memory=memory, channels=channels, lines=lines, managers=managers)


def moved_on(state: PortalState, seconds: float) -> PortalState:
    """Each value but the flags another one."""
    at = NOW + timedelta(seconds=seconds)
    channels = {
        key: replace(memory, received=memory.received + 1, last_inbound=at, last_outbound=at)
        for key, memory in state.channels.items()
    }
    return replace(state, channels=channels)


def put(registry: Registry, states: list[PortalState]) -> None:
    for state in states:
        policy = Policy(portal=state.portal, url=f"https://{state.portal}.bitrix24.ru", timezone="Europe/Moscow")
        registry.show(state.portal, Shown(state=state, policy=policy, public_days={}, now=NOW))


def full(series: int) -> tuple[Registry, list[PortalState]]:
    registry = Registry()
    put(registry, [portal(0)])
    each = sum(1 for _ in registry.samples())
    states = [portal(number) for number in range(series // each)]
    put(registry, states)
    return registry, states


async def lag_while(work: asyncio.Task[str]) -> float:
    """The longest time, seconds, in which nothing else could run."""
    longest, last = 0.0, time.perf_counter()
    while not work.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


async def scrape(exposition: Exposition) -> tuple[float, float, str]:
    """(CPU seconds, longest standstill, text)."""
    started = cpu()
    text = await exposition.render()
    spent = cpu() - started
    lag = await lag_while(asyncio.create_task(exposition.render()))
    return spent, lag, text


async def changed(exposition: Exposition, registry: Registry, states: list[PortalState]) -> tuple[float, float]:
    """Middle CPU and standstill of scrapes before each of which `states` have changed."""
    spent, lags = [], []
    for number in range(ROUNDS):
        put(registry, [moved_on(state, number) for state in states])
        started = cpu()
        await exposition.render()
        spent.append(cpu() - started)
        put(registry, [moved_on(state, number + 0.5) for state in states])
        lags.append(await lag_while(asyncio.create_task(exposition.render())))
    return middle(spent), middle(lags)


def floor(samples: list[Sample]) -> float:
    """CPU of writing the same values after label strings that are there already: no less can be done anew."""
    heads = [f"{one.name}{{{','.join(one.labels)}}} " for one in samples]
    spent = []
    for _ in range(ROUNDS):
        started = cpu()
        "".join([f"{head}{float(one.value)!r}\n" for head, one in zip(heads, samples, strict=True)])
        spent.append(cpu() - started)
    return middle(spent)


class Reference:
    """The same samples through prometheus_client, as a custom collector gives them."""

    def __init__(self, samples: list[Sample]) -> None:
        self._samples = samples

    def collect(self) -> list[GaugeMetricFamily]:
        families: dict[str, GaugeMetricFamily] = {}
        for name, labels, value in self._samples:
            names = [f"l{index}" for index in range(len(labels))]
            families.setdefault(name, GaugeMetricFamily(name, name, labels=names)).add_metric(labels, value)
        return list(families.values())


def reference(samples: list[Sample]) -> float:
    registry = CollectorRegistry()
    registry.register(Reference(samples))  # type: ignore[arg-type]  # `collect` is all it is asked for
    started = cpu()
    generate_latest(registry)
    return cpu() - started


async def measure() -> list[Row]:
    registry, states = full(SERIES)
    samples = list(registry.samples())
    exposition = Exposition(registry)
    _, _, text = await scrape(exposition)
    least, theirs = floor(samples), reference(samples)
    every, lag = await changed(exposition, registry, states)
    quarter, _ = await changed(exposition, registry, states[::4])
    same = middle([(await scrape(exposition))[0] for _ in range(ROUNDS)])
    started = cpu()
    packed = gzip.compress(text.encode(), compresslevel=1)
    zipping = cpu() - started
    told = f"{len(samples):,} series"
    return [
        _row(f"/metrics, {told}, every portal changed since", every, least, 0.1),
        _row(f"/metrics, {told}, a quarter changed (scrape 15 s, poll 60 s)", quarter, least, 0.1),
        _row(f"/metrics, {told}, nothing changed", same, least, 0.1),
        Row(
            what="/metrics: longest standstill of the loop, all changed",
            figure=f"{lag * 1000:.1f} ms",
            goal="< 20 ms",
            well=lag < 0.02,
        ),
        Row(what="/metrics: gzip -1, in a thread", figure=f"{zipping * 1000:.0f} ms", floor=f"{len(packed):,} bytes"),
        Row(what="prometheus_client, the same samples", figure=f"{theirs * 1000:.0f} ms", ratio=theirs / every),
    ]


def _row(what: str, spent: float, least: float, goal: float) -> Row:
    return Row(
        what=what,
        figure=f"{spent * 1000:.0f} ms",
        floor=f"{least * 1000:.0f} ms",
        ratio=spent / least,
        goal=f"< {goal * 1000:.0f} ms",
        well=spent < goal,
    )


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure())
    show(rows)
    sys.exit(0)


if __name__ == "__main__":
    main()
