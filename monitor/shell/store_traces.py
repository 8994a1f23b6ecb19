"""What dialogs leave in the store: their numbers, gathered before anything goes, and each way they are written in.

Another portal has dialogs of the same numbers. A row is searched for numbers only where it is the portal's own; in any
other row only a link with the portal's address is a trace.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Table, select

from monitor.core.incident import IncidentKind
from monitor.shell import store_tables as tables

ABOUT_A_DIALOG = frozenset({IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY, IncidentKind.CLOSED_WITHOUT_ANSWER})
_LINKED = re.compile(r"imol\|(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """`incidents`: of these dialogs alone; `addresses`: how links name the portal; `talks`: the channels' memory of the
    sessions, as it was written."""

    portal: str
    chats: frozenset[int]
    sessions: frozenset[int]
    messages: frozenset[int]
    incidents: frozenset[str]
    addresses: tuple[str, ...]
    talks: frozenset[str]

    def own(self) -> re.Pattern[str]:
        """In the portal's own rows."""
        return re.compile(self._numbers())

    def abroad(self) -> re.Pattern[str]:
        """In rows of nobody or of another portal."""
        link = rf"imol(?:\||%7C){_any(self.sessions)}|IM_DIALOG=chat{_any(self.chats)}"
        return re.compile(rf"{_any(self.addresses)}/online/\?(?:IM_HISTORY=)?(?:{link})(?!\d)|{self._pages()}")

    def pages(self) -> re.Pattern[str]:
        """Links of our own pages to incidents about the dialogs."""
        return re.compile(self._pages())

    def written(self) -> re.Pattern[str]:
        """In the bytes of files, which do not tell whose they are."""
        return re.compile(f"{self._numbers()}|{self._session()}|{_any(self.talks)}")

    def talk(self) -> re.Pattern[str]:
        """In a channel's memory: who wrote there last, and what did not reach whom."""
        return re.compile(rf'\[{_any(self.sessions)},"\d{{4}}-\d\d-\d\dT[^"]*"\]|{self._session()}')

    def _session(self) -> str:
        return rf'"session": ?{_any(self.sessions)}(?!\d)'

    def _numbers(self) -> str:
        chats, sessions = _any(self.chats), _any(self.sessions)
        return rf'(?:imol(?:\||%7C){sessions}|chat{chats}|"chat": ?{chats})(?!\d)|{self._pages()}'

    def _pages(self) -> str:
        return rf"/incidents/{_any(self.incidents)}(?!\w)"


def _any(words: Iterable[object]) -> str:
    """Of no words nothing is found."""
    return f"(?:{'|'.join(re.escape(word) for word in sorted(map(str, words))) or '(?!)'})"


def chats_of(connection: Connection, portal: str, customer: int) -> tuple[int, ...]:
    """The chats of a customer, by the customer's technical user id on the portal."""
    bodies = (json.loads(body) for _, body in remembered(connection, portal, "session"))
    chats = (body["session"]["chat"] for body in bodies if body["session"]["customer"] == customer)
    return tuple(sorted(set(chats)))


def gather(connection: Connection, portal: str, chats: Collection[int], address: str) -> Traces:
    """`address`: the portal's by the configuration."""
    sessions, messages, about = set[int](), set[int](), set[str]()
    for body in _bodies(connection, tables.turns, portal, chats):
        sessions.add(body["session"])
        messages |= {body["message"], *filter(None, (body.get("ended_by"), body.get("proof")))}
    for body in _bodies(connection, tables.turn_events, portal, chats):
        sessions |= {body["turn"]["session"]} if body.get("turn") else set()
        messages |= {body["message"], *body.get("messages", ())}
    for key, body in remembered(connection, portal, "session"):
        memory = json.loads(body)
        if memory["session"]["chat"] in chats:
            sessions.add(int(key))
            messages |= {*memory.get("unconfirmed", ()), *(one["message"] for one in memory.get("spoken", ()))}
    incidents = tables.incidents
    for row in connection.execute(select(incidents).where(incidents.c.portal == portal)):
        chat, _, message = json.loads(row.body)["subject"].partition("/")
        if row.kind in ABOUT_A_DIALOG and chat in {str(one) for one in chats} and message.isdecimal():
            about.add(row.id)
            messages.add(int(message))
            sessions |= {int(number) for number in _LINKED.findall(row.body)}
    return _with_talks(
        connection,
        Traces(
            portal=portal,
            chats=frozenset(chats),
            sessions=frozenset(sessions),
            messages=frozenset(messages),
            incidents=frozenset(about),
            addresses=_addresses(connection, portal, address),
            talks=frozenset(),
        ),
    )


def _bodies(connection: Connection, table: Table, portal: str, chats: Collection[int]) -> Iterator[Any]:
    rows = connection.execute(select(table.c.body).where(table.c.portal == portal, table.c.chat.in_(chats)))
    return (json.loads(body) for body in rows.scalars())


def remembered(connection: Connection, portal: str, kind: str) -> list[tuple[str, str]]:
    """(key, body) of what a portal's state remembers of a kind."""
    table = tables.remembered
    query = select(table.c.key, table.c.body).where(table.c.portal == portal, table.c.kind == kind)
    return [(row.key, row.body) for row in connection.execute(query)]


def _addresses(connection: Connection, portal: str, address: str) -> tuple[str, ...]:
    table = tables.portals
    memory = connection.execute(select(table.c.memory).where(table.c.portal == portal)).scalar()
    told = json.loads(memory).get("server_address", "") if memory else ""
    return tuple(sorted({one.rstrip("/") for one in (address, told) if one}))


def _with_talks(connection: Connection, traces: Traces) -> Traces:
    pattern = traces.talk()
    talks = {one for _, body in remembered(connection, traces.portal, "channel") for one in pattern.findall(body)}
    return replace(traces, talks=frozenset(talks))


def rows(connection: Connection, portal: str) -> Iterator[tuple[Table, Any, bool]]:
    """Every row of every table with its texts, and whether it is the portal's own."""
    for table in tables.METADATA.sorted_tables:
        is_own = owner(connection, table, portal)
        columns = [column for column in table.columns if column.type.python_type is str]
        yield from ((table, row, is_own(row)) for row in connection.execute(select(*columns)) if columns)


def owner(connection: Connection, table: Table, portal: str) -> Callable[[Any], bool]:
    """Whether a row of the table is the portal's: by its column, an alert by its label, a note by its incident."""
    if "portal" in table.columns:
        return lambda row: bool(row.portal == portal)
    if table is tables.posted_alerts:
        return lambda row: bool(dict(json.loads(row.body).get("labels", ())).get("portal") == portal)
    if table is tables.incident_notes:
        incidents = tables.incidents
        mine = set(connection.execute(select(incidents.c.id).where(incidents.c.portal == portal)).scalars())
        return lambda row: row.incident in mine
    return lambda _: False
