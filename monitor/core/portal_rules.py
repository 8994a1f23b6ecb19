"""When the portal itself is the trouble: it does not answer, or it does not let us in."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.core.assessment import Assessment, Say, Scene, closing
from monitor.core.cover import Cover
from monitor.core.incident import IncidentKind, Severity
from monitor.core.memory import PortalMemory
from monitor.core.portal_words import about_portal, is_denied

UNREACHABLE_POLLS, DENIED_POLLS, GOOD_POLLS = 3, 2, 2
PORTAL_KINDS = (IncidentKind.PORTAL_UNREACHABLE, IncidentKind.PORTAL_AUTH_FAILED)
SUBJECT = "portal"

# The customer's own tariff or the deleted portal: nothing that the guarantee could put right (mission G8).
_OF_THE_PLAN = ("portal_deleted", "wrong_license", "payment_required", "rest_not_on_plan")
# A portal that answers every call so has REST closed by its plan or by rights that were taken away; the word alone does
# not tell which, and the guarantee is not charged with a doubt.
_DOUBTFUL = "access_denied"


def portal(scene: Scene) -> Iterator[Assessment]:
    """At most one say for each of the two kinds; none = hold. A portal that answers again and denies is not back: what
    is open stays so until two good polls, and says what it is now."""
    memory = scene.state.memory
    denies = is_denied(memory) and scene.is_open(IncidentKind.PORTAL_UNREACHABLE, SUBJECT)
    if memory.failed >= UNREACHABLE_POLLS or denies:
        yield _opening(scene, IncidentKind.PORTAL_UNREACHABLE)
    elif memory.good >= GOOD_POLLS:
        yield closing(IncidentKind.PORTAL_UNREACHABLE, SUBJECT, "recovered", memory.good_since)
    if is_shut(memory):
        yield _opening(scene, IncidentKind.PORTAL_AUTH_FAILED)
    elif memory.good >= GOOD_POLLS:
        yield closing(IncidentKind.PORTAL_AUTH_FAILED, SUBJECT, "recovered", memory.good_since)


def is_shut(memory: PortalMemory) -> bool:
    return memory.refused or memory.denied >= DENIED_POLLS


def is_out_of_sight(memory: PortalMemory) -> bool:
    """Whether the last polls open one of the two kinds; what was read before is old then."""
    return is_shut(memory) or memory.failed >= UNREACHABLE_POLLS


def _opening(scene: Scene, kind: IncidentKind) -> Assessment:
    memory = scene.state.memory
    cover = _cover(memory)
    return Assessment(
        kind=kind,
        subject=SUBJECT,
        say=Say.OPEN,
        severity=Severity.CRITICAL,
        covered=cover is Cover.COVERED,
        cover=cover.value,
        through_portal=False,
        since=memory.failing_since,
        texts=about_portal(kind, scene),
    )


def _cover(memory: PortalMemory) -> Cover:
    code = memory.last_failure.code.lower() if memory.last_failure else ""
    if any(word in code for word in _OF_THE_PLAN):
        return Cover.PORTAL_LICENCE
    return Cover.PORTAL_SHUT if _DOUBTFUL in code else Cover.COVERED
