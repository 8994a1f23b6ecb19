"""Charts as inline SVG: pure functions from numbers to markup, coloured by the page's style, told apart without colour.

A shape is said in its title, too: a pointer shows it, a screen reader reads the whole chart's label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

BAR, GAP, HEIGHT = 7, 3, 34
CELL_WIDTH, CELL_HEIGHT, MARGIN = 28, 22, 34
SHORT_DAY = 11  # hours that a phone shows side by side


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day: `share` of the seen time that was well, None = nothing was seen."""

    share: float | None
    title: str


def strip(bars: Sequence[Bar], label: str, *, hatch: str = "hatch") -> Markup:
    """A row of bars: the well part stands from the bottom, the rest hangs hatched from the top.

    `hatch` names its pattern: a page with several strips gives each a name of its own.
    """
    width = max(1, len(bars)) * (BAR + GAP) - GAP
    drawn = Markup("").join(_bar(index * (BAR + GAP), bar, hatch) for index, bar in enumerate(bars))
    return Markup(
        '<svg class="strip" viewBox="0 0 {w} {h}" role="img" aria-label="{label}" preserveAspectRatio="none">'
        '<defs><pattern id="{hatch}" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="4" height="4" class="bad"/><rect width="1.5" height="4" class="paper"/></pattern></defs>'
        "{drawn}</svg>"
    ).format(w=width, h=HEIGHT, label=label, drawn=drawn, hatch=hatch)


def _bar(x: int, bar: Bar, hatch: str) -> Markup:
    title = Markup("<title>{}</title>").format(bar.title)
    if bar.share is None:
        return Markup('<g>{t}<rect x="{x}" y="{y}" width="{w}" height="3" class="none"/></g>').format(
            t=title, x=x, y=HEIGHT - 3, w=BAR
        )
    lost = _lost(bar.share)
    well = Markup('<rect x="{x}" y="{y:.1f}" width="{w}" height="{h:.1f}" class="good"/>').format(
        x=x, y=lost, w=BAR, h=HEIGHT - lost
    )
    ill = Markup('<rect x="{x}" y="0" width="{w}" height="{h:.1f}" fill="url(#{f})"/>').format(
        x=x, w=BAR, h=lost, f=hatch
    )
    return Markup("<g>{t}{well}{ill}</g>").format(t=title, well=well, ill=ill if lost else "")


def _lost(share: float) -> float:
    """A minute lost of a day is seen, too."""
    lost = HEIGHT * (1.0 - share)
    return 0.0 if share >= 1.0 else min(float(HEIGHT), max(5.0, lost))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One hour of the week: its text, how bad it is from 0 (well within target) to 4, and what it says at length."""

    text: str
    level: int
    title: str


def week(cells: Mapping[tuple[int, int], Cell], days: Sequence[str], label: str) -> Markup:
    """Hours of the week as a grid: `cells` by (0 = Monday, hour). The number stands in the cell."""
    hours = _hours(cells)
    width, height = MARGIN + len(hours) * CELL_WIDTH, MARGIN // 2 + 7 * CELL_HEIGHT
    above = [
        _text(MARGIN + index * CELL_WIDTH + CELL_WIDTH / 2, 11, str(hour), "axis") for index, hour in enumerate(hours)
    ]
    beside = [_text(MARGIN / 2, _top(day) + 15, name, "axis") for day, name in enumerate(days)]
    drawn = [_cell(day, index, cells.get((day, hour))) for day in range(7) for index, hour in enumerate(hours)]
    return Markup(
        '<svg class="{kind}" viewBox="0 0 {w} {h}" width="{wide}" role="img" aria-label="{label}">{inner}</svg>'
    ).format(
        kind="week long" if len(hours) > SHORT_DAY else "week",
        w=width,
        h=height,
        wide=width * 3 // 2,
        label=label,
        inner=Markup("").join([*above, *beside, *drawn]),
    )


def _hours(cells: Mapping[tuple[int, int], Cell]) -> range:
    """The office's day, and whatever lies beyond it."""
    seen = [hour for _, hour in cells]
    return range(min([9, *seen]), max([18, *seen]) + 1)


def _cell(day: int, column: int, cell: Cell | None) -> Markup:
    x, y = MARGIN + column * CELL_WIDTH, _top(day)
    level = f"h{cell.level}" if cell else "empty"
    rect = Markup('<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="3" class="{c}"/>').format(
        x=x, y=y, w=CELL_WIDTH - 2, h=CELL_HEIGHT - 2, c=level
    )
    if cell is None:
        return rect
    text = _text(x + CELL_WIDTH / 2 - 1, y + 14.5, cell.text, f"in-cell on-{level}")
    return Markup("<g><title>{title}</title>{rect}{text}</g>").format(title=cell.title, rect=rect, text=text)


def _top(day: int) -> int:
    return MARGIN // 2 + day * CELL_HEIGHT


def _text(x: float, y: float, text: str, kind: str) -> Markup:
    return Markup('<text x="{x:g}" y="{y:g}" text-anchor="middle" class="{kind}">{text}</text>').format(
        x=x, y=y, kind=kind, text=escape(text)
    )
