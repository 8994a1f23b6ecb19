"""Small words in both languages: lengths of time, moments, names of channels and people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from math import floor
from zoneinfo import ZoneInfo

from monitor.core.assessment import Scene
from monitor.core.memory import PortalState
from monitor.core.model import ChannelKey, Messenger

LANGUAGES = ("ru", "en")

MESSENGERS = {Messenger.WHATSAPP: "WhatsApp", Messenger.TELEGRAM: "Telegram", Messenger.MAX: "MAX"}

_UNITS = {
    "ru": (("день", "дня", "дней"), ("час", "часа", "часов"), ("минуту", "минуты", "минут")),
    "en": (("day", "days", "days"), ("hour", "hours", "hours"), ("minute", "minutes", "minutes")),
}
_GENITIVE = {
    "ru": (("дня", "дней", "дней"), ("часа", "часов", "часов"), ("минуты", "минут", "минут")),
    "en": _UNITS["en"],
}
_LESS_GENITIVE = {"ru": "минуты", "en": "a minute"}
_LESS = {"ru": "меньше минуты", "en": "less than a minute"}
_LINE = {"ru": "{what} на линии «{line}»", "en": '{what} on line "{line}"'}
_MOMENT = {"ru": "%d.%m.%Y %H:%M", "en": "%Y-%m-%d %H:%M"}
_SOMEBODY = {"ru": "сотрудник {id}", "en": "employee {id}"}
_BOT = {"ru": "бот {name}", "en": "bot {name}"}

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_STEPS = (
    (10 * _MINUTE, _MINUTE),
    (_HOUR, 5 * _MINUTE),
    (3 * _HOUR, 15 * _MINUTE),
    (_DAY, _HOUR),
    (3 * _DAY, 6 * _HOUR),
)


def quotable(name: str) -> str:
    """A name that is put between quotation marks: its own ones become the inner ones."""
    return name.replace("«", "„").replace("»", "“")


def coarse(span: timedelta) -> timedelta:
    """Rounded down, the longer the coarser: a text that says how long need not change with every poll."""
    step = next((step for limit, step in _STEPS if span < limit), _DAY)
    return span // step * step


def span_of(span: timedelta, language: str) -> str:
    """A length of time, two units at the most, as after "lasts" (accusative): 1 день 3 часа."""
    return _length(span, _UNITS[language], language) or _LESS[language]


def worked_of(span: timedelta, language: str) -> str:
    """The same of working time: in hours, since nobody works days of 24: 29 часов 44 минуты."""
    minutes = max(0, span // _MINUTE)
    return _said((minutes // 60, minutes % 60), _UNITS[language][1:], language) or _LESS[language]


def at_most(span: timedelta, language: str) -> str:
    """The same as after "no longer than" (genitive): 1 дня 3 часов."""
    return _length(span, _GENITIVE[language], language) or _LESS_GENITIVE[language]


def _length(span: timedelta, units: Sequence[tuple[str, str, str]], language: str) -> str:
    minutes = max(0, span // _MINUTE)
    amounts = (minutes // 1440, minutes // 60 % 24, minutes % 60)
    if amounts[0]:
        amounts = (*amounts[:2], 0)
    return _said(amounts, units, language)


def _said(amounts: Sequence[int], units: Sequence[tuple[str, str, str]], language: str) -> str:
    return " ".join(f"{n} {plural(n, forms, language)}" for n, forms in zip(amounts, units, strict=True) if n)


def percent(share: float | None, language: str, *, digits: int = 0) -> str:
    """A share of people's replies or of time, the same wherever it is shown: rounded down, so that what is below a
    threshold or below all is never said to reach it; a digit more near nothing and near all."""
    if share is None:
        return "—"
    digits += digits == 0 and (0 < share < 0.01 or 0.99 < share < 1)
    whole = floor(share * 100 * 10**digits + 1e-6) / 10**digits
    shown = "100" if share >= 1 else f"{whole:.{digits}f}"
    return f"{shown.replace('.', ',')} %" if language == "ru" else f"{shown}%"


def plural(number: int, forms: tuple[str, str, str], language: str) -> str:
    """The form that goes with the number: one, few, many; English knows one and many."""
    if language == "en":
        return forms[0] if number == 1 else forms[2]
    if number % 10 == 1 and number % 100 != 11:
        return forms[0]
    return forms[1] if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14 else forms[2]


def moment(at: datetime, zone: str, language: str = "ru") -> str:
    return at.astimezone(_zone(zone)).strftime(_MOMENT[language])


@lru_cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def channel_name(key: ChannelKey, messenger: Messenger, scene: Scene, language: str) -> str:
    """The messenger and the line as people call them: WhatsApp на линии «Продажи»; with the connector's own title where
    the line has another channel of the same messenger."""
    title = scene.state.connectors.get(key.connector) or key.connector
    line = scene.state.lines.get(key.line)
    what = MESSENGERS.get(messenger, title)
    if what != title and _has_twin(key, messenger, scene):
        what = f"{what} ({title if _is_only(title, key, scene) else key.connector})"
    return _LINE[language].format(what=what, line=quotable(line.name) if line and line.name else key.line)


def _has_twin(key: ChannelKey, messenger: Messenger, scene: Scene) -> bool:
    return any(
        other.line == key.line and other != key and one.channel.messenger is messenger and not one.gone
        for other, one in scene.state.channels.items()
    )


def _is_only(title: str, key: ChannelKey, scene: Scene) -> bool:
    return all(said != title for connector, said in scene.state.connectors.items() if connector != key.connector)


def person(user: int, scene: Scene, language: str) -> str:
    return name_of(user, scene.state, language) or _SOMEBODY[language].format(id=user)


def name_of(user: int, state: PortalState, language: str) -> str:
    """An employee's name, or a bot's that is said to be one; "" where neither is known."""
    manager = state.managers.get(user)
    if manager is not None and manager.name:
        return manager.name
    bots = dict(state.memory.bots)
    return _BOT[language].format(name=bots[user] or user) if user in bots else ""


def names_of(state: PortalState, language: str) -> dict[int, str]:
    """All that are known, by id."""
    known = [*dict(state.memory.bots), *state.managers]
    return {user: name for user in known if (name := name_of(user, state, language))}


def sentence(text: str) -> str:
    """With a capital at the beginning and a full stop at the end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".") if text else ""


def clause(text: str) -> str:
    """As it stands after a colon: without a capital, unless it is an abbreviation, and without a full stop."""
    text = text.strip().rstrip(".")
    is_word = len(text) > 1 and (text[1].islower() or text[1] == " ")
    return text[:1].lower() + text[1:] if is_word else text
