"""The pages' handlers: each gathers what its template shows, of portals that the visitor sees."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from monitor.core.cards import cards
from monitor.core.incident import Incident
from monitor.core.model import ChannelKey
from monitor.shell import page_channel, page_portal, page_replies
from monitor.shell.badge import badge
from monitor.shell.explain import chat_of, explain_dialog
from monitor.shell.page_guarantee import guarantee
from monitor.shell.page_incidents import incident_row, note_rows
from monitor.shell.page_self import monitor
from monitor.shell.page_words import WORDS
from monitor.shell.sight import Sight
from monitor.shell.sign_in import digest
from monitor.shell.web_bodies import form_of
from monitor.shell.web_guard import BOARD, VISITOR
from monitor.shell.web_view import is_live, language_of, number, page, portal_of, visible, visitor_of

MOST_NOTE = 500
REVIEW_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
MOST_ROWS, LEAST_PAST = 80, 20  # of incidents on one page: more are read by nobody, and slowly on a phone


async def fleet(request: web.Request) -> web.Response:
    board = request.app[BOARD]
    shown = page_portal.fleet(visible(request), board.now(), language_of(request))
    return page(request, "fleet.html", fleet=shown, neighbours=_neighbours(request))


def _neighbours(request: web.Request) -> list[dict[str, Any]]:
    """Other processes, by the portals of theirs that the visitor may see."""
    visitor = visitor_of(request)
    rows = [(one, sorted(filter(visitor.sees, one.portals))) for one in request.app[BOARD].neighbours()]
    return [{"name": one.name, "url": one.url, "portals": names} for one, names in rows if names]


async def portal(request: web.Request) -> web.Response:
    sight = _sight(request)
    past = None if is_live(request) else await _past(request, sight)
    bound = _binding(request, sight)
    return page(request, "portal.html", portal=page_portal.portal(sight), past=past, binding=bound)


def _binding(request: web.Request, sight: Sight) -> dict[str, Any]:
    """For who configures the daemon alone: accounts that are left over may be another customer's."""
    if not visitor_of(request).operates:
        return {"unwatched": [], "unbound": []}
    return page_portal.binding(sight, request.app[BOARD].unbound())


async def _past(request: web.Request, sight: Sight) -> dict[str, Any]:
    """Weeks of turns and changes: not read for every refresh of an open page."""
    flips = await request.app[BOARD].flips(sight.state.portal, page_channel.past_begins(sight.now))
    turns = await request.app[BOARD].turns(sight.state.portal, page_replies.period_begins(sight.now))
    team = await asyncio.to_thread(page_replies.team, turns, sight)  # many turns take a while, and polls go on
    return {"team": team, "strips": page_channel.strips(flips, sight)}


async def channel(request: web.Request) -> web.Response:
    sight, board = _sight(request), request.app[BOARD]
    key = ChannelKey(number(request.match_info["line"]), request.match_info["connector"])
    memory = sight.state.channels.get(key)
    if memory is None:
        raise web.HTTPNotFound
    flips = await board.channel_flips(sight.state.portal, key, page_channel.past_begins(sight.now))
    return page(request, "channel.html", portal=_place(sight), channel=page_channel.channel(memory, flips, sight))


async def manager(request: web.Request) -> web.Response:
    sight, user = _sight(request), number(request.match_info["manager"])
    turns = await request.app[BOARD].turns(sight.state.portal, page_replies.period_begins(sight.now))
    seen = (*turns, *sight.state.turns.values())
    known = user == 0 or user in sight.state.managers or any(user in {turn.holder, turn.responder} for turn in seen)
    if not known:
        raise web.HTTPNotFound
    shown = await asyncio.to_thread(page_replies.manager, user, turns, sight)
    return page(request, "manager.html", portal=_place(sight), manager=shown)


async def dialog(request: web.Request) -> web.Response:
    sight, chat = _sight(request), number(request.match_info["chat"])
    chat = chat_of(sight.state, chat)
    kept, events = await request.app[BOARD].kept_of(sight.state.portal, chat)
    told = explain_dialog(sight.state, sight.policy, chat, sight.now, kept=kept, events=events)
    if told is None:
        raise web.HTTPNotFound
    turns = [turn[f"story_{sight.language}"] for turn in told["turns"]]
    words = WORDS[sight.language]
    ledger = [
        {
            "at": sight.at(row.at),
            "what": words.get(f"event_{row.what}", row.what),
            "messages": ", ".join(map(str, row.messages)),
        }
        for row in events
    ]
    facts = {"chat": chat, "link": told["link"], "turns": turns, "ledger": ledger}
    return page(request, "dialog.html", portal=_place(sight), dialog=facts)


async def guarantee_page(request: web.Request) -> web.Response:
    sight = _sight(request)
    kept = await request.app[BOARD].reviews(sight.state.portal)
    return page(request, "guarantee.html", portal=_place(sight), guarantee=guarantee(sight, kept))


async def review(request: web.Request) -> web.Response:
    """A review as it was made: a page that stands alone, with styles of its own and no scripts."""
    name = _sight(request).state.portal
    found = await request.app[BOARD].review_page(name, number(request.match_info["number"]))
    if found is None:
        raise web.HTTPNotFound
    return web.Response(text=found, content_type="text/html", headers={"Content-Security-Policy": REVIEW_POLICY})


async def incidents(request: web.Request) -> web.Response:
    """?portal=P for one portal alone."""
    portals, wanted = visible(request), request.query.get("portal")
    if wanted is not None and wanted not in portals:
        raise web.HTTPNotFound
    one = wanted or (next(iter(portals)) if len(portals) == 1 else None)
    past = _one_a_customer(await request.app[BOARD].past_incidents(one))
    sights = {name: _sight_of(request, name) for name in portals if one in {None, name}}
    opened = [row for sight in sights.values() for row in page_portal.open_incidents(sight)]
    opened.sort(key=lambda row: row["light"] != "bad")  # what is left out below is never the gravest
    ended = [incident_row(found, sights[name]) for name, found in past if name in sights and found.closed]
    facts: dict[str, Any] = {
        "opened": opened[:MOST_ROWS],
        "opened_in_all": len(opened),
        "past": ended[: max(LEAST_PAST, MOST_ROWS - len(opened))],
        "past_in_all": len(ended),
        "zones": len({sight.policy.timezone for sight in sights.values()}),
    }
    return page(request, "incidents.html", one=wanted, **facts)


def _one_a_customer(past: Iterable[tuple[str, Incident]]) -> list[tuple[str, Incident]]:
    told = list(past)
    kept = {one.id for name in {name for name, _ in told} for one in cards(one for of, one in told if of == name)}
    return [(name, one) for name, one in told if one.id in kept]


async def incident(request: web.Request) -> web.Response:
    sight, one = await _incident(request)
    notes = await request.app[BOARD].notes(one.id)
    row = incident_row(one, sight)
    return page(request, "incident.html", one=row, portal=_place(sight), notes=note_rows(notes, sight))


async def acknowledge(request: web.Request) -> web.StreamResponse:
    """A note, kept with its author; an open incident carries it from then on."""
    sight, one = await _incident(request)
    text = " ".join(str((await form_of(request)).get("note", "")).split())[:MOST_NOTE]
    author = visitor_of(request).name
    shown = text or WORDS[sight.policy.language]["acknowledged"]
    await request.app[BOARD].acknowledge(sight.state.portal, one.id, author, shown)
    return web.Response(status=303, headers={"Location": f"/incidents/{one.id}"})


async def _incident(request: web.Request) -> tuple[Sight, Incident]:
    """As it stands now: what is open is known better in memory than in the store."""
    found = await request.app[BOARD].incident(request.match_info["id"][:64])
    if found is None or found[0] not in visible(request):
        raise web.HTTPNotFound
    sight = _sight_of(request, found[0])
    return sight, sight.state.incidents.get(found[1].id, found[1])


async def monitor_page(request: web.Request) -> web.Response:
    facts = await request.app[BOARD].facts()
    receivers = any(policy.receivers for _, policy in request.app[BOARD].portals().values())
    return page(request, "monitor.html", monitor=monitor(facts, language_of(request)), receivers=receivers)


async def badge_picture(request: web.Request) -> web.StreamResponse:
    """For who may see the portal, or with ?key= of the head's link: an image of another site brings no cookie."""
    name = request.match_info["portal"]
    board, visitor, key = request.app[BOARD], request.get(VISITOR), request.query.get("key", "")
    may = visitor is not None and visitor.sees(name)
    if not may and key:
        may = await board.portal_of_link(digest(key)) == name
    found = board.portals().get(name) if may else None
    if found is None:
        raise web.HTTPNotFound
    row = page_portal.summary(Sight(state=found[0], policy=found[1], now=board.now(), language=language_of(request)))
    text = badge(name, row["light"], WORDS[language_of(request)][f"light_{row['light']}"])
    headers = {"Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "max-age=60"}
    return web.Response(text=text, content_type="image/svg+xml", headers=headers)


def _sight(request: web.Request) -> Sight:
    state, policy = portal_of(request)
    return Sight(state=state, policy=policy, now=request.app[BOARD].now(), language=language_of(request))


def _sight_of(request: web.Request, name: str) -> Sight:
    state, policy = visible(request)[name]
    return Sight(state=state, policy=policy, now=request.app[BOARD].now(), language=language_of(request))


def _place(sight: Sight) -> dict[str, str]:
    """What the menu of a portal needs."""
    return {"name": sight.state.portal, "moment": f"{sight.at(sight.now)} ({sight.policy.timezone})"}
