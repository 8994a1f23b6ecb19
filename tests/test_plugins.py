"""One file, one plug-in: found by its name, and loaded only when it is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from monitor.plugins import Plugins

FILES = {
    "__init__": "",
    "one": "PLUGIN = 1",
    "two": "PLUGIN = 2",
    "word": "PLUGIN = 'another kind'",
    "bare": "",
    "_shared": "PLUGIN = 3",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "plugged").mkdir()
    for name, text in FILES.items():
        (tmp_path / "plugged" / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("plugged")
    for name in [name for name in sys.modules if name.partition(".")[0] == "plugged"]:
        del sys.modules[name]


def test_only_what_is_asked_for_is_loaded(package: ModuleType) -> None:
    known = Plugins(package, "PLUGIN", int)
    assert known["two"] == 2
    assert "plugged.one" not in sys.modules


def test_all_of_its_kind_are_found_in_the_order_of_their_names(package: ModuleType) -> None:
    known = Plugins(package, "PLUGIN", int)
    assert dict(known) == {"one": 1, "two": 2}
    assert len(known) == 2


@pytest.mark.parametrize("name", ["word", "bare", "_shared", "three", "__init__", "..one", ["one"], None])
def test_what_is_none_is_not_found(package: ModuleType, name: object) -> None:
    known = Plugins(package, "PLUGIN", int)
    assert name not in known
    assert known.get(name) is None  # type: ignore[call-overload]  # as a file may name it
