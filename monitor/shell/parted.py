"""A large answer taken apart without reading what is in its rows.

Most of a batch of histories and lists is rows that were told before. Who asks for them unread gets each row as its
bytes, to be looked up by what they are (monitor/core/recall.py) and read only where they are new. What is small, or of
another shape than expected, is read as a whole in the usual way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from monitor.shell.batch import NAMES, Command

SMALLEST = 8 * 1024  # below it taking apart costs more than reading
_WANTED = ("sessionId", "chatId", "chat", "users", "files")  # of a history, beside its messages


class _Parts(msgspec.Struct):
    result: dict[str, msgspec.Raw]
    result_error: Any = None
    result_total: Any = None
    result_next: Any = None
    result_time: Any = None


class _Answer(msgspec.Struct):
    result: _Parts
    time: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)
_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ROWS = msgspec.json.Decoder(dict[str, msgspec.Raw] | list[msgspec.Raw])
_read = msgspec.json.Decoder().decode


def parted(body: bytes, commands: Sequence[Command]) -> dict[str, Any] | None:
    """A batch's envelope like one that was read as a whole, but for unread rows; None where it has to be read so."""
    if len(body) < SMALLEST or not any(command.unread for command in commands):
        return None
    try:
        answer = _ANSWER.decode(body)
        unread = {name for name, command in zip(NAMES, commands, strict=False) if command.unread}
        told = answer.result
        results = {name: _unread(raw) if name in unread else _read(raw) for name, raw in told.result.items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    parts = {"result": results, "result_error": told.result_error, "result_total": told.result_total}
    return {
        "result": parts | {"result_next": told.result_next, "result_time": told.result_time},
        "time": answer.time,
    }


def _unread(raw: msgspec.Raw) -> Any:
    """A list, or the messages of a history: rows that are maps stay as they are."""
    first = bytes(memoryview(raw)[:1])
    if first == b"[":
        return _rows(raw)
    if first != b"{":
        return _read(raw)
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
