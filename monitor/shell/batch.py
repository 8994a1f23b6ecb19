"""Many REST commands as one `batch`: how they are written, split and told apart again (bitrix24-api.md 2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote

from monitor.core.model import Failure
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

    __slots__ = ("key", "method", "text", "unread")

    def __init__(self, *, method: str, query: str, unread: bool = False) -> None:
        self.method, self.key, self.unread = method, method.lower(), unread
        self.text = f"{method}?{query}" if query else method


class Answered(NamedTuple):
    """One command's answer: `result` as it came, and what a list or the cost meter said beside it.

    `time`: the meter's words, mostly asked by nobody."""

    result: Any
    total: int | None = None
    next: int | None = None
    time: Any = None

    @property
    def operating(self) -> float | None:
        """Seconds that the method has cost in ten minutes."""
        return operating_of(self.time)

    @property
    def reset_at(self) -> datetime | None:
        """When the oldest of them are forgotten."""
        return reset_at(self.time)


Outcome = Answered | Failure


def command(method: str, params: Mapping[str, Any] | None = None, *, unread: bool = False) -> Command:
    """A command with its parameters in PHP's bracket style, URL-encoded once."""
    if params is None or _PLAIN.issuperset(map(type, params.values())):
        # Sessions have ever new numbers: remembered, they would drive out what is asked at every poll.
        written = _plain if method != HISTORY else _plain.__wrapped__
        return written(method, tuple(params.items()) if params else (), unread)
    return Command(method=method, query="&".join(map(_part_of, params, params.values())), unread=unread)


_PLAIN = frozenset({str, int})  # not bool: it is written in another way, and yet is equal to 0 or 1


@lru_cache(maxsize=1024)
def _plain(method: str, params: tuple[tuple[str, str | int], ...], unread: bool) -> Command:
    return Command(method=method, query=_query((name, str(value)) for name, value in params), unread=unread)


def _part_of(name: str, value: Any) -> str:
    kind = type(value)
    if kind is tuple and _PLAIN.issuperset(map(type, value)):
        return _list_part(name, value)
    if kind is dict and value and _PLAIN.issuperset(map(type, value.values())):
        return _map_part(name, tuple(value.items()))
    return _query(_flat(name, value))


@lru_cache(maxsize=256)  # the fields to be told are the same at every poll
def _list_part(name: str, values: tuple[Any, ...]) -> str:
    return _query(_flat(name, values))


@lru_cache(maxsize=256)
def _map_part(name: str, pairs: tuple[tuple[str, str | int], ...]) -> str:
    return _query((f"{name}[{key}]", str(value)) for key, value in pairs)


def _query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join([f"{_name(name)}={value if value.isdecimal() else _value(value)}" for name, value in pairs])


# The same few names and values are asked at every poll of every portal.
@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return quote(name, safe="[]")


@lru_cache(maxsize=1024)
def _value(value: str) -> str:
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


def split(commands: Sequence[Command]) -> list[list[int]]:
    """Indices of the commands of each batch, in order: at most 50 in one, at most 10 of them histories."""
    are_heavy = [one.key == HISTORY for one in commands]
    if 0 < len(commands) <= MOST_COMMANDS and sum(are_heavy) <= MOST_HISTORIES:
        return [list(range(len(commands)))]
    batches: list[list[int]] = []
    histories: list[int] = []
    for index, heavy in enumerate(are_heavy):
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


def outcomes(answer: Any, count: int) -> list[Outcome]:
    """Each command's outcome; one that stands in no part of the answer is malformed."""
    parts = answer.get("result") if isinstance(answer, dict) else None
    if not isinstance(parts, dict) or "result" not in parts:
        return [failures.malformed("the batch's answer has no result")] * count
    told = _Parts(*[_part(parts, name) for name in _PARTS])
    if told.total or told.next:
        return [_outcome(told, name) for name in NAMES[:count]]
    results, times = told.result, told.time  # nothing but results, mostly
    return [
        _answered(Answered, (results[name], None, None, times.get(name)))
        if name in results and name not in told.error
        else _outcome(told, name)
        for name in NAMES[:count]
    ]


def expired_within(answer: Mapping[str, Any]) -> bool:
    """Whether the token died while the batch ran: its later commands were refused."""
    parts = answer.get("result")
    errors = parts.get("result_error") if isinstance(parts, dict) else None
    told = errors.values() if isinstance(errors, dict) else ()
    return any(isinstance(error, dict) and str(error.get("error")).lower() == "expired_token" for error in told)


class _Parts(NamedTuple):
    """The maps of a batch's answer, each by our names of the commands."""

    result: Mapping[str, Any]
    error: Mapping[str, Any]
    total: Mapping[str, Any]
    next: Mapping[str, Any]
    time: Mapping[str, Any]


_PARTS = ("result", "result_error", "result_total", "result_next", "result_time")
_MISSING: Any = object()
_answered = tuple.__new__  # half the cost of a NamedTuple's own constructor, for every command of every poll
_NUMBERS = (int, float)  # a union would be built anew for each answer


def _part(parts: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Our names are texts, so a part that is a list is the empty map."""
    part = parts.get(name)
    return part if isinstance(part, dict) else {}


def _outcome(told: _Parts, key: str) -> Outcome:
    if key in told.error:
        return _failure(told.error[key], told.time.get(key))
    result = told.result.get(key, _MISSING)
    if result is _MISSING:
        return failures.malformed("a command stands in no part of the batch's answer")
    total = _int(told.total.get(key)) if told.total else None
    following = _int(told.next.get(key)) if told.next else None
    return _answered(Answered, (result, total, following, told.time.get(key)))


def _failure(error: Any, time: Any) -> Failure:
    code, text = (
        (error.get("error", ""), error.get("error_description", "")) if isinstance(error, dict) else (error, "")
    )
    return failures.by_error(code, text, 400, reset_at(time))


def reset_at(time: Any) -> datetime | None:
    """`operating_reset_at`: when the oldest bucket of the method's cost expires."""
    moment = time.get("operating_reset_at") if isinstance(time, dict) else None
    if isinstance(moment, _NUMBERS) and 0 < moment < 2**34:
        return datetime.fromtimestamp(moment, UTC)
    return None


def operating_of(time: Any) -> float | None:
    value = time.get("operating") if isinstance(time, dict) else None
    return float(value) if isinstance(value, _NUMBERS) else None


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) else None
