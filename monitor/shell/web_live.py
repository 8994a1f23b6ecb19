"""Server-sent events: which portals changed, so that an open page asks again for what it shows."""

from __future__ import annotations

import json
from contextlib import suppress

from aiohttp import web

from monitor.shell.news import Ear
from monitor.shell.visitors import Visitor
from monitor.shell.web_guard import BOARD, HEADERS, refusal
from monitor.shell.web_view import visitor_of

AT_LEAST = 2.0  # real seconds between two events of one page
BEAT = 15.0
ROUNDS = 20  # then the browser comes again, and is asked again who it is


async def events(request: web.Request) -> web.StreamResponse:
    """`event: changed`, data: the names of portals that this visitor sees."""
    news, visitor = request.app[BOARD].news, visitor_of(request)
    if news.is_full or news.closed:
        return refusal(503, "too many pages are open", **{"Retry-After": "60"})
    answer = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    with news.ear() as ear, suppress(ConnectionResetError):  # the page was closed
        await answer.prepare(request)
        await answer.write(b"retry: 5000\n\n")
        await _tell(answer, ear, visitor)
    return answer


async def _tell(answer: web.StreamResponse, ear: Ear, visitor: Visitor) -> None:
    left = ROUNDS
    async for heard in ear.batches(at_least=AT_LEAST, beat=BEAT):
        await answer.write(_event(heard, visitor))
        left -= 1
        if not left:
            return


def _event(heard: frozenset[str], visitor: Visitor) -> bytes:
    seen = sorted(name for name in heard if visitor.sees(name))
    return f"event: changed\ndata: {json.dumps(seen)}\n\n".encode() if seen else b": still here\n\n"
