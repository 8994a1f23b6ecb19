"""What the documents say can be typed can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.cli import app

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGES = ("operations.md", "ru/operations.md", "security.md", "install.md", "first-portal.md", "../README.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_of_the_documents_exists(page: str) -> None:
    for command, rest in re.findall(r"messenger-monitor ([a-z-]+)([^\n`]*)", (DOCS / page).read_text()):
        known = app.commands[command]
        options = {option for parameter in known.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, command


def test_both_languages_show_the_same_commands() -> None:
    blocks = [re.findall(r"^messenger-monitor .*$", (DOCS / page).read_text(), re.MULTILINE) for page in PAGES[:2]]
    assert blocks[0] == blocks[1]
