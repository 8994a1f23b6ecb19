"""The sandbox's clock: real, faster, or moved by hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Now(Protocol):
    def now(self) -> datetime: ...


class SandboxClock:
    """Starts at `start` (default: now) and runs `rate` times as fast as real time; rate 0 stands until moved."""

    def __init__(self, start: datetime | None = None, rate: float = 1.0) -> None:
        self._start = (start or datetime.now(UTC)).astimezone(UTC)
        self._rate = rate
        self._real = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._real) * self._rate)

    def advance(self, span: timedelta) -> None:
        self._start += span
