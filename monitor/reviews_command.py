"""`messenger-monitor reviews`: those that were kept, one of them as a file, or a correction as a new number."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from monitor.config import Config
from monitor.context import context_of
from monitor.core.past_reviews import KeptReview
from monitor.core.words import percent
from monitor.report_command import look_at, put
from monitor.review_making import Subject, kept_of, make
from monitor.shell.store_reviews import Paper, paper
from monitor.stored import Refused, Stored, stored
from monitor.terminal import plain


async def reviews(config: Config, portal: str, *, number: int | None, out: Path | None, reason: str | None) -> int:
    """64 bad usage, 1 nothing is known; else what was asked for is printed or written."""
    try:
        if out is not None:
            look_at(out)
        async with stored(config, portal) as known:
            if number is None:
                _list(await kept_of(known.store, portal), known.wish.policy.timezone)
                return 0
            found = await known.store.transaction(partial(paper, portal=portal, number=number))
            if found is None:
                raise Refused(f"--number: {portal} has no review {number}", 1)
            if reason is not None:
                found = await _corrected(config, known, found.kept, reason)
        return _show(found, out)
    except Refused as refused:
        return refused.told()


def _list(kept: tuple[KeptReview, ...], zone: str) -> None:
    """By the portal's days, as the reviews themselves say them: midnight there is the evening before in UTC."""
    local = ZoneInfo(zone)
    if not kept:
        click.echo("no review was made yet: the first one comes when a period of the guarantee is over")
    for one in kept:
        share = percent(one.share, "en")
        corrects = f", corrects {one.corrects}: {one.reason}" if one.corrects else ""
        since, until, made = (at.astimezone(local) for at in (one.since, one.until, one.made))
        line = (
            f"{one.number}: {since:%Y-%m-%d}..{until:%Y-%m-%d}, made {made:%Y-%m-%d %H:%M %z}, "
            f"{one.met} of {one.n} in time ({share}), checksum {one.sum}{corrects}"
        )
        click.echo(plain(line))


async def _corrected(config: Config, known: Stored, kept: KeptReview, reason: str) -> Paper:
    """What was sent stays as it was; the correction is a review of its own."""
    portal = known.wish.name
    subject = Subject(state=known.state, policy=known.wish.policy, context=context_of(config, known.now))
    made = await make(known.store, subject, kept.since, kept.until, known.now, corrects=kept.number, reason=reason)
    if made is None:
        raise Refused(f"--correct: review {kept.number} of {portal} was corrected already: correct the correction", 1)
    found = await known.store.transaction(partial(paper, portal=portal, number=made.number))
    if found is None:
        raise Refused(f"{portal}: review {made.number} is not in the store", 1)
    return found


def _show(found: Paper, out: Path | None) -> int:
    if out is None:
        click.echo(plain(found.plain))
        return 0
    put(out, found.page, found.plain)
    click.echo(f"{out}: review {found.kept.number}, checksum {found.kept.sum}")
    return 0
