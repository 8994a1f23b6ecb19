"""The monitor about itself, as rows for its page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from monitor.core.words import moment
from monitor.shell.board import PollFacts, SelfFacts
from monitor.shell.page_words import WORDS
from monitor.shell.store_outbox import Backlog

Row = dict[str, Any]
MOST_METHODS = 3


def monitor(facts: SelfFacts, language: str) -> Row:
    """Moments in UTC: the daemon serves portals of several zones."""
    words = WORDS[language]
    return {
        "version": facts.version,
        "light": "good" if facts.well else "bad",
        "health": words["light_good"] if facts.well else f"{words['health_late']} {', '.join(facts.late)}",
        "started": _at(facts.started, language),
        "polls": [_poll(one, language) for one in facts.polls],
        "lag": _milliseconds(facts.lag),
        "worst_lag": _milliseconds(facts.worst_lag),
        "store": facts.store,
        "store_ms": _milliseconds(facts.store_seconds),
        "rows": list(facts.rows.items()),
        "delivery": facts.delivery,
        "failing_since": _at(facts.delivery_failing_since, language),
        "delivered": list(facts.delivered.items()),
        "outbox": [_receiver(one, words) for one in facts.outbox],
        "listeners": facts.listeners,
        "config_light": "good" if facts.reloaded_well else "bad",
        "config": words["config_well" if facts.reloaded_well else "config_ill"],
    }


def _receiver(one: Backlog, words: Mapping[str, str]) -> Row:
    return {
        "portal": one.portal,
        "receiver": one.receiver,
        "state": words[f"outbox_{one.state}"],
        "light": "bad" if one.state == "given_up" else "",
        "count": one.count,
        "problem": one.problem,
    }


def _poll(one: PollFacts, language: str) -> Row:
    return {
        "portal": one.portal,
        "source": one.source,
        "last_success": _at(one.last_success, language),
        "failures": _pairs(one.failures),
        "requests": one.requests,
        "commands": one.commands,
        "operating": _pairs({name: round(spent, 1) for name, spent in _dearest(one.operating)}),
    }


def _dearest(operating: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(operating.items(), key=lambda pair: -pair[1])[:MOST_METHODS]


def _pairs(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in values.items())


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _at(at: datetime | None, language: str) -> str:
    return f"{moment(at, 'UTC', language)} UTC" if at else ""
