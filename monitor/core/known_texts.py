"""Texts that the config names: how a message is told to be one of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from monitor.core.policy import ReplyOptions


@dataclass(frozen=True, slots=True)
class KnownTexts:
    """Texts that the config names: sent by nobody (case 4), ready-made (case 5). None = none are named."""

    automatic: re.Pattern[str] | None = None
    canned: re.Pattern[str] | None = None


@lru_cache(maxsize=256)
def known_texts(options: ReplyOptions) -> KnownTexts:
    return KnownTexts(_pattern(options.automatic), _pattern(options.canned))


def _pattern(texts: tuple[str, ...]) -> re.Pattern[str] | None:
    """`*` stands for anything; only that: a customer's long text must not make the search slow."""
    words = (" ".join(text.lower().split()).replace("[", "[[]").replace("?", "[?]") for text in texts)
    joined = "|".join(translate(text) for text in words if text)
    return re.compile(joined) if joined else None


NO_TEXTS = KnownTexts()
