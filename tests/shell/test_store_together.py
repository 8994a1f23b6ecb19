"""Polls that wait for the store are written together: one commit, each whole or not at all, each told its own fate."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from monitor.core.memory import Judgement, PortalMemory, PortalState
from monitor.core.turn import Turn, TurnEvent
from monitor.shell.store import Store, StoreError
from monitor.shell.store_records import encode, encode_event
from monitor.shell.store_thread import Errand, StoreThread

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
NAMES = ("acme", "beta", "gama", "deli")


def turn(chat: int = 1777, message: int = 1) -> Turn:
    facts: dict[str, Any] = {"opened": NOW, "working_from": NOW, "deadline": NOW + timedelta(minutes=15)}
    place: dict[str, Any] = {"session": 7, "line": 1, "connector": "wz", "kind": "first"}
    return Turn(chat=chat, message=message, target=timedelta(minutes=15), **place, **facts)


def row(one: Turn, what: str = "turn_open") -> TurnEvent:
    return TurnEvent(chat=one.chat, message=one.message, at=NOW, what=what, messages=(1, 2), turn=one)


def before(portal: str) -> PortalState:
    return PortalState(portal=portal)


def polled(portal: str, number: int = 1, one: Turn | None = None) -> Judgement:
    one = one or turn(message=number)
    state = replace(before(portal), memory=PortalMemory(good=number), turns={one.key: one})
    return Judgement(state=state, turn_events=(row(one), row(one, "deadline")))


@asynccontextmanager
async def busy(store: Store) -> AsyncIterator[None]:
    """Whatever is asked of the store inside waits until the end of it."""
    free, begun = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(_: Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        free.wait(10)

    async with asyncio.TaskGroup() as group:
        group.create_task(store.transaction(hold))
        await begun.wait()
        try:
            yield
        finally:
            free.set()


async def together(store: Store, *commits: Coroutine[Any, Any, None]) -> list[BaseException | None]:
    """What came of each."""
    async with busy(store):
        tasks = [asyncio.get_running_loop().create_task(commit) for commit in commits]
        await asyncio.sleep(0)
    return await asyncio.gather(*tasks, return_exceptions=True)


async def good(store: Store, portal: str) -> int | None:
    state = await store.load_portal(portal)
    return state.memory.good if state else None


async def test_what_waits_is_written_in_one_transaction(store: Store) -> None:
    commits: list[int] = []
    event.listen(store._transactions.engine, "commit", lambda _: commits.append(1))
    outcomes = await together(store, *[store.commit(name, before(name), polled(name)) for name in NAMES])
    assert outcomes == [None] * 4
    assert len(commits) == 2  # the one that kept them waiting, and theirs
    assert [await good(store, name) for name in NAMES] == [1] * 4


async def test_what_cannot_be_put_in_rows_is_nobody_elses_fault(store: Store) -> None:
    broken = replace(polled("beta"), flips=(object(),))  # type: ignore[arg-type]  # cannot be written
    judged = {name: broken if name == "beta" else polled(name) for name in NAMES}
    outcomes = await together(store, *[store.commit(name, before(name), one) for name, one in judged.items()])
    assert [type(outcome) for outcome in outcomes] == [type(None), AttributeError, type(None), type(None)]
    assert [await good(store, name) for name in NAMES] == [1, None, 1, 1]


async def test_what_the_database_refuses_of_one_portal_is_written_of_the_others(store: Store) -> None:
    judged = {name: polled(name, one=turn(chat=2**70) if name == "gama" else None) for name in NAMES}
    outcomes = await together(store, *[store.commit(name, before(name), one) for name, one in judged.items()])
    assert [outcome is None for outcome in outcomes] == [True, True, False, True]
    assert [await good(store, name) for name in NAMES] == [1, 1, None, 1]
    assert [len(await store.turn_events(name, 1777)) for name in NAMES] == [2, 2, 0, 2]


async def test_a_store_that_refuses_tells_everyone_and_keeps_nothing(store: Store) -> None:
    is_sqlite = store._transactions.engine.dialect.name == "sqlite"
    read_only = "PRAGMA query_only = %d" if is_sqlite else "SET default_transaction_read_only = %d"
    await store.transaction(lambda connection: connection.exec_driver_sql(read_only % 1))
    outcomes = await together(store, *[store.commit(name, before(name), polled(name)) for name in NAMES])
    assert [type(outcome) for outcome in outcomes] == [StoreError] * 4
    assert len({id(outcome) for outcome in outcomes}) == 4
    assert [await good(store, name) for name in NAMES] == [None] * 4
    await store.transaction(lambda connection: connection.exec_driver_sql(read_only % 0))
    assert await together(store, *[store.commit(name, before(name), polled(name)) for name in NAMES]) == [None] * 4


async def test_polls_of_one_portal_are_kept_in_the_order_they_came(store: Store) -> None:
    states = [polled("acme", number) for number in range(1, 6)]
    outcomes = await together(store, *[store.commit("acme", before("acme"), one) for one in states])
    assert outcomes == [None] * 5
    assert await good(store, "acme") == 5
    assert [one.message for one in await store.turn_events("acme", 1777)] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


async def test_a_question_is_answered_as_of_when_it_was_asked(store: Store) -> None:
    async with busy(store):
        loop = asyncio.get_running_loop()
        first = loop.create_task(store.commit("acme", before("acme"), polled("acme", 1)))
        await asyncio.sleep(0)
        seen = loop.create_task(good(store, "acme"))
        await asyncio.sleep(0)
        second = loop.create_task(store.commit("acme", before("acme"), polled("acme", 2)))
        await asyncio.sleep(0)
    assert (await first, await seen, await second) == (None, 1, None)
    assert await good(store, "acme") == 2


async def test_a_fleet_waits_a_moment_for_others_and_a_question_does_not_wait_for_that() -> None:
    thread, written, free = StoreThread(), list[list[int]](), threading.Event()

    def write(errands: Sequence[Errand[int]]) -> None:
        written.append([errand.work for errand in errands])

    async def taken() -> None:
        while not thread._errands.empty():  # noqa: ASYNC110 - it tells nobody when it takes something
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(thread.do(lambda: free.wait(10)))
        for number in (1, 2, 3):
            group.create_task(thread.write(number, write))
        await asyncio.sleep(0)
        free.set()
    async with asyncio.TaskGroup() as group:
        for number in (4, 5):
            group.create_task(thread.write(number, write))
            await asyncio.sleep(0)
            await taken()
        assert await thread.do(lambda: written[-1]) == [4, 5]
    for number in (6, 7):
        await thread.write(number, write)
    thread.close()
    assert written == [[1, 2, 3], [4, 5], [6], [7]]


async def test_what_nobody_waits_for_any_more_is_not_written(store: Store) -> None:
    async with busy(store):
        tasks = [
            asyncio.get_running_loop().create_task(store.commit(name, before(name), polled(name))) for name in NAMES
        ]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.sleep(0)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [await good(store, name) for name in NAMES] == [1, None, 1, 1]


async def test_a_fault_outside_of_all_that_is_written_together_is_told_to_all_of_them() -> None:
    def write(errands: Sequence[Errand[int]]) -> None:
        raise LookupError(len(errands))

    thread, free = StoreThread(), threading.Event()
    held = [thread.do(lambda: free.wait(10)), *[thread.write(number, write) for number in range(3)]]
    tasks = [asyncio.get_running_loop().create_task(one) for one in held]
    await asyncio.sleep(0)
    free.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [bool, LookupError, LookupError, LookupError]
    assert await thread.do(lambda: 7) == 7
    thread.close()


async def test_a_closed_store_says_so_instead_of_keeping_its_caller_waiting() -> None:
    thread = StoreThread()
    assert await thread.do(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await thread.do(lambda: 1 // 0)
    thread.close()
    with pytest.raises(RuntimeError, match="the store is closed"):
        await thread.do(lambda: 7)


def test_a_row_whose_turn_was_written_before_is_the_same_row() -> None:
    for one in (turn(), replace(turn(), marks=("phone", 'odd "word"'), ended=NOW, digest="п")):
        told = row(one)
        assert encode_event(told, encode(one)) == encode(told)


CHILD = """
import asyncio, sys
from tests.shell.test_store_together import NAMES, before, polled
from monitor.shell.store import Store

async def live(store, name, number):
    while True:
        number += 1
        await store.commit(name, before(name), polled(name, number))
        print(name, number, flush=True)

async def main():
    store = await Store.open(sys.argv[1])
    async with asyncio.TaskGroup() as group:
        for name in NAMES:
            state = await store.load_portal(name)
            group.create_task(live(store, name, state.memory.good if state else 0))

asyncio.run(main())
"""


def test_killed_in_the_middle_of_anything_each_portal_is_whole_and_what_was_acknowledged_is_there(
    tmp_path: Path,
) -> None:
    path, luck, told = tmp_path / "state.db", random.Random(5), dict.fromkeys(NAMES, 0)
    for _ in range(6):
        command = [sys.executable, "-c", CHILD, f"sqlite:///{path}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
            assert child.stdout is not None
            for _ in range(luck.randrange(40, 400)):
                name, number = child.stdout.readline().split()
                told[name] = int(number)
            child.send_signal(signal.SIGKILL)
            for line in child.stdout:
                if line.endswith("\n"):
                    name, number = line.split()
                    told[name] = int(number)
        with closing(sqlite3.connect(path)) as database:
            for name in NAMES:
                query = "select memory ->> 'good' from portals where portal = ?"
                (kept,) = database.execute(query, (name,)).fetchone()
                rows = database.execute("select count(*) from turn_events where portal = ?", (name,)).fetchone()[0]
                assert int(kept) >= told[name]
                assert rows == 2 * int(kept)
