"""Many REST commands as one `batch`: how they are written, split and told apart again (bitrix24-api.md 2.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from monitor.core.model import Failure
from monitor.core.replacing import replace
from monitor.shell import failures

MOST_COMMANDS = 50
NAMES = tuple(
    f"c{index}" for index in range(MOST_COMMANDS)
)  # never numeric: PHP would make lists of the parts (trap 11)
MOST_HISTORIES = 10  # heavy answers: trap 19
HISTORY = "imopenlines.session.history.get"


class Command:
    """One method with its parameters written. `key`: the method's name as the portal takes it, in small letters.

    `unread`: who asks wants the rows of a large answer as they are (monitor/shell/parted.py)."""

    __slots__ = ("is_heavy", "key", "method", "text", "unread")

    def __init__(self, *, method: str, query: str, unread: bool = False) -> None:
        self.method, self.key, self.unread = method, method.lower(), unread
        self.is_heavy = self.key == HISTORY
        self.text = f"{method}?{query}" if query else method


class Meter(msgspec.Struct, gc=False):
    """What the portal's cost meter says beside an answer: seconds of the method in ten minutes, and when the oldest
    of them are forgotten (seconds since 1970)."""

    operating: float | None = None
    operating_reset_at: float | None = None


class Parts(NamedTuple):
    """The maps of a batch's answer, each by our names of the commands. `time`: a Meter each, or the map it was."""

    result: Mapping[str, Any]
    error: Mapping[str, Any]
    time: Mapping[str, Any]


class Envelope(NamedTuple):
    """An answer that is no error; `parts` None = it is none of a batch. `time`: the batch's own meter."""

    parts: Parts | None
    time: Any = None


Outcome = Any  # a command's result as it came, or a Failure


def command(method: str, params: Mapping[str, Any] | None = None, *, unread: bool = False) -> Command:
    """A command with its parameters in PHP's bracket style, URL-encoded once."""
    if method == HISTORY and params and params.keys() == {"SESSION_ID"} and type(params["SESSION_ID"]) is int:
        # Sessions have ever new numbers: remembered, they would drive out what is asked at every poll.
        return Command(method=method, query=f"SESSION_ID={params['SESSION_ID']}", unread=unread)
    if not params or _PLAIN.issuperset(map(type, params.values())):
        return _plain(method, tuple(params.items()) if params else (), unread)
    return Command(method=method, query="&".join(map(_part_of, params, params.values())), unread=unread)


_PLAIN = frozenset({str, int})  # not bool: it is written in another way, and yet is equal to 0 or 1


@lru_cache(maxsize=1024)
def _plain(method: str, params: tuple[tuple[str, str | int], ...], unread: bool) -> Command:
    return Command(method=method, query=_query((name, str(value)) for name, value in params), unread=unread)


def _part_of(name: str, value: Any) -> str:
    kind = type(value)
    if kind is int:
        return f"{_name(name)}={value}"
    if kind is tuple and _PLAIN.issuperset(map(type, value)):
        return _list_part(name, value)
    if kind is dict and _PLAIN.issuperset(map(type, value.values())):
        return "&".join(
            [f"{_inner(name, key)}={one if type(one) is int else _value(one)}" for key, one in value.items()]
        )
    return _query(_flat(name, value))


@lru_cache(maxsize=256)  # the fields to be told are the same at every poll
def _list_part(name: str, values: tuple[Any, ...]) -> str:
    return _query(_flat(name, values))


def _query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join([f"{_name(name)}={_value(value)}" for name, value in pairs])


def _value(value: str) -> str:
    """Words, numbers and moments have at most two characters to be written otherwise."""
    if _is_of_moments(value):
        return value.replace(":", "%3A").replace("+", "%2B")
    return _quoted(value)


_is_of_moments = re.compile("[0-9A-Za-z_.~:+-]*").fullmatch


# The same few names and values are asked at every poll of every portal.
@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return quote(name, safe="[]")


@lru_cache(maxsize=1024)
def _inner(name: str, key: str) -> str:
    return quote(f"{name}[{key}]", safe="[]")


@lru_cache(maxsize=1024)
def _quoted(value: str) -> str:
    return quote(value, safe="")


def flatten(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(bracketed name, text) pairs: {"filter": {">ID": 5}} -> ("filter[>ID]", "5")."""
    for name, value in params.items():
        yield from _flat(name, value)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}[{key}]", inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _flat(f"{name}[{index}]" if isinstance(inner, Mapping | list | tuple) else f"{name}[]", inner)
    elif isinstance(value, bool):
        yield name, "1" if value else "0"
    elif isinstance(value, datetime):
        yield name, value.isoformat(timespec="seconds")
    elif value is not None:
        yield name, str(value)


def is_one(commands: Sequence[Command]) -> bool:
    """Whether one batch holds them all."""
    return 0 < len(commands) <= MOST_COMMANDS and [one.is_heavy for one in commands].count(True) <= MOST_HISTORIES


def split(commands: Sequence[Command]) -> list[list[int]]:
    """Indices of the commands of each batch, in order: at most 50 in one, at most 10 of them histories."""
    if is_one(commands):
        return [list(range(len(commands)))]
    batches: list[list[int]] = []
    histories: list[int] = []
    for index, heavy in enumerate([one.is_heavy for one in commands]):
        place = next((n for n, batch in enumerate(batches) if _fits(batch, histories[n], heavy)), None)
        if place is None:
            batches.append([])
            histories.append(0)
            place = len(batches) - 1
        batches[place].append(index)
        histories[place] += heavy
    return batches


def _fits(batch: Sequence[int], histories: int, heavy: bool) -> bool:
    return len(batch) < MOST_COMMANDS and (not heavy or histories < MOST_HISTORIES)


def body(commands: Iterable[Command]) -> dict[str, Any]:
    """By our names; at most 50 commands."""
    return {"halt": 0, "cmd": {name: one.text for name, one in zip(NAMES, commands, strict=False)}}


def enveloped(body: Any) -> Envelope:
    """An answer that was read as a whole."""
    told = as_map(body)
    parts = as_map(told.get("result"))
    if "result" not in parts:
        return Envelope(None, told.get("time"))
    named = (parts.get(name) for name in ("result", "result_error", "result_time"))
    return Envelope(Parts(*map(as_map, named)), told.get("time"))


def as_map(part: Any) -> Mapping[str, Any]:
    """Our names are texts, so a part that is a list is the empty map."""
    return part if isinstance(part, dict) else {}


def outcomes(answer: Envelope, count: int) -> list[Outcome]:
    """Each command's outcome; one that stands in no part of the answer is malformed."""
    if answer.parts is None:
        return [failures.malformed("the batch's answer has no result")] * count
    results, errors, times = answer.parts
    return [
        results[name] if name in results and name not in errors else _failure(name, errors, times)
        for name in NAMES[:count]
    ]


def expired_within(answer: Envelope) -> bool:
    """Whether the token died while the batch ran: its later commands were refused."""
    errors = answer.parts.error.values() if answer.parts is not None else ()
    return any(isinstance(error, dict) and str(error.get("error")).lower() == "expired_token" for error in errors)


def _failure(name: str, errors: Mapping[str, Any], times: Mapping[str, Any]) -> Failure:
    if name not in errors:
        return failures.malformed("a command stands in no part of the batch's answer")
    error, time = errors[name], times.get(name)
    code, text = (
        (error.get("error", ""), error.get("error_description", "")) if isinstance(error, dict) else (error, "")
    )
    failure = failures.by_error(code, text, 400, reset_at(time) if time is not None else None)
    return replace(failure)  # its own: the very same one is a whole request's (monitor/outcome.py)


_NUMBERS = (int, float)  # a union would be built anew for each answer


def reset_at(time: Any) -> datetime | None:
    """`operating_reset_at`: when the oldest bucket of the method's cost expires."""
    moment = _metered(time, "operating_reset_at")
    if isinstance(moment, _NUMBERS) and 0 < moment < 2**34:
        return datetime.fromtimestamp(moment, UTC)
    return None


def operating_of(time: Any) -> float | None:
    value = _metered(time, "operating")
    return float(value) if isinstance(value, _NUMBERS) and value < 2**34 else None


def _metered(time: Any, name: str) -> Any:
    if type(time) is Meter:
        return getattr(time, name)
    return time.get(name) if isinstance(time, dict) else None
