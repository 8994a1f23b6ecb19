"""Texts of others on a terminal: control characters would move its cursor or change what was said before."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with every unprintable character but newline and tab made visible."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)
