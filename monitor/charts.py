"""Charts as plain SVG, small enough to print: a channel's days in a strip, the hours of a week in a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from monitor.core.model import BLIND_STATES, UP_STATES, State
from monitor.core.words import percent

GREEN, RED, GREY = "#2e7d4f", "#b3261e", "#b8bcc2"
CELL, GAP = 22, 3
GOOD = 0.8  # of requests answered in time


def strip(days: Sequence[tuple[datetime, State]], words: Mapping[str, str], zone_day: str = "%d.%m") -> str:
    """One cell a day. Colour is never alone: the state stands in each cell's title, a mark in what was not up."""
    cells = []
    for number, (day, state) in enumerate(days):
        x = number * (CELL + GAP)
        word = "up" if state in UP_STATES else "unknown" if state in BLIND_STATES else "down"
        colour = {"up": GREEN, "unknown": GREY, "down": RED}[word]
        mark = {"up": "", "unknown": "?", "down": "×"}[word]
        title = f"{day.strftime(zone_day)}: {words[word]}"
        cells.append(
            f"<g><title>{escape(title)}</title>"
            f'<rect x="{x}" y="0" width="{CELL}" height="{CELL}" rx="4" fill="{colour}"/>'
            f'<text x="{x + CELL / 2}" y="{CELL / 2 + 5}" text-anchor="middle" font-size="14" fill="#fff">{mark}</text>'
            f'<text x="{x + CELL / 2}" y="{CELL + 12}" text-anchor="middle" font-size="8" fill="#666">'
            f"{day.strftime('%d')}</text></g>"
        )
    width = max(1, len(days) * (CELL + GAP))
    return f'<svg viewBox="0 0 {width} {CELL + 16}" width="{width}" role="img">{"".join(cells)}</svg>'


def trend(shares: Sequence[tuple[str, float | None]], language: str) -> str:
    """A bar a review: the share answered in time, with its number over it; nothing to rate = no bar."""
    bars = []
    for place, (day, share) in enumerate(shares):
        x, height = place * 52, round(80 * (share or 0.0))
        told = percent(share, language)
        bars.append(
            f'<rect x="{x + 8}" y="{96 - height}" width="34" height="{height}" rx="3" fill="{_bar(share)}"/>'
            f'<text x="{x + 25}" y="{91 - height}" text-anchor="middle" font-size="10" fill="#222">{told}</text>'
            f'<text x="{x + 25}" y="110" text-anchor="middle" font-size="9" fill="#666">{escape(day)}</text>'
        )
    width = max(1, len(shares) * 52)
    return f'<svg viewBox="0 0 {width} 116" width="{width}" role="img">{"".join(bars)}</svg>'


def _bar(share: float | None) -> str:
    return GREEN if share is not None and share >= GOOD else RED


def heat(cells: Mapping[tuple[int, int], tuple[int, int]], days: Sequence[str]) -> str:
    """Weekdays down, hours across: the number of requests, redder the more of them were not answered in time."""
    hours = sorted({hour for _, hour in cells}) or [9]
    first, last = hours[0], hours[-1]
    rows = [_heat_row(day, name, cells, range(first, last + 1)) for day, name in enumerate(days)]
    heads = [
        f'<text x="{30 + (hour - first) * 26 + 12}" y="10" text-anchor="middle" font-size="9" fill="#666">{hour}</text>'
        for hour in range(first, last + 1)
    ]
    width = 34 + (last - first + 1) * 26
    return f'<svg viewBox="0 0 {width} 180" width="{width}" role="img">{"".join(heads)}{"".join(rows)}</svg>'


def _heat_row(day: int, name: str, cells: Mapping[tuple[int, int], tuple[int, int]], hours: range) -> str:
    y = 16 + day * 23
    told = [f'<text x="0" y="{y + 15}" font-size="10" fill="#666">{escape(name)}</text>']
    for place, hour in enumerate(hours):
        count, unmet = cells.get((day, hour), (0, 0))
        x = 30 + place * 26
        told.append(f'<rect x="{x}" y="{y}" width="24" height="21" rx="3" fill="{_shade(count, unmet)}"/>')
        if count:
            told.append(
                f'<text x="{x + 12}" y="{y + 14}" text-anchor="middle" font-size="9" fill="#222">{count}</text>'
            )
    return "".join(told)


def _shade(count: int, unmet: int) -> str:
    """From pale green to red; an hour without requests is nearly white."""
    if not count:
        return "#f1f2f4"
    share = unmet / count
    red, green, blue = (round(low + (high - low) * share) for low, high in ((207, 240), (232, 150), (215, 140)))
    return f"rgb({red},{green},{blue})"
