"""The link of a reminder: a page that says what runs out, and one button. Looking at it changes nothing: mail servers
and messengers open links by themselves."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from monitor.core.expiry_rules import subject_name
from monitor.core.words import moment
from monitor.shell.sign_in import digest
from monitor.shell.store_expiry_links import ExpiryLink
from monitor.shell.web_elsewhere import elsewhere
from monitor.shell.web_guard import BOARD, DOOR
from monitor.shell.web_view import language_of, page

_KEY = re.compile(r"^[A-Za-z0-9_-]{43}$")


async def look(request: web.Request) -> web.Response:
    link = await _link(request)
    if link is None:
        return _nothing(request)
    return _page(request, link, _standing(request, link))


async def acknowledge(request: web.Request) -> web.Response:
    """Whoever has the link may; a second time changes nothing."""
    link = await _link(request)
    if link is None:
        return _nothing(request)
    standing = _standing(request, link)
    if standing == "open":
        await request.app[BOARD].acknowledge_expiry(link.portal, link.subject)
        standing = "done"
    return _page(request, link, standing)


async def _link(request: web.Request) -> ExpiryLink | None:
    """None for a wrong one, which is counted; who guesses too often is stopped."""
    door, address, key = request.app[DOOR], request.remote or "", request.match_info["key"]
    if door.attempts.wait(address, "a reminder") > 0:
        raise web.HTTPTooManyRequests(text="too many wrong links")
    link = await request.app[BOARD].expiry_of_link(digest(key)) if _KEY.match(key) else None
    if link is None:
        door.attempts.failed(address, "a reminder")
    elif url := elsewhere(request.app[BOARD], link.portal):
        raise web.HTTPTemporaryRedirect(url.rstrip("/") + request.path_qs)
    return link


def _standing(request: web.Request, link: ExpiryLink) -> str:
    """open, done, renewed (another end by now) or gone."""
    found = request.app[BOARD].portals().get(link.portal)
    reminder = found[0].reminders.get(link.subject) if found is not None else None
    if reminder is None:
        return "gone"
    if reminder.until != link.until:
        return "renewed"
    return "done" if reminder.acknowledged else "open"


def _page(request: web.Request, link: ExpiryLink, standing: str) -> web.Response:
    found = request.app[BOARD].portals().get(link.portal)
    zone = found[1].timezone if found is not None else "UTC"
    language = language_of(request)
    facts: dict[str, Any] = {
        "subject": subject_name(link.subject, language),
        "until": moment(link.until, zone, language),
        "place": link.portal,
        "standing": standing,
    }
    return page(request, "reminder.html", **facts)


def _nothing(request: web.Request) -> web.Response:
    return page(request, "reminder.html", subject="", until="", place="", standing="unknown", status=404)
