"""The outbox: what people are to be told, kept in the transaction that found it and settled after it was delivered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, select, update

from monitor.core.receivers import Notice
from monitor.shell import store_tables as tables
from monitor.shell.store_records import at_micros, decode, encode, micros
from monitor.shell.store_writing import Change, add_new, storable, write

State = Literal["waiting", "told", "given_up"]
WAITING, TOLD, GIVEN_UP = "waiting", "told", "given_up"
MOST_PROBLEM = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One waiting row. `message` "" = it is part of none yet; `due`: of late, where it was put off; `began` and `again`
    in real time, None = never tried."""

    row: int
    portal: str
    due: datetime
    message: str
    failed: int
    began: datetime | None
    again: datetime | None
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What came of an attempt. `at` on the daemon's clock; `again`: the next attempt, in real time."""

    state: State
    at: datetime
    again: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How one receiver of one portal stands."""

    portal: str
    receiver: str
    state: str
    count: int
    problem: str


def enqueue(connection: Connection, portal: str, notices: Sequence[Notice]) -> int:
    """How many were new: a notice that is known by its key is not kept twice."""
    return write(connection, [enqueued(portal, notices)])


def enqueued(portal: str, notices: Sequence[Notice]) -> Change:
    return add_new(tables.outbox, [_row(portal, notice) for notice in notices])


def _row(portal: str, notice: Notice) -> tuple[object, ...]:
    """In the order of the table's columns; never tried, no message yet, no problem."""
    due = micros(notice.due)
    return (portal, notice.receiver, notice.key, due, WAITING, "", 0, 0, 0, due, "", encode(notice))


def untold(connection: Connection, *, now: datetime) -> tuple[Told, ...]:
    table = tables.outbox
    query = select(table).where(table.c.state == WAITING, table.c.due <= micros(now)).order_by(table.c.id)
    return tuple(
        Told(
            row=row.id,
            portal=row.portal,
            due=at_micros(row.due),
            message=row.message,
            failed=row.failed,
            began=at_micros(row.began) if row.began else None,
            again=at_micros(row.again) if row.again else None,
            notice=decode(row.body, Notice),
        )
        for row in connection.execute(query)
    )


def take_up(connection: Connection, *, message: str, rows: Sequence[int], real_now: datetime) -> None:
    table = tables.outbox
    connection.execute(update(table).where(table.c.id.in_(list(rows))).values(message=message, began=micros(real_now)))


def settle(connection: Connection, *, rows: Sequence[int], fate: Fate) -> None:
    table = tables.outbox
    values: dict[str, object] = {
        "state": fate.state,
        "changed": micros(fate.at),
        "problem": storable(fate.problem[:MOST_PROBLEM]),
    }
    if fate.state != TOLD:
        values["failed"] = table.c.failed + 1
        values["again"] = micros(fate.again) if fate.again else 0
    connection.execute(update(table).where(table.c.id.in_(list(rows))).values(values))


def put_off(connection: Connection, *, rows: Sequence[int], due: datetime) -> None:
    """Its attempts are counted anew from then on."""
    table = tables.outbox
    connection.execute(update(table).where(table.c.id.in_(list(rows))).values(due=micros(due), began=0))


def told_since(connection: Connection, *, portal: str, receiver: str, since: datetime) -> int:
    table = tables.outbox
    query = select(func.count(func.distinct(table.c.message))).where(
        table.c.portal == portal, table.c.receiver == receiver, table.c.state == TOLD, table.c.changed >= micros(since)
    )
    return int(connection.execute(query).scalar() or 0)


def backlog(connection: Connection) -> tuple[Backlog, ...]:
    table = tables.outbox
    query = select(table.c.portal, table.c.receiver, table.c.state, func.count(), func.max(table.c.problem)).group_by(
        table.c.portal, table.c.receiver, table.c.state
    )
    return tuple(
        Backlog(portal=portal, receiver=receiver, state=state, count=count, problem=problem)
        for portal, receiver, state, count, problem in connection.execute(query)
    )
