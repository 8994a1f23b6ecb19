"""When a channel or the portal was down: what excuses a manager and is charged to the guarantee (D10)."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.core.memory import ChannelMemory, Diagnosis, Flip, PortalMemory
from monitor.core.model import BLIND_STATES, UP_STATES, State
from monitor.core.patterns import WARNED
from monitor.core.replacing import replace

Outage = tuple[datetime, datetime | None]
KEPT = timedelta(days=15)


def note_flip(memory: ChannelMemory, flip: Flip) -> ChannelMemory:
    """Open or close an outage at a flip. What we cannot see is none and ends none; silence is a suspicion."""
    if flip.after in BLIND_STATES or flip.after is State.SILENT:
        return memory
    down = is_down(flip.diagnosis)
    is_open = bool(memory.outages) and memory.outages[-1][1] is None
    if down == is_open:
        return memory
    if down:
        return replace(memory, outages=(*_recent(memory.outages, flip.at), (flip.at, None)))
    return replace(memory, outages=ended(memory.outages, flip.at))


def is_down(diagnosis: Diagnosis) -> bool:
    """Whether messages do not pass; a channel whose provider only warns of a setting carries them."""
    return diagnosis.state not in UP_STATES and diagnosis.cause != WARNED


def ended(outages: tuple[Outage, ...], at: datetime) -> tuple[Outage, ...]:
    """The last outage ends at `at`."""
    return (*outages[:-1], (outages[-1][0], at))


def note_portal(after: PortalMemory, failed_polls: int, now: datetime) -> PortalMemory:
    """Down from the first failed poll, once `failed_polls` in a row have failed, until the next good one."""
    is_open = bool(after.outages) and after.outages[-1][1] is None
    if not is_open and after.failed >= failed_polls:
        return replace(after, outages=(*_recent(after.outages, now), (after.failing_since or now, None)))
    if is_open and after.up:
        return replace(after, outages=ended(after.outages, now))
    return after


def _recent(outages: tuple[Outage, ...], now: datetime) -> tuple[Outage, ...]:
    return tuple(outage for outage in outages if outage[1] is None or now - outage[1] < KEPT)
