"""What is said of an incident that is over: why, how long it lasted or the customer waited, what is left to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from monitor.core.cards import WAITS
from monitor.core.incident import Incident, IncidentKind, Words
from monitor.core.words import LANGUAGES, moment, span_of

_WHY = {
    "ru": {
        "recovered": "Снова работает",
        "answered": "Клиенту ответили",
        "excused": "Больше не ждёт ответа",
        "closed": "Диалог закрыт без ответа",
        "reviewed": "Вошло в отчёт",
        "escalated": "Стало серьёзнее, об этом новая тревога",
        "changed": "Причина сменилась, об этом новая тревога",
        "shared": "Это часть сбоя провайдера, о нём отдельная тревога",
        "gone": "Больше не наблюдается",
        "renewed": "Продлено",
        "acknowledged": "Принято к сведению",
    },
    "en": {
        "recovered": "Works again",
        "answered": "The customer got a reply",
        "excused": "No longer waits for a reply",
        "closed": "The dialog was closed without a reply",
        "reviewed": "It is part of the review",
        "escalated": "It got worse, there is a new alert about it",
        "changed": "The cause has changed, there is a new alert about it",
        "shared": "It is part of the provider's outage, which has an alert of its own",
        "gone": "Not watched any more",
        "renewed": "Renewed",
        "acknowledged": "Acknowledged",
    },
}
_WHY_BY_KIND = {
    "ru": {(IncidentKind.LOW_COMPLIANCE, "recovered"): "Снова вовремя отвечено больше 85 % обращений"},
    "en": {(IncidentKind.LOW_COMPLIANCE, "recovered"): "More than 85% of the requests are answered in time again"},
}
_OVER = {"ru": "Закончилось", "en": "It is over"}
_WAS = {"ru": "{why}. Было: {what}", "en": "{why}. It was: {what}"}
_LASTED = {
    "ru": "Длилось {span}: с {since} до {until}.",
    "en": "It lasted {span}: from {since} to {until}.",
}
_LASTED_BY_KIND = {
    "ru": {
        **dict.fromkeys(WAITS, "Клиент ждал {span}: с {since} до {until}."),
        IncidentKind.CLOSED_WITHOUT_ANSWER: "После закрытия диалога прошло {span}: с {since} до {until}.",
    },
    "en": {
        **dict.fromkeys(WAITS, "The customer waited {span}: from {since} to {until}."),
        IncidentKind.CLOSED_WITHOUT_ANSWER: "{span} have passed since the dialog was closed: from {since} to {until}.",
    },
}
_NEXT = {"ru": "Больше ничего делать не нужно.", "en": "Nothing more needs to be done."}
_NEXT_BY_REASON = {
    "ru": {
        "escalated": "Действовать по новой тревоге.",
        "changed": "Действовать по новой тревоге.",
        "shared": "Действовать по новой тревоге.",
        "closed": "Руководитель: открыть диалог и, если клиенту так и не ответили, ответить.",
        "reviewed": "Руководитель: открыть диалог и, если клиенту так и не ответили, ответить.",
    },
    "en": {
        "escalated": "Act on the new alert.",
        "changed": "Act on the new alert.",
        "shared": "Act on the new alert.",
        "closed": "Head: open the dialog and, if the customer still has no reply, answer.",
        "reviewed": "Head: open the dialog and, if the customer still has no reply, answer.",
    },
}


def closing_words(incident: Incident, reason: str, zone: str, until: datetime) -> Mapping[str, Words]:
    """`until`: when what was wrong ended, which may be long before we saw it."""
    return {language: _words(incident, reason, zone, until, language) for language in LANGUAGES}


def _words(incident: Incident, reason: str, zone: str, until: datetime, language: str) -> Words:
    since = incident.since or incident.opened
    why = _WHY_BY_KIND[language].get((incident.kind, reason)) or _WHY[language].get(reason, _OVER[language])
    known = incident.words.get(language)
    lasted = (
        _LASTED_BY_KIND[language]
        .get(incident.kind, _LASTED[language])
        .format(
            span=span_of(until - since, language),
            since=moment(since, zone, language),
            until=moment(until, zone, language),
        )
    )
    return Words(
        summary=_WAS[language].format(why=why, what=known.summary) if known else f"{why}.",
        description=lasted,
        recommendation=_NEXT_BY_REASON[language].get(reason, _NEXT[language]),
    )
