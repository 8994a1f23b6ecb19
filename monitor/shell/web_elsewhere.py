"""Pages of portals that another process watches: whoever asks here is sent there."""

from __future__ import annotations

from aiohttp import web

from monitor.shell.board import Board
from monitor.shell.web_guard import BOARD, VISITOR, Handler


def elsewhere(board: Board, portal: str) -> str:
    """The address of the process that watches the portal; "" = none that is known to be reached."""
    return next((one.url for one in board.neighbours() if portal in one.portals), "")


@web.middleware
async def sent_on(request: web.Request, handler: Handler) -> web.StreamResponse:
    """After the guard: whoever may not see a portal is not told where it is."""
    name = request.match_info.get("portal") or request.query.get("portal", "")
    visitor = request.get(VISITOR)
    if name and visitor is not None and visitor.sees(name) and (url := elsewhere(request.app[BOARD], name)):
        raise web.HTTPTemporaryRedirect(url.rstrip("/") + request.path_qs)
    return await handler(request)
