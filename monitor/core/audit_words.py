"""What an audit of the guarantee found broken, what that means for the customers, and who puts it right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.core.assessment import Scene, Texts
from monitor.core.audit_facts import FACTS
from monitor.core.incident import Words
from monitor.core.memory import Audit
from monitor.core.reading import AuditFact, AuditSeen
from monitor.core.setting_words import date_words, days_words, opened_words, setting_words, value_words
from monitor.core.words import LANGUAGES, moment, plural, quotable, sentence

MOST_NAMES = 10
COUNTED = frozenset({"routed", "notified"})  # facts that tell of so many dialogs of so many

_SUMMARY = {
    "ru": {
        "department_can_write": "{line}: не весь отдел может писать с номера компании",
        "routed_to_responsible": "{line}: диалоги попадают не к ответственному менеджеру",
        "crm_notified": "{line}: новые сообщения не видны в CRM",
        "queue_staffed": "{line}: в очереди некому отвечать или есть лишние люди",
        "config_drift": "{line}: настройки изменились после сдачи",
        "document_numbers": "Документы: номера или привязка нарушены",
    },
    "en": {
        "department_can_write": "{line}: not the whole department can write from the company's number",
        "routed_to_responsible": "{line}: dialogs do not reach the responsible manager",
        "crm_notified": "{line}: new messages do not show in the CRM",
        "queue_staffed": "{line}: nobody to answer in the queue, or people who should not be there",
        "config_drift": "{line}: settings have changed since the hand-over",
        "document_numbers": "Documents: numbers or bindings are broken",
    },
}
_ADVICE = {
    "ru": {
        "department_can_write": "Интегратор: добавить людей в очередь линии или включить в неё весь отдел.",
        "routed_to_responsible": "Интегратор: включить в линии передачу диалога ответственному из CRM и проверить "
        "очередь.",
        "crm_notified": "Интегратор: включить в линии поиск и создание клиента в CRM.",
        "queue_staffed": "Интегратор: убрать из очереди уволенных и отсутствующих, поставить тех, кто работает.",
        "config_drift": "Интегратор: узнать, кто и зачем изменил линию, и вернуть прежнее или снять новый снимок: "
        "`messenger-monitor snapshot --portal {portal}`.",
        "document_numbers": "Интегратор: проверить нумератор и шаблоны, перепроверить удалённые документы.",
    },
    "en": {
        "department_can_write": "Integrator: add these people to the line's queue, or put the whole department in it.",
        "routed_to_responsible": "Integrator: switch on the line's forwarding to the CRM responsible and check its "
        "queue.",
        "crm_notified": "Integrator: switch on the line's search and creation of customers in the CRM.",
        "queue_staffed": "Integrator: take dismissed and absent people out of the queue and put in those who work.",
        "config_drift": "Integrator: find out who changed the line and why, then put it back or take a new snapshot: "
        "`messenger-monitor snapshot --portal {portal}`.",
        "document_numbers": "Integrator: check the numerator and the templates, look after deleted documents.",
    },
}
_NEXT = {
    "ru": "Тревога закроется сама при следующей проверке, когда всё снова в порядке.",
    "en": "The alert closes by itself at the next audit that finds all well.",
}
_SINCE = {"ru": "Замечено {since}: {facts}", "en": "Noticed {since}: {facts}"}
_READ = {"ru": "проверено {at}", "en": "looked at {at}"}
_LINE = {"ru": "Линия «{name}»", "en": 'Line "{name}"'}
_DIALOGS = {"ru": ("диалог", "диалоги", "диалоги"), "en": ("dialog", "", "dialogs")}
_OF_DIALOGS = {"ru": ("диалога", "диалогов", "диалогов"), "en": ("dialog", "", "dialogs")}
_OF_PEOPLE = {"ru": ("сотрудника", "сотрудников", "сотрудников"), "en": ("", "", "")}
_DAYS = {"ru": ("день", "дня", "дней"), "en": ("day", "", "days")}
_ITEMS: Mapping[str, Callable[[str, str], str]] = {
    "setting": setting_words,
    "worktime": value_words,
    "timezone": value_words,
    "days_off": days_words,
    "holidays": value_words,
    "public_links": opened_words,
    **dict.fromkeys(("as_in_snapshot", "as_in_own_snapshot", "snapshot", "own_snapshot", "no_snapshot"), date_words),
}
_NOBODY = ("-",)  # opened a public link
_MORE = {"ru": " и ещё {count}", "en": " and {count} more"}


def about_audit(audit: Audit, scene: Scene) -> Texts:
    words = {language: _words(audit, scene, language) for language in LANGUAGES}
    language = scene.policy.language
    told = tuple(sentence(fact_words(fact, language)) for fact in audit.seen.facts)
    read = sentence(_READ[language].format(at=moment(audit.since, scene.policy.timezone, language)))
    return Texts(evidence=(*told, read, scene.policy.url), words=words)


def is_kept(seen: AuditSeen) -> bool | None:
    """Whether the promise holds; where not one dialog was there to judge by, nobody knows yet."""
    return None if seen.holds and any(fact.what in COUNTED and not fact.of for fact in seen.facts) else seen.holds


def fact_words(fact: AuditFact, language: str) -> str:
    """One fact as a sentence's part. An unknown word is shown as it is."""
    what = "unopened_links" if fact.what == "public_links" and fact.items == _NOBODY else fact.what
    told = _ITEMS.get(what)
    items = tuple(told(item, language) for item in fact.items) if told is not None else fact.items
    return (
        FACTS[language]
        .get(what, what)
        .format(
            people=_listed(fact.people, language),
            items=_listed(items, language),
            was=items[0] if items else "",
            now=items[-1] if items else "",
            days=plural(fact.n, _DAYS[language], language),
            of_people=plural(fact.of, _OF_PEOPLE[language], language),
            dialogs=plural(len(fact.items), _DIALOGS[language], language),
            of_dialogs=plural(fact.of, _OF_DIALOGS[language], language),
            n=fact.n,
            of=fact.of,
        )
    )


def advice_of(check: str, portal: str, language: str) -> str:
    """Who puts a broken property right, and how."""
    advice: Mapping[str, str] = _ADVICE[language]
    return advice[check].format(portal=portal)


def _listed(names: tuple[str, ...], language: str) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (_MORE[language].format(count=more) if more > 0 else "")


def _words(audit: Audit, scene: Scene, language: str) -> Words:
    check, zone = audit.seen.check, scene.policy.timezone
    facts = "; ".join(fact_words(fact, language) for fact in audit.seen.facts)
    return Words(
        summary=_SUMMARY[language][check].format(line=_line(audit, scene, language)),
        description=sentence(_SINCE[language].format(since=moment(audit.since, zone, language), facts=facts)),
        recommendation=f"{advice_of(check, scene.policy.portal, language)} {_NEXT[language]}",
    )


def _line(audit: Audit, scene: Scene, language: str) -> str:
    line = scene.state.lines.get(audit.seen.line)
    return _LINE[language].format(name=quotable(line.name) if line and line.name else audit.seen.line)
