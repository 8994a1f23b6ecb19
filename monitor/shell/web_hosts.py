"""Without a token only this machine may ask, under a name of this machine: a stranger's page that points its own name
at 127.0.0.1 (DNS rebinding) must not read the pages with the browser of someone who sits here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from monitor.shell.wire import is_loopback

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def hosts_of(external_url: str) -> frozenset[str]:
    """The name under which people reach the pages through a proxy."""
    host = urlsplit(external_url).hostname
    return frozenset({host}) if host else frozenset()


def known_hosts(token: object | None, hosts: Collection[str]) -> Any:
    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        host = (urlsplit(f"//{request.headers.get('Host', '')}").hostname or "") if token is None else ""
        if token is None and not is_loopback(host) and host not in hosts:
            error = "this name is not known here: set web.external_url to the address that you use"
            return web.json_response({"error": error}, status=421)
        return await handler(request)

    return look
