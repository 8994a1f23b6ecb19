"""Incidents as people count them: one a waiting customer, however many alerts tell of him."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.incident import Incident, IncidentKind

WAITS = frozenset({IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY})


def cards(incidents: Iterable[Incident]) -> list[Incident]:
    """Of one portal, in their order: what is told of the same customer's wait twice is the graver alone."""
    held = list(incidents)
    given_up = {one.subject for one in held if one.kind is IncidentKind.NO_REPLY}
    return [one for one in held if one.kind is not IncidentKind.SLOW_REPLY or one.subject not in given_up]
