"""What one poll writes and what a start reads: differences by identity, since an unchanged record stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, text

from monitor.core.incident import Incident
from monitor.core.memory import Cursor, Judgement, PortalMemory, PortalState
from monitor.core.turn import Turn, TurnKey
from monitor.core.turn_book import changed_turns
from monitor.shell import store_tables as tables
from monitor.shell.metrics import Total, totals_of
from monitor.shell.store_outbox import enqueue
from monitor.shell.store_records import FIELDS, SHELVES, Shelf, decode, encode, key_text, micros
from monitor.shell.store_writing import add, increase, put, remove

CHUNK = 400


def write(connection: Connection, *, portal: str, before: PortalState, judgement: Judgement) -> None:
    """One poll's changes, inside the caller's transaction."""
    after = judgement.state
    put(connection, tables.portals, [(portal, encode(after.memory), encode(after.cursor))])
    for shelf in SHELVES:
        _write_shelf(connection, portal, shelf, shelf.of(before), shelf.of(after))
    turns = changed_turns(before.turns, after.turns) | {turn.key: turn for turn in judgement.ended}
    put(connection, tables.turns, [_turn_row(portal, turn) for turn in turns.values()])
    increase(connection, tables.totals, _total_rows(portal, judgement.ended))
    _append(connection, portal, judgement)
    incidents = {one.id: one for one in (*judgement.opened, *judgement.updated, *judgement.closed)}
    put(connection, tables.incidents, [_incident_row(portal, one) for one in incidents.values()])
    enqueue(connection, portal, judgement.notices)


def _changed(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> dict[Any, Any]:
    return {key: record for key, record in after.items() if before.get(key) is not record}


def _write_shelf(
    connection: Connection, portal: str, shelf: Shelf, before: Mapping[Any, Any], after: Mapping[Any, Any]
) -> None:
    if before is after:
        return
    gone = [(portal, shelf.kind, key_text(key)) for key in before if key not in after]
    remove(connection, tables.remembered, gone)
    changed = _changed(before, after).items()
    rows = [(portal, shelf.kind, key_text(key), encode(record)) for key, record in changed]
    put(connection, tables.remembered, rows)


def _turn_row(portal: str, turn: Turn) -> tuple[Any, ...]:
    return (
        portal,
        turn.chat,
        turn.message,
        turn.session,
        turn.line,
        turn.responder or turn.holder,
        turn.verdict.value,
        micros(turn.opened),
        micros(turn.deadline),
        encode(turn),
    )


def _total_rows(portal: str, ended: Iterable[Turn]) -> list[tuple[Any, ...]]:
    return [(portal, name, encode(labels), place, amount) for name, labels, place, amount in totals_of(portal, ended)]


def _append(connection: Connection, portal: str, judgement: Judgement) -> None:
    events = [(portal, event.chat, micros(event.at), encode(event)) for event in judgement.turn_events]
    add(connection, tables.turn_events, events)
    flips = [(portal, flip.line, flip.connector, micros(flip.at), encode(flip)) for flip in judgement.flips]
    add(connection, tables.flips, flips)


def _incident_row(portal: str, incident: Incident) -> tuple[Any, ...]:
    closed = micros(incident.closed) if incident.closed else None
    return (incident.id, portal, incident.kind.value, micros(incident.opened), closed, encode(incident))


def load_totals(connection: Connection, *, portal: str) -> list[Total]:
    """What the counters have come to. Where none were kept yet, they are made once of the turns that are."""
    table = tables.totals
    query = select(table).where(table.c.portal == portal)
    rows = connection.execute(query).all()
    if not rows:
        increase(connection, table, _total_rows(portal, _counted_turns(connection, portal)))
        rows = connection.execute(query).all()
    return [Total(row.metric, decode(row.labels, tuple[str, ...]), row.place, row.amount) for row in rows]


def _counted_turns(connection: Connection, portal: str) -> Iterable[Turn]:
    table = tables.turns
    bodies = connection.execute(select(table.c.body).where(table.c.portal == portal)).scalars()
    return (turn for turn in (decode(body, Turn) for body in bodies) if turn.counted)


def _chunks(keys: list[Any]) -> Iterable[list[Any]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def load(connection: Connection, *, portal: str) -> PortalState | None:
    """A portal as it was left, or None when it was never seen."""
    table = tables.portals
    row = connection.execute(select(table).where(table.c.portal == portal)).first()
    if row is None:
        return None
    state = PortalState(
        portal=portal,
        memory=decode(row.memory, PortalMemory),
        cursor=decode(row.cursor, Cursor),
        **_shelves(connection, portal),
    )
    return replace(state, turns=_turns(connection, portal, state), incidents=_open_incidents(connection, portal))


def _shelves(connection: Connection, portal: str) -> dict[str, Any]:
    table = tables.remembered
    shelves = {shelf.kind: shelf for shelf in SHELVES}
    found: dict[str, Any] = {field: {} for field in FIELDS.values()}
    for row in connection.execute(select(table).where(table.c.portal == portal)):
        shelf = shelves.get(row.kind)
        if shelf is not None:
            found[FIELDS[row.kind]][shelf.key(row.key)] = decode(row.body, shelf.record)
    return found


def _turns(connection: Connection, portal: str, state: PortalState) -> dict[TurnKey, Turn]:
    """Turns that wait, and those of the sessions that are still remembered."""
    table = tables.turns
    query = select(table.c.body).where(table.c.portal == portal)
    bodies = list(connection.execute(query.where(text(tables.WAITING))).scalars())
    for sessions in _chunks(list(state.sessions)):
        bodies += connection.execute(query.where(table.c.session.in_(sessions))).scalars()
    found = (decode(body, Turn) for body in bodies)
    return {turn.key: turn for turn in found}


def _open_incidents(connection: Connection, portal: str) -> dict[str, Incident]:
    table = tables.incidents
    query = select(table.c.body).where(table.c.portal == portal, table.c.closed.is_(None)).order_by(table.c.opened)
    found = (decode(body, Incident) for body in connection.execute(query).scalars())
    return {incident.id: incident for incident in found}
