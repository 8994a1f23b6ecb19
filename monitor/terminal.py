"""Texts of others on a terminal: control characters would move its cursor or change what was said before."""

from __future__ import annotations

import json
from typing import Any


def plain(text: str) -> str:
    """The text with every unprintable character but newline and tab made visible."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def printed(value: Any) -> str:
    """JSON that a person can read and a program takes unchanged: what is unprintable stands as its escape."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)
