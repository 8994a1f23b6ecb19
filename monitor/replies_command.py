"""`messenger-monitor replies`: how fast a portal's managers answered, from the store alone."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.config import Config
from monitor.core.words import moment, percent
from monitor.replies_report import By, Report, as_csv, as_json, report
from monitor.stored import Refused, stored
from monitor.terminal import plain

OUT = {"json": as_json, "csv": as_csv}
AHEAD = timedelta(days=1)  # deadlines of who waits in time still
WHY = {
    "same": "the same",
    "nights": "the portal counts nights, breaks and holidays",
    "closed": "the portal takes a silent close for an answer",
    "no_answer": "the portal takes automatic or undelivered texts for answers",
    "bot": "we count from the bot's hand-over to people",
    "open": "still waiting: the portal's figure grows by itself",
    "outside": "we leave out what needed no reply here",
}


async def replies(config: Config, portal: str, *, since: str, until: str | None, by: By, form: str) -> int:
    """Prints the period, as the last good poll left it. 1 when the store knows nothing of the portal, 64 bad usage."""
    try:
        async with stored(config, portal) as known:
            start, end = _period(since, until, known.now, known.wish.policy.timezone)
            turns = await known.store.turns(portal, since=start, until=end)
    except Refused as refused:
        return refused.told()
    url = known.state.memory.server_address or known.wish.url
    told = report(known.state, known.wish.policy, turns, url=url, since=start, until=end, by=by, now=known.now)
    if form in OUT:
        click.echo(OUT[form](told).rstrip("\n"))
    else:
        show(told, known.now)
    return 0


def _period(since: str, until: str | None, now: datetime, zone: str) -> tuple[datetime, datetime]:
    start, end = moment_of(since, now, zone), moment_of(until, now, zone) if until else now + AHEAD
    if start is None or end is None or start >= end:
        raise Refused("--since and --until: expected 14d, 2026-03-02 or a moment, the first before the last")
    return start, end


def show(told: Report, now: datetime) -> None:
    """`now`: the last good poll; turns of later deadlines still wait in time."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    until = moment(told.until, told.zone, "en") if told.until <= now else "now, with who waits in time still"
    since = moment(told.since, told.zone, "en")
    console.print(_text(f"{told.portal}, {since} to {until}, by deadline, in {told.zone} time"))
    table = Table(show_edge=False, pad_edge=False)
    heads = ("who", "n", "in time", "p50", "p90", "own p50", "late", "missed", "waiting late", "excused")
    for head in (*heads, "waived", "closed silently", "let go", "worst"):
        table.add_column(head, justify="left" if head in {"who", "worst"} else "right", overflow="fold")
    for row in told.rows:
        share = percent(row["share"], "en")
        table.add_row(
            _text(row["who"]),
            str(row["n"]),
            share if row["rated"] else f"({share})",
            _wait(row["p50"], at_least=row["p50_at_least"]),
            _wait(row["p90"], at_least=row["p90_at_least"]),
            _wait(row["own_p50"]),
            *(str(row[name]) for name in ("late", "missed", "overdue", "excused", "waived", "closed_unanswered")),
            str(row["skipped"]),
            f"{_wait(row['worst'])} in {row['worst_session']}" if row["worst_session"] else "",
        )
    console.print(table)
    console.print(_text(f"a dialog: {told.address}/online/?IM_HISTORY=imol|NUMBER"), style="dim", soft_wrap=True)
    console.print("(in brackets: fewer than 10 turns, no rating; ≥: had not been answered by then)", style="dim")
    _show_parity(told, console)


def _show_parity(told: Report, console: Console) -> None:
    figure = told.parity
    if not figure["n"]:
        return
    console.print(f"Bitrix24's own average: {_wait(figure['portal_mean'])}; ours: {_wait(figure['ours_mean'])}")
    for why, one in figure["reasons"].items():
        console.print(f"  {one['turns']:>5} turns, apart by {_wait(one['apart'])}: {WHY[why]}")


def _text(said: str) -> Text:
    """Names that others chose are shown, never obeyed: neither as markup nor as commands to the terminal."""
    return Text(plain(said))


def _wait(seconds: int | None, *, at_least: bool = False) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(abs(seconds), 60)
    text = f"{minutes // 60}h{minutes % 60:02}m" if minutes >= 60 else f"{minutes}m{rest:02}s"
    return ("≥" if at_least else "") + ("-" if seconds < 0 else "") + text


def moment_of(text: str, now: datetime, zone: str) -> datetime | None:
    """`14d`, a date or a moment, in UTC; None when it is none of them. What has no offset is the portal's time, as a
    date is its day (response-time.md, case 49)."""
    if text[:-1].isdecimal() and text[-1:] in "dh" and len(text) < 7:
        return now - timedelta(**{"days" if text[-1] == "d" else "hours": int(text[:-1])})
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    try:
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except OverflowError:
        return None
