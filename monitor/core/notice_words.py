"""One message for people: what, since when, the proof, who acts, what happens next."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.cover import Cover
from monitor.core.cover_words import why_covered
from monitor.core.incident import Audience, Incident, IncidentKind
from monitor.core.policy import Policy
from monitor.core.words import plural, sentence

MOST_PROOFS = 6

_NEXT = {
    "ru": {
        "opened": "Дальше: сообщим, когда это закончится.",
        IncidentKind.SLOW_REPLY: "Дальше: если ответа не будет, сообщим ещё раз; ответ увидим сами.",
        IncidentKind.NO_REPLY: "Дальше: ответ увидим сами и скажем о нём в утренней сводке.",
        IncidentKind.CLOSED_WITHOUT_ANSWER: "Дальше: случай войдёт в ближайший отчёт.",
        IncidentKind.LOW_COMPLIANCE: "Дальше: сообщим, когда доля ответов в срок вернётся к норме.",
        IncidentKind.EXPIRY_SOON: "Дальше: напоминаний всего три; продление или подтверждение их прекратит.",
        IncidentKind.EXPIRED: "Дальше: сообщим, когда срок продлят.",
    },
    "en": {
        "opened": "Next: we will tell you when it is over.",
        IncidentKind.SLOW_REPLY: "Next: without an answer we will tell you once more; the answer we shall see ourselves.",
        IncidentKind.NO_REPLY: "Next: we shall see the answer ourselves and tell you in the morning digest.",
        IncidentKind.CLOSED_WITHOUT_ANSWER: "Next: the case will be part of the next review.",
        IncidentKind.LOW_COMPLIANCE: "Next: we will tell you when the share answered in time is back to normal.",
        IncidentKind.EXPIRY_SOON: "Next: there are three reminders in all; a renewal or an acknowledgement ends them.",
        IncidentKind.EXPIRED: "Next: we will tell you when it is renewed.",
    },
}
_WORDS = {
    "ru": {
        "over": "Закончилось: {summary}",
        "proof": "Подтверждение:",
        "more": "и ещё {count}",
        "act": "Что делать: {advice}",
        "details": "Подробно: {link}",
        "digest": "{portal}: сводка, {count} {things}",
        "left_out": "И ещё {count} {things}, все они на странице: {link}",
    },
    "en": {
        "over": "Over: {summary}",
        "proof": "Proof:",
        "more": "and {count} more",
        "act": "What to do: {advice}",
        "details": "Details: {link}",
        "digest": "{portal}: digest, {count} {things}",
        "left_out": "And {count} more {things}, all of them are on the page: {link}",
    },
}
_THINGS = {"ru": ("событие", "события", "событий"), "en": ("event", "", "events")}


def subject_of(incident: Incident, what: str, language: str, policy: Policy) -> str:
    words = incident.words.get(language) or incident.words[policy.language]
    summary = words.summary
    if what == "closed":
        summary = _WORDS[language]["over"].format(summary=summary)
    return f"{policy.portal}: {summary}"


def text_of(incident: Incident, what: str, language: str, policy: Policy) -> str:
    """Paragraphs, one a line; the customer's words and number are in none of them."""
    told, words = _WORDS[language], incident.words.get(language) or incident.words[policy.language]
    rows = [words.description]
    if what != "closed":
        rows += _proofs(incident.evidence, language)
        rows += [told["act"].format(advice=words.recommendation)] if words.recommendation else []
        rows.append(_cover(incident, language))
    rows.append(words.recommendation if what == "closed" else _next(incident.kind, language))
    if policy.pages:
        rows.append(told["details"].format(link=f"{policy.pages.rstrip('/')}/incidents/{incident.id}"))
    return "\n".join(row for row in rows if row)


def _proofs(evidence: Sequence[str], language: str) -> list[str]:
    if not evidence:
        return []
    told = _WORDS[language]
    left = len(evidence) - MOST_PROOFS
    return [told["proof"], *evidence[:MOST_PROOFS], *([told["more"].format(count=left)] if left > 0 else [])]


def _cover(incident: Incident, language: str) -> str:
    """To a head only where there is a guarantee that could be asked for."""
    is_asked = incident.audience is Audience.INTEGRATOR or incident.cover != Cover.NO_GUARANTEE
    return sentence(why_covered(incident, language)) if incident.cover and is_asked else ""


def _next(kind: IncidentKind, language: str) -> str:
    told = _NEXT[language]
    return told.get(kind, told["opened"])


def digest_subject(portal: str, count: int, language: str) -> str:
    things = plural(count, _THINGS[language], language)
    return _WORDS[language]["digest"].format(portal=portal, count=count, things=things)


def left_out(count: int, link: str, language: str) -> str:
    things = plural(count, _THINGS[language], language)
    return _WORDS[language]["left_out"].format(count=count, things=things, link=link)
