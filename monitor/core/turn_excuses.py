"""Whose fault a late turn is, and what was nobody's in the team: outages, maintenance, what piled up (D10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from monitor.core.calendar import Schedule
from monitor.core.turn import Held
from monitor.core.turn_rules import Interval, Rules
from monitor.core.turn_wait import ZERO, Dialog, Wait

BURST = timedelta(minutes=5)  # after an outage, in which what had piled up arrives (case 45)
BLAMED = {"channel_down": "channel", "backlog": "channel", "portal_down": "portal", "maintenance": "us"}

Broken = tuple[datetime, datetime | None, str]  # from, until, what it is called; None = still


def blame_of(dialog: Dialog, wait: Wait, held: tuple[Held, ...]) -> tuple[str, int]:
    """A failed sending is the channel's; else whoever had it longest: a person, or the queue (routing)."""
    if wait.send_failed:
        return "channel", 0
    shares: dict[int, timedelta] = {}
    for part in held:
        shares[part.user] = shares.get(part.user, ZERO) + part.working
    user = max(shares, key=shares.__getitem__)
    is_person = user and user not in dialog.bots and not dialog.is_gone(user)
    return ("manager", user) if is_person else ("routing", 0)


def lost_time(rules: Rules, schedule: Schedule, start: datetime, end: datetime) -> tuple[timedelta, str]:
    """Working time of a wait in which nobody could have answered, and what took most of it."""
    lost: dict[str, timedelta] = {}
    reached = start
    for begins, over, cause in sorted(_broken(rules), key=lambda outage: outage[0]):
        first, last = max(begins, reached), end if over is None else min(over, end)
        if first < last:
            lost[cause] = lost.get(cause, ZERO) + schedule.working(first, last)
            reached = last
    return sum(lost.values(), ZERO), max(lost, key=lost.__getitem__, default="")


def cause_now(rules: Rules, at: datetime) -> str:
    """What was broken at a moment, "" = nothing."""
    return next((cause for start, end, cause in _broken(rules) if start <= at and (end is None or at <= end)), "")


def is_backlog(rules: Rules, at: datetime) -> bool:
    """Whether a message came in while the channel was down, or in the burst right after it."""
    return any(start < at and (end is None or at <= end + BURST) for start, end in rules.outages)


def broken(
    outages: Iterable[Interval], portal_outages: Iterable[Interval], maintenance: Iterable[tuple[datetime, datetime]]
) -> Iterator[Broken]:
    """All that nobody in the team is to blame for, of a channel, its portal and ourselves."""
    yield from ((start, end, "channel_down") for start, end in outages)
    yield from ((start, end, "portal_down") for start, end in portal_outages)
    yield from ((start, end, "maintenance") for start, end in maintenance)


def _broken(rules: Rules) -> Iterator[Broken]:
    return broken(rules.outages, rules.portal_outages, rules.maintenance)
