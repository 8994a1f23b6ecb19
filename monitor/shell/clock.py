"""The daemon's one clock: the only module that reads the time of day."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Daemon time: starts at `start` (default: now) and runs `rate` times as fast as real time.

    Polls, schedules, thresholds and ages live in daemon time; network timeouts, request pacing and what is told to
    Alertmanager live in real time.
    """

    def __init__(self, rate: float = 1.0, start: datetime | None = None) -> None:
        self.rate = rate
        self._real_start = time.monotonic()
        self._start = start.astimezone(UTC) if start else None

    def now(self) -> datetime:
        if self._start is None and self.rate == 1.0:
            return datetime.now(UTC)
        if self._start is None:
            self._start = datetime.now(UTC)
            self._real_start = time.monotonic()
        return self._start + timedelta(seconds=(time.monotonic() - self._real_start) * self.rate)

    def real_now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Real seconds for timeouts and pacing."""
        return time.monotonic()

    def awake_or_not(self) -> float:
        """Real seconds that go on while the machine sleeps: for what others count on too."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    async def sleep(self, span: timedelta) -> None:
        """Sleep a span of daemon time."""
        await asyncio.sleep(max(0.0, span.total_seconds()) / self.rate)
