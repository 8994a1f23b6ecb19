"""`messenger-monitor report`: the review of a period as HTML, PDF or Markdown, from the store or from the demo."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from monitor.config import Config
from monitor.context import context_of
from monitor.core.desk import Context
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.review import Review
from monitor.demo_fortnight import FORTNIGHT, START, live
from monitor.replies_command import moment_of
from monitor.review_forms import NoPango, as_html, as_markdown, as_pdf
from monitor.review_making import Subject, draft, drafted
from monitor.review_page import tell
from monitor.shell.public_holidays import public_days
from monitor.stored import Refused, stored

FORMS = (".html", ".pdf", ".md")


async def report(config: Config, portal: str, *, period: str, out: Path, language: str | None) -> int:
    """64 bad usage, 1 nothing is known; else the file is written."""
    try:
        look_at(out)
        async with stored(config, portal) as known:
            policy = known.wish.policy
            span = period_of(period, known.now, policy.timezone)
            if span is None:
                raise Refused("--period: expected 14d or 2026-03-01..2026-03-15")
            since, until = span
            subject = Subject(state=known.state, policy=policy, context=context_of(config, known.now))
            told = await drafted(known.store, subject, since, until, known.now)
        write(out, told, known.state, policy, language or policy.language, known.now)
    except Refused as refused:
        return refused.told()
    return 0


def look_at(out: Path) -> None:
    if out.suffix not in FORMS:
        raise Refused(f"--out: expected a file that ends in {', '.join(FORMS)}, got {out.name}")
    if not out.parent.is_dir():
        raise Refused(f"--out: there is no folder {out.parent}")


async def demo_report(*, out: Path, language: str) -> int:
    """A troubled fortnight without any set-up."""
    try:
        look_at(out)
    except Refused as refused:
        return refused.told()
    days = public_days("RU", (2025, 2026, 2027))
    lived = await live(Context(public_days={"RU": days}))
    until = START + FORTNIGHT
    subject = Subject(state=lived.state, policy=lived.policy, context=lived.context)
    told = draft(subject, lived.turns.values(), lived.flips, lived.incidents.values(), START, until, until)
    try:
        write(out, told, lived.state, lived.policy, language, until)
    except Refused as refused:
        return refused.told()
    return 0


def write(out: Path, told: Review, state: PortalState, policy: Policy, language: str, now: datetime) -> None:
    """Whole or not at all: the file appears when it is complete."""
    said = tell(told, state, policy, language, now)
    put(out, as_html(said), as_markdown(said))
    click.echo(f"{out}: written, checksum {said.digest}")


def put(out: Path, page: str, plain: str) -> None:
    """In the form that the name asks for. Refused where this machine cannot print."""
    try:
        body = as_pdf(page) if out.suffix == ".pdf" else (plain if out.suffix == ".md" else page).encode()
    except NoPango as error:
        raise Refused(str(error), 1) from None
    part = out.with_name(f".{out.name}.part")
    part.write_bytes(body)
    part.replace(out)


def period_of(text: str, now: datetime, zone: str) -> tuple[datetime, datetime] | None:
    """14d up to now, or FROM..TO; None when it is neither. A date is the beginning of its day in the portal's zone."""
    first, dots, last = text.partition("..")
    start = moment_of(first, now, zone)
    end = moment_of(last, now, zone) if dots else now
    if start is None or end is None or not timedelta() < end - start <= timedelta(days=400):
        return None
    return start, end
