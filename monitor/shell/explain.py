"""Why something is judged as it is: readings, rule, proof and times, as plain data that text and JSON are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.channel_words import ends_of
from monitor.core.habit import FIRST_LEARNT
from monitor.core.incident import Incident
from monitor.core.lateness import as_due
from monitor.core.listening import learnt_days
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import ChannelKey
from monitor.core.policy import Policy
from monitor.core.portal_clock import portal_now
from monitor.core.reading import LicenceSeen
from monitor.core.stories import story
from monitor.core.turn import Turn, TurnEvent, Verdict
from monitor.core.turns import waits
from monitor.core.words import LANGUAGES, names_of


def explain_portal(state: PortalState, policy: Policy, now: datetime) -> dict[str, Any]:
    memory = state.memory
    failure = memory.last_failure
    return {
        "portal": state.portal,
        "url": policy.url,
        "up": memory.up,
        "auth_ok": memory.auth_ok,
        "failed_polls_in_a_row": memory.failed,
        "denied_polls_in_a_row": memory.denied,
        "last_success": _iso(memory.last_success),
        "last_failure": f"{failure.reason} {failure.code} {failure.detail}".strip() if failure else None,
        "clock_skew_seconds": memory.skew.total_seconds() if memory.skew is not None else None,
        "missing_scopes": list(memory.missing_scopes),
        "application": _application(memory.licence),
        "cannot_see": _cannot_see(policy, state, state.channels.values()),
        "watermark": _iso(state.cursor.watermark),
        "sessions_remembered": len(state.sessions),
        "odd_data": dict(memory.problems),
        "sessions_to_read": sum(one.due for one in state.sessions.values()),
        "channels": [_channel(one, now, policy.timezone) for one in state.channels.values()],
        "open_turns": [_turn(one) for one in state.turns.values() if one.verdict is Verdict.OPEN],
        "open_incidents": [_incident(one) for one in state.incidents.values()],
    }


def _application(told: LicenceSeen | None) -> dict[str, Any] | None:
    """What app.info said last; one that is not fully installed is told of no events."""
    if told is None:
        return None
    return {"installed": told.installed, "payment_expired": told.payment_expired, "days_left": told.days_left}


def explain_channel(
    state: PortalState, policy: Policy, line: str, connector: str, now: datetime
) -> dict[str, Any] | None:
    """One channel, or None when it is not known."""
    found = state.channels.get(ChannelKey(int(line), connector)) if line.isdecimal() and len(line) < 12 else None
    if found is None:
        return None
    subject = f"{line}/{connector}"
    return {
        "portal": state.portal,
        **_channel(found, now, policy.timezone),
        "poll_seconds": policy.poll.total_seconds(),
        "confirmations": {"open": policy.confirm_open, "close": policy.confirm_close},
        "settle_seconds": policy.settle.total_seconds(),
        "open_incidents": [_incident(one) for one in state.incidents.values() if one.subject == subject],
        "cannot_see": _cannot_see(policy, state, (found,)),
    }


def explain_dialog(
    state: PortalState,
    policy: Policy,
    dialog: int,
    now: datetime,
    *,
    kept: Iterable[Turn] = (),
    events: Iterable[TurnEvent] = (),
) -> dict[str, Any] | None:
    """A chat (or a session's chat) with its turns: `kept` and `events` are what the store holds of it."""
    events = list(events)
    session, chat = state.sessions.get(dialog), chat_of(state, dialog)
    turns = {turn.key: turn for turn in kept} | {turn.key: turn for turn in state.turns.values() if turn.chat == chat}
    if not turns and session is None and not events:
        return None
    return {
        "portal": state.portal,
        "dialog": chat,
        "now": _iso(now),
        "link": f"{(state.memory.server_address or policy.url).rstrip('/')}/online/?IM_DIALOG=chat{chat}",
        "sessions": [
            {"id": one.session.id, "read_at": _iso(one.read_at), "closed": _iso(one.session.closed), "due": one.due}
            for one in state.sessions.values()
            if one.session.chat == chat
        ],
        "turns": [
            _turn(turn) | _told(turn, state, policy, now)
            for turn in sorted(turns.values(), key=lambda turn: turn.opened)
        ],
        "ledger": [
            {"at": _iso(row.at), "what": row.what, "turn": row.message, "messages": list(row.messages)}
            for row in events
        ],
    }


def chat_of(state: PortalState, dialog: int) -> int:
    """A session's number stands for its chat."""
    session = state.sessions.get(dialog)
    return session.session.chat if session is not None else dialog


def dialog_text(told: dict[str, Any], language: str) -> str:
    """The story as a person reads it: a paragraph per turn."""
    lines = [told["link"], ""]
    for turn in told["turns"]:
        lines += [*turn[f"story_{language}"], ""]
    return "\n".join(lines)


def _told(turn: Turn, state: PortalState, policy: Policy, now: datetime) -> dict[str, Any]:
    schedule = state.schedules.get(turn.schedule_version)
    seen = portal_now(state.memory, now, turn.opened)
    working = waits(turn, schedule, seen)[0] if schedule is not None and turn.verdict is Verdict.OPEN else None
    (due,) = as_due([turn], state, policy)
    return {
        f"story_{language}": list(story(due, names_of(state, language), policy.timezone, language, seen, working))
        for language in LANGUAGES
    }


def _cannot_see(policy: Policy, state: PortalState, channels: Iterable[ChannelMemory]) -> list[str]:
    blind = ["the state of connectors: a webhook may not call imconnector.*, a local application may"]
    mute = {one.channel.provider for one in channels if one.channel.provider and one.provider is None and not one.gone}
    return [*(blind if policy.webhook_only else ()), *(_mute(name, policy, state) for name in sorted(mute))]


def _mute(provider: str, policy: Policy, state: PortalState) -> str:
    """A provider that has told nothing of a channel bound to it."""
    name = f"{provider} ({policy.provider_types.get(provider, 'not in the configuration')})"
    known = state.accounts.get(provider)
    if known is not None and known.seen is not None:
        return f"what the provider {name} says: it answers, and has said nothing of this channel yet"
    since = f", asked since {_iso(known.since)}" if known is not None and known.since else ""
    return f"what the provider {name} says: it is not read, it has never answered{since}"


def _channel(memory: ChannelMemory, now: datetime, zone: str) -> dict[str, Any]:
    diagnosis = memory.diagnosis
    return {
        "line": memory.channel.line,
        "connector": memory.channel.connector,
        "messenger": memory.channel.messenger.value,
        "provider": memory.channel.provider,
        "state": diagnosis.state.value,
        "since": _iso(memory.since),
        "for_seconds": int((now - memory.since).total_seconds()),
        "certainty": diagnosis.certainty.value,
        "rule": diagnosis.cause,
        "proof": [{"source": p.source, "word": p.word, "at": _iso(p.at)} for p in diagnosis.proof],
        "provider_detail": memory.provider.detail if memory.provider else "",
        "lasts_until": _iso(ends.astimezone(ZoneInfo(zone))) if (ends := ends_of(memory)) else None,
        "would_settle": diagnosis.settles,
        "who_acts": diagnosis.actor,
        "action_ru": diagnosis.action_ru,
        "action_en": diagnosis.action_en,
        "readings_in_a_row": memory.streak,
        "last_inbound": _iso(memory.last_inbound),
        "last_outbound": _iso(memory.last_outbound),
        "silence": _silence(memory, now, zone),
    }


def _silence(memory: ChannelMemory, now: datetime, zone: str) -> dict[str, Any]:
    """How long the channel may be silent, or how far its habit is learnt."""
    told, days = memory.patience, learnt_days(memory, now, zone)
    if told is None or told.after is None or days is not None:
        return {"state": "learning", "days_learnt": days or 0, "days_needed": FIRST_LEARNT.days}
    return {
        "state": "too long" if now >= told.after else "usual",
        "since": _iso(told.since),
        "too_long_after": _iso(told.after),
        "conversations_expected_by_then": round(told.expected, 1),
        "chance_on_a_sound_channel": told.chance,
    }


def _turn(turn: Turn) -> dict[str, Any]:
    return {
        "message": turn.message,
        "session": turn.session,
        "line": turn.line,
        "connector": turn.connector,
        "kind": turn.kind,
        "opened": _iso(turn.opened),
        "working_clock_from": _iso(turn.working_from),
        "target_seconds": turn.target.total_seconds(),
        "deadline": _iso(turn.deadline),
        "schedule_version": turn.schedule_version,
        "verdict": turn.verdict.value,
        "holder": turn.holder or "queue",
        "ended": _iso(turn.ended),
        "answered_by_message": turn.ended_by or None,
        "responder": turn.responder or None,
        "calendar_seconds": turn.calendar.total_seconds() if turn.calendar is not None else None,
        "working_seconds": turn.working.total_seconds() if turn.working is not None else None,
        "manager_seconds": turn.manager_working.total_seconds() if turn.manager_working is not None else None,
        "cause": turn.cause,
        "blame": turn.blame,
        "marks": list(turn.marks),
    }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "kind": incident.kind.value,
        "subject": incident.subject,
        "severity": incident.severity.value,
        "opened": _iso(incident.opened),
        "evidence": list(incident.evidence),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
