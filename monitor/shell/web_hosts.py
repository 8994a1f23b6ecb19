"""Without a sign-in only this machine may ask, under a name of this machine: a stranger's page that points its own name
at 127.0.0.1 (DNS rebinding) must not read the pages with the browser of someone who sits here."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from monitor.shell.visitors import Need
from monitor.shell.web_guard import BOARD, DOOR, VISITOR, Handler
from monitor.shell.wire import is_loopback


@web.middleware
async def known_hosts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A name beyond this machine's has to be the configured address, such as that of a proxy. Under any other name, or
    none at all as a load balancer asks by HTTP/1.0, we answer what everybody may know, as to a stranger."""
    access = request.app[BOARD].access
    host = _name(request.headers.get("Host", ""))
    if not access.is_open or is_loopback(host) or host == (urlsplit(access.address).hostname or ""):
        return await handler(request)
    if request.app[DOOR].needs.get(request.match_info.handler, Need.SIGHT) is not Need.NOTHING:
        error = "this name is not known here: set web.external_url to the address that you use"
        return web.json_response({"error": error}, status=421)
    if VISITOR in request:
        del request[VISITOR]
    return await handler(request)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:  # half a bracket: the name of nobody
        return ""
