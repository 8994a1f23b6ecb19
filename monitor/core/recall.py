"""What rows of an answer came to, remembered while the portal tells them again word by word.

A dialog that moved by two messages is told with all the others; only the two have to be understood. A row is known by
a hash of all it says, so no text is kept; what is not told again is forgotten with the next answer.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from marshal import dumps
from typing import Any, TypeVar

T = TypeVar("T")
PLAINLY = 2  # marshal's version without references: equal rows are equal bytes, however they came to be
MOST = 100_000  # rows; a message weighs 300 bytes


class Recall:
    """Bounded in rows: places that were not told of for the longest time go first."""

    def __init__(self, most: int = MOST, loads: Callable[[bytes], Any] = json.loads) -> None:
        self._most, self._size, self._loads = most, 0, loads
        self._made: dict[Hashable, tuple[object, Any]] = {}
        self._known: OrderedDict[Hashable, tuple[Hashable, Mapping[int, Any]]] = OrderedDict()

    def __len__(self) -> int:
        return self._size

    def read(self, row: Any) -> Any:
        """A row that came as bytes of JSON, read; any other as it is. None where it cannot be read."""
        if type(row) is not bytes:
            return row
        try:
            return self._loads(row)
        except (ValueError, RecursionError):
            return None

    def once(self, place: Hashable, ground: object, make: Callable[[], T]) -> T:
        """What `make` gave the last time, while it rests on the very same `ground`."""
        known = self._made.get(place)
        if known is not None and known[0] is ground:
            return known[1]  # type: ignore[no-any-return]  # one place, one kind
        made = make()
        self._made[place] = (ground, made)
        if len(self._made) > self._most:
            del self._made[next(iter(self._made))]
        return made

    def understood(
        self, place: Hashable, ground: Hashable, rows: Iterable[Any], understand: Callable[[Any], T]
    ) -> list[T]:
        """`understand` of each row, asked only of rows that this place did not tell the last time.

        `ground` is all that `understand` rests on beside the row: another ground is another answer.
        """
        known = self._of(place, ground)
        told: list[T] = []
        marks: dict[int, Any] = {}
        for row in rows:
            mark = hash(row) if type(row) is bytes else hash(dumps(row, PLAINLY))
            one = known[mark] if mark in known else understand(row)
            marks[mark] = one
            told.append(one)
        self._keep(place, ground, marks)
        return told

    def forget(self, places: Iterable[Hashable]) -> None:
        """What will not be told again."""
        for place in places:
            _, rows = self._known.pop(place, (None, ()))
            self._size -= len(rows)

    def _of(self, place: Hashable, ground: Hashable) -> Mapping[int, Any]:
        before = self._known.pop(place, None)
        if before is None:
            return {}
        self._size -= len(before[1])
        return before[1] if before[0] == ground else {}

    def _keep(self, place: Hashable, ground: Hashable, marks: Mapping[int, Any]) -> None:
        self._known[place] = (ground, marks)
        self._size += len(marks)
        while self._size > self._most:
            _, (_, oldest) = self._known.popitem(last=False)
            self._size -= len(oldest)


def mark_of(what: Any) -> int:
    """Of a part of an answer, as a ground."""
    return hash(dumps(what, PLAINLY))
