"""Ten thousand portals polled by one process on one core: how late the loop is, what a portal weighs, how even it is.

Everything is the daemon's own but the portals, which a canned server in another process plays with 100 ms latency:
the fleet, the rhythms, a store on disk, the metrics with a scrape every 15 s. One portal in a hundred is busy
with twelve channels, the others have three (WhatsApp, Telegram, Max) and nothing new.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

import aiohttp
import msgspec
import uvloop

from benchmarks.measure import Row, canned, cpu, quantile, show
from benchmarks.poll import build
from monitor.core.memory import Judgement
from monitor.core.recall import Recall
from monitor.fleet import Fleet
from monitor.logs import configure
from monitor.shell.clock import Clock
from monitor.shell.exposition import Exposition
from monitor.shell.garbage import settle
from monitor.shell.http import session
from monitor.shell.metrics import Registry
from monitor.shell.store import Store
from monitor.shell.watch import Watch

EVERY = timedelta(seconds=60)
BUSY_ONE_IN = 100


class Polled:
    """A watch that notes when it is asked."""

    def __init__(self, watch: Watch, seconds: Counter[int]) -> None:
        self.watch, self._seconds, self.times = watch, seconds, 0

    async def poll(self) -> Judgement:
        self._seconds[int(time.monotonic())] += 1
        judgement = await self.watch.poll()
        self.times += 1
        return judgement

    def again(self) -> timedelta | None:
        return self.watch.again()


def resident() -> int:
    """Bytes of memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def lags(late: list[float], own: list[float], step: float = 0.01) -> None:
    """How much later than asked for a sleeper wakes; `own` without the time this thread stood in line for a core,
    which is other programs' doing (the kernel's schedstat: nanoseconds run, nanoseconds waited, turns)."""
    with Path("/proc/thread-self/schedstat").open("rb", buffering=0) as schedstat:  # noqa: ASYNC230 - no disk behind it
        waited = _waited(schedstat)
        while True:
            due = time.perf_counter() + step
            await asyncio.sleep(step)
            late.append(time.perf_counter() - due)
            before, waited = waited, _waited(schedstat)
            own.append(max(0.0, late[-1] - (waited - before)))


def _waited(schedstat: IO[bytes]) -> float:
    schedstat.seek(0)
    return int(schedstat.read(100).split()[1]) / 1e9


async def scrapes(registry: Registry) -> None:
    exposition = Exposition(registry)
    while True:
        await asyncio.sleep(15)
        await exposition.render()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a fleet was seen doing. `late` and `own`: seconds a sleeper woke too late, with and without waits for a
    core that others held; `per_second`: polls; `starting`: the fullest and the mean second of the first polls."""

    late: list[float]
    own: list[float]
    polls: int
    per_second: list[int]
    starting: tuple[int, float]
    spent: float
    lasted: float
    weight: float


async def watched(url: str, http: aiohttp.ClientSession, folder: str, count: int, seconds: float) -> list[Row]:
    store = await Store.open(f"sqlite:///{folder}/state.db")
    seen = await _seen(url, http, store, count, seconds)
    await store.close()
    told = f"{count:,} portals / 60 s"
    return [*_lag_rows(told, seen), *_poll_rows(told, seen, count)]


async def _seen(url: str, http: aiohttp.ClientSession, store: Store, count: int, seconds: float) -> Seen:
    registry, clock, recall, asked = Registry(), Clock(), Recall(loads=msgspec.json.decode), Counter[int]()

    async def watch(name: str) -> Polled:
        return Polled(build(url, name, http, store, clock, registry, recall=recall), asked)

    names = [f"{'busy' if n % BUSY_ONE_IN == 50 else 'small'}-{n:05}" for n in range(count)]
    gc.collect()
    before = resident()
    async with asyncio.TaskGroup() as group:
        fleet: Fleet[str, Polled] = Fleet(group=group, clock=clock, build=watch, every=lambda _: EVERY)
        helpers = [group.create_task(scrapes(registry)), group.create_task(settle())]
        await fleet.adopt({name: name for name in names})
        starting = await _starting(fleet, asked)
        late: list[float] = []
        own: list[float] = []
        helpers.append(group.create_task(lags(late, own)))
        asked.clear()
        spent, begun = cpu(), time.monotonic()
        await asyncio.sleep(seconds)
        seen = Seen(
            late=late,
            own=own,
            polls=sum(asked.values()),
            per_second=[asked[second] for second in sorted(asked)[1:-1]],
            starting=starting,
            spent=cpu() - spent,
            lasted=time.monotonic() - begun,
            weight=(resident() - before) / count,
        )
        for task in helpers:
            task.cancel()
        await fleet.adopt({})
    return seen


def _lag_rows(told: str, seen: Seen) -> list[Row]:
    lag = quantile(seen.own, 0.99)
    return [
        Row(what=f"{told}: loop lag p99", figure=f"{lag * 1000:.1f} ms", goal="< 50 ms", well=lag < 0.05),
        Row(
            what=f"{told}: the same with waits for a core others hold",
            figure=f"{quantile(seen.late, 0.99) * 1000:.1f} ms",
            floor=f"worst {max(seen.late) * 1000:.0f} ms",
        ),
    ]


def _poll_rows(told: str, seen: Seen, count: int) -> list[Row]:
    a_minute = seen.polls / seen.lasted * 60
    even = max(seen.per_second) / (sum(seen.per_second) / len(seen.per_second))
    fullest, mean = seen.starting
    return [
        Row(
            what=f"{told}: memory a portal",
            figure=f"{seen.weight / 1000:.0f} kB",
            goal="< 100 kB",
            well=seen.weight < 100_000,
        ),
        Row(
            what=f"{told}: polls a minute",
            figure=f"{a_minute:,.0f}",
            goal=f">= {count * 0.98:,.0f}",
            well=a_minute >= count * 0.98,
        ),
        Row(what=f"{told}: the fullest second to the mean", figure=f"{even:.2f}", goal="< 2", well=even < 2),
        Row(what=f"{told}: fullest second of the first polls", figure=f"{fullest}", floor=f"mean {mean:.0f}"),
        Row(
            what=f"{told}: CPU of one core",
            figure=f"{seen.spent / seen.lasted:.0%}",
            floor=f"{seen.spent / seen.polls * 1000:.2f} ms a poll",
        ),
    ]


async def _starting(fleet: Fleet[str, Polled], asked: Counter[int]) -> tuple[int, float]:
    """Waits until each portal was polled once. (fullest second, mean second) of the first polls."""
    begun = time.monotonic()
    while not all(kept.run.times for kept in fleet.kept.values()):  # noqa: ASYNC110 - an event each would be measured
        await asyncio.sleep(0.5)
    first = [count for second, count in asked.items() if second < begun + EVERY.total_seconds()]
    return max(first), sum(first) / len(first)


async def measure(count: int, seconds: float) -> list[Row]:
    with canned("--step", "0", "--latency", "0.1") as url, tempfile.TemporaryDirectory() as folder:
        async with session() as http:
            return await watched(url, http, folder, count, seconds)


def main() -> None:
    configure("text", "error", [])
    options = argparse.ArgumentParser()
    options.add_argument("--portals", type=int, default=10_000)
    options.add_argument("--seconds", type=float, default=60.0)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure(given.portals, given.seconds))
    show(rows)


if __name__ == "__main__":
    main()
