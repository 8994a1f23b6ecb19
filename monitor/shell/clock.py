"""The daemon's one clock: the only module that reads the time of day."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

LONGEST_START = 600.0  # real seconds from a process's start to its clock; what is told to be longer is no start of ours


def process_start() -> float | None:
    """When this process was started, in seconds of `time.monotonic()`; None where the system does not tell it."""
    try:
        stat, ticks = Path("/proc/self/stat").read_bytes(), os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return None
    age = age_of(stat.decode(errors="replace"), ticks, time.clock_gettime(time.CLOCK_BOOTTIME))
    return time.monotonic() - age if age is not None else None


def age_of(stat: str, ticks: int, since_boot: float) -> float | None:
    """Seconds since a process's start, out of /proc/PID/stat: field 22 counts ticks since boot [proc(5)]. The second
    field is the program's name, which may hold anything."""
    fields = stat.rpartition(")")[2].split()
    if len(fields) < 20 or not fields[19].isdecimal() or ticks <= 0:
        return None
    age = since_boot - int(fields[19]) / ticks
    return age if 0.0 <= age <= LONGEST_START else None


class Clock:
    """Daemon time: starts at `start` (default: now) and runs `rate` times as fast as real time.

    `began`: the reading of `monotonic` at which it was `start`, None = now. A process that says when it was started
    loses no simulated hours to the time that its imports take.

    Polls, schedules, thresholds and ages live in daemon time; network timeouts, request pacing and what is told to
    Alertmanager live in real time.
    """

    def __init__(self, rate: float = 1.0, start: datetime | None = None, began: float | None = None) -> None:
        self.rate = rate
        self._real_start = time.monotonic() if began is None else began
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
