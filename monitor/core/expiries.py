"""Everything that runs out, on one calendar, and the ladder of reminders: one early warning, then exactly three.

A step is taken in working hours only and kept before it is told; after a downtime only the newest missed one is. A new
date starts the ladder anew, an acknowledgement ends it. That something has run out is no reminder but a fact: it is an
incident at that very moment (monitor/core/expiry_rules.py), and only people's own notices of it wait for the morning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from monitor.core.calendar import Schedule
from monitor.core.guarantee import end_of
from monitor.core.ladder import passed_steps
from monitor.core.licences import licences_of
from monitor.core.memory import PortalState, Reminder
from monitor.core.policy import Policy
from monitor.core.reading import Acknowledged, Finding

GUARANTEE, TOKEN, APPLICATION = "guarantee", "refresh-token", "bitrix24-application"
TOKEN_LASTS = timedelta(days=180)  # after its last renewal; polls renew it by the way
WOBBLE = timedelta(days=3)  # an end that others tell, in days or by the hour, moves a little and is no renewal
OTHER_ZONE = timedelta(hours=14)  # the same date of the file in another time zone is no other date


class Term(NamedTuple):
    """Something that runs out. `paid_through_us`: the integrator sold it, so that it lapses is his business; `told`: by
    a provider or the portal, not by the file."""

    subject: str
    at: datetime
    paid_through_us: bool
    told: bool = True


def terms(state: PortalState, policy: Policy) -> tuple[Term, ...]:
    """The config's dates, the guarantee's end, what the providers and the portal tell of themselves; the nearest first.

    A licence of the config that names a provider ends when the provider says so: he knows of a renewal before the
    file does, and the same licence is told once.
    """
    told = _told_by_providers(state)
    found = {
        term.subject: term
        for term in (*_of_providers(told, policy), *_of_portal(state, policy), *_of_policy(told, policy))
    }
    return tuple(sorted(found.values(), key=lambda term: (term.at, term.subject)))


def _told_by_providers(state: PortalState) -> dict[str, datetime]:
    """Provider -> the first end among its accounts."""
    told: dict[str, datetime] = {}
    for memory in state.channels.values():
        word = memory.provider
        if word is not None and word.valid_until is not None and not memory.gone:
            told[word.provider] = min(word.valid_until, told.get(word.provider, word.valid_until))
    return told


def _of_providers(told: Mapping[str, datetime], policy: Policy) -> Iterator[Term]:
    """Those that no licence of the config names; of such an account nobody said that it is paid through us."""
    for provider, at in told.items():
        if not licences_of(provider, policy):
            yield Term(provider, at, paid_through_us=False)


def _of_portal(state: PortalState, policy: Policy) -> Iterator[Term]:
    paid_until = _application_ends(state, policy)
    if paid_until is not None:
        yield Term(APPLICATION, paid_until, False)
    if not policy.webhook_only and state.memory.last_success is not None:
        yield Term(TOKEN, state.memory.last_success + TOKEN_LASTS, True)


def _application_ends(state: PortalState, policy: Policy) -> datetime | None:
    """By app.info: DAYS are those left, 0 on the last one, below zero those since the end; PAYMENT_EXPIRED outweighs
    them (bitrix24-api.md 9). An end without days was when we first heard of it."""
    licence, seen = state.memory.licence, state.cursor.discovered
    if licence is None or seen is None:
        return None
    today, days = _midnight(seen, policy), licence.days_left
    if not licence.payment_expired:
        return today + timedelta(days=days or 1) if days is not None else None
    if days is not None and days < 0:
        return today + timedelta(days=days)
    known = state.reminders.get(APPLICATION)
    return known.until if known is not None and known.until <= seen else today


def _midnight(at: datetime, policy: Policy) -> datetime:
    local = at.astimezone(ZoneInfo(policy.timezone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _of_policy(told: Mapping[str, datetime], policy: Policy) -> Iterator[Term]:
    for expiry in policy.expiries:
        ends = [at for provider, at in told.items() if expiry in licences_of(provider, policy)]
        yield Term(expiry.subject, min(ends, default=expiry.at), expiry.paid_through_us, told=bool(ends))
    guarantee = policy.guarantee
    if guarantee is not None and end_of(guarantee) == guarantee.end:  # ended early, there is nothing to renew
        yield Term(GUARANTEE, guarantee.end, True, told=False)


def climb(
    state: PortalState, policy: Policy, findings: list[Finding], now: datetime, office: Schedule
) -> Mapping[str, Reminder]:
    """The ladders a moment later; `office`: when somebody would read a reminder."""
    acknowledged = {finding.subject for finding in findings if isinstance(finding, Acknowledged)}
    after = {}
    for term in terms(state, policy):
        known = state.reminders.get(term.subject)
        if known is None or _is_another_date(known, term):
            known = Reminder(until=term.at, told=term.told, began=now)
        if term.subject in acknowledged:
            known = replace(known, acknowledged=True)
        quiet = known.acknowledged or not office.is_open(now)
        after[term.subject] = known if quiet else _stepped(known, term, policy, office, now)
    return after


def _is_another_date(known: Reminder, term: Term) -> bool:
    """Between two dates of the file each change is a renewal, whichever way it goes."""
    least = WOBBLE if known.told or term.told else OTHER_ZONE
    return abs(term.at - known.until) > least


def _stepped(known: Reminder, term: Term, policy: Policy, office: Schedule, now: datetime) -> Reminder:
    """To the newest step that is due. The first is a warning, each later one a reminder, none once it is over."""
    due = passed_steps(term.at, policy.ladder, office, now)
    if due <= known.step:
        return known
    return replace(known, step=due, sent=known.sent + (due > 1 and now < term.at), at=now)
