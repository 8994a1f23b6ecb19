"""The portal's clock beside ours: dialogs are dated by the portal, so how long somebody waits is read off its clock.

What opens, closes and is told to people stays on our own clock (response-time.md, case 12).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from monitor.core.memory import PortalMemory
from monitor.core.reading import ClockSeen
from monitor.core.replacing import replace

End = TypeVar("End", datetime, datetime | None)  # None = still
SKEW_MATTERS = timedelta(minutes=1)
WHOLE_SECOND = timedelta(seconds=1)  # server.time tells no fractions
ZERO = timedelta()


def skew_of(seen: ClockSeen) -> timedelta:
    """The portal's clock minus ours, beyond what the question's way and the whole seconds can explain."""
    if seen.portal > seen.answered:
        return seen.portal - seen.answered
    return min(ZERO, seen.portal + WHOLE_SECOND - seen.asked)


def with_clock(memory: PortalMemory, seen: ClockSeen, told_before: datetime | None) -> PortalMemory:
    """`told_before`: when it last told its time. A clock that is put forward or back since then dates otherwise since
    then; one that is heard of for the first time has always gone like that."""
    skew, before = skew_of(seen), memory.skew
    if before is not None and is_another(before, skew):
        return replace(memory, skew=skew, skew_since=told_before)
    return memory if skew == before else replace(memory, skew=skew)


def is_another(before: timedelta, skew: timedelta) -> bool:
    return abs(skew - before) > SKEW_MATTERS


def ahead(memory: PortalMemory, dated: datetime) -> timedelta:
    """The portal's clock minus ours, as far as it matters for what the portal dated like this.

    What it dated before its clock was put elsewhere is not measured by the clock of today; where both could be, the
    clock of today counts, so that nobody is told too early.
    """
    skew = memory.skew
    if skew is None or -SKEW_MATTERS <= skew <= SKEW_MATTERS:
        return ZERO
    since = memory.skew_since
    return skew if since is None or dated >= since + skew else ZERO


def portal_now(memory: PortalMemory, now: datetime, dated: datetime) -> datetime:
    """`now` on the clock that `dated` was read off."""
    return now + ahead(memory, dated)


def as_dated(spans: Sequence[tuple[datetime, End]], skew: timedelta) -> tuple[tuple[datetime, End], ...]:
    """What we have seen by our own clock, as the portal's would tell it."""
    if not skew:
        return tuple(spans)
    return tuple([(start + skew, end + skew if end is not None else end) for start, end in spans])
