"""How late the event loop is: what everything in it has to wait, measured all the time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from statistics import fmean

EVERY = 0.5  # real seconds
KEPT = 600  # five minutes of them
RECENT = 20


class Lag:
    """`run` measures until it is cancelled."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: deque[float] = deque(maxlen=KEPT)

    @property
    def recent(self) -> float:
        """Seconds, the mean of the last ten."""
        return fmean(list(self._seen)[-RECENT:]) if self._seen else 0.0

    @property
    def worst(self) -> float:
        """Of the last five minutes."""
        return max(self._seen, default=0.0)

    async def run(self) -> None:
        while True:
            started = self._monotonic()
            await asyncio.sleep(EVERY)
            self._seen.append(max(0.0, self._monotonic() - started - EVERY))
