"""What a portal allows: the leaky bucket of requests and the operating time of each method (bitrix24-api.md 2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.sandbox.refusal import Refusal

MINUTE, WINDOW = 60.0, 600.0
FREE = 0.1  # shorter calls are not counted


@dataclass
class Bucket:
    """One counter per source address: every HTTP request adds one, it drains all the time. Real time."""

    per_second: float = 2.0
    burst: int = 50
    monotonic: Callable[[], float] = time.monotonic
    refused: int = 0
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, address: str) -> None:
        now = self.monotonic()
        level, at = self._levels.get(address, (0.0, now))
        level = max(0.0, level - (now - at) * self.per_second)
        if level + 1 > self.burst:
            self._levels[address] = (level, now)
            self.refused += 1
            raise Refusal(503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
        self._levels[address] = (level + 1, now)


@dataclass
class Operating:
    """Seconds of work per credential and method in ten buckets of a minute; checked before the call."""

    limit: float = 480.0
    now: Callable[[], float] = time.time
    _spent: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)

    def check(self, who: str, method: str) -> None:
        if self.total(who, method) > self.limit:
            raise Refusal(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")

    def spend(self, who: str, method: str, seconds: float) -> None:
        if seconds <= FREE:
            return
        minute = self.now() // MINUTE * MINUTE
        buckets = self._buckets(who, method)
        if buckets and buckets[-1][0] // MINUTE * MINUTE == minute:
            buckets[-1] = (buckets[-1][0], buckets[-1][1] + seconds)
        else:
            buckets.append((self.now(), seconds))

    def total(self, who: str, method: str) -> float:
        return sum(spent for _, spent in self._buckets(who, method))

    def reset_at(self, who: str, method: str) -> int:
        """When the oldest bucket expires: its first hit and ten minutes."""
        buckets = self._buckets(who, method)
        return int((buckets[0][0] if buckets else self.now()) + WINDOW)

    def _buckets(self, who: str, method: str) -> list[tuple[float, float]]:
        kept = [(at, spent) for at, spent in self._spent.get((who, method), []) if self.now() - at < WINDOW]
        self._spent[who, method] = kept
        return kept
