"""Everything that is kept about a dialog leaves the store, and the proof that it has."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from monitor.shell import store_tables as tables
from monitor.shell.store_engine import renew_generation

GONE = "erased at the customer's request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Rows that were deleted by table; `cleaned`: rows that lost only the lines about the dialogs."""

    deleted: dict[str, int]
    cleaned: int


CLEANED = (tables.incidents, tables.posted_alerts, tables.outbox)


def chats_of(connection: Connection, portal: str, customer: int) -> tuple[int, ...]:
    """The chats of a customer, by the customer's technical user id on the portal."""
    bodies = (_loads(row.body) for row in connection.execute(_sessions(portal)))
    chats = (body["session"]["chat"] for body in bodies if body["session"]["customer"] == customer)
    return tuple(sorted(set(chats)))


def erase(connection: Connection, portal: str, chats: Collection[int]) -> Erased:
    """Inside the caller's transaction. A daemon that holds the store open starts anew without them."""
    deleted = {table.name: _delete(connection, table, portal, chats) for table in (tables.turns, tables.turn_events)}
    deleted["sessions"] = _delete_sessions(connection, portal, chats)
    deleted["incidents"] = _delete_incidents(connection, portal, chats)
    deleted["incident_notes"] = _delete_orphaned_notes(connection)
    renew_generation(connection)
    cleaned = sum(_clean(connection, table, chats) for table in CLEANED)
    return Erased(deleted=deleted, cleaned=cleaned)


def _delete(connection: Connection, table: Table, portal: str, chats: Collection[int]) -> int:
    return connection.execute(delete(table).where(table.c.portal == portal, table.c.chat.in_(chats))).rowcount


def _sessions(portal: str) -> Any:
    table = tables.remembered
    return select(table).where(table.c.portal == portal, table.c.kind == "session")


def _delete_sessions(connection: Connection, portal: str, chats: Collection[int]) -> int:
    table = tables.remembered
    rows = connection.execute(_sessions(portal)).all()
    keys = [row.key for row in rows if _loads(row.body)["session"]["chat"] in chats]
    where = (table.c.portal == portal, table.c.kind == "session", table.c.key.in_(keys))
    return connection.execute(delete(table).where(*where)).rowcount if keys else 0


def _delete_incidents(connection: Connection, portal: str, chats: Collection[int]) -> int:
    """An incident about one dialog has `chat/message` for its subject."""
    table = tables.incidents
    rows = connection.execute(select(table).where(table.c.portal == portal)).all()
    ids = [row.id for row in rows if _loads(row.body)["subject"].partition("/")[0] in {str(chat) for chat in chats}]
    for one in ids:  # and what people were told of it
        connection.execute(delete(tables.outbox).where(tables.outbox.c.key.startswith(f"{one}/", autoescape=True)))
    return sum(connection.execute(delete(table).where(table.c.id == one)).rowcount for one in ids)


def _delete_orphaned_notes(connection: Connection) -> int:
    """What people wrote at an incident goes with it."""
    notes, incidents = tables.incident_notes, tables.incidents
    return connection.execute(delete(notes).where(notes.c.incident.not_in(select(incidents.c.id)))).rowcount


def _clean(connection: Connection, table: Table, chats: Collection[int]) -> int:
    """An incident or alert about more than this dialog loses the lines that name it."""
    count, key = 0, next(iter(table.primary_key.columns))
    for row in connection.execute(select(key, table.c.body)).all():
        if (clean := json.dumps(_cleaned(_loads(row.body), chats), ensure_ascii=False)) and _names(row.body, chats):
            count += connection.execute(update(table).where(key == row[0]).values(body=clean)).rowcount
    return count


def _cleaned(value: Any, chats: Collection[int]) -> Any:
    if isinstance(value, str):
        return "\n".join(GONE if _names(line, chats) else line for line in value.split("\n"))
    if isinstance(value, dict):
        return {key: _cleaned(inner, chats) for key, inner in value.items()}
    return [_cleaned(inner, chats) for inner in value] if isinstance(value, list) else value


def _pattern(chats: Collection[int]) -> re.Pattern[str]:
    numbers = "|".join(str(int(chat)) for chat in sorted(chats))
    return re.compile(rf'(?:chat|"chat": ?)(?:{numbers})(?!\d)')


def _names(text: str, chats: Collection[int]) -> bool:
    return bool(_pattern(chats).search(text))


def _loads(body: str) -> Any:
    return json.loads(body)


def left_in_rows(connection: Connection, chats: Collection[int]) -> tuple[str, ...]:
    """The names of tables that still speak of the dialogs: every text of every table is looked at."""
    found = []
    for table in tables.METADATA.sorted_tables:
        columns = [column for column in table.columns if column.type.python_type is str]
        rows: Iterator[Any] = (row for row in connection.execute(select(*columns)))
        if any(_names(str(text), chats) for row in rows for text in row):
            found.append(table.name)
    return tuple(found)


def left_in_files(store: Path, chats: Collection[int]) -> tuple[str, ...]:
    """The names of the store's files whose bytes still hold them."""
    files = [path for path in (store, store.with_name(store.name + "-wal")) if path.exists()]
    pattern = re.compile(_pattern(chats).pattern.encode())
    return tuple(path.name for path in files if pattern.search(path.read_bytes()))
