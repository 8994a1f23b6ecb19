"""A line's settings and what stands beside them, as people call them: for who reads that one has changed."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitor.core.words import quotable

LONGEST = 60  # characters of a value that are shown: greetings are longer

_CHANGE = re.compile(r"\A(?P<name>\w++): (?P<was>.*) -> (?P<now>.*)", re.DOTALL)
_DAY_OF_MONTH = re.compile(r"\A(\d\d)\.(\d\d)\.(\d{4})\Z")
_OPENED = re.compile(r" (\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d)\S*$")
_TEXTS = {"ru": "«{name}»: было «{was}», стало «{now}»", "en": '"{name}": was "{was}", is "{now}"'}
_SOMEHOW = {"ru": "«{name}»: изменено", "en": '"{name}": changed'}  # where what is shown is the same
_DATES = {"ru": r" (\3.\2.\1 \4)", "en": r" (\1-\2-\3 \4)"}
_NAMES: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "QUEUE_TYPE": "распределение диалогов",
        "QUEUE_TIME": "через сколько секунд передать следующему",
        "NO_ANSWER_TIME": "через сколько секунд считать, что не ответили",
        "NO_ANSWER_RULE": "что делать, если не ответили",
        "CHECK_AVAILABLE": "учёт рабочего дня сотрудников",
        "TYPE_MAX_CHAT": "какие диалоги считать в пределе",
        "MAX_CHAT": "сколько диалогов у сотрудника самое большее",
        "WELCOME_MESSAGE": "приветствие",
        "WELCOME_MESSAGE_TEXT": "текст приветствия",
        "WELCOME_BOT_ENABLE": "бот на линии",
        "CRM": "поиск клиента в CRM",
        "CRM_CREATE": "что создавать в CRM",
        "CRM_FORWARD": "передача ответственному из CRM",
        "CRM_TRANSFER_CHANGE": "ответственный в CRM меняется вместе с сотрудником",
        "CRM_CHAT_TRACKER": "поиск телефонов и почты в переписке",
        "CRM_SOURCE": "источник в CRM",
        "AUTO_CLOSE_TIME": "через сколько секунд закрыть диалог",
        "FULL_CLOSE_TIME": "через сколько минут закрыть диалог совсем",
    },
    "en": {
        "QUEUE_TYPE": "how dialogs are distributed",
        "QUEUE_TIME": "seconds before passing on",
        "NO_ANSWER_TIME": "seconds before it is unanswered",
        "NO_ANSWER_RULE": "what to do when unanswered",
        "CHECK_AVAILABLE": "only people whose working day is open",
        "TYPE_MAX_CHAT": "which dialogs count for the limit",
        "MAX_CHAT": "most dialogs a person",
        "WELCOME_MESSAGE": "greeting",
        "WELCOME_MESSAGE_TEXT": "the greeting's text",
        "WELCOME_BOT_ENABLE": "bot on the line",
        "CRM": "search for customers in the CRM",
        "CRM_CREATE": "what to create in the CRM",
        "CRM_FORWARD": "forwarding to the CRM responsible",
        "CRM_TRANSFER_CHANGE": "the CRM responsible follows the employee",
        "CRM_CHAT_TRACKER": "search for phones and e-mail in dialogs",
        "CRM_SOURCE": "source in the CRM",
        "AUTO_CLOSE_TIME": "seconds before a dialog is closed",
        "FULL_CLOSE_TIME": "minutes before a dialog is closed for good",
    },
}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "Y": "включено",
        "N": "выключено",
        "-": "пусто",
        "none": "ничего",
        "lead": "лид",
        "deal": "сделка",
        "evenly": "равномерно",
        "strictly": "строго по очереди",
        "all": "всем сразу",
        "24/7": "круглосуточно",
        "no": "нет",
    },
    "en": {
        "Y": "on",
        "N": "off",
        "-": "nothing",
        "none": "nothing",
        "evenly": "evenly",
        "strictly": "strictly by turns",
        "all": "to all at once",
        "24/7": "round the clock",
        "no": "none",
    },
}
_DAYS = {"ru": ["пн", "вт", "ср", "чт", "пт", "сб", "вс"], "en": ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]}


def setting_words(item: str, language: str) -> str:
    """`item` as the audit tells it, NAME: was -> is. A name that is not here is shown as the portal writes it."""
    found = _CHANGE.fullmatch(item)
    if found is None:
        return item
    name = _NAMES[language].get(found["name"], found["name"])
    was, now = (_short(value_words(found[when], language)) for when in ("was", "now"))
    return (_TEXTS if was != now else _SOMEHOW)[language].format(name=name, was=was, now=now)


def value_words(value: str, language: str) -> str:
    return _VALUES[language].get(value, value)


def _short(value: str) -> str:
    return quotable(value if len(value) <= LONGEST else f"{value[:LONGEST].rstrip()}…")


def days_words(item: str, language: str) -> str:
    """Weekdays as numbers, 0 = Monday, with blanks between."""
    days = [_DAYS[language][int(number)] for number in item.split()]
    return ", ".join(days) or value_words("no", language)


def date_words(item: str, language: str) -> str:
    """A day as the audit writes it, 21.09.2026, in the form of the language."""
    return item if language == "ru" else _DAY_OF_MONTH.sub(r"\3-\2-\1", item)


def opened_words(item: str, language: str) -> str:
    """A document's number and when its link was opened, by the clock that the portal told it in."""
    return _OPENED.sub(_DATES[language], item)
