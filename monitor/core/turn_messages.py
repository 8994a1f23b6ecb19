"""A session's messages as they may be judged: in order, each once, of this session and of a time that can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from monitor.core.model import Author, Message, Session
from monitor.core.turn import Turn, Verdict

IMPORTED = timedelta(hours=48)  # older than the session by that much: history brought along (case 46)
BEFORE_START = timedelta(minutes=5)  # the customer's first message may be stored before the portal's opening line
SKEW = timedelta(minutes=1)
SOON = timedelta(days=1)  # a message dated later than that is dated wrongly
SEEN_FOR = timedelta(minutes=2)  # a message deleted sooner than that was nobody's to answer (case 30)
ERA = datetime(2000, 1, 1, tzinfo=UTC)


def in_order(
    session: Session,
    messages: Sequence[Message],
    known: Mapping[int, Turn],
    now: datetime,
    seen: datetime | None = None,
) -> tuple[Sequence[Message], list[str]]:
    """By time, then id, each id once, with the problems of the data. A deleted message of a known turn is put back.
    `seen`: when the session was read before, None = now."""
    problems: list[str] = []
    if not _is_ordered(messages):
        messages = _ordered(session, messages, problems)
    messages = _dated(session, messages, problems, now)
    if not known:
        return messages, problems
    ghosts = _ghosts(messages, known, seen or now)
    return (sorted((*messages, *ghosts), key=_when) if ghosts else messages), problems


def _is_ordered(messages: Sequence[Message]) -> bool:
    """The usual case, told without a copy."""
    for one, other in pairwise(messages):  # noqa: SIM110 - a generator would double the time, and it is always asked
        if other.id <= one.id or other.at < one.at:
            return False
    return True


def _ordered(session: Session, messages: Sequence[Message], problems: list[str]) -> Sequence[Message]:
    unique = {message.id: message for message in messages}
    if len(unique) != len(messages):
        problems.append(f"replies.duplicates session={session.id} count={len(messages) - len(unique)}")
    ordered = sorted(unique.values(), key=_when)
    backwards = sum(one.id > other.id for one, other in pairwise(ordered))
    if backwards:
        problems.append(f"replies.unordered session={session.id} count={backwards}")
    return ordered


def _when(message: Message) -> tuple[datetime, int]:
    return message.at, message.id


def _dated(session: Session, messages: Sequence[Message], problems: list[str], now: datetime) -> Sequence[Message]:
    if not messages:
        return messages
    start = _start(session, messages)
    if messages[-1].at > now + SKEW:
        count = sum(message.at > now + SKEW for message in messages)
        problems.append(f"replies.future session={session.id} count={count}")
        messages = [message for message in messages if message.at <= now + SOON]
    if messages and messages[0].at < start:
        count = sum(message.at < start for message in messages)
        problems.append(f"replies.imported session={session.id} count={count}")
        messages = [message for message in messages if message.at >= start]
    return messages


def _start(session: Session, messages: Sequence[Message]) -> datetime:
    """Before which nothing is of this session: its opening line, or well before the activity was created."""
    for message in messages:
        if message.mark == "start":
            return max(ERA, message.at - BEFORE_START)
    return max(ERA, session.created - IMPORTED) if session.created > ERA else ERA


def _ghosts(messages: Sequence[Message], known: Mapping[int, Turn], seen: datetime) -> list[Message]:
    """The opening messages of known turns that the history does not hold any more, as far as they were seen."""
    told = {message.id for message in messages}
    return [
        Message(
            id=turn.message,
            session=turn.session,
            chat=turn.chat,
            at=turn.opened,
            author=Author.CUSTOMER,
            content=turn.content,
            deleted=True,
        )
        for turn in known.values()
        if turn.message not in told and is_seen(turn, seen) and "carried" not in turn.marks
    ]


def is_seen(turn: Turn | None, seen: datetime) -> bool:
    """Whether a deleted message opened a turn that stands all the same (case 30). `seen`: when it was there last; who
    waits is looked at once he has waited so long."""
    if turn is None or turn.verdict is Verdict.VOID:
        return False
    return turn.verdict is not Verdict.OPEN or "deleted" in turn.marks or seen - turn.opened > SEEN_FOR
