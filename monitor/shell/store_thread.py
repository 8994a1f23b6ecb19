"""The one thread that works on the store, in the order it is asked; what waits to be written is written together.

A disk takes as long to make fifty polls durable as to make one: while one commit is under way others come to wait, and
the next one takes all of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Write = Callable[[Sequence["Errand[T]"]], None]
MOST = 64  # pieces of work written together
FLEET = 3  # that waited for the last commit: more of them come than a disk keeps up with one by one
GATHERED = 0.025  # seconds that a commit of a fleet waits for others
LOOK = 0.005  # seconds after which it looks who has come


class Outcome:
    """What came of some work. A context that keeps the error for who waits for it, so that the thread goes on."""

    __slots__ = ("error", "result")

    def __init__(self) -> None:
        self.result: Any = None
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        self.error = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        self.error = error
        return True


class Errand(Generic[T]):
    """Work that somebody waits for. `write` does it together with other errands; None: it is called by itself.

    No work: the last errand there is."""

    __slots__ = ("_answer", "outcome", "work", "write")

    def __init__(self, work: T, answer: asyncio.Future[Any], write: Write[T] | None) -> None:
        self.work, self._answer, self.write = work, answer, write
        self.outcome = Outcome()

    @property
    def is_awaited(self) -> bool:
        return not self._answer.cancelled()

    def settle(self) -> None:
        """On the loop of who waits."""
        if self._answer.done():
            return
        if self.outcome.error is not None:
            self._answer.set_exception(self.outcome.error)
        else:
            self._answer.set_result(self.outcome.result)


class StoreThread:
    """What nobody waits for any more when its turn comes is left undone."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._errands: SimpleQueue[Errand[Any]] = SimpleQueue()
        self._is_closed = False
        Thread(target=self._run, name="store", daemon=True).start()

    async def do(self, work: Callable[[], T]) -> T:
        """By itself, after all that was asked before."""
        done: T = await self._asked(work, None)
        return done

    async def write(self, work: T, write: Write[T]) -> None:
        """Together with what else waits to be written. `write` leaves in each errand what came of it."""
        await self._asked(work, write)

    def close(self) -> None:
        """What was asked for before is still done."""
        self._is_closed = True
        self._errands.put(Errand(None, self._loop.create_future(), None))

    def _asked(self, work: T, write: Write[T] | None) -> asyncio.Future[Any]:
        if self._is_closed:
            raise RuntimeError("the store is closed")
        answer = self._loop.create_future()
        self._errands.put(Errand(work, answer, write))
        return answer

    # --- in the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        for errands in self._batches():
            self._do([errand for errand in errands if errand.is_awaited])

    def _batches(self) -> Iterator[list[Errand[Any]]]:
        """In the order of the asking: one by itself, or all that wait to be written up to the next such."""
        is_fleet, errand = False, self._errands.get()
        while errand.work is not None:
            batch, following = [errand], None
            if errand.write is not None:
                batch, following = self._gathered(errand, GATHERED if is_fleet else 0.0)
                is_fleet = len(batch) >= FLEET
            yield batch
            errand = following or self._errands.get()

    def _gathered(self, first: Errand[Any], seconds: float) -> tuple[list[Errand[Any]], Errand[Any] | None]:
        """What is written together, and what was asked next, if anything."""
        together, until = [first], time.perf_counter() + seconds
        while len(together) < MOST:
            if self._errands.empty():
                left = until - time.perf_counter()
                if left <= 0:
                    break
                time.sleep(min(left, LOOK))  # and is not woken for each that comes
                continue
            errand = self._errands.get()
            if errand.write is None:
                return together, errand
            together.append(errand)
        return together, None

    def _do(self, errands: list[Errand[Any]]) -> None:
        if not errands:
            return
        first, attempt = errands[0], Outcome()
        with attempt:
            if first.write is not None:
                first.write(errands)
            else:
                first.outcome.result = first.work()
        for errand in errands:  # what went wrong outside of all of them concerns all of them
            errand.outcome.error = errand.outcome.error or attempt.error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_settle, errands)


def _settle(errands: list[Errand[Any]]) -> None:
    for errand in errands:
        errand.settle()
