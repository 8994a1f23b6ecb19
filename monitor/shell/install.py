"""A small local server that an application's installation is posted to; it hands on its token, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from monitor.secret import Secret
from monitor.shell.web_bodies import HANDLING, Unreadable, form_of
from monitor.shell.web_connections import runner_of

LARGEST_POST = 64 * 1024
# ONAPPINSTALL posts bracketed keys, an application's frame AUTH_ID and REFRESH_ID (bitrix24-api.md 1.2).
_EVENT = "ONAPPINSTALL"
_EVENT_KEYS, _FRAME_KEYS = ("auth[refresh_token]", "auth[server_endpoint]"), ("REFRESH_ID", "SERVER_ENDPOINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One installation, unverified: its refresh token, and the OAuth server that it names; "" = none."""

    refresh: Secret
    server: str = ""


class Arrivals:
    """Installations as they arrive."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._queue: asyncio.Queue[Arrival] = asyncio.Queue(maxsize=16)

    async def next(self) -> Arrival:
        return await self._queue.get()

    async def received(self, request: web.Request) -> web.Response:
        try:
            arrival = arrival_in({key: str(value) for key, value in (await form_of(request)).items()})
        except Unreadable:
            arrival = None
        if arrival is None:
            return web.Response(status=400, text="This is no installation of an application.")
        try:
            self._queue.put_nowait(arrival)
        except asyncio.QueueFull:
            return web.Response(status=503, text="Too many installations at once.")
        return web.Response(text="Received. You may close this page and look at the terminal.")


def arrival_in(form: Mapping[str, str]) -> Arrival | None:
    """Of an install event or of an application's frame; None where there is no refresh token in it."""
    token_key, server_key = _EVENT_KEYS if form.get("event", "").upper() == _EVENT else _FRAME_KEYS
    token = form.get(token_key, "")
    return Arrival(refresh=Secret(token), server=form.get(server_key, "")) if token and len(token) < 4096 else None


@asynccontextmanager
async def installations(host: str, port: int) -> AsyncIterator[Arrivals]:
    """Listens at any path. OSError where the address cannot be listened at."""
    app = web.Application(client_max_size=LARGEST_POST, handler_args=HANDLING)
    runner = runner_of(app)
    arrivals = Arrivals("")
    app.router.add_post("/{path:.*}", arrivals.received)
    app.router.add_get("/{path:.*}", _waiting)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        arrivals.address = f"http://{host}:{runner.addresses[0][1]}/"
        yield arrivals
    finally:
        await runner.cleanup()


async def _waiting(_: web.Request) -> web.Response:
    return web.Response(text="Waiting for the installation of the application.")
