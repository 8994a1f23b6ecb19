"""How long a stranger may hold a connection without ever finishing a request."""

from __future__ import annotations

import asyncio

from aiohttp import web

from monitor.shell.web_guard import Handler

PATIENCE = 30.0  # real seconds


def runner_of(app: web.Application, patience: float | None = None) -> web.AppRunner:
    """The application's server. It hangs up on whoever takes longer than `patience` (PATIENCE) for a request.

    aiohttp's keep-alive timer runs from the connection's first moment and anew after each answer, and looks only for
    whole requests: so it ends half-sent headers as well as idleness. A body that stands out is ours to look for.
    """
    seconds = PATIENCE if patience is None else patience

    @web.middleware
    async def hangs_up(request: web.Request, handler: Handler) -> web.StreamResponse:
        timer = asyncio.get_running_loop().call_later(seconds, _hang_up, request)
        try:
            return await handler(request)
        finally:
            timer.cancel()

    app.middlewares.insert(0, hangs_up)
    return web.AppRunner(app, access_log=None, keepalive_timeout=seconds, lingering_time=min(seconds, 10.0))


def _hang_up(request: web.Request) -> None:
    """Who has sent all waits for us, not we for him."""
    if request.transport is not None and not request.content.is_eof():
        request.transport.abort()
