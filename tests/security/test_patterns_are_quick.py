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
from monitor.core.document_numbers import LONGEST, sequence_of
from monitor.core.known_texts import known_texts
from monitor.core.policy import ReplyOptions
from monitor.shell.store_traces import Traces

SIZE = 20_000
SEEDS = (
    "a", "1", " ", "[", "[a", "[/a", "[USER=1", "[USER=", "http://", "https://a", "/rest/1/", '"', '"chat":', "chat",
    "x=\"", "\\", "1d", "09:00-", ".", "-", "_", "${A", "wa", "what", "мах", "00:", "(перенесено с 01", "\n", "a.", "=",
    "imol|1", '"session":1', '[1,"2026-03-02T', "http://a/online/?IM_HISTORY=imol|", "/incidents/",
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


TEXTS = ("*a*a*a*", "*1*.*1*", "[a*\\*", "a" * 500, "*")
KNOWN = known_texts(ReplyOptions(automatic=TEXTS, canned=TEXTS[::-1]))
MANY = frozenset(range(1, 300))
TRACES = Traces(
    portal="acme",
    chats=MANY,
    sessions=MANY,
    messages=MANY,
    incidents=frozenset(map(str, MANY)),
    addresses=("https://acme.bitrix24.ru", "http://a"),
    talks=frozenset(f'[{number},"2026-03-02T09:00:00Z"]' for number in MANY),
)
SEARCHES = {
    (f"store_traces.{one.__name__}", one())
    for one in (TRACES.own, TRACES.abroad, TRACES.talk, TRACES.pages, TRACES.written)
}
PATTERNS = sorted({*patterns(), *SEARCHES}, key=str)
TEMPLATES = (
    "{A}" * 6 + "-{NUMBER}",
    "{A}-{B}-{NUMBER}",
    "{A}1{B}1{NUMBER}1",
    "{A}a{B}a{NUMBER}a",
    "{DAY}" * 40,
    "{A}",
    "",
)


@pytest.mark.parametrize(("name", "pattern"), PATTERNS, ids=[name for name, _ in PATTERNS])
def test_a_pattern_is_quick_on_long_hostile_texts(name: str, pattern: re.Pattern[str]) -> None:
    for seed in SEEDS:
        text = (seed * SIZE)[:SIZE] + "\x00"
        started = time.process_time()
        for _ in pattern.finditer(text):
            pass
        pattern.fullmatch(text)
        assert time.process_time() - started < 0.5, f"{name} on {seed!r}"


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_number_is_quickly_read_by_whatever_template_the_portal_has(template: str) -> None:
    started = time.process_time()
    for seed in SEEDS:
        for size in (LONGEST, SIZE):
            sequence_of((seed * size)[:size], template)
            sequence_of("1", (seed * size)[:size] + template)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("pattern", [KNOWN.automatic, KNOWN.canned])
def test_a_customers_text_is_quickly_told_from_the_configured_ones(pattern: re.Pattern[str]) -> None:
    for seed in SEEDS:
        started = time.process_time()
        pattern.match((seed * SIZE)[:SIZE] + "\x00")
        assert time.process_time() - started < 0.5, repr(seed)
