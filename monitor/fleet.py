"""The portals and provider accounts under watch: started, changed and stopped by difference when a config comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Generic, Protocol, TypeVar

import structlog

from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced
from monitor.shell.scheduler import Rhythm

log = structlog.get_logger()

WOKEN_A_SECOND = 100


class Ticked(Protocol):
    """What a rhythm drives."""

    async def poll(self) -> object: ...

    def again(self) -> timedelta | None:
        """How soon the last poll wants a second one; None = at its own rhythm."""
        ...


Wish = TypeVar("Wish")
Run = TypeVar("Run", bound=Ticked)


@dataclass
class Kept(Generic[Wish, Run]):
    """One running subject: what was wished, what runs for it, its rhythm and its task."""

    wish: Wish
    run: Run
    rhythm: Rhythm
    task: asyncio.Task[None]


class Fleet(Generic[Wish, Run]):
    """Keeps one task per subject inside the given TaskGroup."""

    def __init__(
        self,
        *,
        group: asyncio.TaskGroup,
        clock: Clock,
        build: Callable[[Wish], Awaitable[Run]],
        every: Callable[[Wish], timedelta],
    ) -> None:
        self.kept: dict[str, Kept[Wish, Run]] = {}
        self._group, self._clock, self._build, self._every = group, clock, build, every

    async def adopt(self, wishes: Mapping[str, Wish]) -> None:
        """Make what runs equal to what is wished. What did not change is not touched."""
        for name in [name for name in self.kept if name not in wishes]:
            await self._stop(name)
        changed = {name: wish for name, wish in wishes.items() if self._is_new(name, wish)}
        for name in changed.keys() & self.kept.keys():
            await self._halt(name)  # first: what it does until then must not be missing in what is built
        built = {name: await self._build(wish) for name, wish in changed.items()}
        for index, (name, run) in enumerate(built.items()):
            await self._stop(name)
            every = self._every(changed[name])
            self._start(name, changed[name], run, every * index / max(1, len(built)))

    def wake(self) -> None:
        """Everybody soon, nobody all at once; whose own turn comes sooner is not woken."""
        loop = asyncio.get_running_loop()
        for index, kept in enumerate(self.kept.values()):
            delay = index / WOKEN_A_SECOND
            if delay < kept.rhythm.every.total_seconds() / self._clock.rate:
                loop.call_later(delay, kept.rhythm.wake)

    def __getitem__(self, name: str) -> Run:
        return self.kept[name].run

    def _is_new(self, name: str, wish: Wish) -> bool:
        return name not in self.kept or self.kept[name].wish != wish

    def _start(self, name: str, wish: Wish, run: Run, offset: timedelta) -> None:
        rhythm = Rhythm(tick=partial(_ticked, name, run), every=self._every(wish), clock=self._clock, offset=offset)
        task = self._group.create_task(rhythm.run(), name=f"watch {name}")
        self.kept[name] = Kept(wish=wish, run=run, rhythm=rhythm, task=task)

    async def _stop(self, name: str) -> None:
        if name in self.kept:
            await self._halt(name)
            del self.kept[name]

    async def _halt(self, name: str) -> None:
        kept = self.kept[name]
        kept.rhythm.end()
        kept.task.cancel()
        with suppress(asyncio.CancelledError):
            await kept.task


async def _ticked(name: str, run: Ticked) -> timedelta | None:
    """A poll of what went into other hands meanwhile ends without a word of it: it is about to be stopped."""
    try:
        await run.poll()
    except* Fenced:
        log.info("poll.fenced", subject=name)
        _forget_cancellations()
    return run.again()


def _forget_cancellations() -> None:
    """A TaskGroup that failed leaves its own cancellation counted on the task, and the next timeout would then end the
    task (Python before 3.11.3). A stop that was wished meanwhile is known to the rhythm."""
    task = asyncio.current_task()
    while task is not None and task.cancelling():
        task.uncancel()
