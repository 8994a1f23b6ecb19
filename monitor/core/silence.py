"""When silence stops being usual: how improbable it is that so many expected conversations all stayed away.

The chance of a gap is a product over its days, each a negative binomial day: unsteady channels and young habits are
given more patience by themselves. How small the chance has to be follows from how many gaps a year has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import exp, log, log1p
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.habit import FIRST_LEARNT, Habit, Model, hours_from, model_of

FALSE_ALARMS = 0.6  # a channel and year, as far as the model is right
FEWEST_GAPS = 4000.0  # a year: of a channel that is seldom heard little is known
LONGEST = timedelta(days=21)  # after which a channel that used to be heard is silent in any case
SHORTEST = timedelta(minutes=45)  # nothing shorter is a silence
HOUR = timedelta(hours=1)
DOUBT = 1e-9  # within which a day is gone through by the hour
Expected = tuple[
    datetime, datetime, int, float
]  # an hour, or what is left of it; its day; conversations in a whole one
ODD_DAYS, ODD_DAY_HEARS = 0.015, 0.3  # now and then a day is quiet for no reason that anybody could know


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a channel may be silent. `after`: the moment from which it is too long; None = still learning.
    `paused`: how much of that the portal was down, when nobody could be heard."""

    since: datetime
    after: datetime | None
    expected: float = 0.0  # conversations that usually come until `after`
    chance: float = 1.0  # that a sound channel hears none of them
    paused: timedelta = timedelta()


def patience(habit: Habit, last: datetime, zone: str, holidays: frozenset[int] = frozenset()) -> Patience:
    """From the last customer's message on. `holidays`: ordinals of public holidays and shut days."""
    today = last.astimezone(ZoneInfo(zone)).toordinal()
    is_learnt = bool(habit.since) and today - habit.since >= FIRST_LEARNT.days
    model = model_of(habit.days, today, holidays) if is_learnt else None
    if model is None:
        return Patience(since=last, after=None)
    days, gap, start = _Days(model, zone, holidays), _Gap(model), last
    limit = log(_chance_wanted(model))
    while True:
        day = days.of(start)
        if isinstance(day, _Day) and day.ends_at - last < LONGEST and gap.passes(day, start, limit):
            start = day.ends_at
            continue
        for begin, end, ordinal, rate in day.hours_from(start) if isinstance(day, _Day) else day:
            before = gap.log_chance
            gap.wait(ordinal, rate * ((end - begin) / HOUR))
            if gap.log_chance <= limit:
                part = (limit - before) / (gap.log_chance - before)
                after = max(begin + (end - begin) * part, last + SHORTEST)
                return Patience(since=last, after=after, expected=gap.expected, chance=exp(limit))
            if end - last >= LONGEST:
                return Patience(since=last, after=end, expected=gap.expected, chance=exp(gap.log_chance))
            start = end


def _chance_wanted(model: Model) -> float:
    """So that all the gaps of a year together raise few false alarms."""
    return FALSE_ALARMS / max(FEWEST_GAPS, model.a_day * 365)


class _Day(NamedTuple):
    """A local day of 24 hours, and what is expected in each."""

    ordinal: int
    begins_at: datetime
    ends_at: datetime
    rates: tuple[float, ...]

    def hours_from(self, start: datetime) -> Iterator[Expected]:
        hour = (start - self.begins_at) // HOUR
        for number in range(hour, 24):
            end = self.begins_at + (number + 1) * HOUR
            yield start, end, self.ordinal, self.rates[number]
            start = end


class _Days:
    """A model's days."""

    def __init__(self, model: Model, zone: str, holidays: frozenset[int]) -> None:
        self._model, self._name, self._zone, self._holidays = model, zone, ZoneInfo(zone), holidays

    def of(self, at: datetime) -> _Day | tuple[Expected]:
        """The day of a moment, or its hour alone where the day is one on which the clocks are changed."""
        local = at.astimezone(self._zone)
        ordinal = local.toordinal()
        rates = self._model.expected(local.date(), ordinal in self._holidays)
        begin = _begin_of(self._name, ordinal)
        if begin is not None:
            return _Day(ordinal, begin, begin + 24 * HOUR, rates)
        start, end = next(hours_from(at, self._name))
        return ((start, end, ordinal, rates[local.hour]),)


@lru_cache(maxsize=512)  # three weeks in some zones
def _begin_of(zone: str, ordinal: int) -> datetime | None:
    """When a local day of 24 whole hours begins; None where the clocks are changed on it."""
    local, day = ZoneInfo(zone), date.fromordinal(ordinal)
    begin = datetime(day.year, day.month, day.day, tzinfo=local).astimezone(UTC)
    hours = [(begin + number * HOUR).astimezone(local) for number in range(25)]
    told = [(one.toordinal(), one.hour, one.minute) for one in hours]
    whole = [(ordinal + number // 24, number % 24, 0) for number in range(25)]
    return begin if told == whole else None


class _Gap:
    """The log of the chance that nothing came, day by day."""

    def __init__(self, model: Model) -> None:
        self._k = 1.0 / (1.0 / model.steadiness + 1.0 / model.certainty)
        self._closed, self._today, self._day = 0.0, 0.0, 0
        self.expected = 0.0
        self.log_chance = 0.0

    def wait(self, day: int, amount: float) -> None:
        if day != self._day:
            self._closed, self._today, self._day = self.log_chance, 0.0, day
        self._today += amount
        self.expected += amount
        self.log_chance = self._closed + self._log_chance_of(self._today)

    def passes(self, day: _Day, start: datetime, limit: float) -> bool:
        """Whether the chance is still too large when the day is over; then all the rest of it is waited for."""
        if day.ordinal == self._day:
            return False
        hour = (start - day.begins_at) // HOUR
        share = (day.begins_at + (hour + 1) * HOUR - start) / HOUR
        today = first = day.rates[hour] * share
        expected = self.expected + first
        for rate in day.rates[hour + 1 :]:
            today += rate
            expected += rate
        after = self.log_chance + self._log_chance_of(today)
        if after <= limit + DOUBT:
            return False
        self._closed, self._today, self._day = self.log_chance, today, day.ordinal
        self.expected, self.log_chance = expected, after
        return True

    def _log_chance_of(self, amount: float) -> float:
        """That nothing of so much comes in one day."""
        k = self._k
        usual, odd = -k * log1p(amount / k), -k * log1p(ODD_DAY_HEARS * amount / k)
        return log((1 - ODD_DAYS) * exp(usual) + ODD_DAYS * exp(odd))
