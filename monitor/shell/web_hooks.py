"""POST /hooks/{provider}/{key}: a vendor's webhook, told to every process that may have a channel of his account."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import quote

import aiohttp
import structlog
from aiohttp import web

from monitor.core.model import CallFailed
from monitor.core.plugin import Account
from monitor.shell.board import Neighbour
from monitor.shell.web_bodies import json_of
from monitor.shell.web_guard import BOARD, admit
from monitor.shell.web_heard import HEARD, mark_of
from monitor.shell.wire import Limits, request

log = structlog.get_logger()

PASSED_ON = "X-Messenger-Monitor-Passed-On"  # by one of us: nobody passes it on again
LIMITS = Limits(timeout=timedelta(seconds=5), max_answer=65536)


async def hook(asked: web.Request) -> web.Response:
    """What is wrong with it is told in one word: the address holds a key. What was taken before is not told again."""
    board, heard = asked.app[BOARD], asked.app[HEARD]
    provider, key = asked.match_info["provider"], asked.match_info["key"]
    admit(asked, "a hook", known=board.is_hook_key(provider, key))
    body = await json_of(asked)
    mark = mark_of(provider, await asked.read())
    if board.is_hook_key(provider, key) and heard.knows(mark):
        return web.json_response({"taken": True})
    taken = await board.hear(provider, key, body, alone=PASSED_ON in asked.headers)
    if taken:
        heard.keep(mark)
    return web.json_response({"taken": taken}, status=200 if taken else 404)


def knows(account: Account, key: str) -> bool:
    """Whether the key is the account's own: strangers' words are passed on to nobody."""
    ours = account.secrets.get("hook_key", "")
    return bool(ours) and hmac.compare_digest(key.encode("utf-8", "surrogatepass"), ours.encode())


async def passed_on(
    http: aiohttp.ClientSession, neighbours: Iterable[Neighbour], provider: str, key: str, body: object
) -> bool:
    """To all others at once; True = one of them took it. Who cannot be reached is named in the log."""
    told = [_pass_on(http, one, provider, key, body) for one in neighbours if one.url]
    return any(await asyncio.gather(*told))


async def _pass_on(http: aiohttp.ClientSession, to: Neighbour, provider: str, key: str, body: object) -> bool:
    url = f"{to.url.rstrip('/')}/hooks/{quote(provider, safe='')}/{quote(key, safe='')}"
    try:
        answer = await request(http, "POST", url, LIMITS, json=body, headers={PASSED_ON: "1"})
    except CallFailed as error:
        log.warning("hook.not_passed_on", provider=provider, to=to.name, reason=error.failure.reason.value)
        return False
    return answer.status == 200
