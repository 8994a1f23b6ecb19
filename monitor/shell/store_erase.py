"""Everything that is kept about a dialog leaves the store, and the proof that it has."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Table, delete, select, update

from monitor.shell import store_tables as tables
from monitor.shell.store_engine import renew_generation
from monitor.shell.store_traces import Traces, gather, owner, remembered, rows

GONE = "erased at the customer's request"
_DIALOG = re.compile(r'<div class="dialog">.*?</div>', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Rows that were deleted by table; `cleaned`: rows that lost only what they told of the dialogs; `reviews`: kept
    reviews of which a part was struck."""

    traces: Traces
    deleted: dict[str, int]
    cleaned: int
    reviews: int


LINES = (tables.incidents.c.body, tables.outbox.c.body, tables.incident_notes.c.note)


def erase(connection: Connection, portal: str, chats: Collection[int], address: str) -> Erased:
    """Inside the caller's transaction. A daemon that holds the store open starts anew without them."""
    traces = gather(connection, portal, chats, address)
    deleted = {table.name: _delete(connection, table, traces) for table in (tables.turns, tables.turn_events)}
    deleted["sessions"] = _delete_sessions(connection, traces)
    deleted["posted_alerts"] = _delete_alerts(connection, traces)
    deleted["notices"] = _delete_notices(connection, traces)
    deleted["incidents"] = _delete_incidents(connection, traces)
    deleted["incident_notes"] = _delete_orphaned_notes(connection)
    renew_generation(connection)
    cleaned = sum(_clean(connection, column, traces) for column in LINES)
    cleaned += _forget_in_channels(connection, traces) + _forget_in_portal(connection, traces)
    return Erased(traces=traces, deleted=deleted, cleaned=cleaned, reviews=_strike_reviews(connection, traces))


def _delete(connection: Connection, table: Table, traces: Traces) -> int:
    where = (table.c.portal == traces.portal, table.c.chat.in_(traces.chats))
    return connection.execute(delete(table).where(*where)).rowcount


def _delete_sessions(connection: Connection, traces: Traces) -> int:
    """Only those of these chats: a portal that was restored gives old numbers to new dialogs."""
    table, known = tables.remembered, remembered(connection, traces.portal, "session")
    keys = [key for key, body in known if json.loads(body)["session"]["chat"] in traces.chats]
    where = (table.c.portal == traces.portal, table.c.kind == "session", table.c.key.in_(keys))
    return connection.execute(delete(table).where(*where)).rowcount


def _delete_alerts(connection: Connection, traces: Traces) -> int:
    """Whole: beside its link an alert tells the message and its time. Those that still stand are posted anew without
    it; of the others Alertmanager hears no end, and ends them by itself."""
    table = tables.posted_alerts
    is_own, own, abroad = owner(connection, table, traces.portal), traces.own(), traces.abroad()
    told = connection.execute(select(table)).all()
    gone = [row.fingerprint for row in told if (own if is_own(row) else abroad).search(row.body)]
    return sum(connection.execute(delete(table).where(table.c.fingerprint == one)).rowcount for one in gone)


def _delete_incidents(connection: Connection, traces: Traces) -> int:
    table = tables.incidents
    return sum(connection.execute(delete(table).where(table.c.id == one)).rowcount for one in traces.incidents)


def _delete_notices(connection: Connection, traces: Traces) -> int:
    """What people were or are to be told of the incidents: by us, whose key begins with the incident, or for
    Alertmanager, by the link to its page."""
    table, pages = tables.outbox, traces.pages()
    told = connection.execute(select(table.c.id, table.c.key, table.c.body)).all()
    gone = [row.id for row in told if row.key.partition("/")[0] in traces.incidents or pages.search(row.body)]
    return sum(connection.execute(delete(table).where(table.c.id == one)).rowcount for one in gone)


def _delete_orphaned_notes(connection: Connection) -> int:
    """What people wrote at an incident goes with it."""
    notes, incidents = tables.incident_notes, tables.incidents
    return connection.execute(delete(notes).where(notes.c.incident.not_in(select(incidents.c.id)))).rowcount


def _clean(connection: Connection, column: Column[Any], traces: Traces) -> int:
    """An incident, notice or note about more than these dialogs loses the lines that name them."""
    table, own, abroad, count = column.table, traces.own(), traces.abroad(), 0
    assert isinstance(table, Table)  # noqa: S101 - for the types: it is a column of one
    is_own, key = owner(connection, table, traces.portal), next(iter(table.primary_key.columns))
    for row in connection.execute(select(table)).all():
        pattern, text = own if is_own(row) else abroad, row._mapping[column.name]
        if pattern.search(text):
            value = _struck(text, pattern) if column.name == "note" else _dumps(_cleaned(json.loads(text), pattern))
            same = key == row._mapping[key.name]
            count += connection.execute(update(table).where(same).values({column.name: value})).rowcount
    return count


def _cleaned(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return _struck(value, pattern)
    if isinstance(value, dict):
        return {key: _cleaned(inner, pattern) for key, inner in value.items()}
    return [_cleaned(inner, pattern) for inner in value] if isinstance(value, list) else value


def _struck(text: str, pattern: re.Pattern[str], between: str = "\n") -> str:
    return between.join(GONE if pattern.search(part) else part for part in text.split(between))


def _forget_in_channels(connection: Connection, traces: Traces) -> int:
    """A channel remembers who wrote last, and what was not delivered; its counts by hour name nobody."""
    table, count = tables.remembered, 0
    for key, text in remembered(connection, traces.portal, "channel"):
        body = json.loads(text)
        habit, sent = body.get("habit") or {}, body.get("deliveries") or {}
        talks, stuck = habit.get("talks", []), sent.get("stuck", [])
        habit["talks"] = [talk for talk in talks if talk[0] not in traces.sessions]
        sent["stuck"] = [one for one in stuck if one["session"] not in traces.sessions]
        if (habit["talks"], sent["stuck"]) != (talks, stuck):
            where = (table.c.portal == traces.portal, table.c.kind == "channel", table.c.key == key)
            count += connection.execute(update(table).where(*where).values(body=_dumps(body))).rowcount
    return count


def _forget_in_portal(connection: Connection, traces: Traces) -> int:
    """Texts that went to several chats are remembered by message, sessions that did not answer by number."""
    table = tables.portals
    row = connection.execute(select(table).where(table.c.portal == traces.portal)).first()
    if row is None:
        return 0
    memory, cursor = json.loads(row.memory), json.loads(row.cursor)
    echoed, holes = memory.get("echoed", []), cursor.get("holes", [])
    left = {"echoed": [one for one in echoed if one not in traces.messages]}
    open_ = {"holes": [one for one in holes if one[0] not in traces.sessions]}
    if (left["echoed"], open_["holes"]) == (echoed, holes):
        return 0
    values = {"memory": _dumps(memory | left), "cursor": _dumps(cursor | open_)}
    return connection.execute(update(table).where(table.c.portal == traces.portal).values(values)).rowcount


def _strike_reviews(connection: Connection, traces: Traces) -> int:
    """Of a review that was sent the dialogs go whole, out of its page and its Markdown. Its figures and its checksum,
    which is of the facts as they were sent, stay."""
    table, own, count = tables.reviews, traces.own(), 0
    for row in connection.execute(select(table).where(table.c.portal == traces.portal)).all():
        page = _DIALOG.sub(lambda found: _gone_dialog() if own.search(found[0]) else found[0], row.page)
        page, plain = _struck(page, own), _struck(row.plain, own, "\n\n")
        if (page, plain) != (row.page, row.plain):
            where = (table.c.portal == traces.portal, table.c.number == row.number)
            count += connection.execute(update(table).where(*where).values(page=page, plain=plain)).rowcount
    return count


def _gone_dialog() -> str:
    return f'<div class="dialog">\n<p>{GONE}</p>\n</div>'


def _dumps(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def left(connection: Connection, traces: Traces, file: Path | None) -> tuple[str, ...]:
    """The names of tables and files that still speak of the dialogs: every text of every table is looked at."""
    own, abroad, talk, written = traces.own(), traces.abroad(), traces.talk(), traces.written()
    found, alive = set[str](), set[str]()
    for table, row, is_own in rows(connection, traces.portal):
        texts = [str(text) for text in row]
        alive |= {one for text in texts for one in written.findall(text)}
        if any((own if is_own else abroad).search(text) for text in texts) or (
            is_own and table is tables.remembered and row.kind == "channel" and talk.search(row.body)
        ):
            found.add(table.name)
    return (*sorted(found), *(_files(file, written, alive) if file else ()))


def _files(store: Path, written: re.Pattern[str], alive: Collection[str]) -> Iterator[str]:
    """Files whose bytes hold what no row does. Bytes do not tell their portal: what rows of another one hold as well
    is proved by the rows alone."""
    pattern = re.compile(written.pattern.encode())
    known = {one.encode() for one in alive}
    for path in (store, store.with_name(store.name + "-wal")):
        if path.exists() and not known.issuperset(pattern.findall(path.read_bytes())):
            yield path.name
