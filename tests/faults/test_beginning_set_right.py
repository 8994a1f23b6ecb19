"""What a real Alertmanager makes of an alert whose beginning our clock had put into the future: it is one alert."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from stage import HandClock

from monitor.core.alerts import Alert
from monitor.shell.alertmanager import Pusher
from monitor.shell.metrics import Registry
from monitor.shell.store import Store
from tests.e2e.e2e_parts import alertmanager, alerts
from tests.sharing.stand import within

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("faults")]

LABELS = (("alertname", "QrRescanRequired"), ("portal", "acme"))
DAY = timedelta(days=1)


@asynccontextmanager
async def notified() -> AsyncIterator[tuple[str, list[str]]]:
    """An address for notifications, and the words of those that came."""
    words: list[str] = []

    async def take(request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        words.append(str(body["status"]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", words
    finally:
        await runner.cleanup()


async def test_a_beginning_that_lay_in_the_future_is_set_right_and_nobody_is_notified_again(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    clock = HandClock(datetime.now(UTC) + DAY)
    async with notified() as (hook, words), aiohttp.ClientSession() as http:
        with alertmanager(tmp_path, hook) as receiver:
            pusher = Pusher(url=receiver.url, http=http, keeper=store, registry=Registry(), clock=clock)
            wish = Alert(labels=LABELS, annotations=(), starts_at=clock.at, generator_url="")
            pusher.wish("acme", [wish])
            assert await pusher.tell()
            await within(10, lambda: words == ["firing"], "it is told")

            clock.at = datetime.now(UTC)
            assert await pusher.tell()
            begun = clock.at
            for _ in range(3):  # rounds of notifications, of a second each
                await asyncio.sleep(1)
                clock.at = datetime.now(UTC)
                assert await pusher.tell()
            (row,) = await asyncio.to_thread(alerts, receiver.url, "QrRescanRequired")
            assert abs(datetime.fromisoformat(row["startsAt"]) - begun) < timedelta(milliseconds=1)
            assert words == ["firing"]

            pusher.wish("acme", [])
            clock.at = datetime.now(UTC)
            assert await pusher.tell()
            await within(10, lambda: words == ["firing", "resolved"], "its end is told")
    await store.close()
