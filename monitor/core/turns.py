"""Messages of a session into turns with verdicts (response-time.md): the same history always gives the same turns.

One pass over the messages; what ends a wait is recorded by turn_verdicts, what is too odd to judge is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.calendar import Schedule
from monitor.core.model import Message, Person, Session
from monitor.core.replacing import replace
from monitor.core.turn import Turn, Verdict
from monitor.core.turn_bookmark import Bookmark, Bookmarks, laid, rest_of
from monitor.core.turn_carried import is_brought
from monitor.core.turn_messages import in_order
from monitor.core.turn_rules import Rules
from monitor.core.turn_story import Story
from monitor.core.turn_wait import NO_REPLY_TARGETS, ZERO, Dialog

DUPLICATE = 69
UNANSWERED = frozenset({Verdict.OPEN, Verdict.MISSED})
NOTHING: Mapping[int, Turn] = {}


class Judged(NamedTuple):
    """Turns in the order they began. `carry`: the last one, if the session left it unanswered (case 27).

    `problems`: what was wrong with the data, counted and shown. `stands`: how many of the first turns are as they
    were.
    """

    turns: tuple[Turn, ...]
    carry: Turn | None = None
    problems: tuple[str, ...] = ()
    stands: int = 0


def judge(
    session: Session,
    messages: Sequence[Message],
    *,
    people: Mapping[int, Person],
    rules: Rules,
    previous: Sequence[Turn] = (),
    carried: Turn | None = None,
    now: datetime,
    seen: datetime | None = None,
    marks: Bookmarks | None = None,
) -> Judged:
    """All turns of one session from its whole history.

    `people`: the authors of the history. `previous`: the turns judged before for this session: what was told of them
    stands. `carried`: the chat's last turn of an earlier session, if nobody answered it. `seen`: when it was read
    before, None = now. `marks`: where stories may be taken up again; the turns are the same without.
    """
    is_group = _is_group(people)
    foreign = _foreign(session, rules, is_group)
    if foreign:
        return _dropped(previous, foreign, now, session)
    if previous and not messages:
        return Judged(turns=tuple(previous), problems=(f"replies.empty session={session.id}",))
    dialog = Dialog(session, rules, people, now, seen)
    if marks is None or is_group or carried is not None or rules.asides:
        return _told_whole(dialog, messages, previous, carried, rules.groups if is_group else None)
    mark = marks.of(session.id)
    known = mark.goes_on(dialog, messages, previous) if mark is not None else None
    if mark is None or known is None:
        return _told_whole(dialog, messages, previous, None, None, marks)
    story = Story(dialog, messages, known, None, None)
    story.take_up(mark)
    _tell(story, messages, previous, mark, marks)
    return _outcome(story, known, (), mark)


def _told_whole(
    dialog: Dialog,
    messages: Sequence[Message],
    previous: Sequence[Turn],
    carried: Turn | None,
    patience: timedelta | None,
    marks: Bookmarks | None = None,
) -> Judged:
    known = {turn.message: turn for turn in previous} if previous else NOTHING
    ordered, problems = in_order(dialog.session, messages, known, dialog.now, dialog.seen)
    story = Story(dialog, ordered, known, carried, patience)
    _tell(story, ordered, previous, None, marks if ordered is messages and not problems else None)
    return _outcome(story, known, tuple(problems), None)


def _tell(
    story: Story,
    messages: Sequence[Message],
    previous: Sequence[Turn],
    mark: Bookmark | None,
    marks: Bookmarks | None,
) -> None:
    """The messages after the bookmark, and another bookmark laid on the way where one may lie."""
    start = len(mark.messages) if mark is not None else 0
    if marks is not None:
        rest = rest_of(messages, start)
        if rest > start:
            story.tell(messages[start:rest])
            further = laid(story, messages[:rest], previous, mark)
            if further is not None:
                marks.keep(story.dialog.session.id, further)
            start = rest
    story.tell(messages[start:])
    story.finish()


def _foreign(session: Session, rules: Rules, is_group: bool) -> str:
    """Why a dialog is none of our business, "" = it is."""
    if session.customer in rules.excluded:
        return "excluded"
    if session.status == DUPLICATE:
        return "duplicate"
    return "group" if is_group and rules.groups is None else ""


def _is_group(people: Mapping[int, Person]) -> bool:
    """Several customers in one chat."""
    customers = 0
    for person in people.values():
        if person.connector:
            customers += 1
    return customers > 1


def _outcome(story: Story, known: Mapping[int, Turn], problems: tuple[str, ...], mark: Bookmark | None) -> Judged:
    turns = tuple(story.turns)
    last = turns[-1] if turns else None
    carry = last if last is not None and last.verdict in UNANSWERED else None
    stands, void = (len(mark.turns), mark.void) if mark is not None else (0, ())
    if known:
        told = {turn.message for turn in turns[stands:]}
        void += tuple([_gone(story, turn) for message, turn in known.items() if message not in told])
    return Judged(turns + void, carry, (*problems, *story.problems), stands)


def _gone(story: Story, turn: Turn) -> Turn:
    """Known once, not told any more: its message was deleted, or belongs to an earlier wait now."""
    if turn.verdict is Verdict.VOID:
        return turn
    if is_brought(turn):  # of an earlier session's message, which is not among ours
        brought = next((one for one in story.turns if is_brought(one)), None)
        return _void(turn, "merged", story.now) if brought is not None and brought.message < turn.message else turn
    return _void(turn, "merged" if turn.message in story.present else "deleted", story.now)


def _dropped(known: Sequence[Turn], why: str, now: datetime, session: Session) -> Judged:
    """A dialog that is none of our business, or another one's copy; what was told of it before is taken back."""
    problems = (f"replies.group session={session.id}",) if why == "group" else ()
    return Judged(turns=tuple([_void(turn, why, now) for turn in known]), problems=problems)


def _void(turn: Turn, why: str, now: datetime) -> Turn:
    if turn.verdict is Verdict.VOID:
        return turn
    return replace(turn, verdict=Verdict.VOID, ended=turn.ended or now, cause=why, blame="", culprit=0)


def waits(turn: Turn, schedule: Schedule, now: datetime) -> tuple[timedelta, timedelta]:
    """How long an open turn has waited: working clock, calendar clock."""
    return schedule.working(turn.working_from, now), max(ZERO, now - turn.opened)


def overdue(turn: Turn, now: datetime) -> int:
    """How many targets an open turn has passed: 0, 1 or 3."""
    if turn.no_reply_at is not None and now > turn.no_reply_at:
        return NO_REPLY_TARGETS
    return int(now > turn.deadline)
