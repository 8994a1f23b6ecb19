"""A year of many portals in one process: whether memory, descriptors, tasks and the database stay what they are.

`python -m benchmarks.soak --portals 200 --days 365`: the clock is moved by hand, `--every` hours at a time; each tenth
portal is busy, the others have nothing new. What is older than thirty days is pruned once a day, as `run` does it. The
warm-up is over when the first rows have been pruned. Not a part of `make bench`: a year takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import uvloop

from benchmarks.canned import START
from benchmarks.fleet import resident
from benchmarks.measure import Row, canned, show
from benchmarks.poll import build
from monitor.core.recall import Recall
from monitor.logs import configure
from monitor.pruning import Pruning
from monitor.shell.clock import Clock
from monitor.shell.exposition import Exposition
from monitor.shell.http import session
from monitor.shell.metrics import Registry
from monitor.shell.retention import Retention
from monitor.shell.store import Store
from monitor.shell.watch import Watch

KEPT = timedelta(days=30)
BUSY_ONE_IN = 10
AT_ONCE = 20


class HandClock(Clock):
    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at

    def real_now(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    day: int
    memory: int
    descriptors: int
    tasks: int
    database: int


async def lived(options: argparse.Namespace, url: str, folder: str) -> list[Seen]:
    clock = HandClock(START)
    store, registry = await Store.open(f"sqlite:///{folder}/state.db"), Registry()
    pruning = Pruning(store=store, clock=clock)
    pruning.adopt(Retention(turns=KEPT, ledger=KEPT, incidents=KEPT))
    names = [f"{'busy' if n % BUSY_ONE_IN == 5 else 'small'}-{n:04}" for n in range(options.portals)]
    seen = []
    async with session() as http:
        recall = Recall(loads=msgspec.json.decode)
        watches = [build(url, name, http, store, clock, registry, recall=recall) for name in names]
        for day in range(1, options.days + 1):
            for _ in range(24 // options.every):
                clock.at += timedelta(hours=options.every)
                for first in range(0, len(watches), AT_ONCE):
                    await _polled(watches[first : first + AT_ONCE])
            await Exposition(registry).render()
            await pruning.prune()
            if day % options.look == 0:
                seen.append(_look(day, folder))
                show([_row(seen[-1])])
    await store.close()
    return seen


async def _polled(watches: list[Watch]) -> None:
    async with asyncio.TaskGroup() as group:
        for watch in watches:
            group.create_task(watch.poll())


def _look(day: int, folder: str) -> Seen:
    gc.collect()
    with sqlite3.connect(f"file:{folder}/state.db?mode=ro", uri=True) as database:
        used = [int(database.execute(f"pragma {word}").fetchone()[0]) for word in ("page_count", "freelist_count")]
        size = (used[0] - used[1]) * int(database.execute("pragma page_size").fetchone()[0])
    database.close()
    descriptors = len(os.listdir("/proc/self/fd"))
    return Seen(day=day, memory=resident(), descriptors=descriptors, tasks=len(asyncio.all_tasks()), database=size)


def _row(seen: Seen) -> Row:
    mib = 2**20
    figure = f"{seen.memory / mib:.1f} MiB"
    rest = f"{seen.descriptors} fds, {seen.tasks} tasks"
    return Row(what=f"soak: day {seen.day}, database {seen.database / mib:.1f} MiB", figure=figure, floor=rest)


def verdicts(seen: list[Seen], warm: int) -> list[Row]:
    """The last look against the first one after the warm-up."""
    after = [one for one in seen if one.day >= warm]
    first, last = after[0], after[-1]
    rows = []
    for what, most in (("memory", 1.05), ("descriptors", 1.2), ("tasks", 1.0), ("database", 1.1)):
        ratio = getattr(last, what) / getattr(first, what)
        told = f"day {first.day} to {last.day}"
        rows.append(Row(what=f"soak: {what}", figure=told, ratio=ratio, goal=f"<= {most:.2f}x", well=ratio <= most))
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--portals", type=int, default=200)
    options.add_argument("--days", type=int, default=365)
    options.add_argument("--every", type=int, default=6, help="hours between the polls of a portal")
    options.add_argument("--look", type=int, default=15, help="days between two looks")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    configure("json", "error", ())
    with (
        canned("--step", str(given.every * 3600), "--turnover", str(48 // given.every)) as url,
        tempfile.TemporaryDirectory() as folder,
    ):
        seen = uvloop.run(lived(given, url, folder))
        show(verdicts(seen, 3 * KEPT.days // 2))


if __name__ == "__main__":
    main()
