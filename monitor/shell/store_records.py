"""Records of the core as JSON and back. What a newer version added is left out, what an older one lacked is default."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from monitor.core.calendar import Schedule
from monitor.core.memory import AccountMemory, Audit, ChannelMemory, HandedOver, PortalState, Reminder, SessionMemory
from monitor.core.model import ChannelKey, Department, Line, Manager
from monitor.core.tallies import Tally
from monitor.core.turn import TurnEvent
from monitor.shell.store_engine import Damaged

T = TypeVar("T")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


_encode = msgspec.json.Encoder().encode


def encode(record: object) -> str:
    return _encode(record).decode()


class _EventBody(msgspec.Struct):
    """A TurnEvent whose turn has been written already. The same fields in the same order."""

    chat: int
    message: int
    at: datetime
    what: str
    messages: tuple[int, ...]
    turn: msgspec.Raw


def encode_event(event: TurnEvent, turn: str) -> str:
    """`turn` as it was encoded: the rows of a turn mostly tell of one standing of it."""
    body = _EventBody(event.chat, event.message, event.at, event.what, event.messages, msgspec.Raw(turn))
    return _encode(body).decode()


def decode(body: str, kind: type[T]) -> T:
    """Damaged where the row holds no such record any more."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise Damaged(kind, error) from None


def micros(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def at_micros(value: int) -> datetime:
    return EPOCH + value * MICROSECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """One mapping of PortalState: how its keys and records are written."""

    kind: str
    of: Callable[[PortalState], Mapping[Any, Any]]
    record: type
    key: Callable[[str], Any]


def channel_key(text: str) -> ChannelKey:
    line, _, connector = text.partition("/")
    return ChannelKey(int(line), connector)


def key_text(key: object) -> str:
    return f"{key.line}/{key.connector}" if isinstance(key, ChannelKey) else str(key)


SHELVES: tuple[Shelf, ...] = (
    Shelf(kind="line", of=lambda state: state.lines, record=Line, key=int),
    Shelf(kind="manager", of=lambda state: state.managers, record=Manager, key=int),
    Shelf(kind="department", of=lambda state: state.departments, record=Department, key=int),
    Shelf(kind="connector", of=lambda state: state.connectors, record=str, key=str),
    Shelf(kind="channel", of=lambda state: state.channels, record=ChannelMemory, key=channel_key),
    Shelf(kind="session", of=lambda state: state.sessions, record=SessionMemory, key=int),
    Shelf(kind="schedule", of=lambda state: state.schedules, record=Schedule, key=str),
    Shelf(kind="reminder", of=lambda state: state.reminders, record=Reminder, key=str),
    Shelf(kind="audit", of=lambda state: state.audits, record=Audit, key=str),
    Shelf(kind="handed_over", of=lambda state: state.handed_over, record=HandedOver, key=int),
    Shelf(kind="account", of=lambda state: state.accounts, record=AccountMemory, key=str),
    Shelf(kind="tally", of=lambda state: state.tallies, record=Tally, key=str),
)
FIELDS = {
    "line": "lines",
    "manager": "managers",
    "department": "departments",
    "connector": "connectors",
    "channel": "channels",
    "session": "sessions",
    "schedule": "schedules",
    "tally": "tallies",
    "audit": "audits",
    "handed_over": "handed_over",
    "reminder": "reminders",
    "account": "accounts",
}
