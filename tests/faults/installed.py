"""The installed daemon as a process of its own on the emulated portal: real signals, real limits, a poll a second."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from postgres_server import Server
from stage import Gate, HandClock, Mode, Outcome, Stage, kept, stage

from monitor.shell.store import Store
from tests.e2e.e2e_parts import free_port

COMMAND = Path(sys.executable).with_name("messenger-monitor")
UNIT = Path(__file__).parents[2] / "deploy" / "messenger-monitor.service"
PATIENCE = 20.0  # seconds for what has to come by itself


def stop_within() -> float:
    """How long systemd waits for a process that it has sent SIGTERM."""
    found = re.search(r"^TimeoutStopSec=(\d+)s$", UNIT.read_text(), re.MULTILINE)
    assert found is not None
    return float(found[1])


class WallClock(HandClock):
    """The time of day, as the process has it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    real_now = now


@dataclass
class Installed:
    """`messenger-monitor run`, again and again on the same portal and store; `log` is all it ever said."""

    one: Stage
    url: str
    log: Path
    process: asyncio.subprocess.Process | None = None
    ends: list[int] = field(default_factory=list)  # exit codes
    took: float = 0.0  # seconds that its first end took

    async def start(self) -> timedelta:
        """How long it took until it had polled its portal."""
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                COMMAND, "run", "-c", self.one.path, stdout=log, stderr=log
            )
        await self.until(self.is_ready, "it has polled")
        return timedelta(seconds=time.monotonic() - begun)

    async def goes_on(self) -> timedelta:
        """How long it took until it had asked its portal once more."""
        begun, before = time.monotonic(), self.one.sandbox.counts["http"]

        async def has_asked() -> bool:
            return self.one.sandbox.counts["http"] > before

        await self.until(has_asked, "it polls")
        return timedelta(seconds=time.monotonic() - begun)

    async def until_it_asks_no_more(self) -> None:
        """Until what it waits for, longer than three intervals of its polls, is not its portal."""
        begun = time.monotonic()
        before, since = self.one.sandbox.counts["http"], begun
        while time.monotonic() - since < 4.0:
            assert time.monotonic() - begun < PATIENCE, "it polls on"
            await asyncio.sleep(0.05)
            if (asked := self.one.sandbox.counts["http"]) > before:
                before, since = asked, time.monotonic()

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def ended(self, within: float) -> None:
        """Wait until it has, by itself."""
        assert self.process is not None
        begun = time.monotonic()
        async with asyncio.timeout(within):
            self.ends.append(await self.process.wait())
        self.process = None
        self.took = self.took or time.monotonic() - begun

    async def stop(self) -> None:
        self.send(signal.SIGTERM)
        await self.ended(stop_within())

    def words(self) -> list[dict[str, Any]]:
        """Its log, but for lines that are none of its own."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def sentences(self) -> list[str]:
        """What it said when it could not go on."""
        return [str(row["problem"]) for row in self.words() if row["event"] in {"store.failed", "memory.exhausted"}]

    # --- what it shows -----------------------------------------------------------------------------------

    async def page(self, path: str) -> str:
        async with aiohttp.ClientSession() as http, http.get(self.url + path) as answer:
            answer.raise_for_status()
            return await answer.text()

    async def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, self.log.read_text()[-2000:]
        await self.page("/readyz")
        return True

    async def waiting(self) -> int:
        """Customers without an answer, as it shows them."""
        shown = re.findall(r"^messenger_open_turns\{.*\} (\d+)", await self.page("/metrics"), re.MULTILINE)
        return sum(int(count) for count in shown)

    async def until(self, holds: Callable[[], Awaitable[bool]], why: str) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if await holds():
                    return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {PATIENCE} s: {why}\n{self.log.read_text()[-3000:]}")

    async def until_waiting(self, count: int) -> None:
        async def holds() -> bool:
            return await self.waiting() == count

        await self.until(holds, f"{count} customers wait")

    async def until_told(self) -> None:
        async def holds() -> bool:
            return bool(self.one.receiver.told("QrRescanRequired"))

        await self.until(holds, "the lost QR code is told")

    async def outcome(self) -> Outcome:
        """After its end: what its store holds."""
        assert self.process is None
        store = await Store.open(self.one.config.store_url)
        try:
            state = await store.load_portal("acme")
            assert state is not None
            return await kept(self.one, store, state)
        finally:
            await store.close()


@contextmanager
def disk(folder: Path) -> Iterator[str]:
    """The address of a store on a disk of two megabytes."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
    try:
        yield f"sqlite:///{folder / 'state.db'}"
    finally:
        subprocess.run(["umount", folder], check=True)


@asynccontextmanager
async def installed(folder: Path, postgres: Server | None = None, store: str = "") -> AsyncIterator[Installed]:
    async with stage(folder, clock=WallClock(), postgres=postgres, store=store) as one:
        port = free_port()
        tree = yaml.safe_load(one.path.read_text())
        tree["defaults"] |= {"poll": "1s"}
        tree["web"] = {"listen": f"127.0.0.1:{port}"}
        tree["log"] = {"format": "json"}
        one.path.write_text(yaml.safe_dump(tree))
        built = Installed(one=one, url=f"http://127.0.0.1:{port}", log=folder / "daemon.log")
        try:
            yield built
        finally:
            if built.process is not None and built.process.returncode is None:
                built.process.kill()
                await built.process.wait()


@dataclass
class Held:
    """Answers that were given and do not arrive: `reached` when there is one, until `let_go`."""

    gate: Gate
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def begin(self) -> None:
        await self.gate.become(self.mode())

    async def until_reached(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self.reached.wait()

    def mode(self) -> Mode:
        async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", self.gate.target)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_carry(reader, back))
                    group.create_task(self._kept(there, writer))
            finally:
                back.transport.abort()

        return hold

    async def _kept(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while chunk := await there.read(65536):
                self.reached.set()
                await self.let_go.wait()
                writer.write(chunk)
                await writer.drain()
        writer.transport.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


def limit_memory(pid: int, beyond: int) -> None:
    """From now on the process may have so many bytes of data more than it has at this moment."""
    has = int(re.findall(r"^VmData:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[0]) * 1024
    resource.prlimit(pid, resource.RLIMIT_DATA, (has + beyond, has + beyond))
