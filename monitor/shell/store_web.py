"""What the pages keep and ask beside the portals' own records: heads' links, notes at incidents, a channel's past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from monitor.core.memory import Flip
from monitor.core.model import ChannelKey
from monitor.shell import store_tables as tables
from monitor.shell.store_records import at_micros, decode, micros
from monitor.shell.store_writing import storable

MOST_FLIPS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wrote at an incident."""

    at: datetime
    author: str
    text: str


def keep_link(connection: Connection, *, digest: str, portal: str, at: datetime) -> None:
    connection.execute(insert(tables.web_links).values(digest=digest, portal=portal, created=micros(at)))


def revoke_links(connection: Connection, *, portal: str) -> int:
    """How many there were."""
    table = tables.web_links
    return connection.execute(delete(table).where(table.c.portal == portal)).rowcount


def portal_of_link(connection: Connection, *, digest: str) -> str | None:
    table = tables.web_links
    return connection.execute(select(table.c.portal).where(table.c.digest == digest)).scalar()


def add_note(connection: Connection, *, incident: str, note: Note) -> None:
    row = {"incident": incident, "at": micros(note.at), "author": note.author, "note": storable(note.text)}
    connection.execute(insert(tables.incident_notes).values(**row))


def notes_of(connection: Connection, *, incident: str) -> tuple[Note, ...]:
    """The oldest first."""
    table = tables.incident_notes
    rows = connection.execute(select(table).where(table.c.incident == incident).order_by(table.c.id).limit(200))
    return tuple(Note(at=at_micros(row.at), author=row.author, text=row.note) for row in rows)


def channel_flips(connection: Connection, *, portal: str, key: ChannelKey, since: datetime) -> tuple[Flip, ...]:
    """One channel's changes of state since then, the oldest first."""
    table = tables.flips
    query = select(table.c.body).where(table.c.portal == portal, table.c.line == key.line)
    query = query.where(table.c.connector == key.connector, table.c.at >= micros(since))
    bodies: Sequence[str] = connection.execute(query.order_by(table.c.id.desc()).limit(MOST_FLIPS)).scalars().all()
    return tuple(decode(body, Flip) for body in reversed(bodies))


def sizes(connection: Connection) -> dict[str, int]:
    """Rows by table, of those that grow."""
    grown = (tables.turns, tables.turn_events, tables.flips, tables.incidents)
    return {t.name: int(connection.execute(select(func.count()).select_from(t)).scalar() or 0) for t in grown}
