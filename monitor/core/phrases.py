"""What the words of a message are good for: a bare "thank you", and what the portal's own lines tell of.

REST gives a notice no kind beside its class, so those that have none are known by their words (bitrix24-api.md 6.6).
"""

from __future__ import annotations

import re

LONGEST = 60  # characters; a text beyond that says more than thanks
_CLOSING = (
    *("спасибо", "спс", "пасиб", "благодарю", "ок", "окей", "хорошо", "понял", "поняла", "понятно", "ясно", "отлично"),
    *("супер", "договорились", "до свидания", "всего доброго", "thanks", "thank you", "ok", "okay", "great", "bye"),
    *("👍", "👌", "🙏", "🤝", "❤", "+"),
)
_BESIDE = (  # they say nothing of their own and close nothing alone
    *("да", "нет", "все", "всё", "и", "очень", "большое", "огромное", "вам", "вас", "тебе", "за помощь", "за ответ"),
    *("за информацию", "за консультацию", "very much", "so much", "a lot", "and", "yes", "no", "for your help"),
    *("for the help", "🙂", "😊", "😀", "🌹", "💐"),
)
_MARKS = re.compile(r"[\s.,!;:()…\-–—\ufe0f\U0001f3fb-\U0001f3ff]+")  # the last are variants and skins of emoji


def _units(phrases: tuple[str, ...]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in phrases)


_CLOSES, _ADDS = _units(_CLOSING), _units(_BESIDE)
_MOST = max(map(len, _CLOSES | _ADDS))
_SIGNS = frozenset(phrase for phrase in (*_CLOSING, *_BESIDE) if len(phrase) == 1 and not phrase.isalpha())


def is_closing(normal: str) -> bool:
    """Whether a text in small letters is thanks or consent and nothing else: known phrases, one after the other."""
    if len(normal) > LONGEST:
        return False
    words, place, closes = _words(normal), 0, False
    while place < len(words):
        known = _known_at(words, place)
        if not known:
            return False
        closes = closes or known in _CLOSES
        place += len(known)
    return closes


def _words(normal: str) -> list[str]:
    """Signs stand alone, however many follow each other."""
    words: list[str] = []
    for word in _MARKS.sub(" ", normal).split():
        words += [word] if _SIGNS.isdisjoint(word) else list(_apart(word))
    return words


def _apart(word: str) -> list[str]:
    return "".join(f" {sign} " if sign in _SIGNS else sign for sign in word).split()


def _known_at(words: list[str], place: int) -> tuple[str, ...]:
    """The longest known phrase that begins at this word."""
    for size in range(min(_MOST, len(words) - place), 0, -1):
        phrase = tuple(words[place : place + size])
        if phrase in _CLOSES or phrase in _ADDS:
            return phrase
    return ()


# What Bitrix24's own lines say, as integrations that read them quote them: "Обращение направлено на [USER=12]" is an
# offer, "[USER=12] начал работу с диалогом" its acceptance.
_QUEUE = re.compile(
    r"\bв очередь\b|\bучастник\w* очереди\b|\bпо правилам очереди\b|\bснят с (?:оператора|сотрудника)\b"
    r"|\bto (?:the )?queue\b|\bagents in (?:the )?queue\b|\bqueuing rules\b",
    re.IGNORECASE,
)
_OFFER = re.compile(
    r"\bобращение (?:также )?(?:пере)?направлено\b"
    r"|\benquiry (?:has been |was |is )?(?:also )?(?:assigned|redirected|transferred|forwarded)\b",
    re.IGNORECASE,
)
_TO_ONE = re.compile(  # by the queue's rules, but to somebody
    r"\bобращение (?:также )?(?:пере)?направлено на (?!все)"
    r"|\b(?:assigned|redirected|transferred|forwarded) to (?!all\b|(?:the )?queue\b)",
    re.IGNORECASE,
)
_LEFT = re.compile(r"\b(?:покинул|вышел|вышла)|\b(?:has )?left the (?:chat|dialog|conversation)\b", re.IGNORECASE)
_CAME_BY = re.compile(r"\bприсоедин|\bпригла(?:сил|шен)|\bвступил|\bjoined\b|\b(?:has )?invited\b", re.IGNORECASE)
_PASSED_ON = re.compile(
    r"\bне (?:ответил|принял|взял)|\bавтоматическ|\bистекло\b|\bпо (?:таймауту|тайм-ауту|истечении)\b"
    r"|\b(?:did not|didn't) (?:answer|reply|respond|accept|take)|\bautomatically\b|\btime(?:d out|out)\b",
    re.IGNORECASE,
)
_SPAM = re.compile(r"\bспам(?:ом|а|е)?\b|\bspam\b", re.IGNORECASE)
_NO_SPAM = re.compile(
    r"\bне (?:является )?спам|\bсня[лт]|\bубра[лн]|\bотмен[ие]|\b(?:not|no longer) (?:a )?spam\b"
    r"|\bunmark|\bremoved\b|\bcancel",
    re.IGNORECASE,
)
_NOT_DELIVERED = re.compile(
    r"\bне (?:была? |было )?(?:доставлен|отправлен)|\bне удалось (?:доставить|отправить)|\bнет подтверждения доставк"
    r"|\bошибк\w{1,2} (?:доставк|отправк)|\bnot (?:been )?(?:delivered|sent)\b|\bfailed to (?:deliver|send)\b"
    r"|\b(?:delivery|sending) (?:error|failed)\b",
    re.IGNORECASE,
)


def kind_of_notice(plain: str, mark: str, names: int) -> str:
    """A notice's mark by its class, or by its words where the class says nothing. `names`: how many it mentions."""
    if mark not in {"", "attention"}:
        return mark
    if _QUEUE.search(plain) and not (names == 1 and _TO_ONE.search(plain)):
        return "queue"
    if not mark and names > 1 and _PASSED_ON.search(plain):
        return "passed_on"
    if not mark and names == 1:
        return _of_one(plain)
    return "attention" if not mark and _NOT_DELIVERED.search(plain) else mark


def _of_one(plain: str) -> str:
    """A line that names one employee: "" = he took the dialog."""
    if _SPAM.search(plain) and not _NO_SPAM.search(plain):
        return "spam"
    if _OFFER.search(plain):
        return "offer"
    if _LEFT.search(plain):
        return "left"
    if _CAME_BY.search(plain):
        return "joined"
    return "attention" if _NOT_DELIVERED.search(plain) else ""
