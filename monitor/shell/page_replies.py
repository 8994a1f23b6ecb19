"""How fast customers are answered, for the pages: figures, the hours of the week, and each manager's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.lateness import as_due
from monitor.core.replies import Figures, Waited, by_manager, in_period, of_team, whose
from monitor.core.turn import Turn, Verdict
from monitor.core.words import percent, worked_of
from monitor.shell import charts
from monitor.shell.page_portal import waiting_rows
from monitor.shell.sight import Sight

Row = dict[str, Any]

PERIOD = timedelta(days=28)
MINUTE = timedelta(minutes=1)
MOST_TURNS = 30
_ANSWERED = frozenset({Verdict.MET, Verdict.LATE})
_UNMET = frozenset({Verdict.LATE, Verdict.MISSED})
_LEVELS = (0.5, 1.0, 2.0, 4.0)  # of the target


def period_begins(now: datetime) -> datetime:
    return now - PERIOD


def team(turns: Sequence[Turn], sight: Sight) -> Row:
    """The portal's last four weeks; `managers` the busiest first."""
    told = as_due(in_period(turns, period_begins(sight.now), sight.now), sight.state, sight.policy)
    people = sorted(by_manager(told, sight.now).items(), key=lambda pair: (-pair[1].n, pair[0]))
    return figures_row(of_team(told, sight.now), sight) | {
        "week": week(told, sight),
        "managers": [
            {"id": user, "name": sight.manager(user)} | figures_row(figures, sight) for user, figures in people
        ],
    }


def manager(user: int, turns: Sequence[Turn], sight: Sight) -> Row:
    told = as_due(in_period(turns, period_begins(sight.now), sight.now), sight.state, sight.policy)
    mine = [turn for turn in told if whose(turn) == user]
    figures = by_manager(told, sight.now).get(user, Figures())
    known = sight.state.managers.get(user)
    held = [turn for turn in sight.state.turns.values() if turn.holder == user]
    return (
        {"id": user, "name": sight.manager(user)}
        | figures_row(figures, sight)
        | {
            "position": known.position if known else "",
            "dismissed": known is not None and not known.active,
            "week": week(mine, sight),
            "waiting_rows": waiting_rows(held, sight),
            "unmet": [_turn(turn, sight) for turn in _latest(mine)],
            "helped": figures.helped,
            "ooh": figures.ooh,
            "skipped": figures.skipped,
            "closed_unanswered": figures.closed_unanswered,
            "held": worked_of(figures.held, sight.language),
        }
    )


def figures_row(figures: Figures, sight: Sight) -> Row:
    return {
        "n": figures.n,
        "met": figures.met,
        "late": figures.late,
        "missed": figures.missed,
        "overdue_now": figures.overdue,
        "excused": figures.excused,
        "share": percent(figures.share, sight.language),
        "rated": figures.is_rated,
        "light": _light(figures.share) if figures.is_rated else "none",
        "p50": _waited(figures.team.p50, sight),
        "p90": _waited(figures.team.p90, sight),
        "calendar_p50": _waited(figures.calendar.p50, sight),
        "calendar_p90": _waited(figures.calendar.p90, sight),
        "own_p50": _waited(figures.own.p50, sight),
        "own_p90": _waited(figures.own.p90, sight),
    }


def _light(share: float | None) -> str:
    if share is None:
        return "none"
    return "good" if share >= 0.8 else "warn" if share >= 0.6 else "bad"


def _waited(waited: Waited | None, sight: Sight) -> str:
    if waited is None:
        return "—"
    said = sight.span(waited.span)
    if waited.at_least:
        return f"≥ {said}"
    return said if waited.span < MINUTE else f"{sight.say('within')} {said}"


def _latest(turns: Iterable[Turn]) -> list[Turn]:
    unmet = [turn for turn in turns if turn.verdict in _UNMET]
    return sorted(unmet, key=lambda turn: (turn.opened, turn.message), reverse=True)[:MOST_TURNS]


def _turn(turn: Turn, sight: Sight) -> Row:
    return {
        "chat": turn.chat,
        "opened": sight.at(turn.opened),
        "messenger": sight.messenger(turn.messenger.value),
        "verdict": sight.say(f"verdict_{turn.verdict.value}"),
        "working": sight.span(turn.working),
        "target": sight.span(turn.target),
    }


def week(turns: Iterable[Turn], sight: Sight) -> Any:
    """The median wait by the hour in which the customer wrote, in the portal's time; None without a single answer."""
    zone, cells = ZoneInfo(sight.policy.timezone), defaultdict[tuple[int, int], list[Turn]](list)
    for turn in turns:
        if turn.verdict in _ANSWERED and turn.working is not None:
            at = turn.opened.astimezone(zone)
            cells[at.weekday(), at.hour].append(turn)
    if not cells:
        return None
    drawn = {place: _cell(place, waits, sight) for place, waits in cells.items()}
    return charts.week(drawn, sight.say("weekdays").split(), sight.say("week_label"))


def _cell(place: tuple[int, int], turns: Sequence[Turn], sight: Sight) -> charts.Cell:
    middle = median((turn.working or timedelta()).total_seconds() for turn in turns)
    ratio = median((turn.working or timedelta()) / turn.target for turn in turns if turn.target)
    day, hour = sight.say("weekdays").split()[place[0]], place[1]
    said = sight.say("week_cell").format(count=len(turns), span=sight.span(timedelta(seconds=middle)))
    return charts.Cell(
        text=_minutes(middle, sight),
        level=sum(ratio > level for level in _LEVELS),
        title=f"{day} {hour}:00-{hour + 1}:00: {said}",
    )


def _minutes(seconds: float, sight: Sight) -> str:
    """Short enough for a cell: minutes, from 100 of them on hours; rounded down like every length in words."""
    minutes = int(seconds // 60)
    if minutes < 1:
        return "<1"
    return str(minutes) if minutes < 100 else f"{minutes // 60} {sight.say('hour_sign')}"
