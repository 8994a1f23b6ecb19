"""What the daemon answers over HTTP: metrics, health, explanations, pages, reload."""

from __future__ import annotations

import asyncio
import gzip
import hmac
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog
from aiohttp import web

from monitor.core.incident import Incident
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.turn import Turn, TurnEvent
from monitor.core.words import LANGUAGES
from monitor.secret import Secret
from monitor.shell import pages
from monitor.shell.explain import chat_of, dialog_text, explain_channel, explain_dialog, explain_portal
from monitor.shell.exposition import OPENMETRICS, TEXT
from monitor.shell.web_hosts import known_hosts

log = structlog.get_logger()

COOKIE = "monitor_token"
_OPEN_PATHS = frozenset({"/healthz", "/style.css"})
_HOOKS = "/hooks/"  # of vendors, who cannot send our token: each address holds a key of its own
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Board(Protocol):
    """What the pages may look at."""

    language: str

    def now(self) -> datetime: ...

    def portals(self) -> Mapping[str, tuple[PortalState, Policy]]: ...

    def health(self) -> tuple[bool, dict[str, Any]]: ...

    def is_ready(self) -> bool: ...

    async def metrics(self, *, openmetrics: bool) -> str: ...

    async def reload(self) -> tuple[str, ...]: ...

    async def past_incidents(self, portal: str | None) -> tuple[tuple[str, Incident], ...]: ...

    async def incident(self, number: str) -> tuple[str, Incident] | None: ...

    async def acknowledge(self, portal: str, subject: str) -> str: ...

    async def kept_of(self, portal: str, chat: int) -> tuple[tuple[Turn, ...], tuple[TurnEvent, ...]]: ...
    def unbound(self) -> Mapping[str, tuple[str, ...]]: ...

    async def hear(self, provider: str, key: str, body: object) -> bool: ...


BOARD: web.AppKey[Board] = web.AppKey("board", Board)


def make_app(board: Board, token: Secret | None, hosts: Collection[str] = ()) -> web.Application:
    """The application. With a token every path but /healthz asks for it; without, only this machine's names do.

    `hosts`: names beyond those of this machine, such as that of a proxy."""
    app = web.Application(middlewares=[_guarded(token), known_hosts(token, hosts), _worded], client_max_size=65536)
    app[BOARD] = board
    app.add_routes(
        [
            web.get("/metrics", _metrics),
            web.get("/healthz", _healthz),
            web.get("/readyz", _readyz),
            web.get("/explain", _explain),
            web.post("/-/reload", _reload),
            web.post("/-/acknowledge", _acknowledge),
            web.post(f"{_HOOKS}{{provider}}/{{key}}", _hook),
            web.get("/style.css", _style),
            web.get("/", _fleet),
            web.get("/portals/{portal}", _portal),
            web.get("/incidents", _incidents),
            web.get("/incidents/{id}", _incident),
        ]
    )
    return app


def _guarded(token: Secret | None) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        is_open = request.path in _OPEN_PATHS or request.path.startswith(_HOOKS)
        if token is not None and not is_open and not _knows(request, token):
            if _is_same(request.query.get("token", ""), token):
                return _signed_in(request, token)
            return web.json_response(
                {"error": "a token is needed: Authorization: Bearer ..."},
                status=401,
                headers={"WWW-Authenticate": "Bearer", **_HEADERS},
            )
        if request.method == "POST" and _is_foreign(request):
            return web.json_response({"error": "this request came from another site"}, status=403, headers=_HEADERS)
        response = await handler(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return guard


def _knows(request: web.Request, token: Secret) -> bool:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return _is_same(given, token) or _is_same(request.cookies.get(COOKIE, ""), token)


def _is_same(given: str, token: Secret) -> bool:
    return hmac.compare_digest(given.encode(), token.reveal().encode())


def _signed_in(request: web.Request, token: Secret) -> web.Response:
    """The token leaves the address bar for a cookie that scripts cannot read."""
    answer = web.Response(status=303, headers={"Location": f"/{request.path.lstrip('/')}", **_HEADERS})
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, token.reveal(), httponly=True, samesite="Strict", secure=secure, max_age=86400)
    return answer


def _is_foreign(request: web.Request) -> bool:
    """A browser names the page that sent a form; a tool sends no Origin."""
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != request.host


@web.middleware
async def _worded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in words, never with a trace."""
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return web.json_response({"error": f"there is nothing at {_shown(request.path)}"}, status=404)
    except web.HTTPMethodNotAllowed as error:
        return web.json_response({"error": f"{_shown(request.path)} does not take {error.method}"}, status=405)
    except web.HTTPRequestEntityTooLarge:
        return web.json_response({"error": "the request is too large"}, status=413)


def _shown(path: str) -> str:
    return _HOOKS if path.startswith(_HOOKS) else path


async def _metrics(request: web.Request) -> web.Response:
    accepted = request.headers.get("Accept", "")
    openmetrics = "application/openmetrics-text" in accepted
    body = (await request.app[BOARD].metrics(openmetrics=openmetrics)).encode()
    headers = {"Content-Type": OPENMETRICS if openmetrics else TEXT}
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        body = await asyncio.to_thread(gzip.compress, body, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers)


async def _healthz(request: web.Request) -> web.Response:
    well, facts = request.app[BOARD].health()
    return web.json_response(facts, status=200 if well else 503)


async def _readyz(request: web.Request) -> web.Response:
    ready = request.app[BOARD].is_ready()
    return web.json_response({"ready": ready}, status=200 if ready else 503)


async def _reload(request: web.Request) -> web.Response:
    problems = await request.app[BOARD].reload()
    body = {"reloaded": not problems, "problems": list(problems)}
    return web.json_response(body, status=400 if problems else 200)


async def _hook(request: web.Request) -> web.Response:
    """A vendor's webhook. What is wrong with it is told in one word: the address holds a key."""
    try:
        body = await request.json()
    except ValueError:
        return web.json_response({"error": "expected JSON"}, status=400)
    taken = await request.app[BOARD].hear(request.match_info["provider"], request.match_info["key"], body)
    return web.json_response({"taken": taken}, status=200 if taken else 404)


async def _acknowledge(request: web.Request) -> web.Response:
    """{"portal": P, "subject": S}: no more reminders of that expiry's present date."""
    try:
        body = await request.json()
        portal, subject = str(body["portal"]), str(body["subject"])
    except (ValueError, KeyError, TypeError):
        return web.json_response({"error": "expected {portal, subject} as JSON"}, status=400)
    problem = await request.app[BOARD].acknowledge(portal, subject)
    return web.json_response(
        {"error": problem} if problem else {"acknowledged": subject}, status=404 if problem else 200
    )


async def _explain(request: web.Request) -> web.Response:
    """?portal=P, &line=N&connector=C or &dialog=N. Text, or JSON with format=json or by Accept."""
    board = request.app[BOARD]
    name = request.query.get("portal", "")
    if name not in board.portals():
        known = ", ".join(sorted(board.portals())) or "none"
        return web.json_response({"error": f"portal: expected one of {known}, got {name or 'nothing'}"}, status=404)
    story = await _story(request, board, name)
    if story is None:
        return web.json_response({"error": "no such line, connector or dialog is known"}, status=404)
    if request.query.get("format") == "json" or "application/json" in request.headers.get("Accept", ""):
        return web.json_response(story)
    if "turns" in story:
        language = request.query.get("lang", board.portals()[name][1].language)
        return web.Response(text=dialog_text(story, language if language in LANGUAGES else "en"))
    return web.Response(text=pages.as_text(story))


async def _story(request: web.Request, board: Board, name: str) -> dict[str, Any] | None:
    state, policy = board.portals()[name]
    if "dialog" in request.query:
        dialog = request.query["dialog"].removeprefix("chat")
        if not dialog.isdecimal() or len(dialog) > 15:
            return None
        kept, events = await board.kept_of(name, chat_of(state, int(dialog)))
        return explain_dialog(state, policy, int(dialog), board.now(), kept=kept, events=events)
    if "line" in request.query or "connector" in request.query:
        return explain_channel(
            state, policy, request.query.get("line", ""), request.query.get("connector", ""), board.now()
        )
    return explain_portal(state, policy, board.now())


async def _style(_: web.Request) -> web.Response:
    headers = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=3600"}
    return web.Response(text=pages.style(), headers=headers)


def _page(template: str, board: Board, **facts: Any) -> web.Response:
    text = pages.render(template, board.language, now=board.now(), **facts)
    return web.Response(text=text, content_type="text/html")


async def _fleet(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    return _page("fleet.html", board, portals=pages.fleet(board.portals(), board.now(), board.language))


async def _portal(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    found = board.portals().get(request.match_info["portal"])
    if found is None:
        raise web.HTTPNotFound
    told = pages.portal(*found, board.now(), board.language)
    return _page("portal.html", board, portal=told, binding=pages.binding(*found, board.unbound()))


async def _incidents(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    rows = await board.past_incidents(request.query.get("portal"))
    return _page("incidents.html", board, incidents=pages.incidents(rows, board.portals(), board.now(), board.language))


async def _incident(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    found = await board.incident(request.match_info["id"][:64])
    if found is None:
        raise web.HTTPNotFound
    return _page("incident.html", board, one=pages.incident(*found, board.portals(), board.now(), board.language))
