"""Webhook bodies of the last day, by their digests: what comes again tells nothing new, or is played back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from aiohttp import web

LASTS = 86_400.0  # real seconds
MOST = 10_000


class Heard:
    """Vendors repeat what we were slow to answer. Pact's bodies bear their second, so an equal one is the same news."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._at: dict[bytes, float] = {}

    def knows(self, mark: bytes) -> bool:
        at = self._at.get(mark)
        return at is not None and at > self._monotonic() - LASTS

    def keep(self, mark: bytes) -> None:
        """The oldest go first: they stand in the order in which they came."""
        self._at.pop(mark, None)
        self._at[mark] = self._monotonic()
        while len(self._at) > MOST or not self.knows(next(iter(self._at))):
            del self._at[next(iter(self._at))]


HEARD: web.AppKey[Heard] = web.AppKey("heard", Heard)


def mark_of(provider: str, body: bytes) -> bytes:
    return hashlib.sha256(provider.encode("utf-8", "surrogatepass") + b"\0" + body).digest()
