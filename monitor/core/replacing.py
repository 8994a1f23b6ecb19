"""`dataclasses.replace` for the records of a poll, at a tenth of its cost: no constructor is run again.

A frozen record sets each of its fields by a call; one that is not frozen does so by a single instruction. So a record
is copied into a draft, another class with the same slots, and the draft becomes the record when all is said. It asks
what the core's records are: slots, and nothing checked or worked out when one is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")

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
    names = tuple(field.name for field in fields(kind))
    if hasattr(kind, "__post_init__") or getattr(kind, "__slots__", None) != names:
        raise TypeError(f"{kind.__name__} is no such record")
    lines = [f"    draft.{name} = record.{name}" for name in names]
    source = "\n".join(("def copy(record):", "    draft = new(kind)", *lines, "    return draft"))
    told: dict[str, Any] = {"new": object.__new__, "kind": type(f"{kind.__name__}Draft", (), {"__slots__": names})}
    exec(source, told)  # noqa: S102 - as dataclasses makes its own methods; the names are those of fields
    copy: Callable[[Any], Any] = told["copy"]
    _copies[kind] = copy
    return copy
