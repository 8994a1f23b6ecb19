"""When silence stops being usual: how improbable it is that so many expected conversations all stayed away.

The chance of a gap is a product over its days, each a negative binomial day: unsteady channels and young habits are
given more patience by themselves. How small the chance has to be follows from how many gaps a year has.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import exp, log, log1p
from zoneinfo import ZoneInfo

from monitor.core.habit import Habit, Model, hours_from, model_of

FALSE_ALARMS = 0.6  # a channel and year, as far as the model is right
FEWEST_GAPS = 4000.0  # a year: of a channel that is seldom heard little is known
LONGEST = timedelta(days=21)  # after which a channel that used to be heard is silent in any case
SHORTEST = timedelta(minutes=45)  # nothing shorter is a silence
ODD_DAYS, ODD_DAY_HEARS = 0.015, 0.3  # now and then a day is quiet for no reason that anybody could know


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a channel may be silent. `after`: the moment from which it is too long; None = still learning."""

    since: datetime
    after: datetime | None
    expected: float = 0.0  # conversations that usually come until `after`
    chance: float = 1.0  # that a sound channel hears none of them


def patience(habit: Habit, last: datetime, zone: str, holidays: frozenset[int] = frozenset()) -> Patience:
    """From the last customer's message on. `holidays`: ordinals of public holidays and shut days."""
    local = last.astimezone(ZoneInfo(zone))
    model = model_of(habit.days, local.toordinal(), holidays) if _is_learnt(habit, last, zone) else None
    if model is None:
        return Patience(since=last, after=None)
    limit = log(_chance_wanted(model))
    reached, before = _Gap(model), 0.0
    for start, end in hours_from(last, zone):
        day = start.astimezone(ZoneInfo(zone))
        rate = _hours(model, day.date(), day.toordinal() in holidays)[day.hour]
        share = (end - start) / timedelta(hours=1)
        before = reached.log_chance
        reached.wait(day.toordinal(), rate * share)
        if reached.log_chance <= limit:
            part = (limit - before) / (reached.log_chance - before)
            after = max(start + (end - start) * part, last + SHORTEST)
            return Patience(since=last, after=after, expected=reached.expected, chance=exp(limit))
        if end - last >= LONGEST:
            return Patience(since=last, after=end, expected=reached.expected, chance=exp(reached.log_chance))
    raise AssertionError("hours do not end")  # pragma: no cover


def _is_learnt(habit: Habit, at: datetime, zone: str) -> bool:
    return bool(habit.since) and at.astimezone(ZoneInfo(zone)).toordinal() - habit.since >= 14


def _chance_wanted(model: Model) -> float:
    """So that all the gaps of a year together raise few false alarms."""
    return FALSE_ALARMS / max(FEWEST_GAPS, model.a_day * 365)


@lru_cache(maxsize=512)
def _hours(model: Model, day: date, holiday: bool) -> tuple[float, ...]:
    return model.expected(day, holiday)


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
        usual, odd = (-self._k * log1p(part * self._today / self._k) for part in (1.0, ODD_DAY_HEARS))
        self.log_chance = self._closed + log((1 - ODD_DAYS) * exp(usual) + ODD_DAYS * exp(odd))
