"""What the audits of the guarantee found, remembered: what could not be told leaves the last finding alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.furniture import kept
from monitor.core.guarantee import Standing, standing
from monitor.core.memory import Audit, PortalState
from monitor.core.policy import CHECKS, Policy
from monitor.core.reading import AuditFact, AuditSeen, Reading

WHOLE_PORTAL = 0
FACTS_OF_DIALOGS = frozenset({"notified", "routed"})
STALE = 3  # rhythms after which a finding that was not renewed is none

# Which checks each audit looks at.
PROBE_CHECKS: Mapping[str, tuple[str, ...]] = {
    "queue_audit": ("department_can_write", "queue_staffed"),
    "routing_audit": ("routed_to_responsible",),
    "crm_notified": ("crm_notified",),
    "config_drift": ("config_drift",),
    "document_numbers": ("document_numbers",),
}


def key_of(check: str, line: int) -> str:
    return f"{check}/{line}"


def fold_audits(known: Mapping[str, Audit], readings: Sequence[Reading], now: datetime) -> Mapping[str, Audit]:
    """Each finding keeps the time since when it says the same. A check of which a run said nothing more is gone."""
    after = dict(known)
    for reading in readings:
        seen = [one for one in reading.findings if isinstance(one, AuditSeen)]
        if reading.failure is not None:
            continue
        if not seen:
            after |= {key: _untold(audit, reading, now) for key, audit in after.items() if _is_refused(audit, reading)}
            continue
        checks = {one.check for one in seen}
        after = {key: audit for key, audit in after.items() if audit.seen.check not in checks} | {
            key_of(one.check, one.line): _folded(known.get(key_of(one.check, one.line)), one, now) for one in seen
        }
    return kept(known, after)


def _is_refused(audit: Audit, reading: Reading) -> bool:
    """Every question of the audit was refused: nobody knows any more."""
    return bool(reading.failures) and audit.seen.check in PROBE_CHECKS.get(reading.probe, ())


def _untold(audit: Audit, reading: Reading, now: datetime) -> Audit:
    word = reading.failures[0].code or reading.failures[0].reason.value
    facts = (AuditFact(what="cannot_tell", items=(word,)),)
    return _folded(audit, AuditSeen(check=audit.seen.check, line=audit.seen.line, holds=None, facts=facts), now)


def _folded(before: Audit | None, seen: AuditSeen, now: datetime) -> Audit:
    """What cannot be told now began when it could not be told; what is after that as it was before goes on.

    A run that found no dialog, as after every weekend, has shown nothing: neither that it holds again nor that it does
    not, so what the last dialogs showed stands.
    """
    if before is not None and _dialogs_of(seen) == 0 and _dialogs_of(before.seen):
        seen = before.seen
    fresh = Audit(seen=seen, since=now, read_at=now)
    if before is None:
        return fresh
    if before.seen.holds is seen.holds:
        return replace(before, seen=seen, read_at=now)
    if seen.holds is None:
        return replace(fresh, told=before.seen.holds, told_since=before.since)
    goes_on = before.seen.holds is None and before.told is seen.holds
    return replace(fresh, since=before.told_since or now) if goes_on else fresh


def _dialogs_of(seen: AuditSeen) -> int | None:
    """How many dialogs it rests on; None = on none, a setting decides."""
    return next((fact.of for fact in seen.facts if fact.what in FACTS_OF_DIALOGS), None)


def standing_audits(state: PortalState, policy: Policy, now: datetime) -> Iterator[Audit]:
    """Those that are wished now: only while a guarantee is in force, of lines that are still there."""
    guarantee = policy.guarantee
    if guarantee is None or standing(guarantee, now) is not Standing.IN_FORCE:
        return
    for audit in state.audits.values():
        places = {WHOLE_PORTAL, *state.lines, *(state.handed_over if audit.seen.check == "config_drift" else ())}
        is_there = audit.seen.line in places
        if audit.seen.check in guarantee.checks and audit.seen.check in CHECKS and is_there:
            yield audit
