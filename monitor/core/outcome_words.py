"""Closed dialogs and a weak week in words for the head: what was lost, with whom, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from monitor.core.assessment import Scene, Texts
from monitor.core.incident import Words
from monitor.core.replies import FEWEST
from monitor.core.reply_words import dialog_link, messenger_of_turn, unseen_phone
from monitor.core.tallies import Tally
from monitor.core.turn import Turn
from monitor.core.words import LANGUAGES, channel_name, moment, percent, person, plural, span_of, worked_of

WORST, FIRST = 5, 3  # managers named in one message, and in its advice
AGREED = 0.80

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "ru": {
        "closed": "Диалог закрыт без ответа клиенту: {channel}",
        "closed_text": "Клиент написал {at}, диалог закрыт {ended}, {unanswered}. {who} Статистика Битрикс24 "
        "считает такой диалог отвеченным.",
        "silent": "ответа так и не было",
        "undelivered": "сотрудник писал ему, но сообщение не доставлено",
        "closed_advice": "Руководитель: открыть диалог, ответить клиенту и выяснить, почему его закрыли молча.",
        "auto_advice": "Руководитель: открыть диалог, ответить клиенту и выяснить, почему ему не ответили до закрытия.",
        "undelivered_advice": "Руководитель: открыть диалог и написать клиенту ещё раз; выяснить, почему сообщение не "
        "дошло.",
        "phone_advice": "Руководитель: узнать, не ответили ли клиенту с телефона; если нет, открыть диалог и ответить.",
        "closer": "Закрыл: {name}.",
        "auto": "Закрылся автоматически, {where}.",
        "unknown": "Кто закрыл, портал не сообщил; {where}.",
        "held": "диалог был у сотрудника: {name}",
        "returned": "диалог вернулся в очередь, до этого был у сотрудника: {name}",
        "nobody": "диалог никто не взял",
        "link": "Диалог: {link}",
        "message": "Сообщение клиента {message} от {at}; закрытие {ended}{proof}.",
        "proof": " (сообщение {proof})",
        "waited": "Клиент ждал {waited} по календарю; норма {target}.",
        "waited_both": "Клиент ждал {waited} по календарю, {working} рабочего времени; норма {target}.",
        "waited_off": "Клиент ждал {waited} по календарю, всё в нерабочее время; норма {target}.",
        "low": "За неделю вовремя отвечено только {share} обращений",
        "low_still": "За неделю вовремя отвечено {share} обращений",
        "low_text": "За 7 дней ответ был нужен {n} {times}, вовремя ответили {met}. Договорённость: не меньше 80 %; "
        "тревога закроется, когда будет больше 85 %.",
        "low_advice": "Руководитель: разобрать с командой диалоги без ответа и дежурства{begin}.",
        "begin": "; начать с: {names}",
        "few": ", мало данных для оценки",
        "row": "{name}: вовремя {met} из {n} ({share}){few}",
        "queue": "очередь (никто не взял)",
    },
    "en": {
        "closed": "A dialog was closed without an answer: {channel}",
        "closed_text": "The customer wrote at {at}, the dialog was closed at {ended}, {unanswered}. {who} "
        "Bitrix24's own statistics count it as answered.",
        "silent": "nobody had answered",
        "undelivered": "an employee had written, but the message was not delivered",
        "closed_advice": "Head: open the dialog, answer the customer and find out why it was closed in silence.",
        "auto_advice": "Head: open the dialog, answer the customer and find out why nobody had answered by then.",
        "undelivered_advice": "Head: open the dialog and write to the customer again; find out why the message did not "
        "arrive.",
        "phone_advice": "Head: find out whether the customer was answered from the phone; if not, open the dialog and "
        "answer.",
        "closer": "Closed by {name}.",
        "auto": "It closed by itself, {where}.",
        "unknown": "The portal does not say who closed it; {where}.",
        "held": "the dialog was with {name}",
        "returned": "the dialog was back in the queue, it had been with {name}",
        "nobody": "nobody had taken the dialog",
        "link": "Dialog: {link}",
        "message": "The customer's message {message} of {at}; closed at {ended}{proof}.",
        "proof": " (message {proof})",
        "waited": "The customer had waited {waited} by the calendar; the target is {target}.",
        "waited_both": "The customer had waited {waited} by the calendar, {working} of working time; the target is "
        "{target}.",
        "waited_off": "The customer had waited {waited} by the calendar, all of it out of hours; the target is {target}.",
        "low": "Only {share} of the week's requests were answered in time",
        "low_still": "{share} of the week's requests were answered in time",
        "low_text": "In 7 days {n} messages needed an answer, {met} got one in time. Agreed is at least 80 %; the alert "
        "closes above 85 %.",
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
        recommendation=texts[_closed_advice(turn)],
    )


def _closed_advice(turn: Turn) -> str:
    """Only who closed in silence is asked why."""
    if _is_undelivered(turn):
        return "undelivered_advice"
    if "no_phone" in turn.marks:
        return "phone_advice"
    return "closed_advice" if turn.closer else "auto_advice"


def _is_undelivered(turn: Turn) -> bool:
    return turn.blame == "channel" or "send_failed" in turn.marks


def _closed_evidence(turn: Turn, scene: Scene, language: str) -> tuple[str, ...]:
    texts, facts = _TEXTS[language], _facts(turn, scene, language)
    told = (texts[name].format(**facts) for name in ("link", "message", _clocks(turn)))
    return (*told, facts["who"], *unseen_phone(turn, language))


def _clocks(turn: Turn) -> str:
    if turn.working is None:
        return "waited"
    return "waited_both" if turn.working else "waited_off"


def _who(turn: Turn, scene: Scene, language: str) -> str:
    """Who closed it, or who had it where nobody did or nobody is told."""
    texts = _TEXTS[language]
    if turn.closer:
        return texts["closer"].format(name=person(turn.closer, scene, language))
    had = [*turn.skipped, *(part.user for part in turn.held if part.user in scene.state.managers)]  # no bot
    user = turn.holder or (had[-1] if had else 0)
    place = "held" if turn.holder else "returned" if user else "nobody"
    where = texts[place].format(name=person(user, scene, language))
    return texts["unknown" if turn.cause == "closed" else "auto"].format(where=where)


def _facts(turn: Turn, scene: Scene, language: str) -> dict[str, str]:
    texts, zone = _TEXTS[language], scene.policy.timezone
    ended = turn.ended or scene.now
    key = turn.channel
    return {
        "channel": channel_name(key, messenger_of_turn(turn, scene), scene, language),
        "at": moment(turn.opened, zone, language),
        "ended": moment(ended, zone, language),
        "unanswered": texts["undelivered" if _is_undelivered(turn) else "silent"],
        "who": _who(turn, scene, language),
        "link": dialog_link(turn, scene),
        "message": str(turn.message),
        "proof": texts["proof"].format(proof=turn.proof) if turn.proof else "",
        "waited": span_of(ended - turn.opened, language),
        "working": worked_of(turn.working or timedelta(), language),
        "target": span_of(turn.target, language),
    }


def about_compliance(team: Tally, managers: Mapping[int, Tally], scene: Scene) -> Texts:
    rows = tuple(_rows(managers, scene, scene.policy.language))
    return Texts(evidence=rows, words={name: _low_words(team, managers, scene, name) for name in LANGUAGES})


def _low_words(team: Tally, managers: Mapping[int, Tally], scene: Scene, language: str) -> Words:
    texts = _TEXTS[language]
    facts = {
        "share": percent(team.share, language),
        "n": team.n,
        "times": plural(team.n, ("раз", "раза", "раз"), "ru"),
        "met": team.met,
    }
    begin = [_name(user, scene, language) for user, one in _worst(managers) if _is_rated(one) and one.share < AGREED]
    return Words(
        summary=texts["low" if team.share < AGREED else "low_still"].format(**facts),
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
