"""The vocabulary of incidents: what is wrong, for whom, since when, with evidence and words for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class IncidentKind(StrEnum):
    QR_RESCAN_REQUIRED = "qr_rescan_required"
    CHANNEL_DOWN = "channel_down"
    CHANNEL_DEGRADED = "channel_degraded"
    PHONE_LOGOUT_RISK = "phone_logout_risk"
    CHANNEL_FLAPPING = "channel_flapping"
    CHANNEL_SILENT = "channel_silent"
    PROVIDER_OUTAGE = "provider_outage"
    PORTAL_UNREACHABLE = "portal_unreachable"
    PORTAL_AUTH_FAILED = "portal_auth_failed"
    SLOW_REPLY = "slow_reply"
    NO_REPLY = "no_reply"
    CLOSED_WITHOUT_ANSWER = "closed_without_answer"
    LOW_COMPLIANCE = "low_compliance"
    GUARANTEE_CHECK_FAILED = "guarantee_check_failed"
    EXPIRY_SOON = "expiry_soon"
    EXPIRED = "expired"

    @property
    def alertname(self) -> str:
        return "".join(part.capitalize() for part in self.value.split("_"))


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Audience(StrEnum):
    INTEGRATOR = "integrator"
    HEAD = "head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Texts for people in one language."""

    summary: str
    description: str
    recommendation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Something wrong with a beginning, an end, evidence and a recommendation.

    `subject` identifies it among the open ones of its kind (e.g. "1/telegrambot" or "1777/90101").
    `labels` are what the incident is about now, as the alert's own labels would tell it beside alertname, severity,
    portal, audience, guaranteed: sorted pairs. `alert` are those that its alert has for all its life, `guaranteed`
    among them: Alertmanager knows an alert by its labels, so what changes is told in its texts, or is another incident
    (a channel's state, and whether it is guaranteed); () = opened by a version that did not keep them. `opened` is on
    the daemon's clock, `starts_at` is the real moment posted to Alertmanager.
    """

    id: str
    kind: IncidentKind
    subject: str
    severity: Severity
    audience: Audience
    guaranteed: bool
    labels: tuple[tuple[str, str], ...]
    alert: tuple[tuple[str, str], ...] = ()
    opened: datetime
    since: datetime | None = None  # when what is wrong began; None = when it was opened
    starts_at: datetime
    updated: datetime
    closed: datetime | None = None
    until: datetime | None = None  # when what was wrong ended, where it is told better than by when we saw it
    close_reason: str = ""  # recovered, answered, excused, closed, escalated, gone
    evidence: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)  # by language: ru, en
    acknowledged: str = ""
    cover: str = ""  # the word of the table of cover: why it is guaranteed or not


def alert_of(labels: tuple[tuple[str, str], ...], *, guaranteed: bool) -> tuple[tuple[str, str], ...]:
    """What the alert of an incident keeps for all its life."""
    return (*labels, ("guaranteed", "yes" if guaranteed else "no"))
