"""What rows of an answer came to, remembered while the portal tells them again word by word.

A dialog that moved by two messages is told with all the others; only the two have to be understood. A row is known by
a hash of all it says, so no text is kept; what is not told again is forgotten with the next answer.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Container, Hashable, Iterable, Mapping, Sequence
from marshal import dumps
from typing import Any, TypeVar

from monitor.core.model import Failure

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
        self._keep_made(place, ground, made)
        return made

    def _keep_made(self, place: Hashable, ground: object, made: Any) -> None:
        self._made[place] = (ground, made)
        if len(self._made) > self._most:
            del self._made[next(iter(self._made))]

    def told_again(self, place: Hashable, ground: object, told: Sequence[Any], make: Callable[[], T]) -> T:
        """What `make` gave the last time, while the very same `ground` is answered word by word as it was then."""
        known = self.of_the_same(place, ground, told)
        if known is not None:
            return known  # type: ignore[no-any-return]  # one place, one kind
        made = make()
        self.keep(place, ground, told, made)
        return made

    def of_the_same(self, place: Hashable, ground: object, told: Sequence[Any]) -> Any:
        """What was kept of the same ground and the same words; None where nothing was."""
        known = self._made.get(place)
        if known is None or known[0] is not ground:
            return None
        mark, made = known[1]
        return made if mark is not None and mark == _mark_of_words(told) else None

    def keep(self, place: Hashable, ground: object, told: Sequence[Any], made: Any) -> None:
        """For `of_the_same`."""
        self._keep_made(place, ground, (_mark_of_words(told), made))

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

    def let_go(self, portals: Container[object]) -> None:
        """Of portals that are watched no more nothing is kept: the first word of a place is its portal."""
        gone = [place for place in (*self._made, *self._known) if isinstance(place, tuple) and place[0] in portals]
        for place in gone:
            self._made.pop(place, None)
        self.forget(gone)

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


def _mark_of_words(told: Sequence[Any]) -> int | None:
    """Of answers as they came; None where one of them is read already, or a failure, which is another one each time."""
    if Failure in map(type, told):
        return None
    try:
        return hash(tuple([tuple(one) if type(one) is list else one for one in told]))
    except TypeError:
        return None


def mark_of(what: Any) -> int:
    """Of a part of an answer, as a ground."""
    return hash(dumps(what, PLAINLY))
