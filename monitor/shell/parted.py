"""A batch's answer taken apart without reading what is in it.

Most of it was told before: flags, histories and rows of lists. Who asks for them unread gets each row and each map as
its bytes, to be compared with or looked up by what they are (monitor/core/recall.py) and read only where they are new.
What is of another shape than expected is read as a whole in the usual way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from monitor.shell.batch import NAMES, Command, Envelope, Meter, Parts, as_map

_WANTED = ("sessionId", "chatId", "chat", "users", "files")  # of a history, beside its messages


class _Parts(msgspec.Struct):
    result: dict[str, msgspec.Raw] | list[msgspec.Raw]
    result_error: Any = None
    result_time: dict[str, Meter] | list[Any] | None = None


class _Answer(msgspec.Struct):
    result: _Parts
    time: Meter | list[Any] | None = None


class _History(msgspec.Struct):
    """What is wanted of it: the rest is passed over in the same reading."""

    message: dict[str, msgspec.Raw] | list[msgspec.Raw]
    sessionId: Any = msgspec.UNSET  # noqa: N815 - the portal's names
    chatId: Any = msgspec.UNSET  # noqa: N815
    chat: Any = msgspec.UNSET
    users: Any = msgspec.UNSET
    files: Any = msgspec.UNSET


class _HistoryParts(msgspec.Struct):
    result: dict[str, _History]
    result_error: Any = None
    result_time: dict[str, Meter] | list[Any] | None = None


class _Histories(msgspec.Struct):
    result: _HistoryParts
    time: Meter | list[Any] | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_HISTORIES = msgspec.json.Decoder(_Histories)
_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])
_read = msgspec.json.Decoder().decode


def parted(body: bytes, commands: Sequence[Command]) -> Envelope | None:
    """A batch's answer like one that was read as a whole, but for what is left unread; None where it has to be."""
    if not commands:
        return None  # of a batch whose commands we do not know
    if all(command.is_heavy and command.unread for command in commands):
        histories = _histories(body)
        if histories is not None:
            return histories
    try:
        answer = _ANSWER.decode(body)
        told = answer.result
        found = as_map(told.result)
        results = {
            name: _unread(found[name], command) if command.unread else _read(found[name])
            for name, command in zip(NAMES, commands, strict=False)
            if name in found
        }
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Envelope(Parts(results, as_map(told.result_error), as_map(told.result_time)), answer.time)


def _histories(body: bytes) -> Envelope | None:
    """Nothing but histories, taken apart in one go; None where one of them is none."""
    try:
        answer = _HISTORIES.decode(body)
        told = answer.result
        results = {name: _told(history) for name, history in told.result.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return Envelope(Parts(results, as_map(told.result_error), as_map(told.result_time)), answer.time)


def _told(history: _History) -> dict[str, Any]:
    told = {name: part for name in _WANTED if (part := getattr(history, name)) is not msgspec.UNSET}
    rows = history.message.values() if isinstance(history.message, dict) else history.message
    return told | {"message": list(map(_row, rows))}


_LIST, _OBJECT = b"[{"


def _unread(raw: msgspec.Raw, command: Command) -> Any:
    """A list's rows and the messages of a history stay as they are, and so does any other map."""
    told = bytes(raw)
    first = told[0]
    if first == _OBJECT:
        return _history(raw) if command.is_heavy else told
    return _rows(raw) if first == _LIST else _read(raw)


def _history(raw: msgspec.Raw) -> Any:
    told = _MAP.decode(raw)
    if "message" not in told:
        return _read(raw)
    history = {name: _read(told[name]) for name in _WANTED if name in told}
    return history | {"message": _rows(told["message"])}


def _rows(raw: msgspec.Raw) -> Any:
    first = bytes(memoryview(raw)[:1])
    if first not in {b"[", b"{"}:
        return _read(raw)
    rows = _ROWS.decode(raw)
    return list(map(_row, rows.values() if isinstance(rows, dict) else rows))


def _row(raw: msgspec.Raw) -> Any:
    row = bytes(raw)
    return row if row[:1] == b"{" else _read(raw)
