"""Closed dialogs and a weak week in words for the head: what was lost, with whom, what to do."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.assessment import Scene, Texts
from monitor.core.incident import Words
from monitor.core.replies import FEWEST
from monitor.core.reply_words import dialog_link, messenger_of_turn
from monitor.core.tallies import Tally
from monitor.core.turn import Turn
from monitor.core.words import LANGUAGES, channel_name, moment, percent, person, span_of

WORST, FIRST = 5, 3  # managers named in one message, and in its advice
AGREED = 0.80

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "closed": "Диалог закрыт без ответа клиенту: {channel}",
        "closed_text": "Клиент написал {at}, диалог закрыт {ended}, ответа так и не было. {who} Статистика Битрикс24 "
        "считает такой диалог отвеченным.",
        "closed_advice": "Руководитель: открыть диалог, ответить клиенту и выяснить, почему его закрыли молча.",
        "closer": "Закрыл: {name}.",
        "auto": "Закрылся автоматически, диалог был у сотрудника: {name}.",
        "auto_queue": "Закрылся автоматически, диалог никто не взял.",
        "link": "Диалог: {link}",
        "message": "Сообщение клиента {message} от {at}; закрытие {ended}{proof}.",
        "proof": " (сообщение {proof})",
        "waited": "Клиент ждал {waited} по календарю; норма {target}.",
        "low": "За неделю вовремя отвечено только {share} обращений",
        "low_text": "За 7 дней ответ был нужен {n} раз, вовремя ответили {met}. Договорённость: не меньше 80 %.",
        "low_advice": "Руководитель: разобрать с командой диалоги без ответа и дежурства{begin}.",
        "begin": "; начать с: {names}",
        "few": ", мало данных для оценки",
        "row": "{name}: вовремя {met} из {n} ({share}){few}",
        "queue": "очередь (никто не взял)",
    },
    "en": {
        "closed": "A dialog was closed without an answer: {channel}",
        "closed_text": "The customer wrote at {at}, the dialog was closed at {ended}, nobody had answered. {who} "
        "Bitrix24's own statistics count it as answered.",
        "closed_advice": "Head: open the dialog, answer the customer and find out why it was closed in silence.",
        "closer": "Closed by {name}.",
        "auto": "It closed by itself, the dialog was with {name}.",
        "auto_queue": "It closed by itself, nobody had taken the dialog.",
        "link": "Dialog: {link}",
        "message": "The customer's message {message} of {at}; closed at {ended}{proof}.",
        "proof": " (message {proof})",
        "waited": "The customer had waited {waited} by the calendar; the target is {target}.",
        "low": "Only {share} of the week's requests were answered in time",
        "low_text": "In 7 days {n} messages needed an answer, {met} got one in time. Agreed is at least 80 %.",
        "low_advice": "Head: go through the unanswered dialogs and the duty roster with the team{begin}.",
        "begin": "; begin with: {names}",
        "few": ", too few to judge",
        "row": "{name}: {met} of {n} in time ({share}){few}",
        "queue": "the queue (nobody took it)",
    },
}


def about_closed(turn: Turn, scene: Scene) -> Texts:
    evidence = _closed_evidence(turn, scene, scene.policy.language)
    return Texts(evidence=evidence, words={name: _closed_words(turn, scene, name) for name in LANGUAGES})


def _closed_words(turn: Turn, scene: Scene, language: str) -> Words:
    texts, facts = _TEXTS[language], _facts(turn, scene, language)
    return Words(
        summary=texts["closed"].format(**facts),
        description=texts["closed_text"].format(**facts),
        recommendation=texts["closed_advice"],
    )


def _closed_evidence(turn: Turn, scene: Scene, language: str) -> tuple[str, ...]:
    texts, facts = _TEXTS[language], _facts(turn, scene, language)
    return (*(texts[name].format(**facts) for name in ("link", "message", "waited")), facts["who"])


def _facts(turn: Turn, scene: Scene, language: str) -> dict[str, str]:
    texts, zone = _TEXTS[language], scene.policy.timezone
    ended = turn.ended or scene.now
    user = turn.closer or turn.holder
    form = "closer" if turn.closer else "auto" if user else "auto_queue"
    key = turn.channel
    return {
        "channel": channel_name(key, messenger_of_turn(turn, scene), scene, language),
        "at": moment(turn.opened, zone, language),
        "ended": moment(ended, zone, language),
        "who": texts[form].format(name=person(user, scene, language) if user else ""),
        "link": dialog_link(turn, scene),
        "message": str(turn.message),
        "proof": texts["proof"].format(proof=turn.proof) if turn.proof else "",
        "waited": span_of(ended - turn.opened, language),
        "target": span_of(turn.target, language),
    }


def about_compliance(team: Tally, managers: Mapping[int, Tally], scene: Scene) -> Texts:
    rows = tuple(_rows(managers, scene, scene.policy.language))
    return Texts(evidence=rows, words={name: _low_words(team, managers, scene, name) for name in LANGUAGES})


def _low_words(team: Tally, managers: Mapping[int, Tally], scene: Scene, language: str) -> Words:
    texts = _TEXTS[language]
    facts = {"share": percent(team.share, language), "n": team.n, "met": team.met}
    begin = [_name(user, scene, language) for user, one in _worst(managers) if _is_rated(one) and one.share < AGREED]
    return Words(
        summary=texts["low"].format(**facts),
        description=texts["low_text"].format(**facts),
        recommendation=texts["low_advice"].format(
            begin=texts["begin"].format(names=", ".join(begin[:FIRST])) if begin else ""
        ),
    )


def _rows(managers: Mapping[int, Tally], scene: Scene, language: str) -> list[str]:
    texts = _TEXTS[language]
    return [
        texts["row"].format(
            name=_name(user, scene, language),
            met=one.met,
            n=one.n,
            share=percent(one.share, language),
            few="" if _is_rated(one) else texts["few"],
        )
        for user, one in _worst(managers)
    ]


def _worst(managers: Mapping[int, Tally]) -> list[tuple[int, Tally]]:
    """Whose unmet replies weigh most, those first of whom enough is known to judge them."""
    seen = [(user, one) for user, one in managers.items() if one.n]
    return sorted(seen, key=lambda pair: (not _is_rated(pair[1]), -pair[1].unmet, pair[0]))[:WORST]


def _is_rated(one: Tally) -> bool:
    return one.n >= FEWEST


def _name(user: int, scene: Scene, language: str) -> str:
    return person(user, scene, language) if user else _TEXTS[language]["queue"]
