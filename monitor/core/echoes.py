"""Texts that a connector writes under an employee's name: the same words to several chats within a minute (case 4)."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

CHATS, WITHIN = 3, timedelta(minutes=1)


class Said(NamedTuple):
    """An employee's message as far as its repetition matters."""

    user: int
    digest: str
    at: datetime
    chat: int
    message: int


def echoed(said: Iterable[Said]) -> frozenset[int]:
    """Ids of messages that no human typed: one author, one text, three chats within a minute."""
    groups: dict[tuple[int, str], set[Said]] = defaultdict(set)
    for one in said:
        if one.digest:
            groups[one.user, one.digest].add(one)
    return frozenset(number for same in groups.values() if len(same) >= CHATS for number in _crowded(sorted(same)))


def _crowded(same: Iterable[Said]) -> Iterator[int]:
    near: deque[Said] = deque()
    for one in same:
        near.append(one)
        while one.at - near[0].at > WITHIN:
            near.popleft()
        if len({other.chat for other in near}) >= CHATS:
            yield from (other.message for other in near)
