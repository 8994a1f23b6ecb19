"""A validation error of pydantic in our words: `portals[2].poll: expected a duration such as 30s, got 5x`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from monitor.config_types import shown

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:g} or more",
    "less_than_equal": "{le:g} or less",
    "literal_error": "{expected}",
    "is_instance_of": "a secret by file or environment",
    "too_short": "at least {min_length} entry",
}
_REQUIRED = {
    "auth": "client_id with client_secret_file, or webhook_url_file",
    "name": "a short name such as acme",
    "url": "an address such as https://acme.bitrix24.ru",
    "password_hash": "password_hash_file with what `messenger-monitor hash-password` printed",
    "role": "integrator or head",
    "portals": "a list of portals",
    "date": "a date such as 2026-12-31",
    "start": "a date such as 2026-03-01",
    "from": "a moment such as 2026-12-30T22:00",
    "to": "a moment such as 2026-12-31T02:00",
    "canary.to": "the channel's own address such as 79990001122@c.us",
}


def in_words(error: ErrorDetails, root: type[BaseModel]) -> Iterator[str]:
    """One line for each thing that is wrong."""
    path, context = dotted(error["loc"]), error.get("ctx", {})
    if error["type"] == "several":
        yield from (f"{_below(path, at)}: {text}" for at, text in context["several"])
    elif error["type"] == "unexpected":
        yield f"{_below(path, context.get('at', ''))}: {context['text']}"
    elif error["type"] == "missing":
        key = ".".join(map(str, error["loc"][-2:]))
        yield f"{path}: expected {_REQUIRED.get(key) or _REQUIRED.get(str(error['loc'][-1]), 'this key')}, got nothing"
    elif error["type"] == "invalid_key":  # a number, true, null
        yield f"{dotted((*error['loc'][:-1], shown(error['input'])))}: unknown key{_hint(error['loc'], root)}"
    elif error["type"] == "extra_forbidden":
        yield f"{path}: unknown key{_hint(error['loc'], root)}"
    else:
        yield f"{path}: expected {_wanted(error, context)}, got {_got(error)}"


def dotted(loc: Sequence[int | str]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{shown(step)}" for step in loc)
    return text.removeprefix(".")


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys as they are written: a secret has two spellings."""
    rows = [(field.alias or name, field.annotation) for name, field in model.model_fields.items()]
    return [key for key, _ in rows] + [f"{key}_file" for key, kind in rows if "Secret" in str(kind)]


def _below(path: str, at: str) -> str:
    return path + (at if at.startswith("[") or not at else f".{at}")


def _hint(loc: Sequence[int | str], root: type[BaseModel]) -> str:
    model = _model_at(root, loc[:-1])
    known = keys_of(model) if model else []
    near = get_close_matches(str(loc[-1]), known, n=1, cutoff=0.7)
    return f": did you mean {near[0]}?" if near else f": expected one of {', '.join(known)}"


def _model_at(model: type[BaseModel] | None, loc: Sequence[int | str]) -> type[BaseModel] | None:
    for step in loc:
        if model is not None and isinstance(step, str):
            field = next((field for name, field in model.model_fields.items() if step in (name, field.alias)), None)
            model = model_in(field.annotation) if field else None
    return model


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a key holds, or each entry of its list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part))), None)


def _wanted(error: ErrorDetails, context: dict[str, Any]) -> str:
    wanted = _EXPECTED.get(error["type"])
    if wanted is None:
        return error["msg"]
    return wanted.format(**context).replace("'", "")


def _got(error: ErrorDetails) -> str:
    """Where a mapping or a secret was wanted, the value itself might be a secret: only its kind is shown."""
    if error["type"] in ("model_type", "is_instance_of"):
        value = error["input"]
        return "a single value" if isinstance(value, str | int | float) else shown(value)
    if error["type"] == "too_short":
        return "none"
    return shown(error["input"])
