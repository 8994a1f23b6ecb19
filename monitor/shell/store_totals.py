"""What the counters of replies have come to: a poll notes what it counted in one row, sums are made of many at a time.

A turn that ends moves seven numbers of series; written at each poll, they were half of what a poll wrote. Nothing is
put off but the adding up: what was counted is durable with the turns that made it, and read together with the sums.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy import Connection, select

from monitor.core.turn import Turn
from monitor.shell import store_tables as tables
from monitor.shell.metrics import Counted, Total, counted_of, totals_of
from monitor.shell.store_records import decode, encode
from monitor.shell.store_writing import Change, increase, put, remove, write

NOTED = "counted"  # kind of the rows among what is remembered of a portal
EVERY = 50  # polls that may be noted before they are added up


def noted(portal: str, ended: Iterable[Turn]) -> Change:
    """The row of one poll. Its name says nothing: no two are the same."""
    counted = counted_of(ended)
    return put(tables.remembered, [(portal, NOTED, uuid4().hex, encode(counted))] if counted else [])


def add_up(connection: Connection, portal: str) -> None:
    """Into the sums, inside the transaction of who keeps the portal."""
    table = tables.remembered
    query = select(table.c.key, table.c.body).where(table.c.portal == portal, table.c.kind == NOTED)
    rows = connection.execute(query).all()
    keys = [(portal, NOTED, row.key) for row in rows]
    write(connection, [increase(tables.totals, _rows(portal, _read(row.body for row in rows))), remove(table, keys)])


def load_totals(connection: Connection, *, portal: str) -> list[Total]:
    """Exact to the last commit. Where none were kept yet, they are made once of the turns that are."""
    kept = _kept(connection, portal)
    if kept:
        return kept
    turns = select(tables.turns.c.body).where(tables.turns.c.portal == portal)
    found = (decode(body, Turn) for body in connection.execute(turns).scalars())
    counted = counted_of(turn for turn in found if turn.counted)
    write(connection, [increase(tables.totals, _rows(portal, counted))])
    return _kept(connection, portal)


def _kept(connection: Connection, portal: str) -> list[Total]:
    table, notes = tables.totals, tables.remembered
    kept = {
        (row.metric, decode(row.labels, tuple[str, ...]), row.place): row.amount
        for row in connection.execute(select(table).where(table.c.portal == portal))
    }
    query = select(notes.c.body).where(notes.c.portal == portal, notes.c.kind == NOTED)
    for name, labels, place, amount in totals_of(portal, _read(connection.execute(query).scalars())):
        kept[name, labels, place] = kept.get((name, labels, place), 0.0) + amount
    return [Total(*key, amount) for key, amount in kept.items()]


def _read(bodies: Iterable[str]) -> list[Counted]:
    return [one for body in bodies for one in decode(body, list[Counted])]


def _rows(portal: str, counted: Iterable[Counted]) -> list[tuple[str, str, str, int, float]]:
    rows, last, text = [], None, ""
    for name, labels, place, amount in totals_of(portal, counted):
        if labels is not last:  # the places of a series follow each other
            last, text = labels, encode(labels)
        rows.append((portal, name, text, place, amount))
    return rows
