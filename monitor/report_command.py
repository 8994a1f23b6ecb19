"""`messenger-monitor report`: the review of a period as HTML, PDF or Markdown, from the store or from the demo."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import click

from monitor.config import Config
from monitor.context import context_of
from monitor.core.desk import Context
from monitor.core.incident import Incident
from monitor.core.memory import Flip, PortalState
from monitor.core.policy import Policy
from monitor.core.review import Review, review
from monitor.core.schedules import schedule_of
from monitor.core.turn import Turn
from monitor.demo_fortnight import FORTNIGHT, START, live
from monitor.replies_command import moment_of
from monitor.review_page import as_html, as_markdown, as_pdf, tell
from monitor.shell.public_holidays import public_days
from monitor.stored import Refused, stored

FORMS = (".html", ".pdf", ".md")


async def report(config: Config, portal: str, *, period: str, out: Path, language: str | None) -> int:
    """64 bad usage, 1 nothing is known; else the file is written."""
    try:
        _look_at(out)
        async with stored(config, portal) as known:
            span = period_of(period, known.now)
            if span is None:
                raise Refused("--period: expected 14d or 2026-03-01..2026-03-15")
            since, until = span
            turns = await known.store.turns(portal, since=since - (until - since))
            flips = await known.store.flips(portal, limit=100_000)
            incidents = [one for _, one in await known.store.incidents(portal, limit=100_000)]
    except Refused as refused:
        return refused.told()
    policy, context = known.wish.policy, context_of(config, known.now)
    told = _told(known.state, policy, context, turns, flips, incidents, since, until, known.now)
    write(out, told, known.state, policy, language or policy.language, known.now)
    return 0


def _look_at(out: Path) -> None:
    if out.suffix not in FORMS:
        raise Refused(f"--out: expected a file that ends in {', '.join(FORMS)}, got {out.name}")
    if not out.parent.is_dir():
        raise Refused(f"--out: there is no folder {out.parent}")


async def demo_report(*, out: Path, language: str) -> int:
    """A troubled fortnight without any set-up."""
    try:
        _look_at(out)
    except Refused as refused:
        return refused.told()
    days = public_days("RU", (2025, 2026, 2027))
    lived = await live(Context(public_days={"RU": days}))
    until = START + FORTNIGHT
    told = _told(
        lived.state, lived.policy, lived.context, lived.turns.values(), lived.flips, lived.incidents.values(),
        START, until, until,
    )  # fmt: skip
    write(out, told, lived.state, lived.policy, language, until)
    return 0


def _told(
    state: PortalState,
    policy: Policy,
    context: Context,
    turns: Iterable[Turn],
    flips: Iterable[Flip],
    incidents: Iterable[Incident],
    since: datetime,
    until: datetime,
    now: datetime,
) -> Review:
    schedule = partial(schedule_of, state=state, policy=policy, public_days=context.public_days)
    return review(
        state, policy, list(turns), list(flips), list(incidents), schedule=schedule, since=since, until=until, now=now
    )


def write(out: Path, told: Review, state: PortalState, policy: Policy, language: str, now: datetime) -> None:
    """Whole or not at all: the file appears when it is complete."""
    said = tell(told, state, policy, language, now)
    if out.suffix == ".md":
        body = as_markdown(said).encode()
    else:
        page = as_html(said)
        body = as_pdf(page) if out.suffix == ".pdf" else page.encode()
    part = out.with_name(f".{out.name}.part")
    part.write_bytes(body)
    part.replace(out)
    click.echo(f"{out}: written, checksum {said.digest}")


def period_of(text: str, now: datetime) -> tuple[datetime, datetime] | None:
    """14d up to now, or FROM..TO; None when it is neither."""
    first, dots, last = text.partition("..")
    start = moment_of(first, now)
    end = moment_of(last, now) if dots else now
    if start is None or end is None or not timedelta() < end - start <= timedelta(days=400):
        return None
    return start, end
