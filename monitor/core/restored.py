"""A portal that was restored from an old backup: numbers are given twice, so a known id may mean another dialog.

It is told by what is said now: a dialog under an old number that is younger than our last look at the portal, or a new
message whose id is lower than one that we have seen in the same dialog before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.memory import Cursor, PortalState, SessionMemory
from monitor.core.reading import Finding, HistorySeen
from monitor.core.replacing import replace
from monitor.core.turn_book import book_of

WENT_BACK = "replies.ids_went_back"
BEGINNING = timedelta(minutes=2)  # how much later than its own record a dialog's first message may be
MOMENT = timedelta(seconds=5)  # after the portal told its time, in which the last look itself may have seen something


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`reused`: the lowest session that is another dialog now, None = none is; `continued`: known ones that go on under
    lower message ids, with the highest id that was counted in them."""

    reused: int | None = None
    continued: Mapping[int, int]


def restored(cursor: Cursor, sessions: Mapping[int, SessionMemory], findings: Iterable[Finding]) -> Restored | None:
    """None, mostly."""
    if cursor.watermark is None or not cursor.settled:
        return None
    last_look = cursor.watermark
    told = [one for one in findings if isinstance(one, HistorySeen) and one.messages]
    reused = [one.session.id for one in told if _is_another(one, cursor, sessions, last_look)]
    continued = {
        one.session.id: max((message.id for message in one.messages if message.at <= last_look), default=0)
        for one in told
        if one.session.id not in reused and _goes_back(one, sessions.get(one.session.id), last_look)
    }
    return Restored(reused=min(reused, default=None), continued=continued) if reused or continued else None


def _is_another(told: HistorySeen, cursor: Cursor, sessions: Mapping[int, SessionMemory], last_look: datetime) -> bool:
    """All that is said in it is new, yet its number is old."""
    number, begun = told.session.id, told.messages[0].at
    if begun <= last_look:
        return False
    known = sessions.get(number)
    if known is not None:
        return bool(known.last_message) and begun > known.session.created + BEGINNING
    if not cursor.descent <= number <= cursor.highest_session or number in {hole for hole, _ in cursor.holes}:
        return False
    higher = [memory.session.created for other, memory in sessions.items() if other > number]
    return not higher or begun > min(higher) + BEGINNING  # otherwise it could only not be read until now


def _goes_back(told: HistorySeen, known: SessionMemory | None, last_look: datetime) -> bool:
    """A newest message that was deleted leaves an older one behind, but none that is new to us."""
    newest = told.messages[-1]
    return known is not None and newest.id < known.last_message and newest.at > last_look + MOMENT


def forgotten(state: PortalState, found: Restored) -> PortalState:
    """Without the dialogs that are no more: the numbers from the first reused one on are new from now on."""
    sessions = {
        number: replace(memory, counted=found.continued[number], due=True) if number in found.continued else memory
        for number, memory in state.sessions.items()
        if found.reused is None or number < found.reused
    }
    highest = min(filter(None, (found.reused, max(found.continued, default=None), state.cursor.highest_session)))
    cursor = replace(state.cursor, highest_session=highest, settled=False, holes=(), descent=0)
    return replace(state, sessions=sessions, cursor=cursor, turns=book_of(state.turns).of_sessions(sessions))


def in_words(found: Restored) -> Sequence[str]:
    """As the log and the count of odd data tell it."""
    place = found.reused if found.reused is not None else min(found.continued)
    why = "the portal gives numbers a second time, as if it were restored from a backup"
    return (f"{WENT_BACK} session={place}: {why}",)
