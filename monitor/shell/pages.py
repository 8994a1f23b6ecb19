"""The pages' templates: filled with plain facts, everything in them escaped."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.shell.page_words import WORDS


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("monitor", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["step"] = _step
    return made


def _step(text: str) -> str:
    """One step of an address, whatever it holds: a connector's id is chosen by others."""
    return quote(text, safe="")


@lru_cache
def static(name: str) -> str:
    """The style or the script."""
    return (files("monitor") / "templates" / name).read_text(encoding="utf-8")


def render(template: str, language: str, **facts: Any) -> str:
    words = WORDS[language]
    return _environment().get_template(template).render(language=language, t=words, **facts)


def as_text(value: Any, depth: int = 0) -> str:
    """Plain data as indented lines, for a terminal."""
    pad = "  " * depth
    if isinstance(value, dict):
        return "".join(_entry(pad, f"{name}:", inner, depth) for name, inner in value.items())
    if isinstance(value, list):
        return "".join(_entry(pad, "-", inner, depth) for inner in value)
    return f"{pad}{value}\n"


def _entry(pad: str, head: str, inner: Any, depth: int) -> str:
    if isinstance(inner, dict | list):
        return f"{pad}{head}\n{as_text(inner, depth + 1)}" if inner else f"{pad}{head} none\n"
    return f"{pad}{head} {inner}\n"
