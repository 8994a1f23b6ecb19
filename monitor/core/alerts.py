"""Open incidents as alerts: incidents with the same labels are one alert that names them all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.cover_words import why_covered
from monitor.core.incident import Incident, IncidentKind, Words, alert_of
from monitor.core.policy import Policy
from monitor.core.words import plural, sentence

Labels = tuple[tuple[str, str], ...]

MOST_EVIDENCE = 20  # portals whose evidence one alert carries; the rest are counted
MOST_INCIDENTS = 5  # whose evidence one alert carries; the rest are counted
_MORE = {"ru": "и ещё {count}", "en": "and {count} more"}
_SAME = {"ru": ("такой же случай", "таких же случая", "таких же случаев"), "en": ("such case", "", "such cases")}
_NO_WORDS = Words(summary="", description="", recommendation="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What Alertmanager is told. `labels` and `annotations` are sorted pairs, `starts_at` is real time."""

    labels: Labels
    annotations: Labels
    starts_at: datetime
    generator_url: str


def alerts(open_: Iterable[Incident], policy: Policy) -> dict[Labels, Alert]:
    """The alerts that must be firing for one portal, by their labels."""
    groups: dict[Labels, list[Incident]] = defaultdict(list)
    for incident in open_:
        groups[labels_of(incident, policy.portal)].append(incident)
    return {labels: _alert(labels, members, policy) for labels, members in groups.items()}


def labels_of(incident: Incident, portal: str) -> Labels:
    """All labels of the incident's alert (signals.md), those of its opening as long as it lives; one without a value
    is left out.

    A provider's outage has no portal: the same labels from all of them are one alert."""
    own = dict(incident.alert or alert_of(incident.labels, guaranteed=incident.guaranteed))
    common = {
        "alertname": incident.kind.alertname,
        "severity": incident.severity.value,
        "portal": portal,
        "audience": incident.audience.value,
    }
    if incident.kind is IncidentKind.PROVIDER_OUTAGE:
        common |= {"portal": "", "guaranteed": ""}
    return tuple(sorted((name, value) for name, value in (own | common).items() if value))


def _alert(labels: Labels, members: list[Incident], policy: Policy) -> Alert:
    """The oldest incident speaks for all of them."""
    by_age = sorted(members, key=lambda one: (one.starts_at, one.opened, one.id))
    words = _spoken(by_age[0].words, policy.language)
    summary = words.summary
    if len(by_age) > 1:
        summary += f" ({_more(len(by_age) - 1, policy.language)})"
    annotations = {
        "summary": summary,
        "description": words.description,
        "evidence": _evidence(by_age, policy.language),
        "recommendation": words.recommendation,
        "covered_why": _why_covered(by_age[0], policy.language),
        "runbook": f"{policy.pages.rstrip('/')}/runbooks/{by_age[0].kind}" if policy.pages else "",
    }
    return Alert(
        labels=labels,
        annotations=tuple(sorted(annotations.items())),
        starts_at=by_age[0].starts_at,
        generator_url=f"{policy.pages.rstrip('/')}/incidents/{by_age[0].id}" if policy.pages else "",
    )


def _spoken(words: Mapping[str, Words], language: str) -> Words:
    return words.get(language) or next(iter(words.values()), _NO_WORDS)


def _why_covered(incident: Incident, language: str) -> str:
    """Nothing of what is everyone's. In an alert, whose label stays as it was opened, the label's reason: what has
    changed since, as when the guarantee ended, is told on the incident's page."""
    if incident.kind is IncidentKind.PROVIDER_OUTAGE:
        return ""
    label = dict(incident.alert).get("guaranteed", "yes" if incident.guaranteed else "no")
    if (label == "yes") is not incident.guaranteed:
        incident = replace(incident, guaranteed=label == "yes", cover="")
    return sentence(why_covered(incident, language))


def _evidence(members: list[Incident], language: str) -> str:
    """One paragraph an incident, a line a proof."""
    told = ["\n".join(member.evidence) for member in members[:MOST_INCIDENTS]]
    left = len(members) - MOST_INCIDENTS
    return "\n\n".join([*told, _more(left, language)] if left > 0 else told)


def _more(count: int, language: str) -> str:
    return f"{_MORE[language].format(count=count)} {plural(count, _SAME[language], language)}"


def together(wanted: Iterable[Alert]) -> Iterable[Alert]:
    """Alerts with the same labels are one, with the first one's words and everybody's evidence: a provider's outage
    is found on each portal and told once."""
    same: dict[Labels, list[Alert]] = {}
    for alert in wanted:
        same.setdefault(alert.labels, []).append(alert)
    return (_merged(alerts) if len(alerts) > 1 else alerts[0] for alerts in same.values())


def _merged(alerts: Sequence[Alert]) -> Alert:
    first = min(alerts, key=lambda alert: (alert.starts_at, alert.generator_url))
    told = [dict(alert.annotations).get("evidence", "") for alert in alerts]
    rest = [f"+ {len(told) - MOST_EVIDENCE}"] if len(told) > MOST_EVIDENCE else []
    evidence = "\n\n".join(filter(None, [*told[:MOST_EVIDENCE], *rest]))
    return replace(first, annotations=tuple(sorted((dict(first.annotations) | {"evidence": evidence}).items())))
