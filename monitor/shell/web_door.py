"""Signing in and out, and the link that opens one portal's pages to its head."""

from __future__ import annotations

import asyncio
import re
import secrets
from functools import cache
from math import ceil

import structlog
from aiohttp import web

from monitor.shell import passwords
from monitor.shell.sign_in import digest
from monitor.shell.web_bodies import form_of
from monitor.shell.web_elsewhere import elsewhere
from monitor.shell.web_guard import BOARD, COOKIE, DOOR, LINK_LANDING, Door, is_same, refusal, with_session
from monitor.shell.web_view import page

log = structlog.get_logger()

_LINK = re.compile(r"^[A-Za-z0-9_-]{43}$")


async def sign_in_page(request: web.Request) -> web.Response:
    return page(request, "sign_in.html", next=_inside(request.query.get("next", "/")), problem="", name="")


async def sign_in(request: web.Request) -> web.StreamResponse:
    """name and password, or a name left empty and the token."""
    form, door = await form_of(request), request.app[DOOR]
    name, password = (str(form.get(field, ""))[:200] for field in ("name", "password"))
    address, to = request.remote or "", _inside(str(form.get("next", "/")))
    wait = door.attempts.wait(address, name)
    if wait > 0:
        answer = page(request, "sign_in.html", next=to, problem="too_many", name=name, status=429)
        answer.headers["Retry-After"] = str(ceil(wait))
        return answer
    door.attempts.failed(address, name)  # before the answer is known: tries at the same moment count, too
    cookie = await _session(door, name, password)
    if cookie is None:
        log.warning("sign_in.failed", address=address)
        return page(request, "sign_in.html", next=to, problem="wrong_key", name=name, status=401)
    door.attempts.succeeded(address, name)
    door.sessions.end(request.cookies.get(COOKIE, ""))
    return with_session(request, cookie, to)


async def _session(door: Door, name: str, password: str) -> str | None:
    if not name:
        token = door.access.token
        return door.sessions.begin(proof=token.reveal()) if token and is_same(password, token) else None
    user = door.access.user(name)
    known = user.password_hash.reveal() if user else ""
    async with door.hashing:
        right = await asyncio.to_thread(_is_right, password, known)
    return door.sessions.begin(user=name, proof=known) if user and right else None


def _is_right(password: str, known: str) -> bool:
    return passwords.matches(password, known or _nobodys())


@cache
def _nobodys() -> str:
    """A name that is not known takes as long as one that is."""
    return passwords.hashed(secrets.token_urlsafe())


def _inside(path: str) -> str:
    """Where to go after: a path of ours, never another site."""
    return path if re.match(r"^/(?![/\\])[\x21-\x7e]*$", path) and "\\" not in path else "/"


async def sign_out(request: web.Request) -> web.StreamResponse:
    request.app[DOOR].sessions.end(request.cookies.get(COOKIE, ""))
    answer = web.Response(status=303, headers={"Location": "/sign-in"})
    answer.del_cookie(COOKIE, path="/")
    return answer


async def open_link(request: web.Request) -> web.StreamResponse:
    """The head's link: a session that sees one portal and changes nothing."""
    door, address, key = request.app[DOOR], request.remote or "", request.match_info["key"]
    if door.attempts.wait(address, "a link") > 0:
        return refusal(429, "too many wrong links")
    portal = await request.app[BOARD].portal_of_link(digest(key)) if _LINK.match(key) else None
    if portal is None:
        door.attempts.failed(address, "a link")
        return refusal(404, "this link is not valid any more: ask for another one")
    if url := elsewhere(request.app[BOARD], portal):
        raise web.HTTPTemporaryRedirect(url.rstrip("/") + request.path_qs)
    return with_session(request, door.sessions.begin(link=digest(key)), LINK_LANDING.format(portal=portal))
