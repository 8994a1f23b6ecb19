"""A small local server that an application's installation is posted to; it hands on refresh tokens, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web

from monitor.secret import Secret
from monitor.shell.web_bodies import HANDLING, Unreadable, form_of
from monitor.shell.web_connections import runner_of

LARGEST_POST = 64 * 1024
# ONAPPINSTALL posts bracketed keys, an application's frame AUTH_ID and REFRESH_ID (bitrix24-api.md 1.2).
_EVENT, _EVENT_KEY, _FRAME_KEY = "ONAPPINSTALL", "auth[refresh_token]", "REFRESH_ID"


class Arrivals:
    """The refresh tokens of installations as they arrive, unverified."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._queue: asyncio.Queue[Secret] = asyncio.Queue(maxsize=16)

    async def next(self) -> Secret:
        return await self._queue.get()

    async def received(self, request: web.Request) -> web.Response:
        try:
            token = refresh_token_in({key: str(value) for key, value in (await form_of(request)).items()})
        except Unreadable:
            token = None
        if token is None:
            return web.Response(status=400, text="This is no installation of an application.")
        try:
            self._queue.put_nowait(token)
        except asyncio.QueueFull:
            return web.Response(status=503, text="Too many installations at once.")
        return web.Response(text="Received. You may close this page and look at the terminal.")


def refresh_token_in(form: Mapping[str, str]) -> Secret | None:
    """The refresh token of an install event or of an application's frame."""
    token = form.get(_EVENT_KEY, "") if form.get("event", "").upper() == _EVENT else form.get(_FRAME_KEY, "")
    return Secret(token) if token and len(token) < 4096 else None


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
