"""A portal's state as a small picture for other pages: a word beside the colour."""

from __future__ import annotations

from markupsafe import Markup

_COLOURS = {"good": "#1a7f37", "warn": "#8a5a00", "bad": "#b42318", "none": "#57606a"}
_LETTER, _PAD = 7.2, 8


def badge(name: str, light: str, word: str) -> str:
    """An SVG document. `light`: good, warn, bad or none."""
    left, right = _width(name), _width(word)
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" role="img" aria-label="{name}: {word}">'
            '<title>{name}: {word}</title><rect width="{all}" height="20" rx="4" fill="#30363d"/>'
            '<path d="M{left} 0h{flat}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z" fill="{colour}"/>'
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
            '<text x="{x1}" y="14">{name}</text><text x="{x2}" y="14">{word}</text></g></svg>'
        ).format(
            all=left + right,
            left=left,
            flat=right - 4,
            name=name,
            word=word,
            colour=_COLOURS[light],
            x1=left / 2,
            x2=left + right / 2,
        )
    )


def _width(text: str) -> int:
    return round(len(text) * _LETTER) + 2 * _PAD
