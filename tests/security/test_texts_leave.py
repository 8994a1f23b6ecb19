"""Texts of strangers where they leave: terminals, logs, pages. None of them may become a command there."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from monitor.check import Report
from monitor.check_rows import Row
from monitor.check_table import show
from monitor.core.memory import PortalState
from monitor.core.model import Manager
from monitor.core.policy import Policy
from monitor.doctor import show as show_lines
from monitor.doctor_lines import wrong
from monitor.logs import configure
from monitor.replies_command import show as show_replies
from monitor.replies_report import Report as Replies
from monitor.replies_report import as_csv, report
from monitor.terminal import plain, printed
from tests.pages.pages_parts import NOW, turn

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


def replies_of(name: str, portal: str = "acme", url: str = "https://acme.bitrix24.ru") -> Replies:
    """A fortnight in which one manager of this name answered once."""
    state = PortalState(portal=portal, managers={12: Manager(id=12, name=name)})
    answered = turn(1, NOW - timedelta(hours=1), holder=12, waited=timedelta(minutes=1))
    since = NOW - timedelta(days=14)
    policy = Policy(portal=portal, url=url, timezone="UTC", pages="")
    return report(state, policy, [answered], url=url, since=since, until=NOW, by="manager", now=NOW)


@pytest.mark.parametrize("name", [EVIL, "[/bold]", "[link=file:///x]y[/link]", "[/]"])
def test_the_table_of_replies_shows_a_managers_markup_and_escapes_and_obeys_neither(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    told = replies_of(name, portal=name, url="https://[/red]\x1b[2J")
    show_replies(told, told.until)
    out = capsys.readouterr().out
    assert not set("\x1b\x07\r") & set(out)
    for word in name.rsplit("\n", maxsplit=1)[-1], "[/red]":
        assert word.replace("\x1b", "") in out.replace("\n", "")


def who(name: str) -> tuple[str, str]:
    """The manager's cell, and the whole table as text."""
    text = as_csv(replies_of(name))
    return next(iter(csv.DictReader(io.StringIO(text))))["who"], text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("=1+1", "'=1+1 (12)"),
        ("\t =1+1", "'=1+1 (12)"),
        ("＝1+1", "'＝1+1 (12)"),
        ("＋7", "'＋7 (12)"),
        ("－7", "'－7 (12)"),
        ("＠x", "'＠x (12)"),
        ("\x00=1", "'=1 (12)"),
        ("\u200b=1", "'=1 (12)"),
        ("Анна;=1+1", "Анна;'=1+1 (12)"),
        ('Анна; "=1+1"', 'Анна;\' "=1+1" (12)'),
        ("Анна\r\n=1", "Анна  =1 (12)"),
        ("Анна-Мария", "Анна-Мария (12)"),
    ],
)
def test_no_cell_of_the_table_can_be_taken_for_a_formula(name: str, shown: str) -> None:
    assert who(name)[0] == shown


@given(st.text(min_size=1))
def test_the_table_for_excel_is_one_line_a_manager_and_holds_no_control_character(name: str) -> None:
    cell, text = who(name)
    assert len(text.splitlines()) == 3
    assert all(char.isprintable() for char in cell)


@given(st.text())
def test_json_for_a_terminal_says_the_same_and_commands_nothing(text: str) -> None:
    said = printed(text)
    assert all(char.isprintable() or char == "\n" for char in said)
    assert json.loads(said) == text
