"""Incidents opened, kept and closed by assessments: a cause hides its symptoms, a maintenance hides everything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.assessment import Assessment, Say, closing
from monitor.core.closing_words import closing_words
from monitor.core.cover import Cover, cover_of
from monitor.core.incident import Incident, IncidentKind, alert_of
from monitor.core.policy import Policy

# An open cause keeps these from opening: on the same channel, or (of the portal) whatever is read through it.
_HIDES: Mapping[IncidentKind, frozenset[IncidentKind]] = {
    IncidentKind.QR_RESCAN_REQUIRED: frozenset({IncidentKind.CHANNEL_SILENT, IncidentKind.CHANNEL_DEGRADED}),
    IncidentKind.CHANNEL_DOWN: frozenset({IncidentKind.CHANNEL_SILENT, IncidentKind.CHANNEL_DEGRADED}),
    IncidentKind.CHANNEL_FLAPPING: frozenset({IncidentKind.CHANNEL_DEGRADED}),
}
_PORTAL = (IncidentKind.PORTAL_UNREACHABLE, IncidentKind.PORTAL_AUTH_FAILED)
_CAUSES_FIRST = (*_PORTAL, IncidentKind.PROVIDER_OUTAGE, *_HIDES)

# These closings hand over to another incident: they wait until that one may open.
_HANDED_OVER = frozenset({"escalated", "changed", "shared"})

_ENDED = frozenset({Cover.NOT_IN_FORCE, Cover.NO_GUARANTEE})

Name = tuple[IncidentKind, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`open` by id; it is the very mapping that came in when nothing changed."""

    open: Mapping[str, Incident]
    opened: tuple[Incident, ...] = ()
    updated: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()


def step(
    open_: Mapping[str, Incident],
    assessments: Iterable[Assessment],
    policy: Policy,
    now: datetime,
    real_now: datetime,
) -> Step:
    """The incidents after these assessments: never two open ones of one kind and subject."""
    known: dict[Name, Incident] = {(one.kind, one.subject): one for one in open_.values()}
    in_order = sorted(assessments, key=lambda one: _rank(one.kind))
    closed = _close(known, in_order, policy, now)
    opened, updated = [], []
    for one in in_order:
        name = (one.kind, one.subject)
        may_open = one.say is Say.OPEN and not _is_maintained(policy, now) and not _is_hidden(one, known)
        if name in known and may_open and _is_another(known[name], one, policy, now):
            closed.append(_closed(known.pop(name), closing(*name, "changed"), policy, now))
        if name in known:
            fresh = _told(known[name], one, policy, now)
            updated += [fresh] if fresh is not known[name] else []
            known[name] = fresh
        elif may_open:
            known[name] = _opened(one, policy, now, real_now)
            opened.append(known[name])
    changed = bool(opened or updated or closed)
    return Step(
        open={one.id: one for one in known.values()} if changed else open_,
        opened=tuple(opened),
        updated=tuple(updated),
        closed=tuple(closed),
    )


def identity(portal: str, kind: IncidentKind, subject: str, opened: datetime) -> str:
    """The same incident has the same id wherever and whenever it is computed."""
    text = f"{portal}|{kind}|{subject}|{opened.isoformat()}"
    return hashlib.blake2s(text.encode(), digest_size=6).hexdigest()


def _rank(kind: IncidentKind) -> int:
    return _CAUSES_FIRST.index(kind) if kind in _CAUSES_FIRST else len(_CAUSES_FIRST)


def _close(
    known: dict[Name, Incident], assessments: Iterable[Assessment], policy: Policy, now: datetime
) -> list[Incident]:
    """Take what is over out of `known`."""
    over = []
    for one in assessments:
        waits = one.close_reason in _HANDED_OVER and _is_maintained(policy, now)
        if one.say is Say.CLOSE and not waits and (one.kind, one.subject) in known:
            over.append(_closed(known.pop((one.kind, one.subject)), one, policy, now))
    return over


def _closed(incident: Incident, said: Assessment, policy: Policy, now: datetime) -> Incident:
    reason = said.close_reason
    words = closing_words(incident, reason, policy.timezone, said.until or now)
    return replace(incident, closed=now, until=said.until, updated=now, close_reason=reason, words=words)


def _is_maintained(policy: Policy, now: datetime) -> bool:
    return any(window.start <= now < window.end for window in policy.maintenance)


def _is_hidden(one: Assessment, known: Mapping[Name, Incident]) -> bool:
    """Whether an open incident is the cause of what this one would say."""
    if one.through_portal and any(kind in _PORTAL for kind, _ in known):
        return True
    return any(one.kind in _HIDES.get(kind, ()) for kind, subject in known if subject == one.subject)


def _opened(one: Assessment, policy: Policy, now: datetime, real_now: datetime) -> Incident:
    cover = cover_of(one, policy, now)
    return Incident(
        id=identity(policy.portal, one.kind, one.subject, now),
        kind=one.kind,
        subject=one.subject,
        severity=one.severity,
        audience=one.audience,
        guaranteed=cover is Cover.COVERED,
        cover=cover.value,
        labels=one.labels,
        alert=alert_of(one.labels, guaranteed=cover is Cover.COVERED),
        opened=now,
        since=one.since,
        starts_at=real_now,
        updated=now,
        evidence=one.texts.evidence,
        words=one.texts.words,
    )


def _is_another(known: Incident, one: Assessment, policy: Policy, now: datetime) -> bool:
    """A channel's trouble that took the place of another one: what its alert says of the state and of the guarantee
    would be false from now on, and an alert's labels cannot change. A guarantee that has ended makes no new trouble."""
    if known.opened >= now:
        return False
    cover = cover_of(one, policy, now)
    alert = dict(known.alert or alert_of(known.labels, guaranteed=known.guaranteed))
    fresh = dict(alert_of(one.labels, guaranteed=cover is Cover.COVERED))
    told = ("state",) if cover in _ENDED else ("state", "guaranteed")
    return "state" in fresh and any(alert.get(name) != fresh[name] for name in told)


def _told(known: Incident, one: Assessment, policy: Policy, now: datetime) -> Incident:
    """With what this rule says of it; itself when nothing is new."""
    if one.say is Say.OPEN:
        return _updated(known, one, policy, now)
    if one.say is not Say.HOLD or not one.texts.words:
        return known
    fresh = replace(known, evidence=one.texts.evidence, words=one.texts.words)
    return known if fresh == known else replace(fresh, updated=now)


def _updated(known: Incident, one: Assessment, policy: Policy, now: datetime) -> Incident:
    """The same incident with what is said of it now, under the labels that its alert has had; itself when nothing is
    new."""
    cover = cover_of(one, policy, now)
    fresh = replace(
        known,
        severity=one.severity,
        audience=one.audience,
        guaranteed=cover is Cover.COVERED,
        cover=cover.value,
        labels=one.labels,
        alert=known.alert or alert_of(known.labels, guaranteed=known.guaranteed),
        evidence=one.texts.evidence,
        words=one.texts.words,
    )
    return known if fresh == known else replace(fresh, updated=now)
