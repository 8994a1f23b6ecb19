"""To whom the daemon itself brings what is wrong: the head inside Bitrix24, people by e-mail or Telegram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from monitor.core.incident import Audience, IncidentKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One addressee of one portal's notices, as the file wishes it.

    `kinds` empty = every kind of its audience. `always`: also out of working hours. `routed`: hears only what
    Alertmanager routes to us, so that grouping and silences stay there. `per_day`: messages; what is more waits for
    the digest of the next working morning. `settings`: the plain keys of its type.
    """

    name: str
    type: str
    audience: Audience = Audience.HEAD
    language: str = "ru"
    kinds: frozenset[IncidentKind] = frozenset()
    always: bool = False
    routed: bool = False
    digest_at: time = time(9)
    per_day: int = 20
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to be told to one receiver, kept before anybody is told.

    `key` makes it one of its kind for this receiver: the same notice is never kept twice. `about` groups what is told
    of one incident: a later notice speaks for an earlier one that was not told yet, a `final` one whatever came before.
    `urgent`: not left for a digest.
    """

    receiver: str
    key: str
    due: datetime
    urgent: bool
    subject: str
    text: str
    about: str = ""
    alone: bool = False  # a message of its own, in no digest
    final: bool = False
    expiry: str = ""  # what runs out, where the notice reminds of that
    manager: int = 0  # whose head is meant, 0 = the head of the guaranteed department
    line: int = 0  # by whose hours people are told, 0 = the portal's
