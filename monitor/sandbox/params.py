"""PHP's bracketed parameters as maps and lists, and what a batch's references stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_plus

_REFERENCE = re.compile(r"\$(result|total|next|error)((?:\[[^\]\s]*\])+)")


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """filter[>ID]=5&select[]=ID -> {"filter": {">ID": "5"}, "select": ["ID"]}."""
    out: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        _put(out, [head, *rest], value)
    return out


def from_query(query: str) -> dict[str, Any]:
    return nested(parse_qsl(query, keep_blank_values=True))


def _put(place: Any, keys: list[str], value: Any) -> None:
    key, *rest = keys
    if isinstance(place, list):
        if not rest:
            place.append(value)
            return
        place.append({} if rest[0] else [])
        _put(place[-1], rest, value)
        return
    if not rest:
        place[key] = value
        return
    inner = place.get(key)
    if not isinstance(inner, dict | list):
        inner = place[key] = [] if rest[0] == "" else {}
    if isinstance(inner, list) and rest[0] != "":
        inner.append(value)
        return
    _put(inner, rest, value)


def resolved(query: str, parts: Mapping[str, Mapping[str, Any]]) -> str:
    """References of earlier commands put in; a missing tail stands for the deepest value that is there."""

    def put(found: re.Match[str]) -> str:
        value: Any = parts.get(found[1], {})
        for step in re.findall(r"\[([^\]]*)\]", found[2]):
            deeper = _step(value, step)
            if deeper is None:
                break
            value = deeper
        return str(value) if not isinstance(value, dict | list) else "Array"

    return "&".join(_put_in(part, put) for part in query.split("&"))


def _put_in(part: str, put: Callable[[re.Match[str]], str]) -> str:
    """One `name=value`, decoded once as PHP does, with its references put in."""
    name, sign, value = part.partition("=")
    plain = unquote_plus(value)
    return f"{name}{sign}{quote(_REFERENCE.sub(put, plain))}" if "$" in plain else part


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
        return value[int(key)]
    return None
