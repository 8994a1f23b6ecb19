"""A channel's past as a line of states: which state it was in from when to when, and what that makes of each day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.core.memory import ChannelMemory, Flip
from monitor.core.model import BLIND_STATES, UP_STATES, State

ZERO = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One state from `start` to before `end`; the last one goes on."""

    start: datetime
    end: datetime
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the portal's calendar. What is neither up nor down was not seen; `worst` is the longest bad state."""

    day: date
    up: timedelta = ZERO
    down: timedelta = ZERO
    worst: State | None = None


def spans_of(flips: Sequence[Flip], memory: ChannelMemory, since: datetime, now: datetime) -> tuple[Span, ...]:
    """From `flips` (ascending, all after `since`) and what stands now. Before the first sight there is no span."""
    moments = [(flip.at, flip.after) for flip in flips]
    if flips and flips[0].before is not None:
        moments.insert(0, (since, flips[0].before))
    if not flips:
        moments = [(max(since, memory.since), memory.diagnosis.state)]
    ends = [at for at, _ in moments[1:]] + [now]
    rows = zip(moments, ends, strict=True)
    return tuple(Span(start=at, end=end, state=state) for (at, state), end in rows if end > at)


def days_of(spans: Iterable[Span], zone: str, since: datetime, now: datetime) -> tuple[Day, ...]:
    """Every day from `since` to `now`, also those of which nothing is known."""
    local, known = ZoneInfo(zone), tuple(spans)
    first, last = since.astimezone(local).date(), now.astimezone(local).date()
    return tuple(_day(first + timedelta(days=index), known, local) for index in range((last - first).days + 1))


def uptime(days: Iterable[Day]) -> float | None:
    """Up, of the time that was seen; None of nothing."""
    up = down = ZERO
    for day in days:
        up, down = up + day.up, down + day.down
    return up / (up + down) if up + down else None


def _day(day: date, spans: Sequence[Span], zone: ZoneInfo) -> Day:
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    up, bad = ZERO, dict[State, timedelta]()
    for state, span in _within(spans, start, end):
        if state in UP_STATES:
            up += span
        elif state not in BLIND_STATES:
            bad[state] = bad.get(state, ZERO) + span
    worst = max(bad, key=lambda state: bad[state]) if bad else None
    return Day(day=day, up=up, down=sum(bad.values(), ZERO), worst=worst)


def _within(spans: Iterable[Span], start: datetime, end: datetime) -> Iterator[tuple[State, timedelta]]:
    for span in spans:
        lasted = min(span.end, end) - max(span.start, start)
        if lasted > ZERO:
            yield span.state, lasted
