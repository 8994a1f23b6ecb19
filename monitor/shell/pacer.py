"""Keeps a portal's requests below its leaky bucket (bitrix24-api.md 2.1): waits before, never after the fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The portal's plan: the bucket drains `per_second`, and above `burst` a request is rejected."""

    per_second: float = 2.0
    burst: int = 50


class Pacer:
    """Our own copy of the portal's counter, in real seconds. One per portal, shared by all who call it."""

    INSTANT = 1e-6  # below it a wait is a rounding error, which no sleep would end
    MARGIN = 2.0  # requests of others from the same address, and requests that overtake each other on the way

    def __init__(self, rate: Rate, monotonic: Callable[[], float]) -> None:
        self._rate, self._monotonic = rate, monotonic
        self._level = 0.0
        self._at = monotonic()
        self._shut_until = self._at
        self._queue = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a place, first come first served, and take it."""
        async with self._queue:
            while (wait := self.wait()) > 0:  # noqa: ASYNC110 - only time drains a bucket
                await asyncio.sleep(wait)
            self._level += 1.0

    def take_at_once(self) -> bool:
        """A place, where one is free and nobody waits for it; else whoever asks has to wait in the queue."""
        if self._queue.locked() or self.wait() > 0:
            return False
        self._level += 1.0
        return True

    def wait(self) -> float:
        """Seconds until one more request fits."""
        now = self._monotonic()
        self._drain(now)
        limit = max(1.0, self._rate.burst - self.MARGIN)
        wait = max((self._level + 1.0 - limit) / self._rate.per_second, self._shut_until - now)
        return wait if wait > self.INSTANT else 0.0

    def overflowed(self) -> None:
        """The portal said the bucket is full: believe it."""
        self._drain(self._monotonic())
        self._level = max(self._level, float(self._rate.burst))

    def shut(self, seconds: float) -> None:
        """The portal said when it wants to be asked again."""
        self._shut_until = max(self._shut_until, self._monotonic() + seconds)

    def open(self) -> None:
        """The operator wants it asked now, whatever the portal said."""
        self._shut_until = self._monotonic()

    def _drain(self, now: float) -> None:
        self._level = max(0.0, self._level - (now - self._at) * self._rate.per_second)
        self._at = now
