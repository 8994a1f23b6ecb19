"""How the cost of a poll grows: with the sessions that moved, with the portals, with what there ever was."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable

import aiohttp
import uvloop

from benchmarks.measure import Row, canned, cpu, show
from benchmarks.poll import STEP, StepClock, build
from monitor.logs import configure
from monitor.shell.http import session
from monitor.shell.store import Store
from monitor.shell.watch import Watch

WARM, POLLS = 40, 40  # at first sight dialogs that nothing tells of are looked for


async def costs(url: str, http: aiohttp.ClientSession, name: str, polls: Iterable[int]) -> list[float]:
    """CPU seconds of one poll, the mean of 40, begun at each of the given numbers of polls."""
    clock, told, done = StepClock(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/state.db")
        watch = build(url, name, http, store, clock)
        for begin in polls:
            await _run(watch, clock, begin - done)
            started = cpu()
            await _run(watch, clock, POLLS)
            told.append((cpu() - started) / POLLS)
            done = begin + POLLS
        await store.close()
    return told


async def _run(watch: Watch, clock: StepClock, times: int) -> None:
    for _ in range(times):
        clock.at += STEP
        await watch.poll()


async def by_moved() -> list[Row]:
    spent = {}
    async with session() as http:
        for moved in (1, 5, 10, 25):
            with canned("--moved", str(moved)) as url:
                (spent[moved],) = await costs(url, http, "busy-moved", [WARM])
    slope = (spent[25] - spent[1]) / 24
    even = (spent[10] - spent[5]) / 5
    rows = [Row(what=f"a poll with {moved} moved sessions", figure=f"{spent[moved] * 1000:.2f} ms") for moved in spent]
    return [
        *rows,
        Row(
            what="each moved session more",
            figure=f"{slope * 1000:.2f} ms",
            ratio=even / slope,
            goal="linear: 0.6-1.7x",
            well=0.6 < even / slope < 1.7,
        ),
    ]


async def by_history() -> list[Row]:
    with canned() as url:
        async with session() as http:
            young, old = await costs(url, http, "busy-history", [WARM, 360])
    return [
        Row(what="a busy poll after 10 polls", figure=f"{young * 1000:.2f} ms"),
        Row(
            what="a busy poll after 360 polls (3,600 answers)",
            figure=f"{old * 1000:.2f} ms",
            ratio=old / young,
            goal="<= 1.2x",
            well=old / young <= 1.2,
        ),
    ]


async def by_portals() -> list[Row]:
    spent = {}
    with canned() as url, tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/state.db")
        async with session() as http:
            for count in (10, 100, 1000):
                clock = StepClock()
                watches = [build(url, f"small-{count}-{number}", http, store, clock) for number in range(count)]
                for _ in range(6):  # the first tells what there is, the second how high session ids go, then it is calm
                    clock.at += STEP
                    for watch in watches:
                        await watch.poll()
                rounds = max(3, 300 // count)
                started = cpu()
                for _ in range(rounds):
                    clock.at += STEP
                    for watch in watches:
                        await watch.poll()
                spent[count] = (cpu() - started) / count / rounds
        await store.close()
    growth = spent[1000] / spent[10]
    rows = [Row(what=f"a calm poll, one of {count:,}", figure=f"{spent[count] * 1000:.2f} ms") for count in spent]
    last = Row(
        what="a poll among 1,000 to a poll among 10", figure="", ratio=growth, goal="<= 1.5x", well=growth <= 1.5
    )
    return [*rows, last]


async def measure() -> list[Row]:
    return [*await by_moved(), *await by_history(), *await by_portals()]


def main() -> None:
    configure("text", "error", [])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        show(runner.run(measure()))


if __name__ == "__main__":
    main()
