"""The dead-man's switch against a real server that keeps what it heard."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from ops_parts import config_file, eventually, portal_of, secret

from monitor.app import _beats
from monitor.config import ConfigProblems, load
from monitor.daemon import Daemon
from monitor.sandbox.faults import Fault
from monitor.sandbox.server import Sandbox
from monitor.secret import Secret
from monitor.shell.clock import Clock
from monitor.shell.heartbeat import Heartbeat, Progress, address
from monitor.shell.http import session
from monitor.shell.store import Store
from monitor.shell.switch import Switch
from monitor.shell.systemd import Notifier

CANARY = "5f1acanary"


@dataclass
class Service:
    """One check of the service: the pings it heard, in order."""

    heard: list[tuple[str, str]] = field(default_factory=list)
    status: int = 200
    limit: str = "100000"
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        word = request.path.removeprefix(f"/{CANARY}").strip("/")
        async with self.arrived:
            self.heard.append((word, await request.text()))
            self.arrived.notify_all()
        return web.Response(text="OK", status=self.status, headers={"Ping-Body-Limit": self.limit})

    async def until(self, word: str) -> str:
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: any(one == word for one, _ in self.heard))
        return next(text for one, text in self.heard if one == word)


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    kept = Service()
    app = web.Application()
    app.router.add_post("/{tail:.*}", kept.take)
    async with TestServer(app, host="127.0.0.1") as server:
        kept.url = f"http://127.0.0.1:{server.port}/{CANARY}"
        yield kept


@asynccontextmanager
async def heartbeat(kept: Service, states: list[Progress]) -> AsyncIterator[Heartbeat]:
    """Each beat sees the next state; the last one stays."""
    async with session() as http:
        beat = Heartbeat(http=http, clock=Clock(), progress=lambda: states.pop(0) if len(states) > 1 else states[0])
        beat.adopt(Switch(url=Secret(kept.url)))
        yield beat


WELL = Progress(well=True, words="watching 1 portals")
BEGINNING = Progress(well=True, words="watching 1 portals", begun=False)
ILL = Progress(well=False, words="polls do not end: acme")


async def test_start_success_and_fail_go_to_their_addresses_and_fail_is_said_once() -> None:
    async with service() as kept, heartbeat(kept, [BEGINNING, BEGINNING, WELL, WELL, ILL, ILL, WELL]) as beat:
        for _ in range(7):
            assert await beat.beat()
    assert [word for word, _ in kept.heard] == ["start", "", "", "fail", ""]
    assert kept.heard[3][1] == "polls do not end: acme"


async def test_no_ping_vouches_for_a_daemon_that_makes_no_progress() -> None:
    async with service() as kept, heartbeat(kept, [ILL]) as beat:
        for _ in range(5):
            await beat.beat()
    assert "" not in [word for word, _ in kept.heard]


async def test_the_body_keeps_to_the_limit_that_the_service_tells() -> None:
    long = Progress(well=True, words="x" * 50_000)
    async with service() as kept, heartbeat(kept, [long]) as beat:
        kept.limit = "100"
        await beat.beat()
        await beat.beat()
    assert [len(text) for _, text in kept.heard] == [10_000, 100]


@pytest.mark.parametrize("status", [400, 404, 500, 302])
async def test_a_refused_ping_is_not_heard_and_fail_is_said_again(status: int) -> None:
    async with service() as kept, heartbeat(kept, [ILL]) as beat:
        kept.status = status
        assert not await beat.beat()
        kept.status = 200
        assert await beat.beat()
    assert [word for word, _ in kept.heard] == ["fail", "fail"]


async def test_a_dead_service_harms_nobody_and_its_address_is_never_told(capsys: pytest.CaptureFixture[str]) -> None:
    async with service() as kept:
        pass
    async with heartbeat(kept, [WELL]) as beat:
        assert not await beat.beat()
    assert CANARY not in capsys.readouterr().out
    assert CANARY not in repr(Switch(url=Secret(kept.url)))


def test_words_stand_below_the_path_and_before_the_query() -> None:
    assert (
        address(Secret("https://hc.example/key/slug?create=1"), "fail") == "https://hc.example/key/slug/fail?create=1"
    )
    assert address(Secret("https://hc.example/uuid/"), "") == "https://hc.example/uuid"


@asynccontextmanager
async def watching(folder: Path, sandbox: Sandbox, kept: Service, every: str = "10s") -> AsyncIterator[Daemon]:
    ping = {"url_file": secret(folder, "ping", kept.url), "every": every}
    path = config_file(folder, portal_of(folder, sandbox, poll="1s", timeout="1s"), heartbeat=ping)
    config, clock = load(path), Clock()
    store = await Store.open(config.store_url)
    async with session() as http, asyncio.TaskGroup() as group:
        daemon = Daemon(config=config, clock=clock, store=store, http=http, group=group, path=path)
        await daemon.adopt(config)
        task = group.create_task(daemon.heartbeat.run())
        yield daemon
        await daemon.stop()
        task.cancel()
    await store.close()


async def test_a_daemon_that_polls_says_start_and_then_success(tmp_path: Path) -> None:
    async with service() as kept, Sandbox() as sandbox, watching(tmp_path, sandbox, kept) as daemon:
        assert await kept.until("start") == "watching 1 portals"
        await eventually(lambda: daemon.progress().begun)
        assert await daemon.heartbeat.beat()
        assert await kept.until("") == "watching 1 portals"


async def test_a_poll_that_ends_in_a_failure_is_progress_and_one_that_hangs_is_not(tmp_path: Path) -> None:
    async with service() as kept, Sandbox() as sandbox:
        sandbox.inject(Fault(kind="INTERNAL_SERVER_ERROR"))
        async with watching(tmp_path, sandbox, kept) as daemon:
            await eventually(lambda: daemon.progress().begun)
            assert daemon.progress().well
            rhythm = daemon._portals.kept["acme"].rhythm
            rhythm.last_real = rhythm.begun_real = rhythm.begun_real - 121.0
            told = daemon.progress()
            assert (told.well, told.words) == (False, "polls do not end: acme")
            assert daemon.health()[0] is False


def test_the_address_is_asked_for_over_tls_and_as_an_address(tmp_path: Path) -> None:
    portal = {"name": "acme", "url": "https://acme.bitrix24.ru", "auth": {"webhook_url": "${HOOK}"}}
    env = {"HOOK": "https://acme.bitrix24.ru/rest/1/abc/", "PING": "http://hc.example/x"}
    path = config_file(tmp_path, portal, heartbeat={"url": "${PING}"})
    with pytest.raises(ConfigProblems, match=r"heartbeat.url: expected https:// beyond this machine"):
        load(path, env)
    with pytest.raises(ConfigProblems, match=r"heartbeat.url: expected an address such as https://hc-ping.com/UUID"):
        load(path, env | {"PING": "no-address"})
    config = load(path, env | {"PING": f"https://hc-ping.com/{CANARY}"})
    assert config.heartbeat is not None
    assert config.heartbeat.every == timedelta(seconds=60)
    assert CANARY not in repr(config)


async def test_systemd_hears_of_us_only_while_polls_end(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(address)
        listening.setblocking(False)
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000"})
        loop = asyncio.get_running_loop()
        async with service() as kept, Sandbox() as sandbox, watching(tmp_path, sandbox, kept) as daemon:
            await eventually(lambda: daemon.progress().begun)
            async with asyncio.TaskGroup() as group:
                beats = group.create_task(_beats(daemon, notifier))
                assert b"WATCHDOG=1" in await asyncio.wait_for(loop.sock_recv(listening, 4096), 5)
                rhythm = daemon._portals.kept["acme"].rhythm
                daemon._portals.kept["acme"].task.cancel()  # it polls no more, and the loop runs on
                rhythm.last_real = rhythm.begun_real = rhythm.begun_real - 121.0
                with suppress(BlockingIOError):
                    while listening.recv(4096):
                        continue
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(loop.sock_recv(listening, 4096), 0.2)
                beats.cancel()
