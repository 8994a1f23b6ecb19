"""Texts of strangers where they leave: terminals, logs, pages. None of them may become a command there."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from monitor.check import Report, Row
from monitor.check_table import show
from monitor.doctor import show as show_lines
from monitor.doctor_lines import wrong
from monitor.logs import configure
from monitor.terminal import plain

EVIL = '\x1b]0;owned\x07\x1b[2J[/bold]\r[red]x\n{"event": "forged"}'


@given(st.text())
def test_nothing_that_moves_a_cursor_passes(text: str) -> None:
    assert all(char.isprintable() or char in "\n\t" for char in plain(text))


def test_the_table_of_check_shows_markup_and_escapes_and_obeys_neither(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row(portal="acme", subject=EVIL, verdict="wrong", state="[/]", detail=EVIL, action="[link=file:///x]y")
    show(Report(rows=(row,)), as_json=False)
    out = capsys.readouterr().out
    assert "\x1b]" not in out
    assert "[red]" in out
    assert "[link=file:///x]y" in out.replace("\n", "")


def test_the_doctor_shows_escapes_and_obeys_none(capsys: pytest.CaptureFixture[str]) -> None:
    show_lines([wrong("x", EVIL, EVIL)], 1, as_json=False)
    assert "\x1b]" not in capsys.readouterr().out


@pytest.fixture
def _logs_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("_logs_as_they_were")
@pytest.mark.parametrize("style", ["json", "console"])
def test_a_text_with_a_line_break_makes_one_line_of_log_and_forges_none(
    style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr("sys.stderr", out)
    configure(style, "info", ())
    structlog.get_logger().warning("provider.unknown_word", word=EVIL)
    text = out.getvalue()
    assert len(text.strip("\n").split("\n")) == 1
    assert "\x1b]" not in text
    if style == "json":
        assert json.loads(text)["event"] == "provider.unknown_word"
