"""Which session ids to ask for at a poll: sessions that no activity tells of are found by them (bitrix24-api.md 6.2).

All of it is worked out of the time and of what is remembered anyway, so that nothing has to be kept for it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from monitor.core.gaps import HOLES_FOR, NEAR, has_unlisted
from monitor.core.history import integer
from monitor.core.memory import Cursor
from monitor.core.plugin import Question, View
from probes._activities import ACTIVITIES, FIELDS, PROVIDER, session_of, told_rows
from probes._rows import entries

DIALOG, RECENT = "imopenlines.dialog.get", "im.recent.list"

FAR, ROTATING = 20, 2  # how far ahead ids are looked at, beyond the nearest so many of them at a poll
AGAIN = 3  # holes that were asked for before
ONE_BATCH = 10  # histories (trap 19)
MOST = 30  # at a poll, while there is a backlog of ids that are likely to be sessions
CHASED = 10  # one batch more, at once
GALLOP = (1, 2, 3, *(2**power for power in range(2, 24)))
PAUSE = timedelta(minutes=10)
LEAPS = (1, 2, 3, 16, 64, 256, 1024)  # after a pause there may be many more
NOW_AND_THEN = 60  # polls

# Where no session was ever seen: ids of all magnitudes, many at a poll at first and a few later on.
LOWEST, HIGHEST = 4, 20  # powers of two
EAGER_FOR, EAGER = 60, 7  # polls, and how many ids at each of them
LONG_AGO = "2000-01-01T00:00:00+00:00"
FEW = 2
GOLDEN = (5**0.5 - 1) / 2  # its multiples fill a circle evenly, whichever of them are left out

T = TypeVar("T")


def candidates(view: View, busy: int) -> list[int]:
    """`busy`: histories that are asked for in any case; a backlog stands back behind them."""
    cursor = view.state.cursor
    if cursor.watermark is None:
        return []  # the first list of activities may tell the highest id for nothing
    if not cursor.settled:
        return [cursor.highest_session + step for step in GALLOP]
    if not cursor.highest_session:
        return [*range(1, NEAR + 1), *_of_all_magnitudes(view)]
    near, far = range(1, NEAR + 1), share(range(NEAR + 1, FAR + 1), ROTATING, slot(view))
    ahead = [cursor.highest_session + step for step in (LEAPS if is_galloping(view) else (*near, *far))]
    return [*ahead, *_behind(view, len(ahead) + busy)]


def is_galloping(view: View) -> bool:
    """Whether the highest id is unknown, or may lie far beyond the one we know; looked at now and then in any case."""
    cursor, last = view.state.cursor, view.state.memory.last_success
    pause = max(PAUSE, 2 * view.policy.poll)
    return not cursor.settled or _is_now_and_then(view) or (last is not None and view.now - last > pause)


def _is_now_and_then(view: View) -> bool:
    """Two polls running, since one may be left out."""
    return slot(view) % NOW_AND_THEN < 2


def hints(view: View) -> list[Question]:
    """What else may tell an id where none is known: sessions of long ago, those of the user that we are."""
    cursor = view.state.cursor
    if cursor.highest_session or cursor.watermark is None:
        return []
    if cursor.settled and not _is_now_and_then(view):
        return []
    chosen = {"PROVIDER_ID": PROVIDER, ">=LAST_UPDATED": LONG_AGO}
    old = {"order": {"ID": "DESC"}, "filter": chosen, "select": FIELDS, "start": -1}
    return [(ACTIVITIES, old), (RECENT, {"SKIP_CHAT": "Y", "SKIP_DIALOG": "Y", "LIMIT": 20})]


def hinted(method: str, answer: Any, view: View) -> int:
    """The highest session id that one of the hints tells; 0 = none."""
    if method == ACTIVITIES:
        sessions = [session_of(row, view.recall.read) for row in told_rows(answer)]
        return max((session.id for session in sessions if session is not None), default=0)
    items = entries(answer.get("items") if isinstance(answer, dict) else None) or []
    lines = [item.get("lines") for item in items if isinstance(item, dict)]
    return max((integer(one.get("id")) or 0 for one in lines if isinstance(one, dict)), default=0)


def newest_session(chat: Any) -> int:
    """Of an answer of imopenlines.dialog.get; 0 = it tells none. entity_data_1 may have fewer parts (trap 13)."""
    parts = str(chat.get("entity_data_1") or "").split("|") if isinstance(chat, dict) else []
    return (integer(parts[5]) or 0) if len(parts) > 5 else 0


def slot(view: View) -> int:
    """The number of a poll, as the time tells it."""
    return int(view.now.timestamp() // view.policy.poll.total_seconds())


def share(whole: Sequence[T], many: int, number: int) -> Sequence[T]:
    """So many of them at each poll, all alike often, nobody later than after two rounds; also where polls that take
    too long keep leaving out numbers."""
    if len(whole) <= many:
        return whole
    start = int(number * GOLDEN % 1.0 * len(whole))
    return (*whole[start : start + many], *whole[: max(0, start + many - len(whole))])


def _behind(view: View, asked: int) -> list[int]:
    """Holes never asked for, the newest first; ids below, at first sight; a few of the other holes again.

    Where all sessions are listed a gap is mostly nothing: its ids cost no request of their own."""
    cursor, known = view.state.cursor, view.state.sessions
    holes = [(number, at) for number, at in cursor.holes if number not in known]
    fresh = [number for number, at in reversed(holes) if at is None]
    before = [number for number, at in holes if at is not None and view.now - at < HOLES_FOR]
    is_rich = bool(fresh or cursor.descent) and has_unlisted(known)
    spare = (MOST if is_rich else ONE_BATCH) - asked
    room = spare if spare > 0 else AGAIN  # beside so many others a few more are no matter
    fresh = fresh[: room - 1]
    fresh += _below(cursor, known, room - 1 - len(fresh))
    return [*fresh, *share(before, min(AGAIN, room - len(fresh)), slot(view))]


def _below(cursor: Cursor, known: Container[int], room: int) -> list[int]:
    found: list[int] = []
    number = cursor.descent - 1
    while cursor.settled and number > 0 and len(found) < room:
        if number not in known:
            found.append(number)
        number -= 1
    return found


def _of_all_magnitudes(view: View) -> list[int]:
    first = view.state.cursor.first_sight
    many = EAGER if first is None or view.now - first < EAGER_FOR * view.policy.poll else FEW
    start = slot(view) * many
    places = [number * GOLDEN % 1.0 for number in range(start, start + many)]
    return [int(2 ** (LOWEST + (HIGHEST - LOWEST) * place)) for place in places]


def chased(view: View, answered: Mapping[int, bool], listed: Container[int]) -> list[int]:
    """Where the last of the ids just ahead is a session, or one beyond, there may be more: asked for at once.

    `answered`: the ids asked for, and whether they are sessions; `listed`: sessions that are known otherwise."""
    highest = view.state.cursor.highest_session
    if not highest or not view.state.cursor.settled:
        return []
    top = max((number for number, is_session in answered.items() if is_session), default=0)
    if top < highest + NEAR:
        return []
    ahead = range(highest + 1, top + CHASED + 1)
    return [number for number in ahead if number not in answered and number not in listed][:CHASED]
