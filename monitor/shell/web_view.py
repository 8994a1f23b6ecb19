"""How a page is answered: in the visitor's language, with what every page has, only of portals that he sees."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.words import LANGUAGES, moment
from monitor.shell import pages
from monitor.shell.visitors import Visitor
from monitor.shell.web_guard import BOARD, VISITOR

LANGUAGE_COOKIE = "monitor_language"
LIVE_PART = "X-Part"  # sent by our script: only what changes with every poll is looked at


def page(request: web.Request, template: str, *, status: int = 200, **facts: Any) -> web.Response:
    """`portal` among the facts is the page's own: its language and its news."""
    language, board = language_of(request), request.app[BOARD]
    visitor = request.get(VISITOR)
    text = pages.render(
        template,
        language,
        moment=_moment(request, language),
        visitor=visitor,
        path=request.path,
        one_portal=request.query.get("portal", "") if request.path == "/incidents" else "",
        open_door=board.access.is_open,
        **facts,
    )
    answer = web.Response(text=text, content_type="text/html", status=status)
    if request.query.get("lang") in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, language, samesite="Lax", httponly=True, max_age=31_536_000, path="/")
    return answer


def _moment(request: web.Request, language: str) -> str:
    """In the zone of the portals that the visitor sees, by its name; in UTC where they have several."""
    visitor, board = request.get(VISITOR), request.app[BOARD]
    zones = {policy.timezone for name, (_, policy) in board.portals().items() if visitor and visitor.sees(name)}
    zone = zones.pop() if len(zones) == 1 else "UTC"
    return f"{moment(board.now(), zone, language)} ({zone})"


def language_of(request: web.Request) -> str:
    """As asked for, as asked for before, the portal's, the daemon's."""
    board = request.app[BOARD]
    found = board.portals().get(request.match_info.get("portal", ""))
    wishes = (
        request.query.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        found[1].language if found else None,
        board.language,
    )
    return next(str(wish) for wish in wishes if wish in LANGUAGES)


def visitor_of(request: web.Request) -> Visitor:
    return request[VISITOR]


def visible(request: web.Request) -> dict[str, tuple[PortalState, Policy]]:
    visitor = visitor_of(request)
    return {name: found for name, found in request.app[BOARD].portals().items() if visitor.sees(name)}


def portal_of(request: web.Request) -> tuple[PortalState, Policy]:
    """HTTPNotFound also for a portal that is not his: whether it exists is not told."""
    found = visible(request).get(request.match_info["portal"])
    if found is None:
        raise web.HTTPNotFound
    return found


def number(text: str) -> int:
    """An id of Bitrix24 in an address, or HTTPNotFound."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 15):
        raise web.HTTPNotFound
    return int(text)


def is_live(request: web.Request) -> bool:
    return LIVE_PART in request.headers
