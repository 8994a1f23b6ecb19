"""Plug-ins: one file of a package, one constant in it. A file is loaded when its type is asked for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


class Plugins(Mapping[str, T]):
    """By type, which is the file's name. To go through all of them loads all; to ask for one loads that one."""

    def __init__(self, package: ModuleType, constant: str, kind: type[T]) -> None:
        self._package, self._constant, self._kind = package.__name__, constant, kind
        names = (module.name for module in pkgutil.iter_modules(package.__path__))
        self._files = sorted(name for name in names if not name.startswith("_"))

    def __getitem__(self, type_: str) -> T:
        if type_ not in self._files:
            raise KeyError(type_)
        found = getattr(importlib.import_module(f"{self._package}.{type_}"), self._constant, None)
        if not isinstance(found, self._kind):  # another kind of plug-in
            raise KeyError(type_)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._files if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
