"""What ends or stops the installed daemon from outside: a signal in each phase of its work, memory that runs out."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from installed import PATIENCE, Held, Installed, limit_memory, stop_within
from stage import Gate, Stage

Goes = Callable[[], None]  # what goes on at the portal at that moment
Hit = Callable[[Installed, Goes], Awaitable[None]]
GateOf = Callable[[Stage], Gate]

LONG = "х" * 2_000_000  # a message of 12 MB as the portal says it
BESIDE = 1_000_000  # bytes beyond what the process has
SOON = 15.0  # seconds in which a process without memory ends by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """`hit` returns when the process has ended, with `code` and in the words of `says`; `stays`: it goes on instead.
    `hand`: what a person has to do; `small_disk`: the store has one of its own."""

    name: str
    hit: Hit
    code: int = 0
    says: str = ""
    stays: bool = False
    hand: str = ""
    besides: frozenset[str] = frozenset()  # alerts that may be told besides
    small_disk: bool = False
    on_postgres: bool = False


@asynccontextmanager
async def at(it: Installed, gate: Gate, goes: Goes) -> AsyncIterator[Held]:
    """The process waits for an answer that has left the other side; the gate is open again at the end."""
    held = Held(gate)
    await held.begin()
    goes()
    await held.until_reached()
    yield held
    await gate.become(None)


def while_asking(gate: GateOf, number: signal.Signals, *, renewing: bool = False) -> Hit:
    async def hit(it: Installed, goes: Goes) -> None:
        if renewing:
            it.one.sandbox.oauth.expire_all()
        async with at(it, gate(it.one), goes):
            it.send(number)
            await it.ended(stop_within())

    return hit


@contextmanager
def table_held(it: Installed) -> Iterator[Callable[[], Awaitable[bool]]]:
    """Another session holds a table; whether somebody waits for it is the server's own word."""
    assert it.one.postgres is not None
    url = it.one.postgres.url

    def waits() -> bool:
        with psycopg.connect(url) as looking:
            row = looking.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
        return row is not None and row[0] > 0

    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE portals")
        yield lambda: asyncio.to_thread(waits)
        holder.rollback()


async def terminated_while_keeping(it: Installed, goes: Goes) -> None:
    async def is_stopping() -> bool:
        return any(row["event"] == "daemon.stopping" for row in it.words())

    with table_held(it) as waits:
        goes()
        await it.until(waits, "the answers are being kept")
        it.send(signal.SIGTERM)
        await it.until(is_stopping, "it has heard the signal")
    await it.ended(stop_within())


async def killed_while_keeping(it: Installed, goes: Goes) -> None:
    with table_held(it) as waits:
        goes()
        await it.until(waits, "the answers are being kept")
        it.send(signal.SIGKILL)
        await it.ended(stop_within())


async def terminated_at_a_locked_store(it: Installed, goes: Goes) -> None:
    """SQLite tells nobody who waits: it is known by the portal that is asked no more."""

    async def is_silent() -> bool:
        before = it.one.sandbox.counts["http"]
        await asyncio.sleep(1.5)  # one and a half intervals
        return it.one.sandbox.counts["http"] == before

    holder = sqlite3.connect(it.one.folder / "state.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    goes()
    await it.until(is_silent, "it waits for its store")
    it.send(signal.SIGTERM)
    await it.ended(stop_within())
    holder.rollback()
    holder.close()


async def starved_while_asking(it: Installed, goes: Goes) -> None:
    """The answer that is on its way is larger than what is left."""
    async with at(it, it.one.gate, goes) as held:
        it.one.say_more("C", LONG)
        assert it.process is not None
        limit_memory(it.process.pid, BESIDE)
        held.let_go.set()
        await it.ended(SOON)


async def starved_while_keeping(it: Installed, goes: Goes) -> None:
    """A reload has every line looked at again; what is to be kept of this one is larger than what is left."""
    line = it.one.sandbox.world.lines[1]
    name = line["LINE_NAME"]
    with table_held(it) as waits:
        line["LINE_NAME"] = LONG
        it.send(signal.SIGHUP)
        await it.until(waits, "the answers are being kept")
        goes()
        assert it.process is not None
        limit_memory(it.process.pid, 0)
    await it.ended(SOON)
    line["LINE_NAME"] = name


async def hung_up_on(it: Installed, goes: Goes) -> None:
    """SIGHUP by the dozen, while the file changes under it and is half written at times."""
    goes()
    text = it.one.path.read_text()
    for number in range(50):
        it.one.path.write_text(text if number % 2 else text[: len(text) // 2])
        it.send(signal.SIGHUP)
        await asyncio.sleep(0.02)
    it.one.path.write_text(text)

    async def has_read() -> bool:
        return it.words()[-1]["event"] == "config.reloaded"

    it.send(signal.SIGHUP)
    await it.until(has_read, "it has read the whole file again")


async def without_room(it: Installed, goes: Goes) -> None:
    """Something else takes all that was left on the store's disk, and is taken away again by hand."""
    assert it.one.config.store_url.endswith("disk/state.db")
    filler = it.one.folder / "disk" / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    goes()
    await it.ended(PATIENCE)
    filler.unlink()


async def stopped_for_a_while(it: Installed, goes: Goes) -> None:
    """With an answer on its way; long enough for what is at the other end to give up."""
    async with at(it, it.one.gate, goes):
        it.send(signal.SIGSTOP)
        await asyncio.sleep(5)  # five intervals
    it.send(signal.SIGCONT)


PHASES: tuple[tuple[str, GateOf, bool], ...] = (
    ("the portal is asked", lambda one: one.gate, False),
    ("tokens are renewed", lambda one: one.oauth_gate, True),
    ("Alertmanager is told", lambda one: one.alerts_gate, False),
    ("a provider is asked", lambda one: one.bot_gate, False),
)
KEEPING = "while the answers are being kept"
NO_MEMORY = "no memory is left: give the process more"


def blows() -> list[Blow]:
    def each(word: str, number: signal.Signals, code: int) -> list[Blow]:
        return [
            Blow(name=f"{word} while {name}", hit=while_asking(gate, number, renewing=renewing), code=code)
            for name, gate, renewing in PHASES
        ]

    return [
        *each("SIGTERM", signal.SIGTERM, 0),
        Blow(name=f"SIGTERM {KEEPING}", hit=terminated_while_keeping, on_postgres=True),
        Blow(name="SIGTERM while another program holds the store", hit=terminated_at_a_locked_store),
        *each("SIGKILL", signal.SIGKILL, -9),
        Blow(name=f"SIGKILL {KEEPING}", hit=killed_while_keeping, code=-9, on_postgres=True),
        Blow(
            name="no memory is left while a portal is asked",
            hit=starved_while_asking,
            code=1,
            says=NO_MEMORY,
            besides=frozenset({"PortalUnreachable"}),  # where aiohttp took it for a broken answer at first
        ),
        Blow(
            name="no memory is left while the answers are kept",
            hit=starved_while_keeping,
            code=1,
            says=NO_MEMORY,
            on_postgres=True,
        ),
        Blow(
            name="the disk of the store is full, whatever took its room",
            hit=without_room,
            code=1,
            says="full: free some space on the disk",
            hand="free some space on the disk",
            small_disk=True,
        ),
        Blow(name="the process is stopped for five intervals (SIGSTOP)", hit=stopped_for_a_while, stays=True),
        Blow(name="fifty SIGHUP while the file is being written", hit=hung_up_on, stays=True),
    ]
