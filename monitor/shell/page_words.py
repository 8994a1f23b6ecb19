"""The words of the pages by language, and the names of a channel's states."""

from __future__ import annotations

from monitor.core.model import State
from monitor.shell import page_words_incidents
from monitor.shell.page_words_en import EN
from monitor.shell.page_words_ru import RU

STATES: dict[str, dict[State, str]] = {
    "ru": {
        State.CONNECTED: "работает",
        State.CONNECTING: "подключается",
        State.QR_REQUIRED: "нужен QR-код",
        State.PHONE_OFFLINE: "телефон не в сети",
        State.OPENED_ELSEWHERE: "открыт в другом месте",
        State.BANNED: "заблокирован",
        State.RESTRICTED: "ограничен",
        State.UNPAID: "не оплачен",
        State.TOKEN_REVOKED: "ключ отозван",
        State.MISCONFIGURED: "настройка нарушена",
        State.SILENT: "молчит",
        State.UNREACHABLE: "провайдер не отвечает",
        State.UNKNOWN: "неизвестно",
    },
    "en": {state: state.value.replace("_", " ") for state in State}
    | {State.CONNECTED: "works", State.QR_REQUIRED: "QR code needed"},
}

WORDS: dict[str, dict[str, str]] = {"ru": RU | page_words_incidents.RU, "en": EN | page_words_incidents.EN}
