"""In which dialogs employees said a text lately, by its digest: so that a poll looks at those, and never at all there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from monitor.core.memory import SessionMemory, Spoken

SPARE = 1000  # entries of forgotten sessions, beside as many as there are true ones

Sessions = Mapping[int, SessionMemory]


class LastWords:
    """It may know of more than is true, never of less: each entry is compared with the session before it is told."""

    __slots__ = ("_sessions", "_size")

    def __init__(self) -> None:
        self._sessions: dict[str, set[int]] | None = None  # None = not filled yet
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def hear(self, sessions: Sessions, spoken: Mapping[int, Iterable[Spoken]]) -> None:
        """What was said last in some of the `sessions`; all of them are gone through at first, and now and then."""
        if self._sessions is None or self._size > 6 * len(sessions) + SPARE:
            self._sessions, self._size = {}, 0
            spoken = {number: memory.spoken for number, memory in sessions.items()} | dict(spoken)
        for number, said in spoken.items():
            for one in said:
                if one.digest:
                    same = self._sessions.setdefault(one.digest, set())
                    self._size += number not in same
                    same.add(number)

    def of(self, digest: str, sessions: Sessions) -> Iterator[tuple[SessionMemory, Spoken]]:
        """Where it was said, and by whom."""
        for number in (self._sessions or {}).get(digest, ()):
            memory = sessions.get(number)
            if memory is not None:
                yield from ((memory, one) for one in memory.spoken if one.digest == digest)
