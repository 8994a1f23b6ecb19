"""The world around the daemon while it is killed: the emulated portal with a life of its own, and who hears alerts.

A process of its own, whose clock stands until it is told the hour: what happens by an hour never depends on the kills.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from monitor.sandbox.presets import living
from monitor.sandbox.server import Sandbox

# Hours between which the portal's Telegram is out of order; the later ones are reached by a year's life alone.
TROUBLES = ((20, 26), (200, 203), (400, 430), (1500, 1560), (2900, 2950), (4100, 4200), (6000, 6100), (8000, 8060))


class HandClock:
    def __init__(self, at: datetime) -> None:
        self.start = self.at = at

    def now(self) -> datetime:
        return self.at


class Outside:
    def __init__(self, sandbox: Sandbox, clock: HandClock) -> None:
        self.sandbox, self.clock = sandbox, clock
        self.alerts: set[tuple[str, str]] = set()
        self.firing: dict[str, bool] = {}

    async def hour(self, request: web.Request) -> web.Response:
        """It is that hour: customers and managers have lived up to it, and what broke by then is broken."""
        self.clock.at = datetime.fromisoformat((await request.json())["at"])
        hours = (self.clock.at - self.clock.start) // timedelta(hours=1)
        is_broken = any(begins <= hours < ends for begins, ends in TROUBLES)
        self.sandbox.world.set_error("telegrambot", 1, error=is_broken)
        return web.json_response({})

    async def hear(self, request: web.Request) -> web.Response:
        for row in await request.json():
            labels = json.dumps(row["labels"], sort_keys=True)
            self.alerts.add((labels, row["startsAt"]))
            self.firing[labels] = datetime.fromisoformat(row["endsAt"]) > self.clock.at
        return web.json_response({})

    async def told(self, _: web.Request) -> web.Response:
        letters = self.sandbox.methods.letters.rows()
        facts: dict[str, Any] = {
            "alerts": sorted(self.alerts),
            "firing": sorted(labels for labels, fires in self.firing.items() if fires),
            "letters": sorted((row["kind"], row["user"], row["text"]) for row in letters),
            "messages_twice": [row["text"] for row in letters if row["kind"] != "notify" and row["arrived"] > 1],
            "dead_refresh_uses": self.sandbox.oauth.dead_refresh_uses,
        }
        return web.json_response(facts)


async def main(start: str, seed: int, port: int) -> None:
    clock = HandClock(datetime.fromisoformat(start))
    life = living(clock, seed=seed, lines=1, per_day=6.0, days=3.0)
    async with Sandbox(life.world, clock=clock, life=life, port=port, access_ttl=3 * 3600.0) as sandbox:
        sandbox.bucket.per_second, sandbox.bucket.burst = 100_000.0, 1_000_000
        outside = Outside(sandbox, clock)
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/api/v2/alerts", outside.hear)
        app.router.add_post("/hour", outside.hour)
        app.router.add_get("/told", outside.told)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        print(json.dumps(sandbox.credentials | {"outside": address}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
