"""What was made of some sessions lately, kept while they move: bounded in time and in the messages that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from monitor.core.model import Message

KEPT_FOR = timedelta(minutes=30)  # who writes writes again soon
MOST = 10_000  # messages, of one portal


class Made(Protocol):
    """Something made `at` a moment of some `messages`."""

    at: datetime
    messages: Sequence[Message]


T = TypeVar("T", bound=Made)


class Lately(Generic[T]):
    """One a session."""

    __slots__ = ("_looked", "_made", "_most", "_weight")

    def __init__(self, most: int = MOST) -> None:
        self._made: dict[int, T] = {}
        self._most, self._weight = most, 0
        self._looked: datetime | None = None  # when it was last looked for what is old

    def __len__(self) -> int:
        return len(self._made)

    def of(self, session: int) -> T | None:
        return self._made.get(session)

    def keep(self, session: int, one: T) -> None:
        before = self._made.pop(session, None)
        self._made[session] = one
        self._weight += len(one.messages) - (len(before.messages) if before is not None else 0)
        if self._weight > self._most or one.at is not self._looked:
            self._drop_old(one.at)

    def _drop_old(self, now: datetime) -> None:
        """Those made first stand first; the last one stays in any case."""
        self._looked = now
        while len(self._made) > 1:
            number, oldest = next(iter(self._made.items()))
            if self._weight <= self._most and now - oldest.at <= KEPT_FOR:
                return
            self._weight -= len(self._made.pop(number).messages)
