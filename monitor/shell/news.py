"""That something of a portal changed, told to whoever has a page open: not too often, what was missed merged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager


class News:
    """Names of portals as they change, to any number of listeners; none of them keeps the teller waiting."""

    def __init__(self, *, most: int = 200) -> None:
        self._ears: set[Ear] = set()
        self._most = most
        self.closed = False

    def tell(self, portal: str) -> None:
        for ear in self._ears:
            ear.hear(portal)

    def close(self) -> None:
        """Every listener's iteration ends: the daemon stops."""
        self.closed = True
        for ear in self._ears:
            ear.wake()

    @property
    def listeners(self) -> int:
        return len(self._ears)

    @property
    def is_full(self) -> bool:
        return len(self._ears) >= self._most

    @contextmanager
    def ear(self) -> Iterator[Ear]:
        ear = Ear(self)
        self._ears.add(ear)
        try:
            yield ear
        finally:
            self._ears.discard(ear)


class Ear:
    """One listener's own heap of what it has not been told yet."""

    def __init__(self, news: News) -> None:
        self._news, self._heard, self._something = news, set[str](), asyncio.Event()

    def hear(self, portal: str) -> None:
        self._heard.add(portal)
        self._something.set()

    def wake(self) -> None:
        self._something.set()

    async def batches(self, *, at_least: float, beat: float) -> AsyncIterator[frozenset[str]]:
        """What changed since the last batch; an empty one every `beat` seconds of silence. Real seconds."""
        while not self._news.closed:
            await self._wait(beat)
            heard, self._heard = frozenset(self._heard), set()
            self._something.clear()
            if self._news.closed:
                return
            yield heard
            await asyncio.sleep(at_least)

    async def _wait(self, beat: float) -> None:
        try:
            async with asyncio.timeout(beat):
                await self._something.wait()
        except TimeoutError:
            return
