"""One portal under the real daemon's parts, minute by minute, with a hand on everything that can break.

The sandbox speaks HTTP behind a gate of raw TCP, and so does the receiver of alerts: whatever breaks there breaks on
the wire. The daemon's clock is moved by hand; what would end the process ends it here, and the next minute starts it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from postgres_server import Server

from monitor.config import Config, load
from monitor.core.memory import PortalState
from monitor.core.model import Failure
from monitor.daemon import Daemon
from monitor.sandbox.presets import CONNECTORS, furnished
from monitor.sandbox.server import Sandbox
from monitor.shell.clock import Clock
from monitor.shell.http import session
from monitor.shell.store import Store, StoreError
from monitor.shell.watch import Watch

START = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)  # a Monday, ten in Moscow
MINUTE = timedelta(minutes=1)
WHATSAPP, TELEGRAM = CONNECTORS[0][0], CONNECTORS[1][0]
Mode = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class HandClock(Clock):
    """Daemon time and real time move by hand; only timeouts are real."""

    def __init__(self, at: datetime = START) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at

    def real_now(self) -> datetime:
        return self.at


@dataclass
class PortalClock:
    """The portal's own clock: ours, unless one of the two goes wrong."""

    hand: HandClock
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return self.hand.now() + self.ahead


class Killed(BaseException):
    """As if by SIGKILL: nobody may catch it."""


@dataclass
class Gate:
    """TCP before a server on loopback. `mode` None lets everything through."""

    target: int
    mode: Mode | None = None
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Every open connection dies."""
        for writer in list(self._open):
            writer.transport.abort()
        for task in list(self._tasks):
            task.cancel()

    async def become(self, mode: Mode | None) -> None:
        self.mode = mode
        self.cut()
        if self._server is None:
            await self.listen()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
                await (self.mode or self._through)(reader, writer)
        finally:
            self._tasks.discard(task)
            self._open.discard(writer)
            writer.transport.abort()

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        self._open.add(back)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pipe(reader, back))
                group.create_task(_pipe(there, writer))
        finally:
            self._open.discard(back)
            back.transport.abort()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.transport.close()


@dataclass
class Receiver:
    """An Alertmanager that remembers what it was told, and misbehaves on demand."""

    status: int = 200
    body: str = "{}"
    posts: int = 0
    alerts: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    firing: dict[tuple[tuple[str, str], ...], str] = field(default_factory=dict)
    refuses: Callable[[dict[str, Any]], bool] = lambda _: False

    async def take(self, request: web.Request) -> web.Response:
        self.posts += 1
        rows = await request.json()
        if self.status >= 300:
            return web.Response(status=self.status, text=self.body, headers={"Location": "http://elsewhere.invalid/"})
        if any(self.refuses(row) for row in rows):
            return web.json_response("bad label", status=400)
        for row in rows:
            key = tuple(sorted(row["labels"].items()))
            self.alerts.setdefault((row["labels"]["alertname"], str(key)), set()).add(row["startsAt"])
            self.firing[key] = row["endsAt"]
        return web.json_response({})

    def told(self, name: str) -> list[set[str]]:
        """The beginnings that were told of each alert of this name."""
        return [begun for (alert, _), begun in self.alerts.items() if alert == name]


@dataclass
class Stage:
    """Everything at hand. `seen` is what an operator could read: sentences, incidents, failures."""

    folder: Path
    clock: HandClock
    portal_clock: PortalClock
    sandbox: Sandbox
    gate: Gate
    oauth_gate: Gate
    receiver: Receiver
    alerts_gate: Gate
    bot_gate: Gate
    config: Config
    path: Path
    seen: list[str] = field(default_factory=list)
    deaths: int = 0
    daemon: Daemon | None = None
    store: Store | None = None
    wrap: Callable[[Store], Any] = lambda store: store
    _stack: AsyncExitStack | None = None
    sessions: dict[str, int] = field(default_factory=dict)
    timeout: float = 0.5
    postgres: Server | None = None
    post: Any = None  # the mail server, where people are told

    # --- the process -----------------------------------------------------------------------------------

    async def start(self) -> bool:
        """As systemd would. False when it could not start: the sentence is seen."""
        config = _quick(self.config, self.timeout)
        stack = AsyncExitStack()
        try:
            store = await Store.open(config.store_url, key=config.store_key)
        except StoreError as error:
            self._note(f"start: {error}")
            return False
        stack.push_async_callback(store.close)
        http: aiohttp.ClientSession = await stack.enter_async_context(session())
        group = await stack.enter_async_context(_group())
        self.daemon = Daemon(
            config=config, clock=self.clock, store=self.wrap(store), http=http, group=group, path=self.path
        )
        self.store, self._stack = store, stack
        await self.daemon.restore_alerts()
        await self.daemon.adopt(config)
        self.hold()
        return True

    def hold(self) -> None:
        """The stage gives the rhythm, nothing polls by itself."""
        assert self.daemon is not None
        for kept in (*self.daemon._portals.kept.values(), *self.daemon._accounts.kept.values()):
            kept.task.cancel()

    async def stop(self) -> None:
        if self._stack is not None:
            self.hold()
            stack, self._stack, self.daemon = self._stack, None, None
            await stack.aclose()

    @property
    def watch(self) -> Watch:
        assert self.daemon is not None
        return self.daemon._portals["acme"]

    @property
    def state(self) -> PortalState | None:
        return self.watch.state if self.daemon else None

    # --- time ------------------------------------------------------------------------------------------

    async def minute(self, by: timedelta = MINUTE) -> None:
        """One interval passes, one poll is made, its alerts are told. A process that ended is started first."""
        self.clock.at += by
        if self.daemon is None and not await self.start():
            return
        try:
            await self.watch.poll()
            assert self.daemon is not None
            for account in self.daemon._accounts.kept.values():
                await account.run.poll()
            if self.daemon.pusher is not None:
                await self.daemon.pusher.tell()
            await self._bring()
        except StoreError as error:
            self.deaths += 1
            self._note(f"exit 1: {error}")
            await self.stop()
        except Killed:
            self.deaths += 1
            await self.stop()
        except BaseExceptionGroup as several:  # within a probe
            if several.split(Killed)[1] is not None:
                raise
            self.deaths += 1
            await self.stop()
        else:
            self._look()

    async def _bring(self) -> None:
        """What waits for people is brought to them, each receiver's in its order."""
        assert self.daemon is not None
        courier = self.daemon.courier
        for (portal, receiver), rows in (await courier._due()).items():
            await courier._served(portal, receiver, rows)

    def _look(self) -> None:
        state = self.state
        assert state is not None
        for incident in state.incidents.values():
            self._note(f"incident {incident.kind.value}")
        failure = state.memory.last_failure
        if failure is not None:
            self._note(f"failure {words(failure)}")
        for reading in self.watch.readings.values():
            for one in (*reading.failures, *([reading.failure] if reading.failure else [])):
                self._note(f"failure {words(one)}")

    def _note(self, text: str) -> None:
        text = text.replace(str(self.folder), "DIR")
        if text not in self.seen:
            self.seen.append(text)

    @property
    def is_well(self) -> bool:
        state = self.state
        if state is None or self.daemon is None:
            return False
        unheard = self.daemon.pusher is not None and self.daemon.pusher.failing_since is not None
        failing = state.memory.failed or state.memory.denied or not state.memory.up
        kinds = {incident.kind.value for incident in state.incidents.values()}
        failures = [one for reading in self.watch.readings.values() for one in reading.failures]
        return not (failing or unheard or failures or kinds & {"portal_unreachable", "portal_auth_failed"})

    # --- what happens on the portal --------------------------------------------------------------------

    def customer(self, name: str, connector: str = TELEGRAM, text: str = "Здравствуйте, сколько стоит?") -> None:
        world = self.sandbox.world
        dialog = world.customer_writes(connector, 1, world.add_customer(name), text)
        self.sessions[name] = dialog.id

    def answer(self, name: str, user: int = 12) -> None:
        world = self.sandbox.world
        world.operator_writes(world.dialogs[self.sessions[name]], user)

    def say_more(self, name: str, text: str) -> None:
        """His last message turns out to be this one."""
        self.sandbox.world.dialogs[self.sessions[name]].messages[-1].text = text

    def lose_qr(self) -> None:
        self.sandbox.world.set_error(WHATSAPP, 1)


def words(failure: Failure) -> str:
    return " ".join(part for part in (failure.reason.value, failure.code, failure.detail) if part)


def _quick(config: Config, timeout: float) -> Config:
    """Shorter than a configuration may say: tests wait for timeouts."""
    short = timedelta(seconds=timeout)
    portals = tuple(replace(one, timeout=short) for one in config.portals)
    return replace(config, portals=portals, providers=tuple(replace(one, timeout=short) for one in config.providers))


async def _bot(request: web.Request) -> web.Response:
    """A Telegram bot whose webhook leads to Bitrix24."""
    if request.match_info["method"] == "getMe":
        return web.json_response({"ok": True, "result": {"id": 1, "is_bot": True, "username": "acme_bot"}})
    hook = {"url": "https://im.bitrix.example/hook", "pending_update_count": 0}
    return web.json_response({"ok": True, "result": hook})


@asynccontextmanager
async def _group() -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.TaskGroup() as group:
        yield group


@asynccontextmanager
async def stage(
    folder: Path,
    at: datetime = START,
    store: str = "",
    postgres: Server | None = None,
    post: Any = None,
    told: list[dict[str, Any]] | None = None,
    clock: HandClock | None = None,
) -> AsyncIterator[Stage]:
    """`postgres`: a server whose database is the store, in the hands of the test; `post`: the mail server, `told` the
    receivers of the configuration."""
    store = postgres.url if postgres is not None else store
    clock = clock or HandClock(at)
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/api/v2/alerts", receiver.take)
    app.router.add_get("/bot{token}/{method}", _bot)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    portal_clock = PortalClock(clock)
    world = furnished(portal_clock, hours=False)
    async with Sandbox(world, clock=portal_clock) as sandbox:
        receivers = runner.addresses[0][1]
        portal = int(sandbox.url.rsplit(":", 1)[1])
        gates = Gate(portal), Gate(portal), Gate(receivers), Gate(receivers)
        gate, oauth_gate, alerts_gate, bot_gate = gates
        for one in gates:
            await one.listen()
        sandbox.oauth.endpoint = f"{gate.url}/rest/"
        keys: dict[str, Any] = {"allow_literal_secrets": True, "store": {"url": store}} if store else {}
        (folder / "bot").write_text("1:canary-bot-token")
        (folder / "bot").chmod(0o600)
        bot = {"name": "tg", "type": "telegram_bot", "token_file": str(folder / "bot"), "url": bot_gate.url}
        keys |= {"providers": [bot | {"timeout": "1s"}], **({"receivers": told} if told else {})}
        path = write_config(folder, sandbox, (gate.url, oauth_gate.url), alerts_gate.url, **keys)
        built = Stage(
            folder=folder,
            clock=clock,
            portal_clock=portal_clock,
            sandbox=sandbox,
            gate=gate,
            oauth_gate=oauth_gate,
            receiver=receiver,
            alerts_gate=alerts_gate,
            bot_gate=bot_gate,
            config=load(path),
            path=path,
            postgres=postgres,
            post=post,
        )
        try:
            yield built
        finally:
            await built.stop()
            for one in gates:
                await one.shut()
            await runner.cleanup()


def write_config(folder: Path, sandbox: Sandbox, portals: tuple[str, str], alerts: str, **keys: Any) -> Path:
    """`portals`: the addresses of the portal and of its OAuth server."""
    portal, oauth = portals
    known = sandbox.credentials
    for name in ("client_secret", "refresh_token"):
        (folder / name).write_text(known[name])
        (folder / name).chmod(0o600)
    auth = {
        "client_id": known["client_id"],
        "client_secret_file": str(folder / "client_secret"),
        "refresh_token_file": str(folder / "refresh_token"),
        "oauth_url": oauth,
    }
    tree = {
        "store": {"url": f"sqlite:///{folder / 'state.db'}"},
        "alertmanager": {"url": alerts},
        "defaults": {"poll": "60s", "settle": "0s"},
        "portals": [
            {
                "name": "acme",
                "url": portal,
                "auth": auth,
                "rate": {"per_second": 1000, "burst": 10000},
                "channels": [{"connector": TELEGRAM, "line": 1, "provider": "tg"}],
            }
        ],
        **keys,
    }
    path = folder / "monitor.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is left in store and receiver at the end: what another run is compared with."""

    turns: dict[tuple[int, int], int]  # -> the message that ended it
    events: Counter[tuple[int, int, str]]
    received: dict[str, int]
    alerts: int
    beginnings: int
    names: frozenset[str]
    dead_refresh_uses: int


async def outcome(one: Stage) -> Outcome:
    assert one.store is not None
    assert one.state is not None
    return await kept(one, one.store, one.state)


async def kept(one: Stage, store: Store, state: PortalState) -> Outcome:
    """What a store that may be no daemon's any more holds, beside what portal and receiver saw."""
    turns = await store.turns("acme")
    events: Counter[tuple[int, int, str]] = Counter()
    for chat in {turn.chat for turn in turns}:
        for event in await store.turn_events("acme", chat):
            # A late answer that an outage excuses is one all the same; `turns` says whether it was seen.
            what = "answered" if event.what == "excused" else event.what
            events[event.chat, event.message, what] += what in {"turn_open", "answered"}
    lost_qr = one.receiver.told("QrRescanRequired")
    return Outcome(
        turns={(turn.chat, turn.message): turn.ended_by for turn in turns},
        events=+events,
        received={str(key): memory.received for key, memory in state.channels.items()},
        alerts=len(lost_qr),
        beginnings=sum(len(begun) for begun in lost_qr),
        names=frozenset(name for name, _ in one.receiver.alerts),
        dead_refresh_uses=one.sandbox.oauth.dead_refresh_uses,
    )


def lost(was: Outcome, meant: Outcome) -> list[str]:
    """What the undisturbed run has and this one has not."""
    gone = [f"turn {key}" for key, answer in meant.turns.items() if was.turns.get(key) != answer]
    gone += [f"event {key}" for key, count in meant.events.items() if was.events[key] < count]
    gone += [f"messages of {key}" for key, count in meant.received.items() if was.received.get(key, 0) < count]
    return gone + (["alert QrRescanRequired"] if was.alerts < meant.alerts else [])


def told_besides(was: Outcome, meant: Outcome) -> list[str]:
    """Alerts that the undisturbed run did not need."""
    return sorted(was.names - meant.names)


def doubled(was: Outcome, meant: Outcome) -> list[str]:
    twice = [f"turn {key}" for key in was.turns if key not in meant.turns]
    twice += [f"event {key}" for key, count in was.events.items() if count > max(1, meant.events[key])]
    twice += [f"messages of {key}" for key, count in was.received.items() if count > meant.received.get(key, 0)]
    twice += ["alert QrRescanRequired"] if was.beginnings > meant.beginnings else []
    return twice + (["use of a dead refresh token"] if was.dead_refresh_uses else [])
