"""One channel's page: its state now with proof, and its last ninety days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor.core.memory import ChannelMemory, Flip
from monitor.core.timeline import Day, days_of, spans_of, uptime
from monitor.shell import charts
from monitor.shell.page_portal import channel_row, open_incidents
from monitor.shell.sight import Sight, light_of

Row = dict[str, Any]

SHOWN = timedelta(days=89)  # and today
MOST_CHANGES = 50
_DATE = {"ru": "%d.%m.%Y", "en": "%Y-%m-%d"}


def past_begins(now: datetime) -> datetime:
    return now - SHOWN


def channel(memory: ChannelMemory, flips: Sequence[Flip], sight: Sight) -> Row:
    """`flips` of this channel alone, since `past_begins`, ascending."""
    since = past_begins(sight.now)
    days = days_of(spans_of(flips, memory, since, sight.now), sight.policy.timezone, since, sight.now)
    share, seen = uptime(days), [day for day in days if day.up or day.down]
    label = sight.say("strip_label").format(days=len(days), share=percent(share, sight.language))
    subject = f"{memory.channel.line}/{memory.channel.connector}"
    known = {one.id for one in sight.state.incidents.values() if one.subject == subject}
    return channel_row(memory, sight) | {
        "gone": memory.gone,
        "strip": charts.strip([_bar(day, sight) for day in days], label),
        "share": percent(share, sight.language),
        "seen_days": len(seen),
        "bad_days": sum(bool(day.down) for day in seen),
        "first_day": days[0].day.strftime(_DATE[sight.language]),
        "changes": [_change(flip, sight) for flip in reversed(flips[-MOST_CHANGES:])],
        "incidents": [row for row in open_incidents(sight) if row["id"] in known],
    }


def _bar(day: Day, sight: Sight) -> charts.Bar:
    date = day.day.strftime(_DATE[sight.language])
    if not day.up and not day.down:
        return charts.Bar(share=None, title=f"{date}: {sight.say('not_seen')}")
    share = day.up / (day.up + day.down)
    if not day.down or day.worst is None:
        return charts.Bar(share=share, title=f"{date}: {sight.say('all_well')}")
    lost = sight.say("did_not_work").format(span=sight.span(day.down), state=sight.state_word(day.worst))
    return charts.Bar(share=share, title=f"{date}: {lost}")


def _change(flip: Flip, sight: Sight) -> Row:
    return {
        "at": sight.at(flip.at),
        "light": light_of(flip.after),
        "before": sight.state_word(flip.before) if flip.before else "",
        "after": sight.state_word(flip.after),
        "proof": [f"{proof.source}: {proof.word}" for proof in flip.diagnosis.proof],
    }


def percent(share: float | None, language: str) -> str:
    """Never 100 of what was less."""
    if share is None:
        return "—"
    shown = min(f"{100 * share:.2f}", "99.99", key=float) if share < 1 else "100"
    return f"{shown.replace('.', ',')} %" if language == "ru" else f"{shown}%"
