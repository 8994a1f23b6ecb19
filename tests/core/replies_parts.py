"""A tiny notation for dialogs: "09:00 c; 09:01 n12; 09:05 m12" is a question, an accept and an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.calendar import Schedule
from monitor.core.model import Author, Delivery, Message, Person, Session
from monitor.core.policy import Targets
from monitor.core.turn import Turn
from monitor.core.turn_rules import Rules
from monitor.core.turns import Judged, judge

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OFFICE = Schedule(zone="UTC", week=(((540, 780), (840, 1080)),) * 5 + ((), ()))  # 9-13 and 14-18
ALWAYS = Schedule(zone="UTC", week=(((0, 1440),),) * 7)
RULES = Rules(schedule=ALWAYS, targets=Targets(first=15 * MINUTE, next=30 * MINUTE))
IN_OFFICE = replace(RULES, schedule=OFFICE)
BOT, CUSTOMER = 90, 844
PEOPLE = {
    BOT: Person(id=BOT, name="Помощник", bot=True),
    12: Person(id=12, name="Анна"),
    15: Person(id=15, name="Олег"),
    18: Person(id=18, name="Мария", active=False),
    CUSTOMER: Person(id=CUSTOMER, name="Клиент", connector=True),
}
AUTHORS = {"c": Author.CUSTOMER, "m": Author.MANAGER, "b": Author.BOT, "a": Author.AUTOMATIC, "w": Author.WHISPER}
FLAGS: dict[str, dict[str, Any]] = {
    "failed": {"delivery": Delivery.FAILED},
    "pending": {"delivery": Delivery.PENDING},
    "thanks": {"closing_phrase": True},
    "deleted": {"deleted": True},
    "canned": {"canned": True},
    "mirrored": {"mirrored": True},
}


def at(text: str) -> datetime:
    """ "10:05" on Monday, "2/10:05" a day later."""
    day, _, clock = text.rpartition("/")
    hours, minutes = clock.split(":")
    return MONDAY + timedelta(days=int(day or 1) - 1, hours=int(hours), minutes=int(minutes))


def told(text: str, first: int = 101) -> list[Message]:
    """c customer, m12 manager, b90 bot, a automatic, w12 whisper; n12 accepts, n12>15 transfers, p12>15 passes it on by
    itself, o12 is offered to 12, l12 left, i12 came by, q back to the queue, q12 refused by 12, end, end12 closed by
    12, j12 called spam by 12, start, x the portal's complaint. Then flags or a content."""
    lines = [line for line in text.split(";") if line.strip()]
    return [_message(number, *line.split()) for number, line in enumerate(lines, start=first)]


def _message(number: int, when: str, what: str, *flags: str) -> Message:
    facts: dict[str, Any] = {"id": number, "session": 7, "chat": 1, "at": at(when)}
    facts |= (
        _notice(what) if what[0] in "npoliqesxj" else {"author": AUTHORS[what[0]], "user": int(what[1:] or CUSTOMER)}
    )
    for flag in flags:
        facts |= FLAGS.get(flag) or {"content": flag}
    return Message(**facts)


def _notice(what: str) -> dict[str, Any]:
    marks = {
        "n": "",
        "p": "passed_on",
        "o": "offer",
        "l": "left",
        "i": "joined",
        "q": "queue",
        "e": "end",
        "s": "start",
    }
    marks |= {"x": "attention", "j": "spam"}
    named = what.removeprefix("end") if what[0] == "e" else what[1:] if what[0] in "npoliqj" else ""
    users = tuple(int(user) for user in named.split(">") if user)
    return {"author": Author.NOTICE, "mark": marks[what[0]], "mentions": users}


def session_of(messages: Iterable[Message], **more: Any) -> Session:
    last = list(messages)[-1:]
    closed = last[0].at if last and last[0].mark == "end" else None
    facts = {"id": 7, "chat": 1, "line": 1, "connector": "max", "customer": CUSTOMER, "created": at("00:00")}
    return Session(**(facts | {"closed": closed} | more))  # type: ignore[arg-type]  # fields of Session


def judged(
    story: str,
    *,
    now: str = "23:00",
    rules: Rules = RULES,
    carried: Turn | None = None,
    previous: Sequence[Turn] = (),
    people: dict[int, Person] = PEOPLE,
    first: int = 101,
    **more: Any,
) -> Judged:
    messages = told(story, first)
    session = session_of(messages, **more)
    return judge(session, messages, people=people, rules=rules, previous=previous, carried=carried, now=at(now))


def turns(story: str, **more: Any) -> list[Turn]:
    return list(judged(story, **more).turns)


def only(story: str, **more: Any) -> Turn:
    (turn,) = turns(story, **more)
    return turn


def minutes(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds() / 60


def parts(turn: Turn) -> list[tuple[int, float | None]]:
    return [(part.user, minutes(part.working)) for part in turn.held]
