"""No pattern of ours takes long over a text that was written to make it."""

from __future__ import annotations

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import pytest

import monitor
import probes

SIZE = 20_000
SEEDS = (
    "a", "1", " ", "[", "[a", "[/a", "[USER=1", "[USER=", "http://", "https://a", "/rest/1/", '"', '"chat":', "chat",
    "x=\"", "\\", "1d", "09:00-", ".", "-", "_", "${A", "wa", "what", "мах", "00:", "(перенесено с 01", "\n", "a.", "=",
)  # fmt: skip


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for package in (monitor, probes):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" in module.name or "migrations" in module.name:
                continue
            loaded = importlib.import_module(module.name)
            for name, value in vars(loaded).items():
                if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                    yield f"{module.name}.{name}", value
                if isinstance(value, tuple):
                    found = [part for row in value if isinstance(row, tuple) for part in row]
                    yield from ((f"{module.name}.{name}", one) for one in found if isinstance(one, re.Pattern))


PATTERNS = sorted(set(patterns()), key=str)


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_a_pattern_is_quick_on_long_hostile_texts(name: str, pattern: re.Pattern[str]) -> None:
    for seed in SEEDS:
        text = (seed * SIZE)[:SIZE] + "\x00"
        started = time.process_time()
        for _ in pattern.finditer(text):
            pass
        pattern.fullmatch(text)
        assert time.process_time() - started < 0.5, f"{name} on {seed!r}"
