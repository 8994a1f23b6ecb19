"""A process that has no memory ends; every other trouble of the loop, or of an answer, is told as ever."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
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


CUT_OFF = """
import asyncio, resource
from aiohttp import ClientSession
from monitor.core.model import CallFailed
from monitor.shell.wire import MAX_ANSWER, request

async def cut(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 1000000\\r\\n\\r\\nbegun")
    writer.close()

async def life():
    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server, ClientSession() as http:
        port = server.sockets[0].getsockname()[1]
        has = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (has + LEFT * MAX_ANSWER // 2,) * 2)
        try:
            await request(http, "GET", f"http://127.0.0.1:{port}/")
        except (CallFailed, MemoryError) as error:
            print(type(error).__name__)

asyncio.run(life())
"""


@pytest.mark.parametrize(("halves", "said"), [(1, "MemoryError"), (4, "CallFailed")])
def test_an_answer_that_is_cut_off_where_there_was_no_room_for_it_is_a_want_of_memory(halves: int, said: str) -> None:
    program = CUT_OFF.replace("LEFT", str(halves))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.strip() == said
