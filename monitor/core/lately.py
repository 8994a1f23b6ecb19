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

    __slots__ = ("_made", "_most", "_weight")

    def __init__(self, most: int = MOST) -> None:
        self._made: dict[int, T] = {}
        self._most, self._weight = most, 0

    def __len__(self) -> int:
        return len(self._made)

    def of(self, session: int) -> T | None:
        return self._made.get(session)

    def keep(self, session: int, one: T) -> None:
        self.drop(session)
        self._made[session] = one
        self._weight += len(one.messages)
        while True:
            number, oldest = next(iter(self._made.items()))
            if number == session or (self._weight <= self._most and one.at - oldest.at <= KEPT_FOR):
                return
            self.drop(number)

    def drop(self, session: int) -> None:
        one = self._made.pop(session, None)
        if one is not None:
            self._weight -= len(one.messages)
