"""What Alertmanager routes to us as notices: it has grouped, silenced and inhibited, and we bring it to people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from monitor.core.incident import IncidentKind
from monitor.core.receivers import Notice, Receiver

_KINDS = {kind.alertname: kind for kind in IncidentKind}
_WORDS = {
    "ru": {"over": "Закончилось: {summary}", "act": "Что делать: {advice}", "details": "Подробно: {link}"},
    "en": {"over": "Over: {summary}", "act": "What to do: {advice}", "details": "Details: {link}"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """One alert of Alertmanager's webhook (version 4): firing or resolved, told once for each beginning."""

    fingerprint: str
    status: str
    starts_at: str
    alertname: str
    portal: str
    audience: str
    manager: str
    summary: str
    description: str
    recommendation: str
    link: str


def routed_notices(alerts: Iterable[Routed], receivers: Iterable[Receiver], now: datetime) -> tuple[Notice, ...]:
    """For each receiver that hears through Alertmanager: due at once, since when to tell is Alertmanager's business."""
    hearing = [receiver for receiver in receivers if receiver.routed]
    return tuple(_notice(alert, receiver, now) for alert in alerts for receiver in hearing if _hears(receiver, alert))


def _hears(receiver: Receiver, alert: Routed) -> bool:
    if receiver.kinds:
        return _KINDS.get(alert.alertname) in receiver.kinds
    return alert.audience in ("", receiver.audience.value)


def _notice(alert: Routed, receiver: Receiver, now: datetime) -> Notice:
    told, over = _WORDS[receiver.language], alert.status == "resolved"
    summary = alert.summary or alert.alertname
    rows = [alert.description]
    rows += [told["act"].format(advice=alert.recommendation)] if alert.recommendation and not over else []
    rows += [told["details"].format(link=alert.link)] if alert.link else []
    return Notice(
        receiver=receiver.name,
        key=f"alert/{alert.fingerprint}/{alert.starts_at}/{alert.status}"[:200],
        due=now,
        urgent=True,
        subject=f"{alert.portal}: {told['over'].format(summary=summary) if over else summary}",
        text="\n".join(row for row in rows if row),
        about=f"alert/{alert.fingerprint}",
        manager=int(alert.manager) if alert.manager.isdecimal() else 0,
    )
