"""Everything that runs out, on one calendar, and the ladder of reminders: one early warning, then exactly three.

A step is taken in working hours only and kept before it is told; after a downtime only the newest missed one is. A new
date starts the ladder anew, an acknowledgement ends it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.memory import PortalState, Reminder
from monitor.core.policy import Policy
from monitor.core.reading import Acknowledged, Finding

EARLY = timedelta(days=30)
REMINDERS = (timedelta(days=14), timedelta(days=7), timedelta(days=2))
STEPS = (EARLY, *REMINDERS)
GUARANTEE = "guarantee"


class Term(NamedTuple):
    """Something that runs out. `paid_through_us`: the integrator sold it, so that it lapses is his business."""

    subject: str
    at: datetime
    paid_through_us: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Where every subject stands on its ladder."""

    reminders: Mapping[str, Reminder]


def terms(state: PortalState, policy: Policy) -> tuple[Term, ...]:
    """The config's dates, the guarantee's end, what the providers and the portal tell of themselves; the nearest first.

    A subject that several name is the config's: the integrator knows what he sold.
    """
    found = {term.subject: term for term in (*_of_providers(state), *_of_portal(state), *_of_policy(policy))}
    return tuple(sorted(found.values(), key=lambda term: (term.at, term.subject)))


def _of_policy(policy: Policy) -> Iterator[Term]:
    for expiry in policy.expiries:
        yield Term(expiry.subject, expiry.at, expiry.paid_through_us)
    if policy.guarantee is not None:
        yield Term(GUARANTEE, policy.guarantee.end, True)


def _of_providers(state: PortalState) -> Iterator[Term]:
    for memory in state.channels.values():
        word = memory.provider
        if word is not None and word.valid_until is not None and not memory.gone:
            yield Term(word.provider, word.valid_until, False)


def _of_portal(state: PortalState) -> Iterator[Term]:
    licence, seen = state.memory.licence, state.cursor.discovered
    if licence is not None and licence.days_left is not None and licence.days_left > 0 and seen is not None:
        yield Term("bitrix24-application", _midnight(seen) + timedelta(days=licence.days_left), False)


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def climb(
    state: PortalState, policy: Policy, findings: list[Finding], now: datetime, *, in_hours: bool
) -> Mapping[str, Reminder]:
    """The ladders a moment later; `in_hours`: whether somebody would read a reminder now."""
    acknowledged = {finding.subject for finding in findings if isinstance(finding, Acknowledged)}
    after = {}
    for term in terms(state, policy):
        known = state.reminders.get(term.subject)
        if known is None or known.until != term.at:
            known = Reminder(until=term.at)
        if term.subject in acknowledged:
            known = replace(known, acknowledged=True)
        after[term.subject] = _stepped(known, now) if in_hours and not known.acknowledged else known
    return after


def _stepped(known: Reminder, now: datetime) -> Reminder:
    """To the newest step that is due. The first step is a warning, each later one a reminder."""
    due = sum(now >= known.until - ahead for ahead in STEPS)
    if due <= known.step:
        return known
    return replace(known, step=due, sent=known.sent + (due > 1), at=now)
