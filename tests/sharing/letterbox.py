"""Where letters to people arrive: a service on loopback that apprise posts JSON to, and that counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

PORTAL = re.compile(r"\bp\d+\b")


@dataclass
class Letterbox:
    """`letters`: (subject, text) of all that came."""

    address: str = ""
    letters: list[tuple[str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.letters.append((str(body["title"]), str(body["message"])))
        return web.json_response({})

    def of(self) -> Counter[str]:
        """How many by the portal that they speak of."""
        return Counter(found[0] for subject, _ in self.letters if (found := PORTAL.search(subject)))


@asynccontextmanager
async def letterbox() -> AsyncIterator[Letterbox]:
    box = Letterbox()
    app = web.Application()
    app.router.add_post("/letters", box.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    box.address = f"json://127.0.0.1:{runner.addresses[0][1]}/letters"
    try:
        yield box
    finally:
        await runner.cleanup()
