"""`dataclasses.replace` and constructors for the records of a poll, at a fraction of their cost.

A frozen record sets each of its fields by a call; one that is not frozen does so by a single instruction. So a record
is copied into a draft, another class with the same slots, and the draft becomes the record when all is said. It asks
what the core's records are: slots, and nothing checked or worked out when one is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")

P = ParamSpec("P")
T = TypeVar("T")

_copies: dict[type, Callable[[Any], Any]] = {}  # as many as there are kinds of records


def replace(record: R, /, **changes: Any) -> R:
    """A record like this one but for the changes. AttributeError for a name that is none of its fields."""
    kind = type(record)
    draft = (_copies.get(kind) or _copy_of(kind))(record)
    for name, value in changes.items():
        setattr(draft, name, value)
    draft.__class__ = kind
    return draft  # type: ignore[no-any-return]  # it is one now


def _copy_of(kind: type[DataclassInstance]) -> Callable[[Any], Any]:
    """A function that copies a record of this kind into a new draft."""
    lines = [f"draft.{name} = record.{name}" for name in _names(kind)]
    copy = _copies[kind] = _function("record", kind, [*lines, "return draft"], {})
    return copy


def maker(kind: Callable[P, T]) -> Callable[P, T]:
    """The constructor of a record, all of whose fields are named by keyword."""
    record: Any = kind
    told = {f"default_{field.name}": field.default for field in fields(record) if field.default is not MISSING}
    if any(field.default_factory is not MISSING for field in fields(record)):
        raise TypeError(f"{record.__name__} is no such record")
    names = _names(record)
    wanted = ", ".join(f"{name}=default_{name}" if f"default_{name}" in told else name for name in names)
    lines = [f"draft.{name} = {name}" for name in names]
    return _function(f"*, {wanted}", record, [*lines, "draft.__class__ = record_kind", "return draft"], told)


def _names(kind: type[DataclassInstance]) -> tuple[str, ...]:
    names = tuple(field.name for field in fields(kind))
    if hasattr(kind, "__post_init__") or getattr(kind, "__slots__", None) != names:
        raise TypeError(f"{kind.__name__} is no such record")
    return names


def _function(wanted: str, kind: type[DataclassInstance], lines: list[str], told: dict[str, Any]) -> Callable[..., Any]:
    """Written out field by field, as dataclasses writes its own methods."""
    draft = type(f"{kind.__name__}Draft", (), {"__slots__": _names(kind)})
    source = "\n    ".join((f"def made({wanted}):", "draft = new(draft_kind)", *lines))
    told |= {"new": object.__new__, "draft_kind": draft, "record_kind": kind}
    exec(source, told)  # noqa: S102 - of nothing but the names of fields
    made: Callable[..., Any] = told["made"]
    return made
