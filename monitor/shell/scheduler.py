"""When each portal and each provider account is asked: spread at the start, on a grid afterwards, never in step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from monitor.shell.clock import Clock

Tick = Callable[[], Awaitable[object]]


def next_tick(started: datetime, every: timedelta, now: datetime) -> datetime:
    """The next point of the grid begun at `started`. Points that passed while a tick ran are skipped, not made up."""
    return started + every * max(1, -((started - now) // every))


class Rhythm:
    """Runs one tick again and again, one at a time; `wake` asks for the next one at once."""

    def __init__(self, *, tick: Tick, every: timedelta, clock: Clock, offset: timedelta = timedelta()) -> None:
        self.every = every
        self.last: datetime | None = None
        self.last_real: float | None = None
        self.begun_real = clock.monotonic()
        self._tick = tick
        self._clock = clock
        self._offset = offset
        self._wake = asyncio.Event()

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        await self._pause(self._offset)
        while True:
            started = self._clock.now()
            await self._tick()
            self.last, self.last_real = self._clock.now(), self._clock.monotonic()
            await self._pause(next_tick(started, self.every, self.last) - self.last)

    async def _pause(self, span: timedelta) -> None:
        """Daemon time; even a tick that is late lets others run first."""
        seconds = max(0.0, span.total_seconds()) / self._clock.rate
        if seconds == 0.0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()


def offsets(count: int, over: timedelta) -> list[timedelta]:
    """First-tick offsets that spread `count` portals evenly over one interval; the first starts at once."""
    return [over * index / max(1, count) for index in range(count)]
