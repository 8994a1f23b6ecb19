"""Whoever opens connections and never finishes a request holds them for a while, not for ever: real sockets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from monitor.shell.install import installations
from monitor.shell.web_connections import PATIENCE, runner_of

MANY = 25
SHORT = 0.3
SOON = 5.0  # far less than any connection would last by itself
HALF_HEADERS = b"GET /quick HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
HALF_BODY = b"POST /reads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nabc"
HALF_CHUNKS = b"POST /reads HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
UNREAD_BODY = HALF_BODY.replace(b"/reads", b"/quick")
WHOLE = b"GET /quick HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def _quick(_: web.Request) -> web.Response:
    return web.Response(text="well")


async def _reads(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def _works(_: web.Request) -> web.Response:
    await asyncio.sleep(3 * SHORT)  # an answer that takes longer than the patience with who asks
    return web.Response(text="well")


@asynccontextmanager
async def served(patience: float = SHORT) -> AsyncIterator[int]:
    app = web.Application()
    app.add_routes([web.route("*", "/quick", _quick), web.post("/reads", _reads), web.get("/works", _works)])
    runner = runner_of(app, patience)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def _told(port: int, sent: bytes) -> bytes:
    """All that comes until the other side hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(SOON):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [b"", b"G", HALF_HEADERS, HALF_BODY, HALF_CHUNKS, WHOLE, WHOLE + HALF_HEADERS, WHOLE + HALF_BODY],
    ids=["nothing", "a letter", "headers", "body", "chunks", "idle", "second headers", "second body"],
)
async def test_who_never_finishes_a_request_is_hung_up_on_and_others_are_served(sent: bytes) -> None:
    async with served() as port, asyncio.TaskGroup() as group:
        waiting = [group.create_task(_told(port, sent)) for _ in range(MANY)]
        assert (await _told(port, WHOLE)).startswith(b"HTTP/1.1 200 OK")
        answers = [await one for one in waiting]
    assert {one.count(b"HTTP/1.1") for one in answers} == {sent.count(WHOLE)}


async def test_a_slow_sender_gains_no_time_by_sending_on() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF_BODY)
        async with asyncio.timeout(SOON):
            while not reader.at_eof():
                writer.write(b"a")
                try:
                    await asyncio.wait_for(reader.read(1), SHORT / 10)
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
        assert reader.at_eof() or reader.exception() is not None, "the server hung up"
        writer.close()


async def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    async with served() as port:
        answer = await _told(
            port, WHOLE.replace(b"/quick", b"/works").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
    assert answer.endswith(b"well")


async def test_a_body_that_nobody_reads_is_not_waited_for_either() -> None:
    async with served() as port:
        assert (await _told(port, UNREAD_BODY)).startswith(b"HTTP/1.1 200 OK")


async def test_the_server_of_installations_hangs_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.shell.web_connections.PATIENCE", SHORT)
    async with installations("127.0.0.1", 0) as arrivals:
        assert await _told(int(arrivals.address.rstrip("/").rpartition(":")[2]), HALF_HEADERS) == b""


def test_no_server_of_ours_is_started_without_it() -> None:
    root = Path(__file__).parent.parent.parent / "monitor"
    files = [path for path in root.rglob("*.py") if "sandbox" not in path.parts]
    starting = {path.stem for path in files if re.search(r"\bAppRunner\(", path.read_text())}
    assert starting == {"web_connections"}
    assert PATIENCE == 30.0
