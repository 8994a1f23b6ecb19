"""A session's history as Bitrix24 tells it, parsed once into messages without texts (bitrix24-api.md 4.4, 6.6)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

from monitor.core.connectors import connector_id
from monitor.core.known_texts import NO_TEXTS, KnownTexts
from monitor.core.model import Author, Delivery, Message, Person, Session
from monitor.core.phrases import is_closing, kind_of_notice
from monitor.core.reading import HistorySeen
from monitor.core.recall import Recall, mark_of
from monitor.core.replacing import maker

_SYSTEM_CLASS = "bx-messenger-content-item-system"
_MARKS = {"ol-output": "output", "ol-start": "start", "ol-end": "end", "ol-attention": "attention"}
_MENTION = re.compile(r"\[USER=(\d+)[^\]]*\]", re.IGNORECASE)
_TAGS = re.compile(r"\[/?[A-Za-z]+[^\]]*\]")
_RATINGS = frozenset({"[like]", "[dislike]"})  # made of a "1" or "0" after the portal asked for one
LARGEST = 2**63 - 1  # whole number that the store takes
_SPAM = 65  # a session's status, bitrix24-api.md 4.6
_number = attrgetter("id")
_moment_and_number = attrgetter("at", "id")
_CONTENT = (("image", "image"), ("audio", "voice"), ("video", "video"))


_made = maker(Message)
_SPEAKERS = frozenset({Author.CUSTOMER, Author.MANAGER, Author.BOT})


class NotHistory(ValueError):
    """The answer has not the shape of a session's history; the text names the place."""


def parse(answer: Any, texts: KnownTexts = NO_TEXTS, recall: Recall | None = None, portal: str = "") -> HistorySeen:
    """imopenlines.session.history.get -> HistorySeen. NotHistory when the shape is foreign.

    `recall`: what the messages of the portal's dialogs came to when they were told last.
    """
    if not isinstance(answer, dict):
        raise NotHistory("the history is no map")
    session, chat = integer(answer.get("sessionId")), integer(answer.get("chatId"))
    if session is None or chat is None:
        raise NotHistory("sessionId or chatId is missing")
    recall = recall or Recall()
    users, files, rows = answer.get("users"), answer.get("files"), _told(answer.get("message"))
    people = {person.id: person for person in _people(users)}

    def understand(row: Any) -> Message | None:
        raw = recall.read(row)
        return _message(raw, session, chat, people, files, texts) if isinstance(raw, dict) else None

    ground = (chat, texts, mark_of((users, files)))
    messages = recall.understood((portal, session), ground, rows, understand)
    known = sorted([message for message in messages if message is not None], key=_number)
    place = _chat(answer.get("chat"), chat)
    return HistorySeen(
        session=_session(session, chat, place, known),
        messages=tuple(known),
        people=tuple(people[number] for number in sorted(people)),
    )


def _session(session: int, chat: int, place: Mapping[str, Any], messages: list[Message]) -> Session:
    connector, line, customer = user_code(place.get("entityId"))
    created = messages[0].at if messages else datetime.fromtimestamp(0, UTC)
    first = min((m for m in messages if m.author in _SPEAKERS), key=_moment_and_number, default=None)
    return Session(
        id=session,
        chat=chat,
        line=line,
        moved=_moved_to(place.get("entityData1"), session),
        connector=connector,
        customer=customer,
        started_by_customer=first is None or first.author is Author.CUSTOMER,
        created=created,
        closed=_closed(messages),
        owner=integer(place.get("owner")) or 0,
        crm=str(place.get("entityData1", "N"))[:1] == "Y",
        crm_entity=_crm_entity(place.get("entityData1")),
        contact=_contact(place.get("entityData2")),
        status=_SPAM if any(m.mark == "spam" for m in messages) else None,
    )


def _closed(messages: list[Message]) -> datetime | None:
    """When it was ended, unless somebody talked on."""
    end = next((message.at for message in reversed(messages) if message.mark == "end"), None)
    if end is None or any(m.at > end and _talks(m) for m in messages):
        return None
    return end


def _talks(message: Message) -> bool:
    """Who rates the dialog after its end does not."""
    return message.author is Author.MANAGER or (message.author is Author.CUSTOMER and message.content != "form")


def _chat(chats: Any, chat: int) -> Mapping[str, Any]:
    place = chats.get(str(chat)) if isinstance(chats, dict) else None
    if isinstance(chats, list) and chats:
        place = chats[0]
    return place if isinstance(place, dict) else {}


def user_code(text: Any) -> tuple[str, int, int]:
    """(connector, line, customer's user id) of connector|line|external chat|user. The third part is foreign text."""
    parts = text.split("|") if isinstance(text, str) else []
    if len(parts) < 4:
        return (connector_id(parts[0]) if parts else "", integer(parts[1]) or 0 if len(parts) > 1 else 0, 0)
    return connector_id(parts[0]), integer(parts[1]) or 0, integer(parts[-1]) or 0


def _crm_entity(text: Any) -> tuple[str, int] | None:
    parts = text.split("|") if isinstance(text, str) else []
    number = integer(parts[2]) if len(parts) > 2 else None
    return (parts[1].lower(), number) if number and parts[1] not in {"", "NONE"} else None


def _moved_to(text: Any, session: int) -> int:
    """The line that has the dialog now, 0 = the one it came by. It is told of the chat's newest session alone."""
    parts = text.split("|") if isinstance(text, str) else []
    return integer(parts[7]) or 0 if len(parts) > 7 and integer(parts[5]) == session else 0


def _contact(text: Any) -> int:
    """LEAD|0|COMPANY|0|CONTACT|77|DEAL|501"""
    parts = text.split("|") if isinstance(text, str) else []
    pairs = dict(zip(parts[::2], parts[1::2], strict=False))
    return integer(pairs.get("CONTACT")) or 0


def _people(users: Any) -> Iterable[Person]:
    for raw in _rows(users):
        number = integer(raw.get("id"))
        if number:
            yield Person(
                id=number,
                name=str(raw.get("name") or ""),
                active=raw.get("active") is not False,
                bot=raw.get("bot") is True,
                connector=raw.get("connector") is True,
            )


def _told(rows: Any) -> Iterable[Any]:
    """The messages, each a map, or bytes that were not read yet."""
    return rows.values() if isinstance(rows, dict) else rows if isinstance(rows, list) else ()


def _rows(rows: Any) -> Iterable[dict[str, Any]]:
    """PHP's maps: a map, a list, or an empty list."""
    values = rows.values() if isinstance(rows, dict) else rows if isinstance(rows, list) else ()
    return (row for row in values if isinstance(row, dict))


def _message(
    raw: Mapping[str, Any], session: int, chat: int, people: Mapping[int, Person], files: Any, texts: KnownTexts
) -> Message | None:
    number, at = integer(raw.get("id")), moment(raw.get("date"))
    if number is None or at is None:
        return None
    params = _params(raw.get("params"))
    user = integer(raw.get("senderid")) or 0
    text = str(raw.get("text") or "")
    author, mark = _author(user, params, people)
    plain = " ".join((_TAGS.sub(" ", text) if "[" in text else text).split())
    normal = plain.lower()
    if author is Author.MANAGER and texts.automatic is not None and texts.automatic.match(normal):
        author = Author.AUTOMATIC
    named = _mentions(text) if author is Author.NOTICE else ()
    if author is Author.NOTICE:
        mark = kind_of_notice(plain, mark, len(named))
    return _made(
        id=number,
        session=session,
        chat=chat,
        at=at,
        author=author,
        user=user,
        delivery=_delivery(params),
        mirrored=author is Author.MANAGER and "connectormid" in params and "sendingts" not in params,
        content="form" if author is Author.CUSTOMER and text.strip().lower() in _RATINGS else _content(params, files),
        length=len(plain),
        digest=_digest(normal),
        closing_phrase=is_closing(normal),
        canned=author is Author.MANAGER and texts.canned is not None and texts.canned.match(normal) is not None,
        deleted=str(params.get("isdeleted", "N")).upper() in {"Y", "TRUE"},
        mark=mark,
        mentions=named,
    )


def _mentions(text: str) -> tuple[int, ...]:
    numbers = map(integer, _MENTION.findall(text))
    return tuple([number for number in numbers if number is not None])


def _params(params: Any) -> dict[str, Any]:
    """Parameter names differ in case between the methods; the empty map arrives as a list."""
    if not isinstance(params, dict):
        return {}
    return {_plain_name(str(name)): value for name, value in params.items()}


@lru_cache(maxsize=1024)  # there are a few dozen
def _plain_name(name: str) -> str:
    return name.replace("_", "").lower()


def _author(user: int, params: Mapping[str, Any], people: Mapping[int, Person]) -> tuple[Author, str]:
    style = str(params.get("class") or "")
    if user == 0:
        mark = next((word for tail, word in _MARKS.items() if tail in style), "")
        return (Author.AUTOMATIC if mark == "output" else Author.NOTICE), mark
    if params.get("componentid") == "HiddenMessage" or _SYSTEM_CLASS in style:
        return Author.WHISPER, ""
    person = people.get(user)
    if person is not None and person.connector:
        return Author.CUSTOMER, ""
    return (Author.BOT if person is not None and person.bot else Author.MANAGER), ""


def _delivery(params: Mapping[str, Any]) -> Delivery:
    if str(params.get("isdelivered", "Y")).upper() == "N":
        return Delivery.FAILED
    return Delivery.PENDING if str(params.get("sending", "N")).upper() == "Y" else Delivery.ACCEPTED


def _content(params: Mapping[str, Any], files: Any) -> str:
    if params.get("imolform"):
        return "form"
    numbers = params.get("fileid")
    wanted = {str(number) for number in (numbers if isinstance(numbers, list) else [numbers] if numbers else [])}
    if not wanted:
        return "text"
    for raw in _rows(files):
        if str(raw.get("id")) in wanted:
            kind = str(raw.get("type") or "").lower()
            return next((word for start, word in _CONTENT if kind.startswith(start)), "file")
    return "file"


def digest(plain: str) -> str:
    """A short mark of a text, to see the same text again; too short a text says nothing."""
    return _digest(" ".join(plain.lower().split()))


def _digest(normal: str) -> str:
    return hashlib.blake2s(normal.encode("utf-8", "replace")).hexdigest()[:8] if len(normal) >= 12 else ""


def integer(value: Any) -> int | None:
    """Numbers arrive as ints or as texts. What no database's column holds is nobody's number."""
    kind = type(value)
    if kind is str:
        is_number = len(value) <= 20 and (value.isdecimal() or value.removeprefix("-").isdecimal())
        value = int(value) if is_number else None
    elif kind is not int:
        return None
    return value if value is not None and -LARGEST <= value <= LARGEST else None


def moment(value: Any) -> datetime | None:
    """An ISO date with its offset; one without is nobody's time and is refused."""
    return _moment(value) if isinstance(value, str) else None


@lru_cache(maxsize=1024)  # what moved together is told with the same second, and again at the next poll
def _moment(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):  # a date at the end of all dates has no UTC
        return None
