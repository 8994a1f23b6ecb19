"""When a licence, a subscription or the guarantee is running out, and when it has run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from monitor.core.assessment import Assessment, Say, Scene, Texts, closing
from monitor.core.expiries import APPLICATION, GUARANTEE, TOKEN, Term, terms
from monitor.core.incident import Incident, IncidentKind, Severity, Words
from monitor.core.memory import Reminder
from monitor.core.words import LANGUAGES, plural

SOON, OVER = IncidentKind.EXPIRY_SOON, IncidentKind.EXPIRED

_TEXTS = {
    "ru": {
        "soon": "Скоро закончится: {subject}, {left}",
        "soon_text": "{subject}: срок до {date}, {left}. {step}",
        "over": "Истёк срок: {subject}",
        "over_text": "{subject}: срок истёк {date}.",
        "early": "Это раннее предупреждение.",
        "reminder": "Напоминание {number} из {all}.",
        "advice": "Интегратор: продлить и записать новую дату в настройках; если продлевать не нужно, подтвердить: "
        "`messenger-monitor acknowledge --portal {portal} --subject {subject}`.",
        "until": "Срок до {date}.",
        "ours": "Оплата через интегратора: {yes}.",
        "yes": "да",
        "no": "нет",
    },
    "en": {
        "soon": "Runs out soon: {subject}, {left}",
        "soon_text": "{subject}: valid until {date}, {left}. {step}",
        "over": "Has run out: {subject}",
        "over_text": "{subject}: ran out on {date}.",
        "early": "This is the early warning.",
        "reminder": "Reminder {number} of {all}.",
        "advice": "Integrator: renew it and write the new date into the configuration; if it need not be renewed, say "
        "so: `messenger-monitor acknowledge --portal {portal} --subject {subject}`.",
        "until": "Valid until {date}.",
        "ours": "Paid through the integrator: {yes}.",
        "yes": "yes",
        "no": "no",
    },
}
_NAMES = {
    "ru": {
        GUARANTEE: "гарантия",
        TOKEN: "доступ монитора к порталу",
        APPLICATION: "оплата приложения Битрикс24",
    },
    "en": {
        GUARANTEE: "the guarantee",
        TOKEN: "the monitor's access to the portal",
        APPLICATION: "the payment of the Bitrix24 application",
    },
}
MOMENT = timedelta(microseconds=1)
_DAYS = {
    "ru": ("остался {n} день", "осталось {n} дня", "осталось {n} дней"),
    "en": ("{n} day left", "{n} days left", "{n} days left"),
}
_LAST_DAY = {"ru": "остался последний день", "en": "the last day"}


def subject_name(subject: str, language: str) -> str:
    """What runs out as people call it; a licence goes by the file's own word."""
    return _NAMES[language].get(subject, subject)


def expiries(scene: Scene) -> Iterator[Assessment]:
    """Each subject is soon or over or neither; what was renewed or acknowledged is closed."""
    known = {term.subject: term for term in terms(scene.state, scene.policy)}
    for incident in scene.opened(SOON, OVER):
        reminder = scene.state.reminders.get(incident.subject)
        if reminder is None or incident.subject not in known:
            yield closing(incident.kind, incident.subject, "gone")
        elif reminder.acknowledged:
            yield closing(incident.kind, incident.subject, "acknowledged")
        elif _is_renewed(incident, reminder, known[incident.subject], scene):
            yield closing(incident.kind, incident.subject, "renewed")
    for term in known.values():
        reminder = scene.state.reminders.get(term.subject)
        if reminder is None or reminder.acknowledged:
            continue
        if reminder.step or scene.now >= term.at:  # that it is over waits for nobody's office hours
            yield from _running_out(scene, term, reminder)


def _is_renewed(incident: Incident, reminder: Reminder, term: Term, scene: Scene) -> bool:
    """What is over until its date lies ahead again, what is soon over until its ladder begins anew: the first step of
    the new one may be due at once, and is an incident of its own."""
    is_over = scene.now >= term.at
    is_anew = not reminder.step or (reminder.began is not None and incident.opened < reminder.began)
    return not is_over and (incident.kind is OVER or is_anew)


def _running_out(scene: Scene, term: Term, reminder: Reminder) -> Iterator[Assessment]:
    over = scene.now >= term.at
    if over:
        yield closing(SOON, term.subject, "escalated")
    yield Assessment(
        kind=OVER if over else SOON,
        subject=term.subject,
        say=Say.OPEN,
        severity=Severity.CRITICAL if over else Severity.WARNING,
        covered=term.paid_through_us,
        through_portal=False,
        since=term.at if over else reminder.at,
        labels=(("subject", term.subject),),
        texts=_texts(scene, term, reminder, over=over),
    )


def _texts(scene: Scene, term: Term, reminder: Reminder, *, over: bool) -> Texts:
    words = {language: _words(scene, term, reminder, language, over=over) for language in LANGUAGES}
    language = scene.policy.language
    texts = _TEXTS[language]
    paid = texts["yes"] if term.paid_through_us else texts["no"]
    evidence = [texts["until"].format(date=_date(term, scene)), texts["ours"].format(yes=paid)]
    if not over:
        evidence.append(_step(reminder, language))
    return Texts(evidence=tuple(evidence), words=words)


def _words(scene: Scene, term: Term, reminder: Reminder, language: str, *, over: bool) -> Words:
    texts = _TEXTS[language]
    facts = {
        "subject": subject_name(term.subject, language),
        "date": _date(term, scene),
        "left": _left(term, scene, language),
        "step": _step(reminder, language),
    }
    form = "over" if over else "soon"
    return Words(
        summary=texts[form].format(**facts),
        description=texts[f"{form}_text"].format(**facts),
        recommendation=texts["advice"].format(subject=term.subject, portal=scene.policy.portal),
    )


def _left(term: Term, scene: Scene, language: str) -> str:
    """By the calendar of the portal's zone: two dates a week apart are seven days, whatever the hour is."""
    zone = scene.zone()
    today = scene.now.astimezone(zone).date()
    if (term.at - MOMENT).astimezone(zone).date() <= today:
        return _LAST_DAY[language]
    days = (term.at.astimezone(zone).date() - today).days
    return plural(days, _DAYS[language], language).format(n=days)


def _step(reminder: Reminder, language: str) -> str:
    texts = _TEXTS[language]
    if not reminder.sent:
        return texts["early"]
    return texts["reminder"].format(number=reminder.sent, all=3)


def _date(term: Term, scene: Scene) -> str:
    return term.at.astimezone(scene.zone()).strftime("%d.%m.%Y")
