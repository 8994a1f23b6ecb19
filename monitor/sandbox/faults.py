"""Faults on demand: what the portal does instead of answering."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from monitor.sandbox.refusal import Refusal

HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

# code -> (status, text) of errors that the whole request gets.
ERRORS: dict[str, tuple[int, str]] = {
    "QUERY_LIMIT_EXCEEDED": (503, "Too many requests"),
    "OVERLOAD_LIMIT": (503, "REST API is blocked due to overload."),
    "OPERATION_TIME_LIMIT": (429, "Method is blocked due to operation time limit."),
    "expired_token": (401, "The access token provided has expired."),
    "invalid_token": (401, "Unable to get application by token"),
    "APPLICATION_NOT_FOUND": (401, "Application not found"),
    "authorization_error": (401, "Unable to authorize user"),
    "insufficient_scope": (403, "The request requires higher privileges than provided by the access token"),
    "ACCESS_DENIED": (403, "REST is available only on commercial plans"),
    "PAYMENT_REQUIRED": (401, "Subscription has been ended"),
    "PORTAL_DELETED": (403, "Portal was deleted"),
    "INTERNAL_SERVER_ERROR": (500, "Internal server error"),
    "ERROR_UNEXPECTED_ANSWER": (500, "Server returned an unexpected response"),
}


@dataclass
class Fault:
    """`kind`: a code of ERRORS, or redirect, html_502, html_200, hang, reset, truncated, wrong_types, huge, slow.

    `lost`: what was asked is done, but its answer never arrives; of one method alone.

    `method`: only where this method is asked, also inside a batch (then as its own error). `times`: how often; None =
    until healed.
    """

    kind: str
    method: str | None = None
    times: int | None = None

    def use(self) -> bool:
        """Whether it strikes now; counted."""
        if self.times == 0:
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def refusal(self) -> Refusal:
        status, text = ERRORS[self.kind]
        return Refusal(status, self.kind, text)


async def strike(fault: Fault, request: web.Request) -> web.StreamResponse:
    """The whole request's answer under a fault. Refusal for the documented errors."""
    if fault.kind in {"huge", "slow"}:
        return await _stream(request, slow=fault.kind == "slow")
    if fault.kind == "hang":
        await asyncio.sleep(3600)
    if fault.kind == "reset" and request.transport is not None:
        request.transport.abort()
        return web.Response()
    if fault.kind in ERRORS:
        raise fault.refusal()
    return _wrong(fault.kind)


def _wrong(kind: str) -> web.Response:
    if kind == "redirect":
        return web.Response(status=302, headers={"Location": "https://renamed.bitrix24.example/rest/"})
    if kind == "truncated":
        return web.Response(text='{"result":{"result":{"c0":', content_type="application/json")
    if kind == "wrong_types":
        return web.json_response({"result": "yes", "time": []})
    return web.Response(status=502 if kind == "html_502" else 200, text=HTML, content_type="text/html")


async def _stream(request: web.Request, *, slow: bool) -> web.StreamResponse:
    """A 100 MB answer, or one that drips a byte a second."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    piece = b" " if slow else b" " * 1_048_576
    for _ in range(3600 if slow else 100):
        await answer.write(piece)
        if slow:
            await asyncio.sleep(1)
    return answer
