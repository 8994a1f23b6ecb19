"""Channel-months with a label: what customers write, what is done to the channel, and when."""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.shell.public_holidays import public_days

ZONE = ZoneInfo("Europe/Moscow")
LEARNING, MONTH = 28, 30  # days of history before the month that is scored
DAY = timedelta(days=1)
HOLIDAYS = frozenset(
    day for day, kind in public_days("RU", range(2025, 2028)).items() if kind.value == "off" and day.weekday() < 5
)

SILENT = ("qr_silent", "dismissed_keeper")
HARD = (
    "qr_flag", "phone_offline", "ban", "unpaid", "opened_elsewhere", "provider_outage", "portal_outage",
    "token_revoked",
)  # fmt: skip
SOUND = ("quiet_weekend", "holidays", "campaign_waves", "seasonal_decline", "flapping_network", "steady")
KINDS = (*SILENT * 3, *HARD, *SOUND)

# Messages a working day and how often such a channel is drawn: from two a day to five hundred.
RATES = ((2, 2), (6, 2), (20, 4), (60, 6), (150, 5), (500, 4))
# Weight of the local hours of a working day: people write at ten and before they go home, hardly at night.
HOURS = (0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1, 3, 7, 9, 9, 8, 7, 8, 8, 8, 7, 5, 3, 2, 1.5, 1, 0.5)


@dataclass(frozen=True, slots=True)
class Month:
    """One channel's history. `heard`: (moment, session) of inbound messages as Bitrix24 stores them, ascending.

    `broken`: from when to when the channel is dead; None = it never is. `blips`: moments of single bad readings.
    """

    kind: str
    rate: int
    start: datetime  # of the month that is scored
    heard: tuple[tuple[datetime, int], ...]
    broken: tuple[datetime, datetime] | None
    blips: tuple[datetime, ...] = ()

    @property
    def end(self) -> datetime:
        return self.start + MONTH * DAY


@dataclass(slots=True)
class _Nature:
    """What a channel is like. Drawn once."""

    a_day: float
    weekend: float
    trend: float  # a day
    steadiness: float  # of days: the shape of a gamma factor
    burst: float  # messages of one conversation beyond the first
    holiday: float
    shift: int  # hours by which the customers' day is later or earlier
    odd_day: float  # how often a day is quiet for no reason


def month(seed: int, number: int) -> Month:
    """The same seed and number give the same month."""
    chance = random.Random(f"{seed}/{number}")
    kind = KINDS[number % len(KINDS)]
    rate = chance.choices([rate for rate, _ in RATES], [weight for _, weight in RATES])[0]
    first = _first_day(kind, chance)
    nature = _nature(kind, rate, chance)
    start = datetime.combine(first, datetime.min.time(), tzinfo=ZONE)
    days = [first + n * DAY for n in range(-LEARNING, MONTH)]
    talks = [talk for day in days for talk in _day(day, first, kind, nature, chance)]
    starts = sorted(moment for moment, _ in talks)
    heard = sorted(((at, session) for session, (_, words) in enumerate(talks) for at in words))
    broken = _broken(kind, start, starts, chance)
    if broken:
        heard = [(at, session) for at, session in heard if not broken[0] <= at < broken[1]]
    blips = _blips(start, chance) if kind == "flapping_network" else ()
    return Month(kind, rate, start.astimezone(UTC), tuple(heard), broken, blips)


def _first_day(kind: str, chance: random.Random) -> date:
    if kind == "holidays":  # New Year, February and March, May, June, November
        return chance.choice([date(2025, 12, 20), date(2026, 2, 15), date(2026, 4, 20), date(2026, 6, 1)])
    return date(2026, 1, 15) + chance.randrange(330) * DAY


def _nature(kind: str, rate: int, chance: random.Random) -> _Nature:
    burst = chance.uniform(0.2, 1.2)
    trend = chance.uniform(-0.02, -0.008) if kind == "seasonal_decline" else chance.uniform(-0.004, 0.004)
    return _Nature(
        a_day=rate / (1 + burst),
        weekend=chance.uniform(0.02, 0.15) if kind == "quiet_weekend" else chance.uniform(0.05, 0.7),
        trend=trend,
        steadiness=chance.uniform(6, 40),
        burst=burst,
        holiday=chance.uniform(0.03, 0.4),
        shift=chance.choice((-1, 0, 0, 0, 1, 2)),
        odd_day=chance.choice((0.0, 0.01, 0.03)),
    )


def _day(
    day: date, first: date, kind: str, nature: _Nature, chance: random.Random
) -> list[tuple[datetime, list[datetime]]]:
    """Conversations of one day: when each began, and its words."""
    amount = nature.a_day * (1 + nature.trend) ** (day - first).days * chance.gammavariate(nature.steadiness, 1)
    amount /= nature.steadiness
    amount *= nature.weekend if day.weekday() >= 5 else 1.0
    amount *= nature.holiday if day in HOLIDAYS else 1.0
    amount *= 0.35 if chance.random() < nature.odd_day else 1.0
    if kind == "campaign_waves" and (day - first).days % 9 in (0, 1):
        amount *= 3.5
    return [_talk(day, nature, chance) for _ in range(_poisson(amount, chance))]


def _talk(day: date, nature: _Nature, chance: random.Random) -> tuple[datetime, list[datetime]]:
    hour = (chance.choices(range(24), HOURS)[0] + nature.shift) % 24
    at = datetime.combine(day, datetime.min.time(), tzinfo=ZONE) + timedelta(
        hours=hour, seconds=chance.uniform(0, 3600)
    )
    at = at.astimezone(UTC)
    words = [at]
    while chance.random() < nature.burst / (1 + nature.burst):
        words.append(words[-1] + timedelta(minutes=chance.expovariate(1 / 4)))
    return at, words


def _broken(
    kind: str, start: datetime, starts: list[datetime], chance: random.Random
) -> tuple[datetime, datetime] | None:
    if kind in SOUND:
        return None
    begins = (start + timedelta(days=chance.uniform(2, 16))).astimezone(UTC)
    if kind not in SILENT:
        return begins, begins + timedelta(hours=chance.uniform(3, 30))
    # A silent death lasts until people notice by themselves: when twenty to fifty conversations are lost.
    lost = bisect_left(starts, begins) + chance.randint(20, 50)
    noticed = starts[lost] if lost < len(starts) else (start + MONTH * DAY).astimezone(UTC)
    return begins, max(noticed, begins + chance.uniform(0.5, 2.5) * DAY)


def _blips(start: datetime, chance: random.Random) -> tuple[datetime, ...]:
    """Single bad readings, never two in a row: those would be a failure."""
    slots = chance.sample(range(MONTH * 24 * 6), chance.randint(20, 60))
    return tuple((start + timedelta(minutes=10 * slot)).astimezone(UTC) for slot in sorted(slots))


def _poisson(mean: float, chance: random.Random) -> int:
    """Counting exponential gaps; a day has some hundreds at the most."""
    count, left = 0, mean
    while True:
        left -= chance.expovariate(1.0)
        if left < 0:
            return count
        count += 1
