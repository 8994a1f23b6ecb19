"""What the daemon answers over HTTP: metrics, health, explanations, pages, reload."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiohttp import web

from monitor.core.memory import PortalState
from monitor.core.words import LANGUAGES
from monitor.shell import pages, web_door, web_pages, web_reminders
from monitor.shell.board import Board
from monitor.shell.explain import chat_of, dialog_text, explain_channel, explain_dialog, explain_portal
from monitor.shell.exposition import OPENMETRICS, TEXT
from monitor.shell.runbooks import runbook_list, runbook_page
from monitor.shell.sign_in import Attempts, Sessions
from monitor.shell.store_engine import StoreError
from monitor.shell.visitors import Need
from monitor.shell.web_alerts import from_alertmanager
from monitor.shell.web_bodies import HANDLING, Unreadable, json_of
from monitor.shell.web_elsewhere import sent_on
from monitor.shell.web_guard import BOARD, DOOR, VISITOR, Door, Handler, guard, headed
from monitor.shell.web_heard import HEARD, Heard
from monitor.shell.web_hooks import hook
from monitor.shell.web_hosts import known_hosts
from monitor.shell.web_live import events
from monitor.shell.web_view import page, visible
from monitor.terminal import plain

__all__ = ["BOARD", "Board", "make_app"]

log = structlog.get_logger()

_MOST_BODY = 65_536
_HOOKS = "/hooks/"  # of vendors, who cannot send our token: each address holds a key of its own


def make_app(board: Board, monotonic: Callable[[], float] = time.monotonic) -> web.Application:
    """The application. Who is let in is asked of the board at every request: a reload changes it."""
    app = web.Application(
        middlewares=[headed, _worded, guard, known_hosts, sent_on], client_max_size=_MOST_BODY, handler_args=HANDLING
    )
    needs = {handler: need for _, _, handler, need in ROUTES}
    app[BOARD] = board
    app[DOOR] = Door(board=board, sessions=Sessions(monotonic), attempts=Attempts(monotonic), needs=needs)
    app[HEARD] = Heard(monotonic)
    app.add_routes([_route(method, path, handler) for method, path, handler, _ in ROUTES])
    app.on_shutdown.append(_hang_up)
    return app


def _route(method: str, path: str, handler: Handler) -> web.RouteDef:
    """HEAD asks for what GET answers, but for the stream, which would never end."""
    return web.get(path, handler, allow_head=handler is not events) if method == "GET" else web.post(path, handler)


async def _hang_up(app: web.Application) -> None:
    """Pages that listen would keep the daemon from stopping."""
    app[BOARD].news.close()


@web.middleware
async def _worded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in words, never with a trace: a page for a browser, JSON for a tool."""
    try:
        return await handler(request)
    except (web.HTTPNotFound, web.HTTPForbidden) as error:
        return _not_shown(request, error.status)
    except web.HTTPMethodNotAllowed as error:
        return web.json_response({"error": f"{_shown(request.path)} does not take {error.method}"}, status=405)
    except web.HTTPRequestEntityTooLarge:
        return web.json_response({"error": "the request is too large"}, status=413)
    except (Unreadable, UnicodeError, RecursionError) as error:  # of a stranger's text, wherever it was used
        return _not_understood(request, error)
    except StoreError as error:
        log.error("request.store_failed", method=request.method, problem=str(error))
        return web.json_response({"error": "the store cannot be read: the daemon's log says why"}, status=503)


def _not_shown(request: web.Request, status: int) -> web.Response:
    if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
        return page(request, "not_found.html", status=status)
    lacks = f"there is nothing at {_shown(request.path)}"
    said = lacks if status == 404 else "this is not yours to see or to change"
    return web.json_response({"error": said}, status=status)


def _not_understood(request: web.Request, error: Exception) -> web.Response:
    """What no reader of ours foresaw is named in the log: it may be a fault of our own."""
    foreseen = isinstance(error, Unreadable)
    if not foreseen:
        log.warning("request.unreadable", method=request.method, error=type(error).__name__)
    return web.json_response({"error": str(error) if foreseen else "this request cannot be read"}, status=400)


def _shown(path: str) -> str:
    """Without the key that a vendor's address holds."""
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
    """Supervisors ask without a token: whose polls are late is told to those alone who operate the daemon."""
    well, facts = request.app[BOARD].health()
    visitor = request.get(VISITOR)
    shown = facts if visitor is not None and visitor.operates else {"status": facts["status"]}
    return web.json_response(shown, status=200 if well else 503)


async def _readyz(request: web.Request) -> web.Response:
    """Asked without a token too, and therefore one word: it names no portal."""
    ready = request.app[BOARD].is_ready()
    return web.json_response({"ready": ready}, status=200 if ready else 503)


async def _reload(request: web.Request) -> web.Response:
    """`needs_restart`: keys that were read but are in force as they were, until the process is started anew."""
    done = await request.app[BOARD].reload()
    body = {"reloaded": not done.problems, "problems": done.problems, "needs_restart": done.needs_restart}
    return web.json_response(body, status=400 if done.problems else 200)


async def _acknowledge(request: web.Request) -> web.Response:
    """{"portal": P, "subject": S}: no more reminders of that expiry's present date."""
    try:
        body = await json_of(request)
        portal, subject = str(body["portal"]), str(body["subject"])
    except (ValueError, KeyError, TypeError):
        return web.json_response({"error": "expected {portal, subject} as JSON"}, status=400)
    return _done(await request.app[BOARD].acknowledge_expiry(portal, subject), acknowledged=subject)


async def _snapshot(request: web.Request) -> web.Response:
    """{"portal": P}: its lines are now as they are handed over to the customer."""
    try:
        portal = str((await json_of(request))["portal"])
    except (ValueError, KeyError, TypeError):
        return web.json_response({"error": "expected {portal} as JSON"}, status=400)
    return _done(await request.app[BOARD].hand_over(portal), snapshot=portal)


def _done(problem: str, **told: str) -> web.Response:
    return web.json_response({"error": problem} if problem else told, status=404 if problem else 200)


async def _explain(request: web.Request) -> web.Response:
    """?portal=P, &line=N&connector=C or &dialog=N. Text, or JSON with format=json or by Accept."""
    portals, name = visible(request), request.query.get("portal", "")
    if name not in portals:
        known = ", ".join(sorted(portals)) or "none"
        return web.json_response({"error": f"portal: expected one of {known}, got {name or 'nothing'}"}, status=404)
    story = await _story(request, request.app[BOARD], name)
    if story is None:
        return web.json_response({"error": _unknown(request, portals[name][0])}, status=404)
    if request.query.get("format") == "json" or "application/json" in request.headers.get("Accept", ""):
        return web.json_response(story)
    if "turns" in story:
        language = request.query.get("lang", portals[name][1].language)
        return web.Response(text=plain(dialog_text(story, language if language in LANGUAGES else "en")))
    return web.Response(text=plain(pages.as_text(story)))


def _unknown(request: web.Request, state: PortalState) -> str:
    if "dialog" in request.query:
        return "dialog: none of this chat id is kept"
    if not {"line", "connector"} <= request.query.keys():
        return "a channel is named by its line and its connector together"
    known = ", ".join(sorted(f"{key.line}/{key.connector}" for key in state.channels)) or "none"
    return f"line and connector: expected one of {known}"


async def _story(request: web.Request, board: Board, name: str) -> dict[str, Any] | None:
    state, policy = board.portals()[name]
    if "dialog" in request.query:
        dialog = request.query["dialog"].removeprefix("chat")
        if not dialog.isdecimal() or len(dialog) > 15:
            return None
        kept, rows = await board.kept_of(name, chat_of(state, int(dialog)))
        return explain_dialog(state, policy, int(dialog), board.now(), kept=kept, events=rows)
    if "line" in request.query or "connector" in request.query:
        return explain_channel(
            state, policy, request.query.get("line", ""), request.query.get("connector", ""), board.now()
        )
    return explain_portal(state, policy, board.now())


async def _style(_: web.Request) -> web.Response:
    headers = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=3600"}
    return web.Response(text=pages.static("style.css"), headers=headers)


async def _script(_: web.Request) -> web.Response:
    headers = {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "max-age=3600"}
    return web.Response(text=pages.static("live.js"), headers=headers)


# What is not here needs sight of something: a route that was forgotten is not open.
ROUTES: tuple[tuple[str, str, Handler, Need], ...] = (
    ("GET", "/healthz", _healthz, Need.NOTHING),
    ("GET", "/readyz", _readyz, Need.NOTHING),
    ("GET", "/style.css", _style, Need.NOTHING),
    ("GET", "/live.js", _script, Need.NOTHING),
    ("GET", "/sign-in", web_door.sign_in_page, Need.NOTHING),
    ("POST", "/sign-in", web_door.sign_in, Need.NOTHING),
    ("POST", "/sign-out", web_door.sign_out, Need.NOTHING),
    ("GET", "/h/{key}", web_door.open_link, Need.NOTHING),
    ("GET", "/e/{key}", web_reminders.look, Need.NOTHING),
    ("POST", "/e/{key}", web_reminders.acknowledge, Need.NOTHING),
    ("GET", "/badge/{portal}.svg", web_pages.badge_picture, Need.NOTHING),
    ("GET", "/runbooks", runbook_list, Need.NOTHING),
    ("GET", "/runbooks/{name}", runbook_page, Need.NOTHING),
    ("GET", "/", web_pages.fleet, Need.SIGHT),
    ("GET", "/events", events, Need.SIGHT),
    ("GET", "/explain", _explain, Need.SIGHT),
    ("GET", "/incidents", web_pages.incidents, Need.SIGHT),
    ("GET", "/incidents/{id}", web_pages.incident, Need.SIGHT),
    ("GET", "/portals/{portal}", web_pages.portal, Need.SIGHT),
    ("GET", "/portals/{portal}/channels/{line}/{connector}", web_pages.channel, Need.SIGHT),
    ("GET", "/portals/{portal}/managers/{manager}", web_pages.manager, Need.SIGHT),
    ("GET", "/portals/{portal}/dialogs/{chat}", web_pages.dialog, Need.SIGHT),
    ("GET", "/portals/{portal}/guarantee", web_pages.guarantee_page, Need.SIGHT),
    ("GET", "/portals/{portal}/reviews/{number}", web_pages.review, Need.SIGHT),
    ("POST", "/incidents/{id}/acknowledge", web_pages.acknowledge, Need.CHANGE),
    ("GET", "/metrics", _metrics, Need.OPERATE),
    ("GET", "/monitor", web_pages.monitor_page, Need.OPERATE),
    ("POST", "/-/reload", _reload, Need.OPERATE),
    ("POST", "/-/acknowledge", _acknowledge, Need.OPERATE),
    ("POST", "/hooks/alertmanager", from_alertmanager, Need.OPERATE),
    ("POST", "/-/snapshot", _snapshot, Need.OPERATE),
    ("POST", f"{_HOOKS}{{provider}}/{{key}}", hook, Need.NOTHING),
)
