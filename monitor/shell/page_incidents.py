"""Incidents as rows of plain facts: in the list of what is open and what is past, and one with its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from monitor.core.cards import WAITS
from monitor.core.cover_words import why_covered
from monitor.core.incident import Incident, Severity
from monitor.core.model import State
from monitor.core.words import sentence
from monitor.shell.page_words import WORDS
from monitor.shell.sight import Sight
from monitor.shell.store_web import Note

Row = dict[str, Any]

_ROUGHLY = re.compile(r" \((?:уже [^)]*|[^)]* назад|for [^)]*|[^)]* ago)\)")  # beside the exact length
_ADDRESS = re.compile(r"(https?://[^\s<>\"'`]+)")


def incident_row(one: Incident, sight: Sight) -> Row:
    words = one.words.get(sight.language) or next(iter(one.words.values()), None)
    return {
        "id": one.id,
        "portal": sight.state.portal,
        "zone": sight.policy.timezone,
        "kind": one.kind.value,
        "kind_word": sight.say(f"kind_{one.kind.value}"),
        "severity": sight.say(f"severity_{one.severity.value}"),
        "light": "good" if one.closed else "bad" if one.severity is Severity.CRITICAL else "warn",
        "summary": (words.summary if words else "") or one.kind.alertname,
        "description": _ROUGHLY.sub("", words.description) if words else "",
        "recommendation": words.recommendation if words else "",
        "opened": sight.at(one.opened),
        "since": sight.at(one.since or one.opened),
        "closed": sight.at(one.closed),
        "close_reason": _reason(one.close_reason, sight.language),
        "lasts": sight.span((one.until or one.closed or sight.now) - (one.since or one.opened)),
        "is_wait": one.kind in WAITS,
        "evidence": [_linked(line) for line in one.evidence],
        "covered": sentence(why_covered(one, sight.language)),
        "audience": sight.say(f"actor_{one.audience.value}"),
        "labels": [{"name": name, "value": _label(name, value, sight)} for name, value in one.labels],
        "acknowledged": one.acknowledged,
        "chat": _chat(one),
    }


def _linked(line: str) -> list[Row]:
    """A line of evidence in parts: what is an address can be followed."""
    parts = _ADDRESS.split(line)
    return [{"text": part, "is_link": index % 2 == 1} for index, part in enumerate(parts) if part]


def _label(name: str, value: str, sight: Sight) -> str:
    """As people call it."""
    if name == "manager":
        return sight.manager(int(value)) if value.isdecimal() else sight.say("queue")
    if name == "line" and value.isdecimal():
        return sight.line(int(value))
    if name == "state" and value in tuple(State):
        return sight.state_word(State(value))
    if name == "check":
        return WORDS[sight.language].get(f"check_{value}", value)
    return {"messenger": sight.messenger, "connector": sight.connector}.get(name, str)(value)


def _reason(word: str, language: str) -> str:
    return WORDS[language].get(f"closed_{word}", word)


def _chat(one: Incident) -> str:
    """Replies' incidents are about a dialog: its chat is the first part of their subject."""
    chat, _, message = one.subject.partition("/")
    is_reply = one.kind.value in {"slow_reply", "no_reply", "closed_without_answer"}
    return chat if is_reply and chat.isdecimal() and message.isdecimal() else ""


def note_rows(notes: Iterable[Note], sight: Sight) -> list[Row]:
    return [
        {"at": sight.at(note.at), "author": note.author or sight.say("somebody"), "text": note.text} for note in notes
    ]
