"""What a poll's outcome says to the log: one event per fact, at the edges, never at every poll."""

from __future__ import annotations

from datetime import datetime

import structlog

from monitor.core.incident import Incident
from monitor.core.memory import Flip, Judgement, PortalMemory, PortalState
from monitor.core.restored import WENT_BACK

LOUD = frozenset({WENT_BACK})  # notes that an operator has to know of

log = structlog.get_logger()


def tell(before: PortalState, judgement: Judgement, now: datetime) -> None:
    """Log what changed between two states of one portal."""
    portal = before.portal
    _tell_portal(portal, before.memory, judgement.state.memory, now)
    for flip in judgement.flips:
        _tell_flip(portal, flip)
    for incident in judgement.opened:
        log.warning("incident.opened", **_incident(portal, incident))
    for incident in judgement.closed:
        lasted = (incident.closed or now) - incident.opened
        log.info(
            "incident.closed",
            reason=incident.close_reason,
            seconds=int(lasted.total_seconds()),
            **_incident(portal, incident),
        )
    for note in judgement.notes:
        event, _, rest = note.partition(" ")
        (log.warning if event in LOUD else log.info)(event, portal=portal, detail=rest)


def _tell_portal(portal: str, before: PortalMemory, after: PortalMemory, now: datetime) -> None:
    failing = after.last_failure if after.failed or after.denied else None
    if failing is not None and not (before.failed or before.denied):
        log.warning("portal.failing", portal=portal, reason=failing.reason, code=failing.code, detail=failing.detail)
    if failing is None and (before.failed or before.denied):
        lasted = now - (before.failing_since or now)
        log.info("portal.recovered", portal=portal, seconds=int(lasted.total_seconds()))
    if after.webhook_only and before.last_success is None and after.last_success is not None:
        log.warning(
            "portal.webhook_only",
            portal=portal,
            detail="the state of connectors cannot be seen with a webhook: register a local application for it",
        )
    missing = sorted(set(after.missing_scopes) - set(before.missing_scopes))
    if missing:
        log.warning("portal.scopes_missing", portal=portal, scopes=missing)


def _tell_flip(portal: str, flip: Flip) -> None:
    log.info(
        "channel.changed",
        portal=portal,
        line=flip.line,
        connector=flip.connector,
        before=flip.before,
        after=flip.after,
        certainty=flip.diagnosis.certainty,
        cause=flip.diagnosis.cause,
    )


def _incident(portal: str, incident: Incident) -> dict[str, object]:
    labels = {f"label_{key}" if key == "event" else key: value for key, value in incident.labels}
    return {"portal": portal, "kind": incident.kind, "id": incident.id, "severity": incident.severity, **labels}
