"""How a vendor fails: too many requests, a page, half an answer, a server's error, or no answer at all."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

KINDS = ("throttle", "html", "cut", "error", "hang")
_PAGE = "<!doctype html><html><body><h1>Bad gateway</h1></body></html>"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`throttle` tells `retry_after` seconds, `error` answers with `status`. `path`: only what has it in its path
    fails."""

    kind: str
    retry_after: int = 30
    status: int = 502
    path: str = ""

    @classmethod
    def of(cls, wish: Mapping[str, Any]) -> Fault:
        if wish.get("kind") not in KINDS:
            raise web.HTTPBadRequest(text=f"kind: expected one of {', '.join(KINDS)}")
        numbers = {"retry_after": int(wish.get("retry_after", 30)), "status": int(wish.get("status", 502))}
        return cls(kind=wish["kind"], path=str(wish.get("path", "")), **numbers)


def faulty(fault_now: Callable[[], Fault | None]) -> Any:
    """A middleware: each question but those of /control meets the fault of the moment."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = None if request.path == "/control" else fault_now()
        is_well = fault is None or fault.path not in request.path
        return await handler(request) if is_well or fault is None else await _failing(fault, request, handler)

    return middleware


async def _failing(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    match fault.kind:
        case "throttle":
            headers = {"Retry-After": str(fault.retry_after)}
            return web.json_response({"error": "too many requests"}, status=429, headers=headers)
        case "html":
            return web.Response(text=_PAGE, content_type="text/html")
        case "cut":
            whole = await handler(request)
            body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b"{}"
            return web.Response(body=body[: len(body) // 2] or b"{", content_type="application/json")
        case "hang":
            await asyncio.Event().wait()
    return web.Response(text=_PAGE, status=fault.status, content_type="text/html")


def untrusted(folder: Path) -> ssl.SSLContext:
    """A certificate that nobody vouches for, made by openssl in `folder`."""
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = [*words.split(), "-addext", "subjectAltName=IP:127.0.0.1", *files]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words and a folder of our own
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
