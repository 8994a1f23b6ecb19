"""When each portal and each provider account is asked: spread at the start, on a grid afterwards, never in step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from monitor.shell.clock import Clock

Tick = Callable[[], Awaitable[timedelta | None]]  # what it gives: how soon it wants one more, None = no sooner
INSTANT = timedelta(microseconds=1)


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
        self._sleep: asyncio.Future[None] | None = None
        self._woken = False
        self._ended = False

    def wake(self) -> None:
        self._woken = True
        if self._sleep is not None:
            _end(self._sleep)

    def end(self) -> None:
        """No tick after the present one. A cancellation alone is not enough: where a tick's TaskGroup has an error of
        its own to tell at that moment, Python before 3.13 tells that one and the cancellation is lost."""
        self._ended = True

    async def run(self) -> None:
        """All ticks stand on the grid of the first one, so that no stall brings many rhythms into step for good."""
        await self._pause(self._offset)
        begun = due = self._clock.now()
        while not self._ended:
            again = await self._tick()
            self.last, self.last_real = self._clock.now(), self._clock.monotonic()
            if self._ended:
                return
            if again is not None and self.last + again < next_tick(begun, self.every, self.last):
                await self._pause(again)
            else:
                due = await self._next(begun, due)

    async def _next(self, begun: datetime, due: datetime) -> datetime:
        """Waits for the next point of the grid. Who slept a whole interval too long (a machine that was suspended)
        waits for one more point: all who slept with him would ask at the same moment."""
        while True:
            now = self._clock.now()
            due = next_tick(begun, self.every, max(now, due + INSTANT))
            woken = await self._pause(due - now)
            if woken or self._clock.now() - due < self.every:
                return due

    async def _pause(self, span: timedelta) -> bool:
        """Daemon time; even a tick that is late lets others run first. True = woken before its time.

        An Event and a timeout would weigh three times as much, on each of ten thousand portals that sleep."""
        seconds = max(0.0, span.total_seconds()) / self._clock.rate
        if seconds == 0.0:
            await asyncio.sleep(0)
            return False
        if not self._woken:
            loop = asyncio.get_running_loop()
            self._sleep = loop.create_future()
            alarm = loop.call_later(seconds, _end, self._sleep)
            try:
                await self._sleep
            finally:
                alarm.cancel()
                self._sleep = None
        woken, self._woken = self._woken, False
        return woken


def _end(sleep: asyncio.Future[None]) -> None:
    if not sleep.done():
        sleep.set_result(None)
