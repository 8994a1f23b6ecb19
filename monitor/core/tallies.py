"""The last week's replies, counted by day and manager: what low compliance is judged by without reading a year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.replies import whose
from monitor.core.turn import Turn, Verdict

DAYS = 7  # today and the six days before
KEPT = 9
QUARTER = 900  # seconds


class Tally(NamedTuple):
    met: int = 0
    unmet: int = 0

    @property
    def n(self) -> int:
        return self.met + self.unmet

    @property
    def share(self) -> float:
        """Within target; of nothing everything."""
        return self.met / self.n if self.n else 1.0

    def plus(self, other: Tally, times: int = 1) -> Tally:
        return Tally(self.met + times * other.met, self.unmet + times * other.unmet)


Tallies = Mapping[str, Tally]  # "2026-11-23/12": the deadline's local day and the manager
NOTHING = Tally()
_OF = {Verdict.MET: Tally(met=1), Verdict.LATE: Tally(unmet=1), Verdict.MISSED: Tally(unmet=1)}


def recount(tallies: dict[str, Tally], before: Turn | None, after: Turn, zone: str) -> None:
    """Take a turn out as it was counted before and put it in as it is now."""
    if before is not None:
        _count(tallies, before, -1, zone)
    _count(tallies, after, 1, zone)


def _count(tallies: dict[str, Tally], turn: Turn, times: int, zone: str) -> None:
    one = _OF.get(turn.verdict)
    if one is not None:
        key = f"{_day_of(int(turn.deadline.timestamp()) // QUARTER, zone)}/{whose(turn)}"
        tallies[key] = tallies.get(key, NOTHING).plus(one, times)


def recent(tallies: Mapping[str, Tally], now: datetime, zone: str) -> dict[str, Tally]:
    """Without what no judgement will ask for any more."""
    oldest = (_day(now, zone) - timedelta(days=KEPT)).isoformat()
    return {key: tally for key, tally in tallies.items() if key >= oldest and tally != NOTHING}


def last_week(tallies: Tallies, turns: Iterable[Turn], now: datetime, zone: str) -> dict[int, Tally]:
    """By manager, 0 = the queue. Who still waits past the deadline is unmet already; `turns` without the excused."""
    today = _day(now, zone)
    days = {(today - timedelta(days=number)).isoformat() for number in range(DAYS)}
    told: dict[int, Tally] = defaultdict(Tally)
    for key, tally in tallies.items():
        day, _, manager = key.partition("/")
        if day in days:
            told[int(manager)] = told[int(manager)].plus(tally)
    for turn in turns:
        if turn.verdict is Verdict.OPEN and now > turn.deadline and _day(turn.deadline, zone).isoformat() in days:
            told[turn.holder] = told[turn.holder].plus(Tally(unmet=1))
    return dict(told)


@lru_cache(maxsize=512)
def _day_of(quarter: int, zone: str) -> str:
    """No zone's day begins within a quarter of an hour since there are open lines."""
    return _day(datetime.fromtimestamp(quarter * QUARTER, UTC), zone).isoformat()


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()
