"""The files beside the code: examples, locks, the version, the two commands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import monitor
from monitor import config_shape as shape
from monitor.config import Config, load
from monitor.config_wording import keys_of
from monitor.config_yaml import read_yaml

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "config" / "monitor.example.yaml"
COMPOSE = ROOT / "deploy" / "compose" / "monitor.yaml"


def loaded(path: Path, folder: Path) -> Config:
    """An example as its reader would use it: with the files that it names."""
    tree = yaml.safe_load(path.read_text().replace("/run/secrets", "secrets"))
    for _, file in _files(tree):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("canary-of-an-example")
        (folder / file).chmod(0o600)
    copy = folder / path.name
    copy.write_text(yaml.safe_dump(tree, allow_unicode=True))
    return load(copy, {})


def _files(tree: Any) -> list[tuple[str, str]]:
    if isinstance(tree, list):
        return [pair for part in tree for pair in _files(part)]
    if not isinstance(tree, dict):
        return []
    own = [(key, value) for key, value in tree.items() if str(key).endswith("_file") and value]
    return own + [pair for part in tree.values() for pair in _files(part)]


@pytest.mark.parametrize("path", [*sorted((ROOT / "config").glob("*.yaml")), COMPOSE], ids=lambda path: path.name)
def test_an_example_is_a_good_configuration(path: Path, tmp_path: Path) -> None:
    config = loaded(path, tmp_path)
    assert config.portals[0].name
    assert [warning for warning in config.warnings if "no probe" not in warning] == []


def test_the_full_example_writes_out_the_defaults(tmp_path: Path) -> None:
    full = loaded(EXAMPLE, tmp_path)
    least = loaded(ROOT / "config" / "minimal.yaml", tmp_path)
    mine, usual = full.portals[0].policy, least.portals[0].policy
    assert (mine.poll, mine.history, mine.targets, mine.settle) == (
        usual.poll, usual.history, usual.targets, usual.settle,
    )  # fmt: skip
    assert (full.store_url, full.alertmanager_url, full.log) == (least.store_url, least.alertmanager_url, least.log)


@pytest.mark.parametrize("model", [one for one in vars(shape).values() if isinstance(one, type)], ids=str)
def test_the_full_example_names_every_key(model: type) -> None:
    if not issubclass(model, shape.Shape) or model is shape.Shape:
        return
    text = EXAMPLE.read_text()
    spelled = {key for key in keys_of(model) if f"{key}_file" not in keys_of(model)}
    assert {key for key in spelled if not re.search(rf"\b{key}:", text)} == set()


def test_the_minimal_example_has_nothing_but_what_is_required() -> None:
    (portal,) = read_yaml(ROOT / "config" / "minimal.yaml")["portals"]
    assert set(portal) == {"name", "url", "auth"}


def test_the_version_is_one_and_the_changelog_knows_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == monitor.__version__
    assert f"## {monitor.__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize(("lock", "extra"), [("requirements.lock", []), ("requirements-dev.lock", ["dev"])])
def test_every_dependency_is_locked_with_hashes_and_no_address(lock: str, extra: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [one for name in extra for one in project["optional-dependencies"][name]]
    text = (ROOT / lock).read_text()
    locked = {_plain(match) for match in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", text, re.MULTILINE)}
    assert {_plain(re.split(r"[\[><=;]", one)[0]) for one in wanted} <= locked
    pins = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    assert all("--hash=sha256:" in pin for pin in pins if "==" in pin)
    assert "://" not in text


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_the_gate_runs_what_the_readme_tells_to_run() -> None:
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    assert set(re.findall(r"^(?:    )?make ([\w-]+)", readme, re.MULTILINE)) >= {"demo", "test"}
    assert {"demo:", "test:", "test-fast:", "lint:", "bench:"} <= set(re.findall(r"^[\w-]+:", makefile, re.MULTILINE))


def test_the_readme_speaks_of_files_that_are_there() -> None:
    named = re.findall(r"\]\((?!http)([\w./-]+)\)", (ROOT / "README.md").read_text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
