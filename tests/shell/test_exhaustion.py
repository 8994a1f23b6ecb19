"""A loop that has no memory ends the process; every other trouble of the loop is logged as ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest
import uvloop

from monitor.shell.exhaustion import ends_with, noticed

LOOPS = pytest.mark.parametrize("factory", [asyncio.new_event_loop, uvloop.new_event_loop])


def fails(error: BaseException) -> Callable[[], None]:
    def callback() -> None:
        raise error

    return callback


@LOOPS
def test_a_memory_error_outside_of_every_task_ends_what_waits_for_it(
    factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def life() -> None:
        loop = asyncio.get_running_loop()
        met = noticed(loop)
        loop.call_soon(fails(MemoryError()))
        async with asyncio.timeout(5):
            await ends_with(met)

    with asyncio.Runner(loop_factory=factory) as runner, pytest.raises(MemoryError):
        runner.run(life())


@LOOPS
def test_another_error_is_logged_and_nothing_ends(
    factory: Callable[[], asyncio.AbstractEventLoop], caplog: pytest.LogCaptureFixture
) -> None:
    async def life() -> bool:
        loop, called = asyncio.get_running_loop(), asyncio.Event()
        met = noticed(loop)
        loop.call_soon(fails(ValueError("told")))
        loop.call_soon(called.set)
        await called.wait()
        return met.is_set()

    with asyncio.Runner(loop_factory=factory) as runner, caplog.at_level(logging.ERROR):
        assert runner.run(life()) is False
    assert "told" in caplog.text
