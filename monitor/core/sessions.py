"""Which sessions are remembered, and what is known of them (bitrix24-api.md 6.5); repeated, a reading is no news."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.gaps import horizon, with_holes, with_probes
from monitor.core.gist import Gist, Gists, gist_of
from monitor.core.memory import Cursor, SessionMemory
from monitor.core.model import Author, ChannelKey, Message, Session
from monitor.core.policy import Policy
from monitor.core.reading import ActivitiesSeen, ChatTouched, Finding, HistorySeen, SessionsProbed
from monitor.core.replacing import maker, replace

REMEMBERED = timedelta(hours=48)  # after a session was closed
UNLISTED = timedelta(days=7)  # that a list which fails is waited for
SAME_SECOND = timedelta(seconds=2)  # LAST_UPDATED has whole seconds: a second change may hide behind the first
SET_BACK = timedelta(minutes=1)  # less is covered by the overlap of two readings
COUNTED = frozenset({Author.CUSTOMER, Author.MANAGER, Author.BOT, Author.AUTOMATIC})

Sessions = Mapping[int, SessionMemory]


_memory = maker(SessionMemory)


class Read(NamedTuple):
    """One history, with all that is known of its session. `fresh`: messages of people not counted before."""

    history: HistorySeen
    gist: Gist
    channel: ChannelKey
    fresh: tuple[Message, ...] = ()


def remember(
    cursor: Cursor,
    sessions: Sessions,
    findings: Sequence[Finding],
    now: datetime,
    policy: Policy,
    gists: Gists | None = None,
    *,
    forgetting: bool = True,
) -> tuple[Cursor, Sessions, tuple[Read, ...]]:
    """Cursor and sessions after the findings, and the histories to judge. `gists`: what they came to before;
    `forgetting`: whether sessions that were closed long ago go now."""
    gists = gists if gists is not None else Gists()
    known, rows = dict(sessions), dict[int, Session]()
    histories: list[Read] = []
    before = cursor
    for place, finding in enumerate(findings):
        match finding:
            case ActivitiesSeen():
                read = {one.session.id for one in findings[place:] if isinstance(one, HistorySeen)}
                cursor = _with_activities(before, cursor, known, finding, read, rows)
            case HistorySeen():
                histories.append(_with_history(cursor, known, rows, finding, gist_of(finding, gists, now), now))
            case SessionsProbed():
                cursor = with_probes(cursor, finding)
            case ChatTouched():
                _with_touch(known, finding)
            case _:
                pass
    probed = [finding for finding in findings if isinstance(finding, SessionsProbed)]
    cursor = with_holes(before, cursor, known, probed, horizon(cursor, policy, now), now)
    if forgetting:
        _forget(known, _told_until(cursor, policy, now), kept={one.history.session.id for one in histories})
    return cursor, known if known != sessions else sessions, tuple(histories)


def moved(row: Session, cursor: Cursor, memory: SessionMemory | None) -> bool:
    """Whether an activity's row tells of something that its session's last reading did not know."""
    if memory is None:
        return not _is_forgotten(row, cursor)
    return row.updated != memory.read_updated


def is_behind(memory: SessionMemory | None) -> bool:
    """It has moved since it was read."""
    if memory is None or not memory.due:
        return False
    return memory.session.updated is None or memory.session.updated != memory.read_updated


def _is_forgotten(row: Session, cursor: Cursor) -> bool:
    """A session that closed long before our last look was read and forgotten already; counting it again would lie."""
    return row.closed is not None and cursor.watermark is not None and row.closed + REMEMBERED < cursor.watermark


def _with_activities(
    before: Cursor,
    cursor: Cursor,
    known: dict[int, SessionMemory],
    seen: ActivitiesSeen,
    read: Container[int],
    rows: dict[int, Session],
) -> Cursor:
    """`rows`: those that have moved, of sessions whose history is `read` as well: it tells all the rest of them."""
    for row in seen.sessions:
        memory = known.get(row.id)
        if moved(row, before, memory):
            if row.id in read:
                rows[row.id] = row
            else:
                known[row.id] = _updated(memory, row)
    highest = max([cursor.highest_session, *(row.id for row in seen.sessions)])
    settled = cursor.settled or bool(seen.sessions)
    if not seen.complete or seen.watermark is None:
        return replace(cursor, highest_session=highest, settled=settled)
    after = watermark(cursor.watermark, seen.watermark)
    return replace(cursor, watermark=after, highest_session=highest, settled=settled)


def watermark(before: datetime | None, told: datetime) -> datetime:
    """A portal whose clock was set back is followed: its changes would stay unseen until it has caught up."""
    if before is None or told < before - SET_BACK:
        return told
    return max(before, told)


def _updated(memory: SessionMemory | None, row: Session) -> SessionMemory:
    if memory is None:
        return SessionMemory(session=row, due=True)
    told = memory.session
    return replace(memory, due=True, session=replace(row, chat=told.chat, owner=told.owner, customer=row.customer))


def _with_history(
    cursor: Cursor,
    known: dict[int, SessionMemory],
    rows: Mapping[int, Session],
    seen: HistorySeen,
    gist: Gist,
    now: datetime,
) -> Read:
    number, messages = seen.session.id, seen.messages
    memory = known.get(number)
    session = _merged(rows.get(number) or (memory.session if memory else None), seen)
    again = session.updated is not None and (
        cursor.watermark is not None and session.updated > cursor.watermark - SAME_SECOND
    )
    counted = memory.counted if memory else 0
    fresh = _fresh(messages, counted)
    known[number] = _memory(
        session=session,
        read_at=now,
        read_updated=session.updated,
        last_message=messages[-1].id if messages else 0,
        counted=fresh[-1].id if fresh else counted,
        due=again,
        mute=_is_mute(seen),
        unconfirmed=gist.unconfirmed,
        spoken=gist.spoken,
    )
    return Read(replace(seen, session=session), gist, ChannelKey(session.line, session.connector), fresh)


def _is_mute(seen: HistorySeen) -> bool:
    """As the last of its messages leaves the session: in the queue or with an unanswered customer, not accepted or
    answered. Of what a bot does to it nothing is documented."""
    bots = {person.id for person in seen.people if person.bot}
    for one in reversed(seen.messages):
        if one.author is Author.CUSTOMER or one.mark in {"queue", "attention"}:
            return True
        is_taken = one.author is Author.NOTICE and not one.mark and bool(one.mentions) and one.mentions[-1] not in bots
        if is_taken or one.author is Author.MANAGER:
            return False
    return True


def _fresh(messages: Sequence[Message], counted: int) -> tuple[Message, ...]:
    """Ids only grow."""
    first = len(messages)
    while first and messages[first - 1].id > counted:
        first -= 1
    return tuple([one for one in messages[first:] if one.author in COUNTED])


def _merged(told: Session | None, seen: HistorySeen) -> Session:
    """The activity knows when it moved, the history knows the dialog: owner, chat and the end of it."""
    read = seen.session
    if told is None or told.updated is None:
        return read
    return replace(
        told,
        chat=read.chat,
        customer=read.customer or told.customer,
        line=read.line or told.line,
        moved=read.moved,
        connector=read.connector or told.connector,
        owner=read.owner,
        closed=read.closed or told.closed,
        crm_entity=told.crm_entity or read.crm_entity,
        contact=read.contact or told.contact,
        status=read.status if read.status is not None else told.status,
    )


def _with_touch(known: dict[int, SessionMemory], seen: ChatTouched) -> None:
    for number in touched(known, seen):
        known[number] = replace(known[number], due=True)


def touched(known: Sessions, seen: ChatTouched) -> list[int]:
    """Open sessions of the chat that have more to tell than was read."""
    mine = [number for number, one in known.items() if one.session.chat == seen.chat and one.session.closed is None]
    return [one for one in mine if seen.last_message > known[one].last_message or one < seen.session]


def _told_until(cursor: Cursor, policy: Policy, now: datetime) -> datetime:
    """No activity of before that is told again: a session that was forgotten sooner would be counted twice. Where the
    list cannot be read for a week, nothing waits for it."""
    return max(cursor.watermark or now - policy.history, now - UNLISTED)


def _forget(known: dict[int, SessionMemory], told_until: datetime, kept: set[int]) -> None:
    """What was read just now is still to be judged: it is forgotten at the next poll. So are the other sessions of whom
    we read or have to read: one may go on with what the other left unanswered (case 27)."""
    closed = [number for number, memory in known.items() if memory.session.closed is not None]
    old = [number for number in closed if number not in kept and _is_done(known[number], told_until)]
    if not old:
        return
    ours = {one.session.customer for number, one in known.items() if one.read_at is None or number in kept}
    for number in old:
        if known[number].session.customer not in ours:
            del known[number]


def _is_done(memory: SessionMemory, told_until: datetime) -> bool:
    closed = memory.session.closed
    return closed is not None and not memory.due and memory.read_at is not None and told_until - closed > REMEMBERED
