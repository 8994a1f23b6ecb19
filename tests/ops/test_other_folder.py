"""A relative store.url read from another folder is another store: commands say so and make none."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
import pytest
from ops_parts import config_file, portal_of

from monitor.cli import app
from monitor.cli_options import VARIABLE, ConfigOption
from monitor.sandbox.server import Sandbox

COMMANDS = [
    ("backup", "--to", "copy"),
    ("link", "--portal", "acme"),
    ("replies", "--portal", "acme"),
    ("report", "--portal", "acme", "--out", "review.md"),
    ("erase-customer", "--portal", "acme", "--dialog", "7"),
]


async def typed(folder: Path, *arguments: str, config: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), VARIABLE: str(config)},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    _, told = await process.communicate()
    return process.returncode or 0, told.decode()


@pytest.mark.parametrize("arguments", COMMANDS, ids=[one[0] for one in COMMANDS])
async def test_a_command_in_another_folder_makes_no_store(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    async with Sandbox() as sandbox:
        path = config_file(tmp_path, portal_of(tmp_path, sandbox), store={"url": "sqlite:///state.db"})
        code, told = await typed(elsewhere, *arguments, config=path)
    assert code == 1
    assert f"store {elsewhere / 'state.db'}: there is none" in told
    assert "the daemon's working folder" in told
    assert list(elsewhere.iterdir()) == []


async def test_the_configuration_is_taken_from_the_environment(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        path = config_file(tmp_path, portal_of(tmp_path, sandbox))
        code, told = await typed(tmp_path, "explain", "--portal", "acme", "--dialog", "7", config=path)
        assert (code, "no daemon answers" in told) == (2, True)
        code, told = await typed(tmp_path, "explain", "--portal", "acme", config=tmp_path / "none.yaml")
    assert code == 64
    assert "none.yaml" in told


def commands(group: click.Group) -> list[click.Command]:
    found = []
    for command in group.commands.values():
        found += commands(command) if isinstance(command, click.Group) else [command]
    return found


def test_every_command_finds_the_installed_configuration_by_itself() -> None:
    taking = [(one.name, option) for one in commands(app) for option in one.params if "-c" in option.opts]
    assert len(taking) > 10
    assert [name for name, option in taking if not isinstance(option, ConfigOption)] == []
