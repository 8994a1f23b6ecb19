"""YAML without its traps: no key twice, no bomb of aliases, no word that turns into a number or a date.

PyYAML reads YAML 1.1, where `12:30` is 750, `on` is true and `010` is 8; here only what YAML 1.2 calls a number is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from monitor.config_values import ConfigProblems

try:
    from yaml import CSafeLoader as Base
except ImportError:  # PyYAML built without libyaml reads the same, slower
    from yaml import SafeLoader as Base  # type: ignore[assignment]  # the same interface

MAX_BYTES = 8 * 2**20
MAX_DEPTH = 30
MAX_NODES = 500_000  # with every alias written out


class Loader(Base):
    """Strings stay strings."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own attribute


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|false|False)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("int", r"^[-+]?(?:0|[1-9][0-9]{0,17})$", "-+0123456789"),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$", "-+0123456789"),
    ("merge", r"^<<$", "<"),
):
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first.replace("\0", "")) + ([""] * ("\0" in _first))
    )


def read_yaml(path: Path) -> dict[str, Any]:
    """The file's mapping. Raises ConfigProblems naming the line where the text is no YAML."""
    return parse_yaml(_text(path), str(path))


def parse_yaml(text: str, name: str) -> dict[str, Any]:
    try:
        _refuse_depth(text, name)
        tree = _construct(text, name)
    except yaml.YAMLError as error:
        raise ConfigProblems((_syntax(error, name, text),)) from None
    except (ValueError, KeyError, AttributeError, TypeError):  # what PyYAML lets through of `!!int x`, `!!bool x`
        raise ConfigProblems((f"{name}: expected plain values, got a tag (!!) that its value does not fit",)) from None
    if tree is None:
        raise ConfigProblems((f"{name}: expected a mapping with `portals:`, got an empty file",))
    if not isinstance(tree, dict):
        raise ConfigProblems((f"{name}: expected a mapping with `portals:`, got {_kind(tree)}",))
    return tree


def _text(path: Path) -> str:
    try:
        if path.is_fifo() and not path.is_relative_to("/dev"):  # who waits at a pipe that nobody fills waits for ever
            raise ConfigProblems((f"{path}: expected a readable file, got: a pipe",))
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigProblems((f"{path}: expected a readable file, got: {error.strerror}",)) from None
    if len(raw) > MAX_BYTES:
        raise ConfigProblems((f"{path}: expected at most {MAX_BYTES // 2**20} MiB, got a larger file",))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigProblems((f"{path}: line {line}: expected UTF-8 text, got other bytes",)) from None


def _refuse_depth(text: str, name: str) -> None:
    """Before anything recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            mark = event.start_mark
            line = mark.line + 1 if mark else 1
            raise ConfigProblems((f"{name}: line {line}: expected at most {MAX_DEPTH} levels, got deeper nesting",))


def _construct(text: str, name: str) -> object:
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        problems = (*_too_many_nodes(node, name), *_given_twice(node, name))
        if problems:
            raise ConfigProblems(problems)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def _too_many_nodes(root: yaml.Node, name: str) -> Iterator[str]:
    weights: dict[int, int] = {}

    def weigh(node: yaml.Node, above: frozenset[int]) -> int:
        if id(node) in above:
            return MAX_NODES + 1
        if id(node) not in weights:
            weights[id(node)] = 1 + sum(weigh(child, above | {id(node)}) for child in _children(node))
        return weights[id(node)]

    if weigh(root, frozenset()) > MAX_NODES:
        yield f"{name}: expected a plain configuration, got aliases that unfold to more than {MAX_NODES:,} values"


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _given_twice(root: yaml.Node, name: str) -> Iterator[str]:
    waiting, met = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in met:
            continue
        met.add(id(node))
        waiting += _children(node)
        if isinstance(node, yaml.MappingNode):
            yield from _twice_in(node, name)


def _twice_in(node: yaml.MappingNode, name: str) -> Iterator[str]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            yield f"{name}: line {line}: expected a plain key, got a collection"
        elif key.value in first:
            earlier = first[key.value]
            yield f"{name}: line {line}: expected each key once, got `{key.value}` again (first on line {earlier})"
        else:
            first[key.value] = line


def _syntax(error: yaml.YAMLError, name: str, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    remedy = ": indent with spaces, not with tabs" if "cannot start any token" in what else _unquoted(text, mark)
    return f"{name}: {where}expected YAML, got a syntax error: {what}{remedy}"


def _unquoted(text: str, mark: Any) -> str:
    """Within {...} and [...] the brace of a bare ${NAME} opens a mapping."""
    lines = text.splitlines()
    rest = lines[mark.line][max(0, mark.column - 1) :] if mark and mark.line < len(lines) else ""
    bare = re.match(r"\$\{\w+\}", rest)
    return f': write "{bare[0]}", in quotes' if bare else ""


def _kind(tree: object) -> str:
    return "a list" if isinstance(tree, list) else f"the single value {str(tree)[:40]!r}"
