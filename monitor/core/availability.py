"""Was the channel alive: time up, down and unknown on the line's working clock, and day by day (D14)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.calendar import Schedule
from monitor.core.memory import Flip
from monitor.core.model import BLIND_STATES, UP_STATES, ChannelKey, State
from monitor.core.patterns import WARNED

ZERO = timedelta()
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One state for a while. `covered`: whether the guarantee covers what was wrong; not what was only warned of."""

    start: datetime
    end: datetime
    state: State
    covered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Working time of one channel in a period. `lost` is what was down and covered by the guarantee."""

    up: timedelta = ZERO
    down: timedelta = ZERO
    unknown: timedelta = ZERO
    lost: timedelta = ZERO

    @property
    def share(self) -> float | None:
        """Up of what is known; None of nothing."""
        known = self.up + self.down
        return self.up / known if known else None

    @property
    def knowledge(self) -> float | None:
        total = self.up + self.down + self.unknown
        return (self.up + self.down) / total if total else None


def spans(flips: Iterable[Flip], key: ChannelKey, since: datetime, until: datetime) -> tuple[Span, ...]:
    """A channel's states from `since` to `until`; before its first flip nothing is known."""
    mine = sorted((flip for flip in flips if (flip.line, flip.connector) == key), key=lambda flip: flip.at)
    told: list[Span] = []
    state, covered, start = State.UNKNOWN, True, since
    for flip in mine:
        if flip.at >= until:
            break
        if flip.at > start:
            told.append(Span(start=start, end=flip.at, state=state, covered=covered))
            start = flip.at
        state, covered = flip.after, flip.diagnosis.covered and flip.diagnosis.cause != WARNED
    told.append(Span(start=start, end=until, state=state, covered=covered))
    return tuple(told)


def availability(told: Sequence[Span], schedule: Schedule) -> Availability:
    up, down, unknown, lost = ZERO, ZERO, ZERO, ZERO
    for span in told:
        worked = schedule.working(span.start, span.end)
        if span.state in BLIND_STATES:
            unknown += worked
        elif span.state in UP_STATES:
            up += worked
        else:
            down += worked
            lost += worked if span.covered else ZERO
    return Availability(up=up, down=down, unknown=unknown, lost=lost)


def by_day(told: Sequence[Span], zone: str, since: datetime, until: datetime) -> tuple[tuple[datetime, State], ...]:
    """For each local day its gravest state: down before unknown before up."""
    return tuple((start, _gravest(told, start, end)) for start, end in _days(zone, since, until))


def _days(zone: str, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    local = ZoneInfo(zone)
    start = since
    while start < until:
        midnight = datetime.combine(start.astimezone(local).date() + DAY, datetime.min.time(), tzinfo=local)
        end = min(midnight, until)
        yield start, end
        start = end


def _gravest(told: Sequence[Span], start: datetime, end: datetime) -> State:
    states = [span.state for span in told if span.start < end and span.end > start]
    return min(states, key=_gravity, default=State.UNKNOWN)


def _gravity(state: State) -> int:
    return 2 if state in UP_STATES else 1 if state in BLIND_STATES else 0
