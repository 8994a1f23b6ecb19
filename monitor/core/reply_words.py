"""A waiting customer in words for the head: how long on both clocks, whose turn it is, where to look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from monitor.core.assessment import Scene, Texts
from monitor.core.incident import IncidentKind, Words
from monitor.core.model import Messenger
from monitor.core.portal_clock import portal_now
from monitor.core.story_words import MARKS
from monitor.core.turn import Turn
from monitor.core.words import LANGUAGES, channel_name, coarse, moment, person, span_of, worked_of

_SLOW, _NO = IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "summary": "Клиент ждёт ответа {waited}: {channel}",
        "summary_no": "Клиент до сих пор ждёт ответа, уже {waited}: {channel}",
        "working": "{span} рабочего времени",
        "description": "Клиент написал {at} и ждёт {clocks}. Норма ответа {target}, срок вышел {deadline}. {whose}",
        "clocks": "{calendar}, из них {working}",
        "holder": "Диалог у сотрудника: {holder}.",
        "holder_gone": "Диалог у сотрудника, который больше не работает: {holder}.",
        "queue": "Диалог никто не взял, он в очереди.",
        "advice": "Руководитель: напомнить сотруднику ({holder}) ответить сейчас или передать диалог другому.",
        "advice_phone": "Руководитель: спросить сотрудника ({holder}), не ответил ли он с телефона; если нет, пусть "
        "ответит сейчас.",
        "advice_gone": "Руководитель: передать диалог другому сотруднику, чтобы он ответил сейчас.",
        "advice_queue": "Руководитель: решить, кто ответит сейчас, и передать ему диалог.",
        "advice_no": "Руководитель: ответить клиенту самому или сразу передать диалог другому, норма превышена втрое.",
        "advice_no_phone": "Руководитель: узнать, не ответили ли клиенту с телефона; если нет, ответить самому или "
        "сразу передать диалог другому, норма превышена втрое.",
        "next": "Тревога закроется сама, когда клиенту ответят.",
        "link": "Диалог: {link}",
        "message": "Сообщение клиента {message} от {at}, ответа после него нет.",
        "due": "Норма {target}, срок {deadline} по рабочему времени линии.",
        "waits": "Ждёт по календарю {calendar}.",
        "waits_both": "Ждёт по календарю {calendar}, по рабочему времени {working}.",
    },
    "en": {
        "summary": "A customer has waited {waited} for a reply: {channel}",
        "summary_no": "A customer still has no reply after {waited}: {channel}",
        "working": "{span} of working time",
        "description": "The customer wrote at {at} and has waited {clocks}. The target is {target}, it passed at "
        "{deadline}. {whose}",
        "clocks": "{calendar}, {working}",
        "holder": "The dialog is with {holder}.",
        "holder_gone": "The dialog is with somebody who works there no more: {holder}.",
        "queue": "Nobody has taken the dialog, it is in the queue.",
        "advice": "Head: remind the employee ({holder}) to reply now, or hand the dialog to somebody else.",
        "advice_phone": "Head: ask the employee ({holder}) whether the reply went from the phone; if not, it is due now.",
        "advice_gone": "Head: hand the dialog to another employee, who replies now.",
        "advice_queue": "Head: decide who replies now and hand the dialog over.",
        "advice_no": "Head: reply to the customer yourself or hand the dialog over at once, three targets have passed.",
        "advice_no_phone": "Head: find out whether the customer was answered from the phone; if not, reply yourself or "
        "hand the dialog over at once, three targets have passed.",
        "next": "The alert closes by itself when the customer gets a reply.",
        "link": "Dialog: {link}",
        "message": "The customer's message {message} of {at}, no reply after it.",
        "due": "Target {target}, due at {deadline} on the line's working clock.",
        "waits": "Has waited {calendar} by the calendar.",
        "waits_both": "Has waited {calendar} by the calendar, {working} of working time.",
    },
}


def about_reply(kind: IncidentKind, turn: Turn, scene: Scene) -> Texts:
    words = {language: _words(kind, turn, scene, language) for language in LANGUAGES}
    return Texts(evidence=reply_evidence(turn, scene, scene.policy.language), words=words)


def reply_evidence(turn: Turn, scene: Scene, language: str) -> tuple[str, ...]:
    """The dialog's link, the message's time, the target, both clocks, whose turn it is, and whether an answer from the
    phone would be seen; no text, no number."""
    texts, facts = _TEXTS[language], _facts(turn, scene, language)
    waits = "waits_both" if facts["working"] else "waits"
    names = ("link", "message", "due", waits)
    return (*(texts[name].format(**facts) for name in names), facts["whose"], *unseen_phone(turn, language))


def unseen_phone(turn: Turn, language: str) -> tuple[str, ...]:
    """Nobody is accused of silence where an answer from the phone would not be seen (response-time.md, case 35)."""
    return (MARKS[language]["no_phone"],) if "no_phone" in turn.marks else ()


def messenger_of_turn(turn: Turn, scene: Scene) -> Messenger:
    """As the channel is known now; the turn's own word where it is not."""
    memory = scene.state.channels.get(turn.channel)
    return memory.channel.messenger if memory else turn.messenger


def dialog_link(turn: Turn, scene: Scene) -> str:
    """The session's history on the portal."""
    address = (scene.state.memory.server_address or scene.policy.url).rstrip("/")
    return f"{address}/online/?IM_HISTORY=imol|{turn.session}"


def _facts(turn: Turn, scene: Scene, language: str) -> dict[str, str]:
    texts, zone = _TEXTS[language], scene.policy.timezone
    calendar = portal_now(scene.state.memory, scene.now, turn.opened) - turn.opened
    working = scene.working(turn)
    holder = person(turn.holder, scene, language) if turn.holder else ""
    key = turn.channel
    return {
        "channel": channel_name(key, messenger_of_turn(turn, scene), scene, language),
        "at": moment(turn.opened, zone, language),
        "deadline": moment(turn.deadline, zone, language),
        "target": span_of(turn.target, language),
        "calendar": _span(calendar, language),
        "working": _worked(working, calendar, language) if working is not None else "",
        "waited": _span(calendar, language) if working is None else _worked(working, calendar, language),
        "holder": holder,
        "whose": texts[_whose(turn, scene)].format(holder=holder),
        "link": dialog_link(turn, scene),
        "message": str(turn.message),
    }


def _whose(turn: Turn, scene: Scene) -> str:
    if not turn.holder:
        return "queue"
    return "holder_gone" if _is_gone(turn, scene) else "holder"


def _is_gone(turn: Turn, scene: Scene) -> bool:
    """Whether the holder works there no more, also where he left since the dialog was read (case 43)."""
    manager = scene.state.managers.get(turn.holder)
    return "dismissed" in turn.marks or (manager is not None and not manager.active)


def _advice(kind: IncidentKind, turn: Turn, scene: Scene) -> str:
    """Who has left can answer nothing, and who may have answered from the phone is asked first."""
    is_seen = "no_phone" not in turn.marks
    if kind is _NO:
        return "advice_no" if is_seen else "advice_no_phone"
    if not turn.holder:
        return "advice_queue"
    if _is_gone(turn, scene):
        return "advice_gone"
    return "advice" if is_seen else "advice_phone"


def _span(span: timedelta, language: str) -> str:
    return span_of(coarse(span), language)


def _worked(working: timedelta, calendar: timedelta, language: str) -> str:
    """Word for word what the calendar says where both clocks say the same."""
    same = coarse(working) == coarse(calendar)
    return _span(calendar, language) if same else worked_of(coarse(working), language)


def _words(kind: IncidentKind, turn: Turn, scene: Scene, language: str) -> Words:
    texts, facts = _TEXTS[language], _facts(turn, scene, language)
    differs = facts["working"] not in {"", facts["calendar"]}
    worked = texts["working"].format(span=facts["working"])
    clocks = texts["clocks"].format(calendar=facts["calendar"], working=worked) if differs else facts["calendar"]
    waited = worked if differs else facts["waited"]
    return Words(
        summary=texts["summary" if kind is _SLOW else "summary_no"].format(**(facts | {"waited": waited})),
        description=texts["description"].format(clocks=clocks, **facts),
        recommendation=f"{texts[_advice(kind, turn, scene)].format(**facts)} {texts['next']}",
    )
