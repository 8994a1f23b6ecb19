"""What a channel usually hears: inbound conversations by day and hour, learnt from its own last weeks.

A customer writes in bursts, so conversations are counted, not messages. Kept are 24 small numbers a day for eight
weeks; everything else is derived from them. Days on which the channel was down or the portal unseen teach nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.replacing import replace

KEPT = 56  # days
BURST = timedelta(minutes=30)  # within which more words of one dialog are the same burst
TALKS = 12  # dialogs whose last word is remembered
HALF_LIFE = 21.0  # days after which a day counts half
RECENT = 7  # days that tell the level of these days
MOST = 255
EMPTY = bytes(24)
FIRST_LEARNT = timedelta(days=14)
FEWEST_DAYS, FEWEST_HEARD = 9, 8


class Day(NamedTuple):
    """Conversations by local hour; None = nothing can be learnt from that day."""

    ordinal: int
    hours: bytes | None


class Talk(NamedTuple):
    session: int
    at: datetime


_at = itemgetter(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """`days` ascending, the last one may be today; `since`: the first day that was watched."""

    days: tuple[Day, ...] = ()
    talks: tuple[Talk, ...] = ()
    since: int = 0


NO_HABIT = Habit()


def listen(habit: Habit, heard: Iterable[tuple[int, datetime]], zone: str) -> Habit:
    """With inbound messages as (session, moment), in any order: the first reading brings two weeks at once."""
    talks = {talk.session: talk for talk in habit.talks}
    begun, goes_on = [], False
    for session, at in sorted(heard, key=_at):
        last = talks.get(session)
        if last is None or at > last.at:
            talks[session], goes_on = Talk(session, at), True
        if last is None or at - last.at >= BURST:
            begun.append(at)
    if not goes_on:
        return habit
    newest = sorted(talks.values(), key=_at)[-TALKS:]
    after = replace(habit, talks=tuple(newest))
    return _with_begun(after, begun, zone) if begun else after


def _with_begun(habit: Habit, begun: Iterable[datetime], zone: str) -> Habit:
    """With conversations that began at these moments."""
    days, new = {day.ordinal: day for day in habit.days}, dict[int, bytearray]()
    local = ZoneInfo(zone)
    for moment in begun:
        at = moment.astimezone(local)
        ordinal = at.toordinal()
        if ordinal not in new:
            known = days.get(ordinal)
            new[ordinal] = bytearray((known.hours if known is not None else None) or EMPTY)
        new[ordinal][at.hour] = min(MOST, new[ordinal][at.hour] + 1)
    days |= {ordinal: Day(ordinal, bytes(hours)) for ordinal, hours in new.items()}
    return replace(habit, days=_newest(days), since=min([*new, *([habit.since] if habit.since else [])]))


def pass_days(habit: Habit, today: date, unseen: frozenset[int]) -> Habit:
    """Days without a word are days too; `unseen` (ordinals) teach nothing."""
    if not habit.since:
        return replace(habit, since=today.toordinal())
    days = {day.ordinal: day for day in habit.days}
    last = max(days, default=habit.since - 1)
    if last >= today.toordinal() and not unseen & days.keys():
        return habit
    for ordinal in range(min(habit.since, last + 1), today.toordinal() + 1):
        days.setdefault(ordinal, Day(ordinal, EMPTY))
    days |= {ordinal: Day(ordinal, None) for ordinal in unseen if ordinal in days}
    after = replace(habit, days=_newest(days))
    return habit if after == habit else after


def _newest(days: Mapping[int, Day]) -> tuple[Day, ...]:
    return tuple([days[ordinal] for ordinal in sorted(days)[-KEPT:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is expected: conversations a day by weekday, their spread over the hours, and how unsteady days are."""

    weekdays: tuple[float, ...]
    work_hours: tuple[float, ...]  # shares of a day, Monday to Friday
    rest_hours: tuple[float, ...]  # Saturday and Sunday
    level: float  # these days against the weeks before
    steadiness: float  # k of a negative binomial day: the higher, the nearer to a Poisson day
    certainty: float  # conversations that the level rests on
    a_day: float  # conversations on the mean day

    def expected(self, day: date, holiday: bool) -> tuple[float, ...]:
        """Conversations by hour of one local day. A public holiday is heard from little, whatever its weekday."""
        weekday = day.weekday()
        hours = self.rest_hours if weekday >= 5 else self.work_hours
        amount = self.weekdays[weekday] * self.level * (HOLIDAY if holiday else 1.0)
        return tuple(amount * share for share in hours)


HOLIDAY = 0.1
HIGHEST_LEVEL = 1.1  # a wave of a campaign is no habit
LOWEST_LEVEL = 0.25
STEADIEST, LEAST_STEADY, USUAL_STEADINESS, BELIEVED_DAYS = 40.0, 2.0, 8.0, 10


def model_of(days: tuple[Day, ...], today: int, holidays: frozenset[int]) -> Model | None:
    """None while the habit is being learnt: two weeks, and enough of them seen and heard.

    Today teaches nothing until it is over, so a channel has one model a day, whatever it hears.
    """
    over = len(days)
    while over and days[over - 1].ordinal >= today:
        over -= 1
    return _model_of(days[:over], today, holidays)


@lru_cache(maxsize=512)  # a model weighs 3 kB, and nobody asks for yesterday's
def _model_of(days: tuple[Day, ...], today: int, holidays: frozenset[int]) -> Model | None:
    seen = [day for day in days if day.hours is not None and day.ordinal not in holidays]
    heard = sum(sum(day.hours or b"") for day in seen)
    if len(seen) < FEWEST_DAYS or heard < FEWEST_HEARD:
        return None
    weights = {day.ordinal: 0.5 ** ((today - day.ordinal) / HALF_LIFE) for day in seen}
    weekdays = _weekdays(seen, weights)
    expected = {day.ordinal: weekdays[_weekday(day)] for day in seen}
    level = _level(seen[-RECENT:], expected)
    return Model(
        weekdays=weekdays,
        work_hours=_shares([day for day in seen if _weekday(day) < 5], weights, seen),
        rest_hours=_shares([day for day in seen if _weekday(day) >= 5], weights, seen),
        level=level,
        steadiness=_steadiness(seen, expected),
        certainty=sum(weights[day.ordinal] * sum(day.hours or b"") for day in seen) + 1.0,
        a_day=sum(weekdays) / 7,
    )


def _weekday(day: Day) -> int:
    return (day.ordinal + 6) % 7


def _weekdays(seen: list[Day], weights: Mapping[int, float]) -> tuple[float, ...]:
    """The mean of each weekday, leaning on its kind's mean where it was seen seldom."""
    work, rest = _mean(seen, weights, range(5)), _mean(seen, weights, range(5, 7))
    told = []
    for weekday in range(7):
        mine = [day for day in seen if _weekday(day) == weekday]
        weight = sum(weights[day.ordinal] for day in mine)
        total = sum(weights[day.ordinal] * sum(day.hours or b"") for day in mine)
        told.append((total + (work if weekday < 5 else rest)) / (weight + 1.0))
    return tuple(told)


def _mean(seen: list[Day], weights: Mapping[int, float], weekdays: range) -> float:
    mine = [day for day in seen if _weekday(day) in weekdays]
    weight = sum(weights[day.ordinal] for day in mine)
    return sum(weights[day.ordinal] * sum(day.hours or b"") for day in mine) / weight if weight else 0.0


def _level(recent: list[Day], expected: Mapping[int, float]) -> float:
    """A decline is followed at once, a rise hardly: both make the daemon more patient than it would have to be."""
    heard = sum(sum(day.hours or b"") for day in recent)
    ratio = (heard + 3.0) / (sum(expected[day.ordinal] for day in recent) + 3.0)
    return min(HIGHEST_LEVEL, max(LOWEST_LEVEL, ratio))


def _steadiness(seen: list[Day], expected: Mapping[int, float]) -> float:
    """By moments: the variance of a day is its mean plus mean squared over k."""
    surplus = sum((sum(day.hours or b"") - expected[day.ordinal]) ** 2 - expected[day.ordinal] for day in seen)
    squares = sum(expected[day.ordinal] ** 2 for day in seen)
    belief = squares / len(seen) * BELIEVED_DAYS  # few words a day tell nothing of how unsteady days are
    return min(STEADIEST, max(LEAST_STEADY, (squares + belief) / (max(0.0, surplus) + belief / USUAL_STEADINESS)))


def _shares(mine: list[Day], weights: Mapping[int, float], seen: list[Day]) -> tuple[float, ...]:
    """The hours' shares of a day, each leaning a little on its neighbours and on the other kind of day."""
    counts, others = _hours(mine, weights), _hours(seen, weights)
    whole = sum(others) or 1.0
    blur = min(0.15, 10.0 / whole)  # the less is known, the more an hour is like the hours beside it
    blurred = [
        counts[hour] + blur * (counts[hour - 1] + counts[(hour + 1) % 24]) + 2.0 * others[hour] / whole
        for hour in range(24)
    ]
    total = sum(blurred)
    return tuple(amount / total for amount in blurred)


def _hours(days: list[Day], weights: Mapping[int, float]) -> list[float]:
    counts = [0.0] * 24
    for day in days:
        weight = weights[day.ordinal]
        for hour, count in enumerate(day.hours or b""):
            if count:
                counts[hour] += weight * count
    return counts


def hours_from(start: datetime, zone: str) -> Iterator[tuple[datetime, datetime]]:
    """Whole local hours one after the other, the first from `start`; in UTC, so that no hour is lost or doubled."""
    local = ZoneInfo(zone)
    while True:
        at = start.astimezone(local)
        end = start + timedelta(minutes=60 - at.minute, seconds=-at.second, microseconds=-at.microsecond)
        yield start, end
        start = end
