"""What one poll writes and what a start reads: differences by identity, since an unchanged record stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, text

from monitor.core.incident import Incident
from monitor.core.memory import Cursor, Judgement, PortalMemory, PortalState
from monitor.core.turn import Turn, TurnEvent, TurnKey
from monitor.core.turn_book import changed_turns
from monitor.shell import store_tables as tables
from monitor.shell.store_engine import Damaged
from monitor.shell.store_outbox import enqueued
from monitor.shell.store_records import FIELDS, SHELVES, Shelf, decode, encode, encode_event, key_text, micros
from monitor.shell.store_totals import noted
from monitor.shell.store_writing import Change, add, put, remove

CHUNK = 400


def changes_of(portal: str, before: PortalState, judgement: Judgement) -> list[Change]:
    """All that one poll writes, in order; nothing of it is written yet."""
    after = judgement.state
    turns = changed_turns(before.turns, after.turns) | {turn.key: turn for turn in judgement.ended}
    written = {id(turn): encode(turn) for turn in turns.values()}  # events tell of the same ones
    incidents = {one.id: one for one in (*judgement.opened, *judgement.updated, *judgement.closed)}
    return [
        put(tables.portals, [(portal, encode(after.memory), encode(after.cursor))]),
        *_shelf_changes(portal, before, after),
        put(tables.turns, [_turn_row(portal, turn, written[id(turn)]) for turn in turns.values()]),
        noted(portal, judgement.ended),
        add(tables.turn_events, [_event_row(portal, event, written) for event in judgement.turn_events]),
        add(tables.flips, [(portal, one.line, one.connector, micros(one.at), encode(one)) for one in judgement.flips]),
        put(tables.incidents, [_incident_row(portal, one) for one in incidents.values()]),
        enqueued(portal, judgement.notices),
    ]


def _shelf_changes(portal: str, before: PortalState, after: PortalState) -> Iterator[Change]:
    for shelf in SHELVES:
        was, now, kind = shelf.of(before), shelf.of(after), shelf.kind
        if was is now:
            continue
        yield remove(tables.remembered, [(portal, kind, key_text(key)) for key in was if key not in now])
        changed = [(key, record) for key, record in now.items() if was.get(key) is not record]
        yield put(tables.remembered, [(portal, kind, key_text(key), encode(record)) for key, record in changed])


def _turn_row(portal: str, turn: Turn, body: str) -> tuple[Any, ...]:
    return (
        portal,
        turn.chat,
        turn.message,
        turn.session,
        turn.line,
        turn.responder or turn.holder,
        turn.verdict._value_,
        micros(turn.opened),
        micros(turn.deadline),
        body,
    )


def _event_row(portal: str, event: TurnEvent, written: dict[int, str]) -> tuple[Any, ...]:
    """`written`: bodies of turns by identity; the judgement holds all of them, so none is another's by chance."""
    known = written.get(id(event.turn))
    return (portal, event.chat, micros(event.at), encode(event) if known is None else encode_event(event, known))


def _incident_row(portal: str, incident: Incident) -> tuple[Any, ...]:
    closed = micros(incident.closed) if incident.closed else None
    return (incident.id, portal, incident.kind.value, micros(incident.opened), closed, encode(incident))


def _chunks(keys: list[Any]) -> Iterable[list[Any]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))


def load(connection: Connection, *, portal: str) -> PortalState | None:
    """A portal as it was left, or None when it was never seen. Damaged where a row of it is no record any more."""
    try:
        return _loaded(connection, portal)
    except Damaged as damaged:
        raise damaged.of(portal) from None


def _loaded(connection: Connection, portal: str) -> PortalState | None:
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
            found[FIELDS[row.kind]][_key(shelf, row.key)] = decode(row.body, shelf.record)
    return found


def _key(shelf: Shelf, told: str) -> Any:
    try:
        return shelf.key(told)
    except ValueError as error:
        raise Damaged(shelf.record, error) from None


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
