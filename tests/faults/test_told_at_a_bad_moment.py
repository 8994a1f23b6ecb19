"""A real process is told to stop, or to read its file again, when it can hardly do so."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from installed import COMMAND, installed, stop_within
from postgres_server import served

from monitor.app import LEAVING, LEFT

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("installed")]


async def test_who_is_told_to_stop_while_the_database_stands_still_leaves_in_time_and_loses_nothing(
    tmp_path: Path,
) -> None:
    assert stop_within() > LEAVING + 5
    with served() as server:
        async with installed(tmp_path, server) as it:
            it.one.customer("A")
            await it.start()
            await it.until_waiting(1)
            server.stand_still()
            try:
                it.one.customer("B")
                await it.goes_on()
                await it.until_it_asks_no_more()
                await it.stop()
            finally:
                server.go_on()
            assert it.ends == [1]
            assert LEAVING <= it.took < stop_within()
            assert [row["problem"] for row in it.words() if row["event"] == "daemon.left"] == [LEFT]
            await it.start()
            await it.until_waiting(2)
            await it.stop()
            assert it.ends == [1, 0]


async def test_a_hangup_during_the_start_is_heeded_once_there_is_a_daemon(tmp_path: Path) -> None:
    async with installed(tmp_path) as it:
        with it.log.open("ab") as log:
            it.process = await asyncio.create_subprocess_exec(COMMAND, "run", "-c", it.one.path, stdout=log, stderr=log)

        async def holds_it_back() -> bool:
            return blocks_hangups(it.process)

        await it.until(holds_it_back, "the command has begun")
        it.send(signal.SIGHUP)
        await it.until(it.is_ready, "it has polled")

        async def has_reloaded() -> bool:
            return any(row["event"] == "config.reloaded" for row in it.words())

        await it.until(has_reloaded, "it has read its file again")
        await it.stop()
        assert it.ends == [0]


def blocks_hangups(process: asyncio.subprocess.Process | None) -> bool:
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigBlk"))
    return bool(int(mask, 16) & 1 << signal.SIGHUP - 1)
