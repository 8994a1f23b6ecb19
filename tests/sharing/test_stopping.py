"""A subject that went into other hands is stopped, at whatever moment of its poll the word of it comes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from monitor.fleet import Fleet
from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced

PATIENCE = 5.0  # real seconds; what has to end ends at once


class Polled:
    """A poll waits inside a group of tasks until it is cancelled, and then finds that it is fenced."""

    def __init__(self) -> None:
        self.polls = 0
        self.waiting = asyncio.Event()

    async def poll(self) -> None:
        self.polls += 1
        async with asyncio.TaskGroup() as group:
            group.create_task(self._asked())

    def again(self) -> None:
        return None

    async def _asked(self) -> None:
        self.waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            if self.polls == 1:  # a later one can be stopped in any case, so that this test ends
                raise Fenced("portal p1: in other hands")


class FencedAtOnce(Polled):
    async def _asked(self) -> None:
        if self.polls == 3:
            self.waiting.set()
        raise Fenced("portal p1: in other hands")


@pytest.mark.parametrize("run", [Polled, FencedAtOnce])
async def test_a_fenced_poll_neither_ends_the_others_nor_outlives_its_stop(run: type[Polled]) -> None:
    subject = run()

    async def build(_wish: str) -> Polled:
        return subject

    async with asyncio.TaskGroup() as group:
        fleet = Fleet[str, Polled](
            group=group, clock=Clock(), build=build, every=lambda _wish: timedelta(milliseconds=50)
        )
        await fleet.adopt({"p1": "as wished"})
        task = fleet.kept["p1"].task
        await asyncio.wait_for(subject.waiting.wait(), PATIENCE)
        stopping = asyncio.ensure_future(fleet.adopt({}))
        done, _ = await asyncio.wait({stopping}, timeout=PATIENCE)
        polls = subject.polls
        if not done:
            stopping.cancel()
            task.cancel()
    assert done, "the stop waits for a rhythm that goes on"
    assert task.done()
    assert subject.polls == polls
    assert fleet.kept == {}
