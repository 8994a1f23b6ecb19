"""The arrows between the parts, the sizes and the manners, read from the source itself."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for part in ("monitor", "probes") for path in (ROOT / part).rglob("*.py"))
CODE = [path for path in SOURCES if "migrations" not in path.parts]
ROOTS = {"monitor.app", "monitor.daemon", "monitor.demo", "monitor.check", "monitor.cli", "monitor.__main__"}
LARGER = {
    "monitor.config_shape": 310,  # the table of the file's keys
    "monitor.sandbox.world": 320,  # all that can happen on an emulated portal, one short operation after another
}
BARRED_NAMES = {"utils", "common", "base", "data", "info", "helpers", "misc", "manager", "handler"}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports_of(path: Path) -> Iterator[str]:
    """What a module needs when it runs: names that only its types need are no arrow."""
    tree = tree_of(path)
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    unneeded = {id(inner) for node in typing for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in unneeded:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "monitor")


def functions_of(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{module_of(path)}.{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def ids(path: Path) -> str:
    return module_of(path)


@pytest.mark.parametrize("path", [p for p in SOURCES if "core" in p.relative_to(ROOT).parts], ids=ids)
def test_the_core_imports_the_standard_library_and_itself_alone(path: Path) -> None:
    foreign = [
        name
        for name in imports_of(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith("monitor.core")
        and name != "monitor"
    ]
    assert foreign == []


@pytest.mark.parametrize("path", [p for p in SOURCES if "core" in p.relative_to(ROOT).parts], ids=ids)
def test_the_core_neither_waits_nor_reads_a_clock_nor_does_io(path: Path) -> None:
    tree = tree_of(path)
    waits = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Await | ast.AsyncFunctionDef)]
    assert waits == []
    barred = {"asyncio", "time", "logging", "socket", "os", "pathlib", "subprocess", "threading", "random"}
    assert barred.isdisjoint(name.partition(".")[0] for name in imports_of(path))
    calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [call for call in calls if call in {"open", "print", "datetime.now", "datetime.utcnow", "date.today"}]


@pytest.mark.parametrize("path", [p for p in SOURCES if p.relative_to(ROOT).parts[0] == "probes"], ids=ids)
def test_probes_import_only_the_core(path: Path) -> None:
    foreign = [
        name
        for name in imports_of(path)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith(("monitor.core", "probes"))
    ]
    assert foreign == []


@pytest.mark.parametrize("path", [p for p in SOURCES if "shell" in p.relative_to(ROOT).parts], ids=ids)
def test_the_shell_knows_nothing_of_those_who_compose_it(path: Path) -> None:
    assert not [name for name in imports_of(path) if name in ROOTS or name.startswith(("probes", "monitor.config"))]


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_nobody_imports_the_composition_root_but_those_who_start_it(path: Path) -> None:
    if module_of(path) in ROOTS:
        return
    assert "monitor.app" not in set(imports_of(path))


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_the_daemon_does_not_know_the_sandbox(path: Path) -> None:
    if module_of(path) in {"monitor.demo", "monitor.demo_fortnight"} or "sandbox" in path.parts:
        return
    assert not [name for name in imports_of(path) if name.startswith("monitor.sandbox")]


def test_no_module_imports_itself_through_others() -> None:
    known = {module_of(path) for path in SOURCES}
    graph = {module_of(path): {name for name in imports_of(path) if name in known} for path in SOURCES}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, f"import cycle: {' -> '.join((*above[above.index(name) :], name))}"
        if name not in done:
            for other in graph[name]:
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or ast.get_docstring(tree_of(path))


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_nothing_is_left_to_do_and_nothing_is_printed_outside_the_command_line(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\b(TODO|FIXME|XXX|NotImplementedError)\b", text)
    calls = {ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}
    speaks = module_of(path) in {"monitor.demo", "monitor.check_table", "monitor.sandbox.__main__"}
    assert speaks or "print" not in calls
    assert "asyncio.create_task" not in calls
    assert "asyncio.ensure_future" not in calls


def test_a_broad_except_stands_only_where_probes_are_run() -> None:
    broad = [
        module_of(path)
        for path in SOURCES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and not any(isinstance(inner, ast.Raise) and inner.exc is None for inner in node.body)
    ]
    assert set(broad) <= {"monitor.shell.watch", "monitor.account"}


def test_no_file_bears_a_name_that_says_nothing() -> None:
    assert [module_of(path) for path in SOURCES if path.stem in BARRED_NAMES] == []


def test_modules_stay_small() -> None:
    sizes = {module_of(path): len(path.read_text().splitlines()) for path in CODE if path.read_text().strip()}
    assert {name: size for name, size in sizes.items() if size > LARGER.get(name, 300)} == {}
    assert median(sizes.values()) <= 120


def test_functions_stay_small() -> None:
    sizes = dict(size for path in CODE for size in functions_of(path))
    assert {name: size for name, size in sizes.items() if size > 60} == {}
    assert sum(size < 30 for size in sizes.values()) >= 0.9 * len(sizes)
    assert median(sizes.values()) <= 10
