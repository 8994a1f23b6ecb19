"""The outcome of `check` as a table for a person, or as JSON for a program."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.check import Report
from monitor.terminal import plain, printed

_STYLE = {"ok": "green", "wrong": "bold red", "unknown": "yellow"}


def show(report: Report, *, as_json: bool) -> None:
    if as_json:
        body = {
            "exit_code": report.exit_code,
            "problems": report.problems,
            "rows": [asdict(row) for row in report.rows],
        }
        click.echo(printed(body))
        return
    table = Table(show_edge=False, pad_edge=False, expand=False)
    for title in ("portal", "what", "state", "since (UTC)", "detail", "who", "what to do"):
        table.add_column(title, overflow="fold")
    for row in report.rows:
        style = _STYLE[row.verdict]
        table.add_row(
            *(_text(row.portal), _text(row.subject), _text(row.state, style), _text(_minute(row.since))),
            *(_text(row.detail), _text(row.actor), _text(row.action)),
        )
    console = Console(width=None if sys.stdout.isatty() else 140)
    with console.capture() as drawn:  # left to itself it ends the process where nobody reads a pipe any more
        console.print(table)
    click.echo(drawn.get(), nl=False)
    for problem in report.problems:
        click.echo(plain(problem), err=True)
    click.echo(("all well", "something is wrong", "could not tell")[report.exit_code])


def _minute(since: str) -> str:
    return f"{datetime.fromisoformat(since).astimezone(UTC):%Y-%m-%d %H:%M}" if since else ""


def _text(said: str, style: str = "") -> Text:
    """Vendors' words are shown, never obeyed."""
    return Text(plain(said), style=style)
