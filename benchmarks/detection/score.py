"""Alarms against labels: found, missed, false, and how late; the same for what people use today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import quantiles
from typing import Any

from benchmarks.detection.world import MONTH, SILENT, Month
from monitor.core.calendar import Schedule
from monitor.core.incident import IncidentKind

HOUR = timedelta(hours=1)
OFFICE = Schedule(zone="Europe/Moscow", week=(((540, 1080),),) * 5 + ((), ()))
POLLS = 3
GRACE = timedelta(hours=1)  # after the end of a failure: its alarms are not false

K = IncidentKind
# The kinds that name each failure; a broader word would not tell who has to act.
NAMES: dict[str, frozenset[IncidentKind]] = {
    "qr_flag": frozenset({K.QR_RESCAN_REQUIRED}),
    "phone_offline": frozenset({K.CHANNEL_DEGRADED}),
    "ban": frozenset({K.CHANNEL_DOWN}),
    "unpaid": frozenset({K.CHANNEL_DOWN}),
    "opened_elsewhere": frozenset({K.CHANNEL_DOWN}),
    "provider_outage": frozenset({K.CHANNEL_DEGRADED}),
    "portal_outage": frozenset({K.PORTAL_UNREACHABLE}),
    "token_revoked": frozenset({K.PORTAL_AUTH_FAILED}),
    **dict.fromkeys(SILENT, frozenset({K.CHANNEL_SILENT})),
}
# By contract some states become an incident only after a while: three polls are counted from there.
NOT_BEFORE = {"phone_offline": timedelta(minutes=30), "provider_outage": timedelta()}


@dataclass(slots=True)
class Outcome:
    """One channel-month, judged one way. Delay in hours: working hours for a silent death, else by the clock."""

    month: Month
    found: bool
    delay: float | None
    false: int


def outcome(month: Month, alarms: Iterable[tuple[datetime, IncidentKind]], *, silent: bool) -> Outcome:
    """`silent`: only alarms of silence are looked at; else only the others."""
    rows = [row for row in alarms if (row[1] is K.CHANNEL_SILENT) == silent and row[0] >= month.start]
    if month.kind == "flapping_network":
        rows = [row for row in rows if row[1] is not K.CHANNEL_FLAPPING]  # that is what it does
    if month.broken is None:
        return Outcome(month, found=False, delay=None, false=len(rows))
    begins, ends = month.broken
    ends = min(ends, month.end)
    hits = [at for at, kind in rows if begins <= at < ends and kind in NAMES[month.kind]]
    false = sum(not begins <= at < ends + GRACE for at, _ in rows)
    delay = None
    if hits:
        delay = (OFFICE.working(begins, hits[0]) if silent else hits[0] - begins) / HOUR
    in_time = bool(hits) and (silent or _is_prompt(month, hits[0]))
    return Outcome(month, found=in_time, delay=delay if in_time else None, false=false)


def _is_prompt(month: Month, at: datetime) -> bool:
    assert month.broken is not None
    return at - month.broken[0] - NOT_BEFORE.get(month.kind, timedelta()) <= POLLS * timedelta(minutes=1)


def summary(outcomes: Sequence[Outcome], kinds: Sequence[str]) -> dict[str, Any]:
    """Of the channel-months whose label is one of `kinds`; false alarms over all of `outcomes`."""
    mine = [one for one in outcomes if one.month.kind in kinds]
    return _figures(mine, outcomes)


def of_kind(outcomes: Sequence[Outcome], kind: str) -> dict[str, Any]:
    mine = [one for one in outcomes if one.month.kind == kind]
    return _figures([one for one in mine if one.month.broken], mine)


def _figures(failed: Sequence[Outcome], watched: Sequence[Outcome]) -> dict[str, Any]:
    delays = sorted(one.delay for one in failed if one.delay is not None)
    years = len(watched) * MONTH / 365
    return {
        "found_ratio": round(sum(one.found for one in failed) / len(failed), 4) if failed else None,
        "false_per_channel_year": round(sum(one.false for one in watched) / years, 4) if years else None,
        "delay_median_hours": _percentile(delays, 50),
        "delay_p95_hours": _percentile(delays, 95),
        "n": len(failed),
    }


def _percentile(delays: Sequence[float], percent: int) -> float | None:
    if not delays:
        return None
    return round(delays[0] if len(delays) == 1 else quantiles(delays, n=100, method="inclusive")[percent - 1], 3)


# --- what people use today -----------------------------------------------------------------------------------

HOURS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 30, 36, 48, 60, 72, 96, 120, 168)


def flag_alone(month: Month) -> list[tuple[datetime, IncidentKind]]:
    """Bitrix24's own flag, looked at every minute; a bad reading is an alarm."""
    rows = [(at, K.QR_RESCAN_REQUIRED) for at in month.blips]
    if month.kind == "qr_flag" and month.broken:
        rows.append((month.broken[0], K.QR_RESCAN_REQUIRED))
    return rows


def fixed_silence(hours: int) -> Callable[[Month], list[tuple[datetime, IncidentKind]]]:
    """No message for so many hours, on the clock."""
    patience = hours * HOUR

    def alarms(month: Month) -> list[tuple[datetime, IncidentKind]]:
        times = [at for at, _ in month.heard] + [month.end]
        return [(at + patience, K.CHANNEL_SILENT) for at, following in pairwise(times) if following - at > patience]

    return alarms


def best_fixed(months: Sequence[Month]) -> tuple[int, list[Outcome]]:
    """The N that people would settle on: most found for the false alarms it costs (each a lost week of trust)."""
    tried = {hours: [outcome(one, fixed_silence(hours)(one), silent=True) for one in months] for hours in HOURS}

    def worth(hours: int) -> float:
        told = summary(tried[hours], SILENT)
        return float(told["found_ratio"] or 0.0) - float(told["false_per_channel_year"] or 0.0) / 52

    best = max(tried, key=worth)
    return best, tried[best]
