"""What Alertmanager was told of: what it has to know, and how one alert is written for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.core.alerts import Alert, Labels, together

LASTS = timedelta(minutes=5)  # an alert that is not posted again ends by itself then


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An alert that Alertmanager was told of. `ended` None = it is firing; otherwise its end has to be told."""

    labels: Labels
    annotations: Labels
    starts_at: datetime
    generator_url: str
    ended: datetime | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.labels)

    @property
    def portal(self) -> str:
        return dict(self.labels).get("portal", "")


def fingerprint(labels: Labels) -> str:
    return hashlib.blake2s(repr(labels).encode(), digest_size=16).hexdigest()


def plan(known: Mapping[str, Posted], wanted: Iterable[Alert], now: datetime) -> dict[str, Posted]:
    """What Alertmanager has to know: what is wanted, and the end of what is not wanted any more.

    What our clock once put into the future begins now: it could not end before it had begun."""
    after: dict[str, Posted] = {}
    for alert in together(wanted):
        before = known.get(fingerprint(alert.labels))
        goes_on = before is not None and before.ended is None
        after[fingerprint(alert.labels)] = Posted(
            labels=alert.labels,
            annotations=alert.annotations,
            starts_at=min(before.starts_at if before and goes_on else now, alert.starts_at, now),
            generator_url=alert.generator_url,
        )
    for key, before in known.items():
        if key not in after:
            after[key] = before if before.ended else replace(before, ended=now)
    return after


def payload(posted: Posted, now: datetime) -> dict[str, Any]:
    """One alert of Alertmanager's v2 API."""
    ends = posted.ended or now + LASTS
    body = {
        "labels": dict(posted.labels),
        "annotations": dict(posted.annotations),
        "startsAt": min(posted.starts_at, ends).isoformat(),
        "endsAt": ends.isoformat(),
    }
    return body | ({"generatorURL": posted.generator_url} if posted.generator_url else {})


def as_alert(posted: Posted) -> Alert:
    return Alert(
        labels=posted.labels,
        annotations=posted.annotations,
        starts_at=posted.starts_at,
        generator_url=posted.generator_url,
    )
