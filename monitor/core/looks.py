"""Which sessions a poll looks at beside those that have just moved: their history, or a glance at their chat."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.canary_rules import awaited
from monitor.core.lateness import due_at, no_reply_due_at
from monitor.core.memory import SessionMemory
from monitor.core.model import ChannelKey, Session
from monitor.core.plugin import View
from monitor.core.portal_clock import ahead, portal_now
from monitor.core.turn_book import waiting
from monitor.core.turn_carried import REOPENED
from monitor.core.turn_messages import SEEN_FOR

RECHECK = timedelta(minutes=2)
RECHECK_WITHIN = timedelta(minutes=10)


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


class Glances(NamedTuple):
    """Chats of open sessions that are read as far as we know, by what the portal would tell of the customer's next
    message (bitrix24-api.md 6.1, LAST_UPDATED): `unlisted`: nothing, they have no activity; `muted`: nothing, for by
    its account he waits already, though not by ours (he has thanked us, or the dialog is back in the queue);
    `told`: that it is there, unless more may happen to a dialog than the documents say."""

    unlisted: Sequence[int]
    muted: Sequence[int]
    told: Sequence[int]


def glances(view: View) -> Glances:
    """Whoever waits by our account is looked at when he has waited too long."""
    waits = {turn.session: "courtesy" in turn.marks for turn in waiting(view.state.turns)}
    unlisted, muted, told = [], [], []
    for number, memory in view.state.sessions.items():
        session = memory.session
        if session.closed is not None or not session.chat:
            continue
        if session.updated is None:
            unlisted.append(session.chat)
        elif memory.mute and not memory.due and waits.get(number, True):
            muted.append(session.chat)
        elif not memory.mute and not memory.due and number not in waits:
            told.append(session.chat)
    return Glances(unlisted, muted, told)


def _thresholds(view: View) -> dict[int, bool]:
    """Sessions with an open turn that passed its target, or three, since they were last read, or the time in which a
    message may be taken back; False where only an answer may have been confirmed."""
    passed = {}
    for turn in waiting(view.state.turns):
        memory = view.state.sessions.get(turn.session)
        if memory is not None and memory.read_at is not None:
            moments = [due(turn, view.state, view.policy) for due in (due_at, no_reply_due_at)]
            moments.append(turn.opened - ahead(view.state.memory, turn.opened) + SEEN_FOR)
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


def order(ids: Iterable[int], sessions: Sequence[Session]) -> tuple[int, ...]:
    """Unread sessions: open ones before closed ones, new before old."""
    by_id = {session.id: session for session in sessions}
    return tuple(sorted(ids, key=lambda number: (_closed(by_id.get(number)), -number)))


def _closed(session: Session | None) -> bool:
    return session is not None and session.closed is not None


def first_of(ids: Sequence[int], most: int, view: View, rows: Iterable[Session] = ()) -> Sequence[int]:
    """As many as may be read now. Where not all may, those that have to be read before one of them come before it: read
    later, what they left unanswered would be counted by itself and once more where it goes on (case 27). `rows`: what
    was told of sessions since."""
    if len(ids) <= most:
        return ids
    unread = {number: memory.session for number, memory in view.state.sessions.items() if memory.due}
    wanted = frozenset(ids)
    unread |= {row.id: row for row in rows if row.id in wanted}
    dialogs = _by_customer(unread.values())
    ordered = dict.fromkeys(one for number in ids for one in _from_the_first(number, unread, dialogs))
    return tuple(ordered)[:most]


Customer = tuple[int, str, int]  # a chat is not known before its first history


def _by_customer(sessions: Iterable[Session]) -> Mapping[Customer, Sequence[Session]]:
    told: dict[Customer, list[Session]] = defaultdict(list)
    for one in sorted(sessions, key=lambda session: session.id):
        told[_customer(one)].append(one)
    return told


def _customer(session: Session) -> Customer:
    return session.line, session.connector, session.customer


def _from_the_first(
    number: int, unread: Mapping[int, Session], dialogs: Mapping[Customer, Sequence[Session]]
) -> Iterator[int]:
    """The sessions that one may go on with, one after the other, and itself."""
    later, chain = unread.get(number), [number]
    for earlier in reversed(dialogs[_customer(later)] if later is not None and later.customer else ()):
        if later is not None and earlier.id < later.id:
            if earlier.closed is not None and later.created - earlier.closed > REOPENED:
                break
            later = earlier
            chain.append(earlier.id)
    return reversed(chain)
