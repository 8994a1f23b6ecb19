"""Session ids that no list tells of: which of them have still to be asked for, and for how long (bitrix24-api.md 6.2).

Ids ascend with time. Those passed over are holes: asked for, and again for ten minutes, since an id may be given before
its session can be read. At first sight the ids below are looked at once, from the highest down, as far as `history`.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.core.memory import Cursor, SessionMemory
from monitor.core.policy import Policy
from monitor.core.reading import SessionsProbed
from monitor.core.replacing import replace

HOLES_FOR = timedelta(minutes=10)  # after it was first asked for
MOST_HOLES = 1000  # the newest: after a long pause it takes most of an hour to ask for them
DEEPEST = 2000  # ids below the highest that are looked at, at first sight
NEAR = 3  # ids just ahead, asked for at each poll
BARREN, BARREN_LISTED = 150, 30  # ids in a row that are no session: at first sight nothing is sought below them

Known = Mapping[int, SessionMemory]


def horizon(cursor: Cursor, policy: Policy, now: datetime) -> datetime:
    """What was said last before it is nothing to be read."""
    return (cursor.first_sight or now) - policy.history


def has_unlisted(known: Known) -> bool:
    """Whether there are sessions that no activity tells of: ids that we do not know may be more of them."""
    return any(one.session.updated is None for one in known.values())


def is_first_sight(cursor: Cursor) -> bool:
    """The highest id is not known yet, nor was anything below it looked at."""
    return not cursor.highest_session or (not cursor.settled and cursor.descent == cursor.highest_session + 1)


def with_probes(cursor: Cursor, seen: SessionsProbed) -> Cursor:
    """Whoever answers far ahead may have others far ahead of him."""
    highest, settled = max(cursor.highest_session, seen.highest), cursor.settled
    if seen.galloped:
        settled = highest <= cursor.highest_session + NEAR
    elif highest and not cursor.highest_session:
        settled = False
    return replace(cursor, highest_session=highest, settled=settled)


def with_holes(
    before: Cursor, cursor: Cursor, known: Known, probed: Sequence[SessionsProbed], since: datetime, now: datetime
) -> Cursor:
    """`before`: as it was before this poll; `since`: the horizon."""
    if is_first_sight(before):
        return _at_first_sight(cursor, known, since)
    if not cursor.holes and not cursor.descent and cursor.highest_session == before.highest_session:
        return cursor
    asked = {number for one in probed for number in one.missing}
    new = range(max(before.highest_session + 1, cursor.highest_session - MOST_HOLES), max(1, cursor.highest_session))
    descent = _descended(cursor, known, asked, max((one.older for one in probed), default=0), since)
    seen_now = [number for number in asked if descent <= number < cursor.descent]
    told = {**dict.fromkeys((*new, *seen_now)), **dict(cursor.holes)}
    young = [
        (number, at or (now if number in asked else None))
        for number, at in sorted(told.items())
        if number not in known and (at is None or now - at < HOLES_FOR)
    ]
    holes = tuple(young[-MOST_HOLES:])
    if descent and _is_barren(descent, holes, known):
        descent = 0
    if holes == cursor.holes and descent == cursor.descent:
        return cursor
    return replace(cursor, holes=holes, descent=descent)


def _is_barren(descent: int, holes: Sequence[tuple[int, datetime | None]], known: Known) -> bool:
    many = BARREN if has_unlisted(known) else BARREN_LISTED
    return {number for number, _ in holes}.issuperset(range(descent, descent + many))


def _at_first_sight(cursor: Cursor, known: Known, since: datetime) -> Cursor:
    """Gaps among the sessions that the list told of are holes; it told nothing of what lies below them."""
    highest = cursor.highest_session
    listed = [number for number, one in known.items() if one.session.updated is not None]
    if not listed or not cursor.settled:
        return replace(cursor, descent=highest + 1) if highest else cursor
    older = max((number for number in listed if known[number].session.created < since), default=0)
    lowest = max(min(listed), older, highest - MOST_HOLES)
    holes = tuple((number, None) for number in range(lowest, highest) if number not in known)
    return replace(cursor, holes=holes, descent=0 if older else min(listed))


def _descended(cursor: Cursor, known: Known, asked: Container[int], older: int, since: datetime) -> int:
    """Down to where all has been looked at; 0 = nothing is left. `older`: an id whose session began before `since`."""
    number = cursor.descent - 1
    lowest = max(0, older, cursor.highest_session - DEEPEST)
    if not cursor.settled:
        return cursor.descent
    while number > lowest and (number in known or number in asked):
        if number in known and _is_older(known[number], since):
            return 0
        number -= 1
    return number + 1 if number > lowest else 0


def _is_older(memory: SessionMemory, since: datetime) -> bool:
    """A session without a word does not tell when it began."""
    is_told = memory.session.updated is not None or memory.last_message > 0
    return is_told and memory.session.created < since
