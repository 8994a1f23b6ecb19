"""When an audit of the guarantee fails, and when it holds again. What cannot be told neither opens nor closes."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.assessment import Assessment, Labels, Say, Scene, closing
from monitor.core.audit_words import about_audit
from monitor.core.audits import key_of, standing_audits
from monitor.core.incident import IncidentKind
from monitor.core.memory import Audit

KIND = IncidentKind.GUARANTEE_CHECK_FAILED


def audits(scene: Scene) -> Iterator[Assessment]:
    found = {
        key_of(one.seen.check, one.seen.line): one for one in standing_audits(scene.state, scene.policy, scene.now)
    }
    for incident in scene.opened(KIND):
        if incident.subject not in found:
            yield closing(KIND, incident.subject, "gone")
    for subject, audit in found.items():
        if audit.seen.holds is False:
            yield _opening(scene, subject, audit)
        elif audit.seen.holds and scene.is_open(KIND, subject):
            yield closing(KIND, subject, "recovered")


def _opening(scene: Scene, subject: str, audit: Audit) -> Assessment:
    return Assessment(
        kind=KIND,
        subject=subject,
        say=Say.OPEN,
        since=audit.since,
        labels=_labels(audit),
        texts=about_audit(audit, scene),
    )


def _labels(audit: Audit) -> Labels:
    check = (("check", audit.seen.check),)
    return (*check, ("line", str(audit.seen.line))) if audit.seen.line else check
