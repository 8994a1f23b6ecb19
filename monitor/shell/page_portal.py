"""The fleet and one portal as rows of plain facts for their templates: those with trouble first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from monitor.core.binding import unwatched
from monitor.core.cards import cards
from monitor.core.incident import Severity
from monitor.core.lateness import is_late
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.policy import Policy
from monitor.core.portal_clock import portal_now
from monitor.core.portal_words import failure_words
from monitor.core.turn import Turn, Verdict
from monitor.core.words import plural
from monitor.shell.page_incidents import incident_row
from monitor.shell.page_words import WORDS
from monitor.shell.sight import Sight, light_of

Portals = Mapping[str, tuple[PortalState, Policy]]
Row = dict[str, Any]

MOST_DETAILED = 20  # portals whose trouble the fleet tells in words; the rest stand in the table
MOST_WAITING = 200


def fleet(portals: Portals, now: datetime, language: str) -> Row:
    """Totals, the portals in trouble, and a row for each."""
    sights = [Sight(state=state, policy=policy, now=now, language=language) for state, policy in portals.values()]
    rows = sorted((summary(sight) for sight in sights), key=lambda row: (row["rank"], row["name"]))
    troubled = [row["name"] for row in rows if row["rank"] < CALM][:MOST_DETAILED]
    by_name = {sight.state.portal: sight for sight in sights}
    return {
        "rows": rows,
        "troubled": [summary(by_name[name]) | {"incidents": open_incidents(by_name[name])[:3]} for name in troubled],
        "zones": len({sight.policy.timezone for sight in sights}),
        "portals_word": plural(len(rows), _forms(language), language),
        "ill": sum(row["rank"] < CALM for row in rows),
        "waiting": sum(row["waiting"] for row in rows),
        "overdue": sum(row["overdue"] for row in rows),
    }


def _forms(language: str) -> tuple[str, str, str]:
    one, few, many = WORDS[language]["portals_count"].split()
    return one, few, many


CALM = 2
_LIGHTS = {0: "bad", 1: "warn"}


def summary(sight: Sight) -> Row:
    """What one line of the fleet says."""
    state, channels = sight.state, _channels(sight)
    waiting = [turn for turn in state.turns.values() if turn.verdict is Verdict.OPEN]
    rank = _rank(state)
    return {
        "name": state.portal,
        "rank": rank,
        "light": _LIGHTS.get(rank) or ("good" if state.memory.up else "none"),
        "up": state.memory.up,
        "channels": len(channels),
        "working": sum(light_of(one.diagnosis.state) == "good" for one in channels),
        "ill_channels": [_chip(one, sight) for one in channels if light_of(one.diagnosis.state) == "bad"],
        "waiting": len(waiting),
        "overdue": sum(is_late(turn, sight.state, sight.policy, sight.now) for turn in waiting),
        "open": len(cards(state.incidents.values())),
        "missing_scopes": state.memory.missing_scopes,
        "last_success": sight.at(state.memory.last_success),
        "zone": sight.policy.timezone,
    }


def _rank(state: PortalState) -> int:
    if any(one.severity is Severity.CRITICAL for one in state.incidents.values()):
        return 0
    return 1 if state.incidents or state.memory.missing_scopes else CALM


def _channels(sight: Sight) -> list[ChannelMemory]:
    return [one for one in sight.state.channels.values() if not one.gone]


def _chip(memory: ChannelMemory, sight: Sight) -> Row:
    return {
        "what": channel_name(memory, sight),
        "line": memory.channel.line,
        "connector": memory.channel.connector,
        "light": light_of(memory.diagnosis.state),
        "state": sight.state_word(memory.diagnosis.state),
    }


def channel_name(memory: ChannelMemory, sight: Sight) -> str:
    return memory.channel.title or sight.connector(memory.channel.connector)


def portal(sight: Sight) -> Row:
    state, policy = sight.state, sight.policy
    failure = state.memory.last_failure if state.memory.failed or state.memory.denied else None
    return summary(sight) | {
        "url": policy.url,
        "moment": f"{sight.at(sight.now)} ({policy.timezone})",
        "auth_ok": state.memory.auth_ok,
        "webhook_only": policy.webhook_only,
        "failing": failure_words(state.memory, sight.language) if failure else "",
        "failing_code": failure.code if failure else "",
        "failing_since": sight.at(state.memory.failing_since) if failure else "",
        "channel_rows": [channel_row(one, sight) for one in _channels(sight)],
        "waiting_rows": waiting_rows(state.turns.values(), sight),
        "incidents": open_incidents(sight),
    }


def open_incidents(sight: Sight) -> list[Row]:
    """The gravest first, then the oldest."""
    held = sorted(
        cards(sight.state.incidents.values()),
        key=lambda one: (one.severity is not Severity.CRITICAL, one.opened, one.id),
    )
    return [incident_row(one, sight) for one in held]


def channel_row(memory: ChannelMemory, sight: Sight) -> Row:
    diagnosis = memory.diagnosis
    return {
        "line": memory.channel.line,
        "line_name": sight.line(memory.channel.line),
        "connector": memory.channel.connector,
        "messenger": sight.messenger(memory.channel.messenger.value),
        "provider": memory.channel.provider,
        "name": channel_name(memory, sight),
        "light": light_of(diagnosis.state),
        "state": sight.state_word(diagnosis.state),
        "certainty": sight.say(f"certainty_{diagnosis.certainty.name.lower()}"),
        "since": sight.at(memory.since),
        "lasts": sight.ago(memory.since),
        "actor": sight.say(f"actor_{diagnosis.actor}"),
        "action": diagnosis.action_ru if sight.language == "ru" else diagnosis.action_en,
        "settles": diagnosis.settles_ru if sight.language == "ru" else diagnosis.settles,
        "covered": diagnosis.covered,
        "proof": [{"source": p.source, "word": p.word, "at": sight.at(p.at)} for p in diagnosis.proof],
        "last_inbound": sight.at(memory.last_inbound),
        "last_outbound": sight.at(memory.last_outbound),
    }


def waiting_rows(turns: Iterable[Turn], sight: Sight) -> list[Row]:
    """Who waits now, the longest first."""
    waiting = sorted((turn for turn in turns if turn.verdict is Verdict.OPEN), key=lambda turn: turn.opened)
    return [_waiting(turn, sight) for turn in waiting[:MOST_WAITING]]


def _waiting(turn: Turn, sight: Sight) -> Row:
    return {
        "chat": turn.chat,
        "messenger": sight.messenger(turn.messenger.value),
        "line": sight.line(turn.line),
        "holder": sight.manager(turn.holder),
        "holder_id": turn.holder,
        "waits": sight.span(portal_now(sight.state.memory, sight.now, turn.opened) - turn.opened),
        "since": sight.at(turn.opened),
        "deadline": sight.at(turn.deadline),
        "late": is_late(turn, sight.state, sight.policy, sight.now),
    }


def binding(sight: Sight, unbound: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Channels that no provider is asked about, and accounts that no channel is bound to."""
    return {
        "unwatched": [
            {
                "line": one.key.line,
                "connector": one.key.connector,
                "guess": one.guess.type if one.guess else "",
                "entry": one.entry,
            }
            for one in unwatched(sight.state, sight.policy, unbound)
        ],
        "unbound": [(name, ", ".join(accounts)) for name, accounts in unbound.items()],
    }
