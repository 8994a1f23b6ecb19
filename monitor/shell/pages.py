"""The pages: what a person sees of the portals, in his language, from templates that escape everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.core.binding import unwatched
from monitor.core.incident import Incident, Severity
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import BLIND_STATES, UP_STATES
from monitor.core.policy import Policy
from monitor.core.turn import Turn, Verdict
from monitor.core.words import span_of
from monitor.shell.page_words import STATES, WORDS

Portals = Mapping[str, tuple[PortalState, Policy]]


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("monitor", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@lru_cache(maxsize=1)
def style() -> str:
    return (files("monitor") / "templates" / "style.css").read_text(encoding="utf-8")


def render(template: str, language: str, **facts: Any) -> str:
    words = WORDS[language]
    return _environment().get_template(template).render(language=language, t=words, **facts)


def fleet(portals: Portals, now: datetime, language: str) -> list[dict[str, Any]]:
    """A row a portal, those with trouble first."""
    rows = [portal(state, policy, now, language) for state, policy in portals.values()]
    return sorted(rows, key=lambda row: (row["rank"], row["name"]))


def portal(state: PortalState, policy: Policy, now: datetime, language: str) -> dict[str, Any]:
    open_now = sorted(state.incidents.values(), key=lambda one: (one.severity is not Severity.CRITICAL, one.opened))
    waiting = [turn for turn in state.turns.values() if turn.verdict is Verdict.OPEN]
    critical = any(one.severity is Severity.CRITICAL for one in open_now)
    return {
        "name": state.portal,
        "url": policy.url,
        "rank": 0 if critical else 1 if open_now else 2,
        "light": "bad" if critical else "warn" if open_now else "good" if state.memory.up else "none",
        "up": state.memory.up,
        "auth_ok": state.memory.auth_ok,
        "webhook_only": policy.webhook_only,
        "missing_scopes": state.memory.missing_scopes,
        "last_success": moment(state.memory.last_success, policy),
        "channels": [_channel(one, policy, now, language) for one in state.channels.values() if not one.gone],
        "waiting": _waiting(waiting, state, policy, now, language),
        "overdue": sum(now > turn.deadline for turn in waiting),
        "incidents": [incident_row(state.portal, one, policy, now, language) for one in open_now],
        "lines": {line.id: line.name for line in state.lines.values()},
    }


def binding(state: PortalState, policy: Policy, unbound: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Channels that no provider is asked about, and accounts that no channel is bound to."""
    return {
        "unwatched": [
            {
                "line": one.key.line,
                "connector": one.key.connector,
                "guess": one.guess.type if one.guess else "",
                "entry": one.entry,
            }
            for one in unwatched(state, policy, unbound)
        ],
        "unbound": [(name, ", ".join(accounts)) for name, accounts in unbound.items()],
    }


def _channel(memory: ChannelMemory, policy: Policy, now: datetime, language: str) -> dict[str, Any]:
    state, diagnosis = memory.diagnosis.state, memory.diagnosis
    light = "none" if state in BLIND_STATES else "good" if state in UP_STATES else "bad"
    return {
        "line": memory.channel.line,
        "connector": memory.channel.connector,
        "messenger": memory.channel.messenger.value,
        "title": memory.channel.title,
        "light": light,
        "state": STATES[language][state],
        "certainty": diagnosis.certainty.value,
        "since": moment(memory.since, policy),
        "lasts": span_of(now - memory.since, language),
        "action": diagnosis.action_ru if language == "ru" else diagnosis.action_en,
        "proof": [f"{p.source}: {p.word} ({moment(p.at, policy)})" for p in diagnosis.proof],
        "last_inbound": moment(memory.last_inbound, policy),
    }


def _waiting(
    turns: Iterable[Turn], state: PortalState, policy: Policy, now: datetime, language: str
) -> list[dict[str, Any]]:
    rows = []
    for turn in sorted(turns, key=lambda turn: turn.opened):
        manager = state.managers.get(turn.holder)
        rows.append(
            {
                "session": turn.session,
                "chat": turn.chat,
                "messenger": turn.messenger.value,
                "holder": manager.name if manager else (f"#{turn.holder}" if turn.holder else WORDS[language]["queue"]),
                "waits": span_of(now - turn.opened, language),
                "since": moment(turn.opened, policy),
                "deadline": moment(turn.deadline, policy),
                "late": now > turn.deadline,
                "link": f"{policy.url}/online/?IM_HISTORY=imol|{turn.session}",
            }
        )
    return rows


def incident_row(name: str, one: Incident, policy: Policy, now: datetime, language: str) -> dict[str, Any]:
    words = one.words.get(language) or next(iter(one.words.values()), None)
    return {
        "id": one.id,
        "portal": name,
        "kind": one.kind.value,
        "severity": one.severity.value,
        "light": "good" if one.closed else "bad" if one.severity is Severity.CRITICAL else "warn",
        "summary": words.summary if words else one.kind.alertname,
        "description": words.description if words else "",
        "recommendation": words.recommendation if words else "",
        "opened": moment(one.opened, policy),
        "closed": moment(one.closed, policy),
        "close_reason": one.close_reason,
        "lasts": span_of((one.closed or now) - one.opened, language),
        "evidence": [(line, line.startswith(("https://", "http://"))) for line in one.evidence],
        "guaranteed": one.guaranteed,
        "labels": one.labels,
    }


def incidents(
    rows: Iterable[tuple[str, Incident]], portals: Portals, now: datetime, language: str
) -> list[dict[str, Any]]:
    return [incident_row(name, one, portals[name][1], now, language) for name, one in rows if name in portals]


def incident(name: str, one: Incident, portals: Portals, now: datetime, language: str) -> dict[str, Any]:
    policy = portals[name][1] if name in portals else Policy(portal=name, url="", timezone="UTC")
    return incident_row(name, one, policy, now, language)


def moment(at: datetime | None, policy: Policy) -> str:
    return at.astimezone(ZoneInfo(policy.timezone)).strftime("%d.%m.%Y %H:%M") if at else ""


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
