"""Which sessions are remembered, and which have to be read (bitrix24-api.md 6.5); repeated, a reading is no news."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.canary_rules import awaited
from monitor.core.gaps import horizon, with_holes, with_probes
from monitor.core.gist import Gist, Gists, gist_of
from monitor.core.lateness import due_at, no_reply_due_at
from monitor.core.memory import Cursor, SessionMemory
from monitor.core.model import Author, ChannelKey, Message, Session
from monitor.core.plugin import View
from monitor.core.policy import Policy
from monitor.core.portal_clock import portal_now
from monitor.core.reading import ActivitiesSeen, ChatTouched, Finding, HistorySeen, SessionsProbed
from monitor.core.replacing import maker, replace
from monitor.core.turn_book import waiting

REMEMBERED = timedelta(hours=48)  # after a session was closed
SAME_SECOND = timedelta(seconds=2)  # LAST_UPDATED has whole seconds: a second change may hide behind the first
SET_BACK = timedelta(minutes=1)  # less is covered by the overlap of two readings
RECHECK = timedelta(minutes=2)
RECHECK_WITHIN = timedelta(minutes=10)
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
        _forget(known, now, kept={one.history.session.id for one in histories})
    return cursor, known if known != sessions else sessions, tuple(histories)


def moved(row: Session, cursor: Cursor, memory: SessionMemory | None) -> bool:
    """Whether an activity's row tells of something that its session's last reading did not know."""
    if memory is None:
        return not _is_forgotten(row, cursor)
    return row.updated != memory.read_updated


def due(view: View) -> tuple[int, ...]:
    """Sessions to read in this tick beside those that have just moved: the longest waiting first."""
    thresholds, ours = _thresholds(view), awaited(view.state, view.policy)
    ids = [
        number
        for number, memory in view.state.sessions.items()
        if memory.due
        or (memory.unconfirmed and _is_unconfirmed(memory, view))
        or number in thresholds
        or (ours and _is_awaited(memory, ours, view.now))
    ]
    return tuple(sorted(ids, key=lambda number: (not thresholds.get(number), -number)))


def unaccompanied(view: View) -> tuple[SessionMemory, ...]:
    """Open sessions that no activity tells of."""
    mine = [one for one in view.state.sessions.values() if one.session.updated is None and one.session.closed is None]
    return tuple(sorted(mine, key=lambda one: one.session.id))


def _thresholds(view: View) -> dict[int, bool]:
    """Sessions with an open turn that passed its target, or three, since they were last read; False where only an
    answer may have been confirmed."""
    passed = {}
    for turn in waiting(view.state.turns):
        memory = view.state.sessions.get(turn.session)
        if memory is not None and memory.read_at is not None:
            moments = [due(turn, view.state, view.policy) for due in (due_at, no_reply_due_at)]
            if any(memory.read_at <= at < view.now for at in moments):
                passed[turn.session] = True
            elif memory.unconfirmed and _is_confirmed_late(memory.read_at, turn.opened, view.now):
                passed[turn.session] = False
    return passed


def _is_confirmed_late(read: datetime, opened: datetime, now: datetime) -> bool:
    """A confirmation moves no activity, so whoever waits for one is looked at again, ever more rarely."""
    return now - read >= max(RECHECK, (read - opened) / 2)


def _is_unconfirmed(memory: SessionMemory, view: View) -> bool:
    if memory.read_at is None or view.now - memory.read_at < RECHECK:
        return False
    updated = memory.session.updated
    if updated is None:
        return view.now - memory.read_at < RECHECK_WITHIN
    return portal_now(view.state.memory, view.now, updated) - updated < RECHECK_WITHIN


def _is_awaited(memory: SessionMemory, ours: Container[tuple[ChannelKey, int]], now: datetime) -> bool:
    session = memory.session
    if session.closed is not None or (memory.read_at is not None and now - memory.read_at < RECHECK):
        return False
    return (ChannelKey(session.line, session.connector), session.customer) in ours


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
        unconfirmed=gist.unconfirmed,
        spoken=gist.spoken,
    )
    return Read(replace(seen, session=session), gist, ChannelKey(session.line, session.connector), fresh)


def _fresh(messages: Sequence[Message], counted: int) -> tuple[Message, ...]:
    """Ids only grow."""
    first = len(messages)
    while first and messages[first - 1].id > counted:
        first -= 1
    return tuple([one for one in messages[first:] if one.author in COUNTED])


def _merged(told: Session | None, seen: HistorySeen) -> Session:
    """The activity knows the status, the history knows the dialog: owner, chat and the end of it."""
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
    )


def _with_touch(known: dict[int, SessionMemory], seen: ChatTouched) -> None:
    for number, memory in known.items():
        moved_on = seen.last_message > memory.last_message or number < seen.session
        if memory.session.chat == seen.chat and memory.session.closed is None and moved_on:
            known[number] = replace(memory, due=True)


def _forget(known: dict[int, SessionMemory], now: datetime, kept: set[int]) -> None:
    """What was read just now is still to be judged: it is forgotten at the next poll."""
    closed = [number for number, memory in known.items() if memory.session.closed is not None]
    old = [number for number in closed if number not in kept and _is_done(known[number], now)]
    for number in old:
        del known[number]


def _is_done(memory: SessionMemory, now: datetime) -> bool:
    closed = memory.session.closed
    return closed is not None and not memory.due and memory.read_at is not None and now - closed > REMEMBERED


def order(ids: Iterable[int], sessions: Sequence[Session]) -> tuple[int, ...]:
    """Unread sessions: open ones before closed ones, new before old."""
    by_id = {session.id: session for session in sessions}
    return tuple(sorted(ids, key=lambda number: (_closed(by_id.get(number)), -number)))


def _closed(session: Session | None) -> bool:
    return session is not None and session.closed is not None
