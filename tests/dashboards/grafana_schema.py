"""Grafana's own schema of dashboards, as its foundation SDK publishes it: every field known, every value of its type.

The SDK's models are generated from that schema but take whatever they are given, so the types are compared here."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()


def problems(board: dict[str, Any]) -> list[str]:
    """What the schema does not allow, each with its place."""
    return list(_against(board, Dashboard, "dashboard"))


def _against(value: Any, hint: Any, place: str) -> Iterator[str]:
    """`value` is JSON or already a model of the SDK."""
    origin = typing.get_origin(hint)
    if hint in {Any, object} and not hasattr(value, "to_json"):
        return
    if origin in {typing.Union, types.UnionType}:
        yield from _one_of(value, typing.get_args(hint), place)
    elif origin is typing.Literal:
        if value not in typing.get_args(hint):
            yield f"{place}: {value!r} is none of {typing.get_args(hint)}"
    elif origin in {list, dict}:
        yield from _collection(value, origin, typing.get_args(hint), place)
    elif hasattr(value, "to_json") or (isinstance(hint, type) and hasattr(hint, "from_json")):
        yield from _model(value, hint, place)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        if value not in {one.value for one in hint} and value not in set(hint):
            yield f"{place}: {value!r} is no {hint.__name__}"
    elif isinstance(hint, type) and not _is_a(value, hint):
        yield f"{place}: {value!r} is no {hint.__name__}"


def _is_a(value: Any, wanted: type) -> bool:
    if isinstance(value, bool):
        return wanted is bool
    return isinstance(value, (int, float) if wanted is float else wanted)


def _one_of(value: Any, hints: tuple[Any, ...], place: str) -> Iterator[str]:
    found = [list(_against(value, hint, place)) for hint in hints if hint is not type(None)]
    if (value is None and type(None) in hints) or not all(found):
        return
    yield from min(found, key=len)


def _collection(value: Any, kind: type, inner: tuple[Any, ...], place: str) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f"{place}: {value!r} is no {kind.__name__}"
        return
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for name, member in members:
        yield from _against(member, inner[-1], f"{place}[{name}]")


def _model(value: Any, hint: Any, place: str) -> Iterator[str]:
    model = value
    if isinstance(value, dict):
        model = hint.from_json(value)
        yield from _lost(value, _encoded(model), place)
    if not hasattr(model, "to_json"):
        yield f"{place}: {value!r} is no {hint.__name__}"
        return
    for name, wanted in typing.get_type_hints(type(model)).items():
        yield from _against(getattr(model, name), wanted, f"{place}.{name}")


def _encoded(model: Any) -> Any:
    return json.loads(json.dumps(model, cls=JSONEncoder))


def _lost(given: Any, kept: Any, place: str) -> Iterator[str]:
    """What the schema has no field for is not there any more after a turn through its models."""
    if isinstance(given, dict) and isinstance(kept, dict):
        yield from (f"{place}: there is no {key!r}" for key in sorted(given.keys() - kept.keys()))
        for key in sorted(given.keys() & kept.keys()):
            yield from _lost(given[key], kept[key], f"{place}.{key}")
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for at, pair in enumerate(zip(given, kept, strict=True)):
            yield from _lost(*pair, f"{place}[{at}]")
    elif given != kept:
        yield f"{place}: {given!r} was read as {kept!r}"
