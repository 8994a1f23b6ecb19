"""What one poll writes and what a start reads: differences by identity, since an unchanged record stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select

from monitor.core.incident import Incident
from monitor.core.memory import Cursor, Judgement, PortalMemory, PortalState
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.shell import store_tables as tables
from monitor.shell.store_records import FIELDS, SHELVES, Shelf, decode, encode, key_text, micros

CHUNK = 400


def write(connection: Connection, *, portal: str, before: PortalState, judgement: Judgement) -> None:
    """One poll's changes, inside the caller's transaction."""
    after = judgement.state
    _write_portal(connection, portal, after)
    for shelf in SHELVES:
        _write_shelf(connection, portal, shelf, shelf.of(before), shelf.of(after))
    changed = [turn for key, turn in after.turns.items() if before.turns.get(key) is not turn]
    ended = {turn.key: turn for turn in judgement.ended}
    _write_turns(connection, portal, {turn.key: turn for turn in changed} | ended)
    _append(connection, portal, judgement)
    _write_incidents(connection, portal, (*judgement.opened, *judgement.updated, *judgement.closed))


def _write_portal(connection: Connection, portal: str, state: PortalState) -> None:
    table = tables.portals
    connection.execute(delete(table).where(table.c.portal == portal))
    row = {"portal": portal, "memory": encode(state.memory), "cursor": encode(state.cursor)}
    connection.execute(insert(table).values(**row))


def _write_shelf(
    connection: Connection, portal: str, shelf: Shelf, before: Mapping[Any, Any], after: Mapping[Any, Any]
) -> None:
    if before is after:
        return
    changed = [key for key, record in after.items() if before.get(key) is not record]
    stale = changed + [key for key in before if key not in after]
    table = tables.remembered
    for keys in _chunks([key_text(key) for key in stale]):
        mine = and_(table.c.portal == portal, table.c.kind == shelf.kind, table.c.key.in_(keys))
        connection.execute(delete(table).where(mine))
    rows = [{"portal": portal, "kind": shelf.kind, "key": key_text(key), "body": encode(after[key])} for key in changed]
    if rows:
        connection.execute(insert(table), rows)


def _write_turns(connection: Connection, portal: str, changed: Mapping[TurnKey, Turn]) -> None:
    table = tables.turns
    for keys in _chunks(list(changed)):
        same = or_(*(and_(table.c.chat == key.chat, table.c.message == key.message) for key in keys))
        connection.execute(delete(table).where(table.c.portal == portal, same))
    rows = [_turn_row(portal, turn) for turn in changed.values()]
    if rows:
        connection.execute(insert(table), rows)


def _turn_row(portal: str, turn: Turn) -> dict[str, Any]:
    return {
        "portal": portal,
        "chat": turn.chat,
        "message": turn.message,
        "session": turn.session,
        "line": turn.line,
        "manager": turn.responder or turn.holder,
        "verdict": turn.verdict.value,
        "opened": micros(turn.opened),
        "deadline": micros(turn.deadline),
        "body": encode(turn),
    }


def _append(connection: Connection, portal: str, judgement: Judgement) -> None:
    events = [
        {"portal": portal, "chat": event.chat, "at": micros(event.at), "body": encode(event)}
        for event in judgement.turn_events
    ]
    if events:
        connection.execute(insert(tables.turn_events), events)
    flips = [
        {
            "portal": portal,
            "line": flip.line,
            "connector": flip.connector,
            "at": micros(flip.at),
            "body": encode(flip),
        }
        for flip in judgement.flips
    ]
    if flips:
        connection.execute(insert(tables.flips), flips)


def _write_incidents(connection: Connection, portal: str, changed: Iterable[Incident]) -> None:
    latest = {incident.id: incident for incident in changed}
    if not latest:
        return
    table = tables.incidents
    for ids in _chunks(list(latest)):
        connection.execute(delete(table).where(table.c.id.in_(ids)))
    rows = [
        {
            "id": incident.id,
            "portal": portal,
            "kind": incident.kind.value,
            "opened": micros(incident.opened),
            "closed": micros(incident.closed) if incident.closed else None,
            "body": encode(incident),
        }
        for incident in latest.values()
    ]
    connection.execute(insert(table), rows)


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
    bodies = list(connection.execute(query.where(table.c.verdict == Verdict.OPEN.value)).scalars())
    for sessions in _chunks(list(state.sessions)):
        bodies += connection.execute(query.where(table.c.session.in_(sessions))).scalars()
    found = (decode(body, Turn) for body in bodies)
    return {turn.key: turn for turn in found}


def _open_incidents(connection: Connection, portal: str) -> dict[str, Incident]:
    table = tables.incidents
    query = select(table.c.body).where(table.c.portal == portal, table.c.closed.is_(None)).order_by(table.c.opened)
    found = (decode(body, Incident) for body in connection.execute(query).scalars())
    return {incident.id: incident for incident in found}
