"""Several daemons on one PostgreSQL, each behind a wire of its own to it, and portals that note who asks them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import yaml
from aiohttp import web

from tests.e2e.e2e_parts import COMMAND, Running, free_port, launch, secret_file
from tests.e2e.second_portal import SecondPortal

SHARDS, PORTALS = 12, 18
# LEASE=30 POLL=60 in the environment: the daemon's own defaults, for half an hour's patience.
LEASE, POLL = float(os.environ.get("LEASE", "3")), float(os.environ.get("POLL", "1"))
TWO_MINUTES = 2 * LEASE + POLL  # what a takeover may take; two minutes by default
CHANNEL, LINE = "telegrambot", 1
SLACK = 0.25  # seconds that a request may be on its way to the portal while its sender lets go

NOTED = """
CREATE TABLE noted (at double precision, shard int, term bigint, owner text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.owner <> old.owner THEN
    INSERT INTO noted VALUES (extract(epoch FROM clock_timestamp()), new.shard, new.term, new.owner);
  END IF;
  RETURN new;
END $$;
CREATE TRIGGER note AFTER UPDATE ON shards FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO noted SELECT 0, shard, term, owner FROM shards;
CREATE TABLE written (at double precision, portal text, port int, what text);
CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO written VALUES (extract(epoch FROM clock_timestamp()), new.portal, inet_client_port(), tg_table_name);
  RETURN new;
END $$;
"""
WRITTEN = ("portals", "remembered", "tokens", "incidents", "turns", "outbox", "failing")
NOTE_WRITE = "CREATE TRIGGER note_write AFTER INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION note_write();"


class Wire:
    """A TCP way to the database that can be cut without a word: bytes go nowhere, nobody is told."""

    def __init__(self, port: int) -> None:
        self._to, self.port = port, 0
        self.ports: set[int] = set()  # by which the database knows who comes this way
        self._whole = asyncio.Event()
        self._whole.set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> Wire:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        """What hung on the cut wire is reset; new connections pass."""
        for writer in self._writers:
            writer.transport.abort()
        self._whole.set()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.mend()
        for task in list(self._tasks):
            task.cancel()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._whole.wait()
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._to)
        self._writers |= {writer, there_writer}
        self.ports.add(there_writer.get_extra_info("sockname")[1])
        for source, target in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.get_running_loop().create_task(self._pump(source, target))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while piece := await source.read(65536):
                await self._whole.wait()
                target.write(piece)
                await target.drain()
        except (ConnectionError, OSError):
            pass
        finally:
            target.close()


@dataclass
class Held:
    """One process's answers that a portal keeps back: `reached` when one of them waits, until `let_go`."""

    process: str
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self, request: web.Request) -> None:
        if process_of(request) == self.process:
            self.reached.set()
            await self.let_go.wait()


def process_of(request: web.Request) -> str:
    """As it names itself to portals."""
    return request.headers.get("User-Agent", "").partition("(")[2].rstrip(")")


@dataclass
class Stand:
    """`asked`: (moment, portal, process) of every request a portal got."""

    folder: Path
    database: str
    alertmanager: str | None = None
    portals: dict[str, SecondPortal] = field(default_factory=dict)
    asked: list[tuple[float, str, str]] = field(default_factory=list)
    wires: dict[str, Wire] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)  # sections of every process's file
    held: dict[str, Held] = field(default_factory=dict)  # by portal
    bound: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # `channels` of a portal

    async def build(self) -> None:
        for number in range(PORTALS):
            name = f"p{number}"
            portal = await SecondPortal(access_ttl=4.0).__aenter__()
            portal.users = {5: "Анна Петрова"}
            portal.line(LINE)
            portal.channel(CHANNEL, LINE, "Telegram")
            portal.fault = self._noting(name)
            self.portals[name] = portal

    def _noting(self, name: str) -> Callable[[web.Request], Any]:
        async def note(request: web.Request) -> None:
            self.asked.append((time.time(), name, process_of(request)))
            if name in self.held:
                await self.held[name].keep(request)

        return note

    async def start(self, name: str) -> None:
        if name not in self.wires:
            port = psycopg.conninfo.conninfo_to_dict(self.database)["port"]
            self.wires[name] = await Wire(int(str(port))).open()
        port, folder = free_port(), self.folder / name
        folder.mkdir(exist_ok=True)
        config = self._config(name, port, folder)
        command = [*COMMAND, "run", "-c", str(config)]
        self.running[name] = launch(command, folder / "daemon.log", f"http://127.0.0.1:{port}")

    def _config(self, name: str, port: int, folder: Path) -> Path:
        address = psycopg.conninfo.conninfo_to_dict(self.database)
        who = ":".join(str(address[part]) for part in ("user", "password") if part in address)
        tree = {
            "web": {"listen": f"127.0.0.1:{port}"},
            "store": {"url": f"postgresql://{who}@127.0.0.1:{self.wires[name].port}/{address['dbname']}"},
            "allow_literal_secrets": "password" in address,
            "alertmanager": {"url": self.alertmanager},
            "cluster": {"name": name, "shards": SHARDS, "lease": f"{LEASE:.0f}s", "url": f"http://127.0.0.1:{port}"},
            "defaults": {"poll": f"{POLL:.0f}s", "settle": "1s"},
            "portals": [
                self.entry(folder, known, portal) | {"channels": self.bound.get(known, [])}
                for known, portal in self.portals.items()
            ],
            **self.extra,
        }
        path = folder / "monitor.yaml"
        path.write_text(yaml.safe_dump(tree))
        return path

    @staticmethod
    def entry(folder: Path, name: str, portal: SecondPortal) -> dict[str, Any]:
        return {
            "name": name,
            "url": portal.url,
            "rate": {"per_second": 50, "burst": 500},
            "auth": {
                "client_id": portal.client_id,
                "client_secret_file": secret_file(folder, f"{name}-client", portal.client_secret),
                "refresh_token_file": secret_file(folder, f"{name}-refresh", portal.refresh_token),
                "oauth_url": portal.url,
            },
        }

    def signal(self, name: str, number: signal.Signals) -> None:
        os.kill(self.running[name].process.pid, number)

    async def close(self) -> None:
        for part in self.running.values():
            if part.process.poll() is None:
                part.process.send_signal(signal.SIGCONT)
                part.process.kill()
                await asyncio.to_thread(part.process.wait, 10)
        for wire in self.wires.values():
            await wire.close()
        for portal in self.portals.values():
            await portal.__aexit__()

    # --- what was seen ----------------------------------------------------------------------------------

    def owners(self) -> dict[int, str]:
        """Name of the process by shard; "" = nobody."""
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT shard, owner FROM shards").fetchall()
        return {int(shard): str(owner).rpartition("-")[0] for shard, owner in rows}

    def last_asked(self) -> dict[str, tuple[float, str]]:
        last: dict[str, tuple[float, str]] = {}
        for at, portal, process in self.asked:
            last[portal] = (at, process)
        return last

    def note_changes(self) -> None:
        """From now on the database notes who holds what and who writes what; who has a shard now has had it always."""
        with psycopg.connect(self.database) as connection:
            connection.execute(NOTED)
            for table in WRITTEN:
                connection.execute(NOTE_WRITE.format(table))

    def trespasses(self, shard_of: Callable[[str], int]) -> list[tuple[float, str, str]]:
        """Requests of a process at a moment when, by the database's own record, it did not hold the portal's shard."""
        history = self._history()
        return [
            (at, portal, process)
            for at, portal, process in self.asked
            if process not in set(holders(history[shard_of(portal)], at - SLACK, at))
        ]

    def written(self) -> list[tuple[float, str, str, str]]:
        """(moment, portal, process, table) of every row that a process wrote, by the way it came to the database."""
        process = {port: name for name, wire in self.wires.items() for port in wire.ports}
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT at, portal, port, what FROM written ORDER BY at").fetchall()
        return [(float(at), str(portal), process[int(port)], str(what)) for at, portal, port, what in rows]

    def stale_writes(self, shard_of: Callable[[str], int]) -> list[tuple[float, str, str, str]]:
        """Rows of who did not hold the portal's shard at that moment; no slack: a change of hands waits for writers."""
        history = self._history()
        return [row for row in self.written() if row[2] not in set(holders(history[shard_of(row[1])], row[0], row[0]))]

    def longest_unasked(self, since: float, until: float) -> float:
        """Of all portals, the longest span between those moments in which one of them was not asked."""
        moments: dict[str, list[float]] = {name: [since] for name in self.portals}
        for at, portal, _ in self.asked:
            if since <= at <= until:
                moments[portal].append(at)
        return max(after - before for one in moments.values() for before, after in pairwise([*one, until]))

    def _history(self) -> dict[int, list[tuple[float, str]]]:
        with psycopg.connect(self.database) as connection:
            rows = connection.execute("SELECT at, shard, owner FROM noted ORDER BY at").fetchall()
        history: dict[int, list[tuple[float, str]]] = defaultdict(list)
        for at, shard, owner in rows:
            history[int(shard)].append((float(at), str(owner).rpartition("-")[0]))
        return history


def holders(history: list[tuple[float, str]], since: float, until: float) -> Iterator[str]:
    """Everyone who held it at some moment of the span."""
    for (begun, owner), (ended, _) in zip(history, [*history[1:], (float("inf"), "")], strict=True):
        if begun <= until and ended >= since:
            yield owner


async def within(seconds: float, holds: Callable[[], bool], why: str) -> float:
    """How long it took; the loop goes on meanwhile."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if await asyncio.to_thread(holds):
            return time.monotonic() - begun
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {why}")
