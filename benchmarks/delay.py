"""From the change on the portal to the alert in a real Alertmanager, among a thousand portals.

A portal is asked every 10 s here and a state is believed at its second reading, which follows 2 s after the first (the
defaults): the promise is one interval and 3 s.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp
import uvloop

from benchmarks.measure import Row, canned, free_port, quantile, show
from benchmarks.poll import build
from monitor.fleet import Fleet
from monitor.logs import configure
from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.garbage import settle
from monitor.shell.http import session
from monitor.shell.metrics import Registry
from monitor.shell.store import Store
from monitor.shell.watch import Watch

PORTALS, BROKEN, EVERY = 1000, 300, timedelta(seconds=10)
SPREAD, ALLOWED = 20.0, timedelta(seconds=3)


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    binary = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if binary is None:
        raise SystemExit("Alertmanager is missing: apt-packages.txt names the package")
    config, port = folder / "alertmanager.yml", free_port()
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    command = [binary, f"--config.file={config}", f"--storage.path={folder / 'am'}", "--cluster.listen-address="]
    command.append(f"--web.listen-address=127.0.0.1:{port}")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


async def answers(http: aiohttp.ClientSession, url: str) -> None:
    while True:
        try:
            async with http.get(f"{url}/-/ready") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            await asyncio.sleep(0.1)


async def breaks(http: aiohttp.ClientSession, url: str, names: list[str], at: dict[str, float]) -> None:
    """Each channel at a moment of its own within SPREAD seconds."""
    begun = time.monotonic()
    for moment, name in sorted((random.uniform(0, SPREAD), name) for name in names):
        await asyncio.sleep(max(0.0, begun + moment - time.monotonic()))
        at[name] = time.monotonic()
        async with http.get(f"{url}/break/{name}") as answer:
            await answer.read()


async def seen(http: aiohttp.ClientSession, url: str, names: list[str], told: dict[str, float]) -> None:
    """When the alert of each portal was first there."""
    while not told.keys() >= set(names):
        async with http.get(f"{url}/api/v2/alerts", params={"filter": "connector=wz_whatsapp"}) as answer:
            alerts = await answer.json()
        for alert in alerts:
            told.setdefault(alert["labels"]["portal"], time.monotonic())
        await asyncio.sleep(0.25)


async def delays(portals: str, manager: str, folder: Path) -> list[float]:
    store, registry, clock = await Store.open(f"sqlite:///{folder}/state.db"), Registry(), Clock()
    names = [f"small-{number:04}" for number in range(PORTALS)]
    broken = names[:: PORTALS // BROKEN][:BROKEN]
    at: dict[str, float] = {}
    told: dict[str, float] = {}
    async with session() as http, asyncio.TaskGroup() as group:
        await answers(http, manager)
        pusher = Pusher(url=manager, http=http, keeper=store, registry=registry, clock=clock)

        async def watch(name: str) -> Watch:
            return build(portals, name, http, store, clock, registry, pusher)

        fleet: Fleet[str, Watch] = Fleet(group=group, clock=clock, build=watch, every=lambda _: EVERY)
        helpers = [group.create_task(pusher.run()), group.create_task(settle())]
        await fleet.adopt({name: name for name in names})
        await asyncio.sleep(2.5 * EVERY.total_seconds())
        async with asyncio.timeout(120), asyncio.TaskGroup() as watching:
            watching.create_task(breaks(http, portals, broken, at))
            watching.create_task(seen(http, manager, broken, told))
        for task in helpers:
            task.cancel()
        await fleet.adopt({})
    await store.close()
    return [told[name] - at[name] for name in broken]


def main() -> None:
    configure("text", "error", [])
    with (
        tempfile.TemporaryDirectory() as folder,
        canned("--step", "0", "--latency", "0.1") as portals,
        alertmanager(Path(folder)) as manager,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        told = runner.run(delays(portals, manager, Path(folder)))
    promise = (EVERY + ALLOWED).total_seconds()
    p99 = quantile(told, 0.99)
    what = f"change to alert, {PORTALS:,} portals / {EVERY.seconds} s, 2 readings"
    show(
        [
            Row(what=f"{what}: p50", figure=f"{quantile(told, 0.5):.1f} s"),
            Row(what=f"{what}: p99", figure=f"{p99:.1f} s", goal=f"<= {promise:.0f} s", well=p99 <= promise),
            Row(what=f"{what}: beyond the interval", figure=f"{p99 - EVERY.total_seconds():+.1f} s", goal="<= 3 s"),
        ]
    )


if __name__ == "__main__":
    main()
