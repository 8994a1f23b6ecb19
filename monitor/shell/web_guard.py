"""Who may pass: the visitor behind each request, what the route needs of him, and that a change was meant by him."""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import web

from monitor.secret import Secret
from monitor.shell.board import Board
from monitor.shell.sign_in import LASTS, Attempts, Session, Sessions, digest
from monitor.shell.visitors import Access, Need, Role, Visitor
from monitor.shell.web_bodies import form_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

COOKIE = "monitor_session"
LINK_LANDING = "/portals/{portal}"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser hides the origin of our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}
HSTS = {"Strict-Transport-Security": "max-age=31536000"}
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What stands between the network and the board."""

    board: Board
    sessions: Sessions
    attempts: Attempts
    needs: Mapping[Any, Need]
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))  # of visitors without a session
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # a hash takes 32 MiB and a core

    @property
    def access(self) -> Access:
        return self.board.access


DOOR: web.AppKey[Door] = web.AppKey("door", Door)
BOARD: web.AppKey[Board] = web.AppKey("board", Board)
VISITOR: web.RequestKey[Visitor] = web.RequestKey("visitor", Visitor)


@web.middleware
async def headed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every answer leaves with the security headers, also a refusal and one that is raised."""
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        _head(request, answer)
        raise
    if not response.prepared:
        _head(request, response)
    return response


def _head(request: web.Request, answer: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    answer.headers.update(HSTS if is_secure(request) else {})


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Who may not pass is refused; HTTPForbidden for what is not the visitor's to see or to change."""
    door = request.app[DOOR]
    need = door.needs.get(request.match_info.handler, Need.SIGHT)
    if "token" in request.query and need is not Need.NOTHING:
        return _token_in_the_address(request, door)
    visitor = await _visitor(request, door)
    if need is not Need.NOTHING:
        if visitor is None:
            return _ask(request)
        if not visitor.may(need):
            request[VISITOR] = visitor
            raise web.HTTPForbidden
    if request.method in _CHANGES and not await _is_meant(request, door, visitor, need):
        return refusal(403, "this request came from another site or from a page that is too old: load the page again")
    if visitor is not None:
        request[VISITOR] = visitor
    return await handler(request)


def refusal(status: int, problem: str, **headers: str) -> web.Response:
    return web.json_response({"error": problem}, status=status, headers=headers)


async def _visitor(request: web.Request, door: Door) -> Visitor | None:
    access, given = door.access, request.headers.get("Authorization")
    if given is not None and access.token is not None:
        scheme, _, token = given.partition(" ")
        known = is_same(token if scheme.lower() == "bearer" else given, access.token)
        admit(request, "a bearer", known=known)
        return Visitor(name="token", role=Role.INTEGRATOR) if known else None
    session = door.sessions.of(request.cookies.get(COOKIE, ""))
    visitor = await _of_session(session, door) if session is not None else None
    if visitor is not None or not access.is_open:
        return visitor
    return Visitor(name="", role=Role.INTEGRATOR, csrf=door.csrf)


async def _of_session(session: Session, door: Door) -> Visitor | None:
    """None once the key it was begun with is no longer valid."""
    access = door.access
    seen = Visitor(name=session.user, role=Role.INTEGRATOR, csrf=session.csrf, by_cookie=True)
    if session.link:
        portal = await door.board.portal_of_link(session.link)
        if portal is None:
            return None
        return replace(seen, role=Role.HEAD, portals=frozenset({portal}), may_change=False)
    if not session.user:
        is_current = access.token is not None and session.proof == digest(access.token.reveal())
        return replace(seen, name="token") if is_current else None
    user = access.user(session.user)
    if user is None or session.proof != digest(user.password_hash.reveal()):
        return None
    return replace(seen, role=user.role, portals=user.portals)


def is_same(given: str, token: Secret) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.reveal().encode())


def _token_in_the_address(request: web.Request, door: Door) -> web.StreamResponse:
    """The token leaves the address bar for a session. Guesses are counted like any other."""
    address, token = request.remote or "", door.access.token
    wait = door.attempts.wait(address, "")
    if wait > 0:
        return refusal(429, "too many wrong keys", **{"Retry-After": str(ceil(wait))})
    if token is None or not is_same(request.query["token"], token):
        door.attempts.failed(address, "")
        return _ask(request)
    cookie = door.sessions.begin(proof=token.reveal())
    return with_session(request, cookie, request.path)


def admit(request: web.Request, name: str, *, known: bool) -> None:
    """HTTPTooManyRequests after too many wrong keys from an address. One that brought the right key today keeps it:
    behind a proxy all have one address, and a stranger there must not shut out Prometheus or a vendor."""
    attempts, address = request.app[DOOR].attempts, request.remote or ""
    wait = attempts.wait_alone(address, name)
    if wait > 0 and not (known and attempts.is_proven(address, name)):
        raise _too_many(wait)
    if known:
        attempts.proved(address, name)
    else:
        attempts.failed_alone(address, name)


def _too_many(wait: float) -> web.HTTPTooManyRequests:
    text = json.dumps({"error": "too many wrong keys"})
    headers = {"Retry-After": str(ceil(wait))}
    return web.HTTPTooManyRequests(text=text, content_type="application/json", headers=headers)


def with_session(request: web.Request, cookie: str, to: str) -> web.Response:
    """Lax: a link in an alert opens its page without signing in again; a foreign form carries no cookie."""
    answer = web.Response(status=303, headers={"Location": to})
    secure = is_secure(request)
    answer.set_cookie(COOKIE, cookie, httponly=True, samesite="Lax", secure=secure, max_age=int(LASTS), path="/")
    return answer


def is_secure(request: web.Request) -> bool:
    """Whether the browser reached us by TLS, which a proxy before us may have ended."""
    by_tls = request.secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    return by_tls or request.app[DOOR].access.address.startswith("https://")


def _ask(request: web.Request) -> web.StreamResponse:
    """A browser is shown the door, a tool is told what it lacks."""
    is_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if is_page:
        wanted = request.path if "token" in request.query else request.path_qs
        return web.Response(status=303, headers={"Location": f"/sign-in?next={quote(wanted, safe='/')}"})
    challenge = {"WWW-Authenticate": "Bearer"}
    return refusal(401, "a token is needed: Authorization: Bearer ...", **challenge)


async def _is_meant(request: web.Request, door: Door, visitor: Visitor | None, need: Need) -> bool:
    """Not sent by another site's page; and a browser that is signed in brings its session's own word."""
    if _is_foreign(request, door):
        return False
    if visitor is None or not (visitor.by_cookie or (visitor.csrf and need is Need.CHANGE)):
        return True
    if need is Need.NOTHING and request.path != "/sign-out":
        return True
    form = await form_of(request)
    given = request.headers.get("X-CSRF-Token") or form.get("csrf")
    return isinstance(given, str) and is_same(given, Secret(visitor.csrf))


def _is_foreign(request: web.Request, door: Door) -> bool:
    """A browser names the page that sent a form; a tool sends neither header."""
    if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
        return True
    origin = request.headers.get("Origin")
    own = {request.host, urlsplit(door.access.address).netloc}
    return origin is not None and origin.partition("://")[2] not in own
