"""What `check` says of the guarantee's audits: a row for each that stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from monitor.check_rows import Row
from monitor.core.audit_words import advice_of, fact_words
from monitor.core.audits import fold_audits, key_of, standing_audits
from monitor.core.memory import Audit
from monitor.core.reading import AuditSeen
from monitor.shell.watch import Watch

UNTOLD = frozenset({"cannot_tell", "no_numerator"})  # facts of what nobody could read


async def audit(watch: Watch, now: datetime) -> None:
    """Ask the audits that a first poll holds back. They alone are folded: nothing is judged twice."""
    readings = await watch.unasked()
    watch.readings.update({reading.probe: reading for reading in readings})
    watch.state = replace(watch.state, audits=fold_audits(watch.state.audits, readings, now))


def audit_rows(watch: Watch, language: str, now: datetime) -> Iterator[Row]:
    """A property that is broken is wrong; of one that this look was not told, nobody knows."""
    told = _told(watch)
    for one in standing_audits(watch.state, watch.policy, now):
        verdict, state = _verdict(one, is_told=key_of(one.seen.check, one.seen.line) in told)
        yield Row(
            portal=watch.policy.portal,
            subject=f"{one.seen.check} line {one.seen.line}" if one.seen.line else one.seen.check,
            verdict=verdict,
            state=state,
            detail="; ".join(fact_words(fact, language) for fact in one.seen.facts),
            since=one.since.isoformat(timespec="seconds"),
            action=advice_of(one.seen.check, watch.policy.portal, language) if verdict == "wrong" else "",
        )


def _told(watch: Watch) -> set[str]:
    readings = [reading for reading in watch.readings.values() if reading.failure is None]
    seen = [one for reading in readings for one in reading.findings if isinstance(one, AuditSeen)]
    return {key_of(one.check, one.line) for one in seen}


def _verdict(one: Audit, *, is_told: bool) -> tuple[str, str]:
    if not is_told or (one.seen.holds is None and any(fact.what in UNTOLD for fact in one.seen.facts)):
        return "unknown", "not read"
    if one.seen.holds is None:
        return "ok", "nothing to judge"
    return ("ok", "holds") if one.seen.holds else ("wrong", "broken")
