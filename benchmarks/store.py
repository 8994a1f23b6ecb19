"""The store on SQLite: a poll's transaction, the queries of pages and reports over a busy year, a start."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import uvloop

from benchmarks.measure import Row, cpu, middle, show
from monitor.core.memory import Judgement, PortalState, SessionMemory
from monitor.core.model import Messenger, Session
from monitor.core.turn import Turn, TurnEvent, Verdict
from monitor.core.turn_book import book_of
from monitor.shell.metrics import Registry
from monitor.shell.store import Store
from monitor.shell.store_totals import EVERY

START = datetime(2025, 3, 1, 6, tzinfo=UTC)
TURNS, A_DAY, PIECE, PORTALS = 200_000, 548, 2000, 60
COMMITS = EVERY  # so that the adding up of what they count has its part in them
WORD = {0: Verdict.LATE, 1: Verdict.MISSED}


def turn(number: int) -> Turn:
    opened = START + timedelta(days=number // A_DAY, seconds=60 * (number % A_DAY))
    took = timedelta(seconds=30 + number % 1800)
    return Turn(
        **{"chat": 1700 + number // 10, "message": 90_000 + number, "session": 7000 + number // 10},
        **{"line": number % 3 + 1, "connector": "wz_whatsapp", "messenger": Messenger.WHATSAPP, "kind": "first"},
        **{"opened": opened, "working_from": opened, "target": timedelta(minutes=15)},
        **{"deadline": opened + timedelta(minutes=15), "verdict": WORD.get(number % 20, Verdict.MET)},
        **{"holder": 11 + number % 8, "responder": 11 + number % 8, "ended": opened + took, "counted": True},
        **{"calendar": took, "working": took, "manager_working": took},
    )  # type: ignore[arg-type]  # the facts are Turn's fields


def events(one: Turn) -> tuple[TurnEvent, ...]:
    place: dict[str, Any] = {"chat": one.chat, "message": one.message, "turn": one}
    return (TurnEvent(what="turn_open", at=one.opened, **place), TurnEvent(what="answered", at=one.deadline, **place))


def session(number: int, moved: int) -> SessionMemory:
    at = START + timedelta(minutes=moved)
    told = Session(id=number, chat=number, line=1, connector="wz_whatsapp", customer=8, created=START, updated=at)
    return SessionMemory(session=told, read_at=at, read_updated=at, last_message=moved, counted=moved)


def poll(state: PortalState, number: int) -> Judgement:
    """Ten sessions moved, each with one question answered."""
    ended = tuple(turn(TURNS + number * 10 + index) for index in range(10))
    sessions = {**state.sessions, **{8000 + index: session(8000 + index, number) for index in range(10)}}
    memory = replace(state.memory, last_success=START + timedelta(minutes=number), good=number)
    turns = book_of(state.turns).amended(ended)
    told = tuple(event for one in ended for event in events(one))
    after = replace(state, memory=memory, sessions=sessions, turns=turns)
    return Judgement(state=after, ended=ended, turn_events=told)


async def transactions(store: Store, state: PortalState, first: int) -> tuple[float, float, PortalState]:
    """Middle seconds of a commit, mean CPU seconds; the state afterwards."""
    taken, spent = [], 0.0
    for number in range(first, first + COMMITS):
        judgement = poll(state, number)
        started, begun = time.perf_counter(), cpu()
        await store.commit("acme", state, judgement)
        taken.append(time.perf_counter() - started)
        spent += cpu() - begun
        state = judgement.state
    return middle(taken), spent / COMMITS, state


async def at_once(store: Store) -> float:
    """Mean CPU seconds of a poll where as many portals are polled at the same time."""
    states, spent = [PortalState(portal=f"at-once-{number:03}") for number in range(PORTALS)], 0.0
    for number in range(COMMITS + 1):  # the first one makes the rows that the others change
        judged = [poll(state, number) for state in states]
        begun = cpu()
        await asyncio.gather(*[store.commit(one.portal, one, after) for one, after in zip(states, judged, strict=True)])
        spent += cpu() - begun if number else 0.0
        states = [after.state for after in judged]
    return spent / COMMITS / PORTALS


async def timed(what: Awaitable[Any]) -> float:
    started = time.perf_counter()
    await what
    return time.perf_counter() - started


async def start(store: Store) -> None:
    await store.load_portal("acme")
    Registry().restore(await store.totals("acme"))


async def measure() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        store = await Store.open(f"sqlite:///{folder}/state.db")
        empty = PortalState(portal="acme")
        young, alone, state = await transactions(store, empty, 1)
        many = await at_once(store)
        for begin in range(0, TURNS, PIECE):
            ended = tuple(turn(number) for number in range(begin, begin + PIECE))
            told = tuple(event for one in ended for event in events(one))
            await store.commit("acme", state, Judgement(state=state, ended=ended, turn_events=told))
        old, _, state = await transactions(store, state, COMMITS + 1)
        now = START + timedelta(days=TURNS // A_DAY)
        fortnight = await timed(store.turns("acme", since=now - timedelta(days=14)))
        story = await timed(store.turn_events("acme", 1700 + TURNS // 20))
        chat = await timed(store.turns("acme", chat=1700 + TURNS // 20))
        incidents = await timed(store.incidents("acme"))
        begun = await timed(start(store))
        await store.close()
    return [
        _row("store: a poll of 10 moved sessions, empty store", young, 0.005),
        Row(what="store: CPU of it, by itself", figure=f"{alone * 1000:.2f} ms"),
        Row(
            what=f"store: CPU of it, {PORTALS} portals at once",
            figure=f"{many * 1000:.2f} ms",
            goal="< 0.4 ms",
            well=many < 0.0004,
        ),
        _row(f"store: the same after {TURNS:,} turns", old, 0.005),
        Row(
            what="store: cost of a poll does not grow with history",
            figure=f"{old / young:.2f}x",
            goal="< 1.5x",
            well=old < 1.5 * young,
        ),
        _row("store: all turns of two weeks (a report)", fortnight, 0.2),
        _row("store: the story of one dialog (a page)", story, 0.2),
        _row("store: the turns of one chat", chat, 0.2),
        _row("store: incidents (a page)", incidents, 0.2),
        _row("store: a portal loaded at the start, counters too", begun, 0.2),
    ]


def _row(what: str, seconds: float, goal: float) -> Row:
    return Row(what=what, figure=f"{seconds * 1000:.1f} ms", goal=f"< {goal * 1000:.0f} ms", well=seconds < goal)


def main() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rows = runner.run(measure())
    show(rows)


if __name__ == "__main__":
    main()
