"""What is older than it has to be goes, a little at a time: no poll waits behind a long deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, tuple_

from monitor.core.turn import Verdict
from monitor.shell import store_tables as tables
from monitor.shell.retention import Retention
from monitor.shell.store_records import micros

FEW = 500  # rows a transaction


Step = Callable[[Connection], int]


def steps(retention: Retention, now: datetime) -> Iterator[tuple[str, Step]]:
    """(table, one small transaction's work), to be repeated until it deletes nothing."""
    turns, events, flips, incidents = tables.turns, tables.turn_events, tables.flips, tables.incidents
    waiting = select(turns.c.chat).where(
        turns.c.portal == events.c.portal, turns.c.chat == events.c.chat, turns.c.verdict == Verdict.OPEN.value
    )
    last = select(func.max(flips.c.id)).group_by(flips.c.portal, flips.c.line, flips.c.connector)
    done = and_(turns.c.verdict != Verdict.OPEN.value, turns.c.deadline < micros(now - retention.turns))
    yield "turns", _step(turns, done)
    old = micros(now - retention.ledger)
    yield "turn_events", _step(events, and_(events.c.at < old, ~waiting.exists()))
    yield "flips", _step(flips, and_(flips.c.at < old, flips.c.id.not_in(last)))  # a channel's last word stays
    ended = and_(incidents.c.closed.is_not(None), incidents.c.closed < micros(now - retention.incidents))
    yield "incidents", _step(incidents, ended)
    told = tables.outbox
    settled = and_(told.c.state != "waiting", told.c.changed < micros(now - retention.incidents))
    yield "outbox", _step(told, settled)
    notes = tables.incident_notes
    yield "incident_notes", _step(notes, notes.c.incident.not_in(select(incidents.c.id)))


def _step(table: Table, old: ColumnElement[bool]) -> Step:
    key = tuple(table.primary_key.columns)

    def work(connection: Connection) -> int:
        few = connection.execute(select(*key).where(old).limit(FEW)).all()
        if not few:
            return 0
        chosen = tuple_(*key).in_([tuple(row) for row in few]) if len(key) > 1 else key[0].in_([row[0] for row in few])
        return connection.execute(delete(table).where(chosen)).rowcount

    return work
