"""Whole CPU of one portal poll, from the timer to the committed transaction and the metrics, beside bare transport.

The floor fetches the same bytes by the same requests over the same kind of connection and decodes them, no more.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import pstats
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import msgspec
import uvloop

from benchmarks.canned import START
from benchmarks.measure import Row, canned, cpu, middle, show
from monitor.building import portal_probes
from monitor.core.desk import Context
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.recall import Recall
from monitor.logs import configure
from monitor.outcome import Outcome
from monitor.secret import Secret
from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.credentials import Webhook
from monitor.shell.http import session
from monitor.shell.metrics import Registry
from monitor.shell.news import News
from monitor.shell.pacer import Rate
from monitor.shell.portal import Portal
from monitor.shell.store import Store
from monitor.shell.watch import Watch

STEP = timedelta(seconds=60)
ROUNDS, POLLS = 7, 20


class StepClock(Clock):
    """Goes on by one interval a poll, in step with the canned portal."""

    def __init__(self) -> None:
        super().__init__()
        self.at = START

    def now(self) -> datetime:
        return self.at


def build(
    url: str,
    name: str,
    http: aiohttp.ClientSession,
    store: Store,
    clock: Clock,
    registry: Registry | None = None,
    pusher: Pusher | None = None,
    recall: Recall | None = None,
) -> Watch:
    """A watch as the daemon builds it, with everything that follows a poll."""
    policy = Policy(portal=name, url=url, timezone="Europe/Moscow")
    context = Context()
    outcome = Outcome(registry=registry or Registry(), pusher=pusher, clock=clock, context=context, news=News())
    return Watch(
        policy=policy,
        call=Portal(
            name=name,
            url=url,
            credentials=Webhook(url=Secret(f"{url}/{name}/rest/1/secret")),
            http=http,
            vault=store,
            clock=clock,
            rate=Rate(per_second=1e6, burst=10**6),
        ),
        state=PortalState(portal=name),
        probes=portal_probes(),
        context=context,
        keeper=store,
        onlooker=outcome,
        clock=clock,
        deadline=timedelta(seconds=60),
        recall=recall,
    )


async def floor_of(http: aiohttp.ClientSession, url: str, bodies: list[bytes]) -> None:
    for body in bodies:
        async with http.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
            msgspec.json.decode(await answer.read())


async def costs(what: Callable[[], Awaitable[Any]]) -> float:
    """CPU seconds of one run of `what`."""
    started = cpu()
    for _ in range(POLLS):
        await what()
    return (cpu() - started) / POLLS


async def measure(url: str, name: str, profile: cProfile.Profile | None) -> tuple[float, float, int]:
    """(poll, floor, bytes sent) of one portal; the rounds of both alternate, the middle one counts."""
    clock = StepClock()
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/state.db")
        async with session() as http:
            watch = build(url, name, http, store, clock)

            async def poll() -> None:
                clock.at += STEP
                await watch.poll()

            for _ in range(40):
                await poll()
            before = (await _get(http, f"{url}/asked"))[name]
            await poll()
            requests = (await _get(http, f"{url}/asked"))[name] - before
            mine, floor = [], []
            for _ in range(ROUNDS):
                if profile:
                    profile.enable()
                mine.append(await costs(poll))
                if profile:
                    profile.disable()
                bodies = [text.encode() for text in (await _get(http, f"{url}/recorded/{name}"))[-requests:]]
                floor.append(await costs(partial(floor_of, http, f"{url}/{name}-floor/batch", bodies)))
        await store.close()
    return middle(mine), middle(floor), sum(map(len, bodies))


async def _get(http: aiohttp.ClientSession, url: str) -> Any:
    async with http.get(url) as answer:
        return json.loads(await answer.read())


def main() -> None:
    configure("text", "error", [])
    profile = cProfile.Profile() if "--profile" in sys.argv else None
    rows = []
    with canned() as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for name, goal in (("busy", 2.0), ("idle", 1.5)):
            mine, floor, _ = runner.run(measure(url, name, profile if name in sys.argv else None))
            rows.append(
                Row(
                    what=f"CPU of one {name} poll",
                    figure=f"{mine * 1000:.2f} ms",
                    floor=f"{floor * 1000:.2f} ms",
                    ratio=mine / floor,
                    goal=f"<= {goal}x",
                    well=mine / floor <= goal,
                )
            )
    show(rows)
    if profile:
        pstats.Stats(profile).sort_stats(sys.argv[-1]).print_stats(60)


if __name__ == "__main__":
    main()
