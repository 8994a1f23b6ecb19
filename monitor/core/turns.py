"""Messages of a session into turns with verdicts (response-time.md): the same history always gives the same turns.

One pass over the messages; what ends a wait is recorded by turn_verdicts, what is too odd to judge is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.calendar import Schedule
from monitor.core.model import Message, Person, Session
from monitor.core.replacing import replace
from monitor.core.turn import Turn, Verdict
from monitor.core.turn_messages import in_order
from monitor.core.turn_rules import Rules
from monitor.core.turn_story import Story
from monitor.core.turn_wait import NO_REPLY_TARGETS, ZERO, Dialog

DUPLICATE = 69
UNANSWERED = frozenset({Verdict.OPEN, Verdict.MISSED})
NOTHING: Mapping[int, Turn] = {}


class Judged(NamedTuple):
    """Turns in the order they began. `carry`: the last one, if the session left it unanswered (case 27).

    `problems`: what was wrong with the data, counted and shown.
    """

    turns: tuple[Turn, ...]
    carry: Turn | None = None
    problems: tuple[str, ...] = ()


def judge(
    session: Session,
    messages: Sequence[Message],
    *,
    people: Mapping[int, Person],
    rules: Rules,
    previous: Iterable[Turn] = (),
    carried: Turn | None = None,
    now: datetime,
) -> Judged:
    """All turns of one session from its whole history.

    `people`: the authors of the history. `previous`: the turns judged before for this session: what was told of them
    stands. `carried`: the chat's last turn of an earlier session, if nobody answered it.
    """
    known = {turn.message: turn for turn in previous} if previous else NOTHING
    if session.customer in rules.excluded:
        return _dropped(known, "excluded", now)
    if session.status == DUPLICATE:
        return _dropped(known, "duplicate", now)
    is_group = _is_group(people)
    if is_group and rules.groups is None:
        return _dropped(known, "group", now, f"replies.group session={session.id}")
    if known and not messages:
        return Judged(turns=tuple(known.values()), problems=(f"replies.empty session={session.id}",))
    ordered, problems = in_order(session, messages, known, now)
    story = Story(Dialog(session, rules, people, now), ordered, known, carried, rules.groups if is_group else None)
    story.tell()
    return _outcome(story, known, tuple(problems + story.problems))


def _is_group(people: Mapping[int, Person]) -> bool:
    """Several customers in one chat."""
    customers = 0
    for person in people.values():
        if person.connector:
            customers += 1
    return customers > 1


def _outcome(story: Story, known: Mapping[int, Turn], problems: tuple[str, ...]) -> Judged:
    turns = tuple(story.turns)
    last = turns[-1] if turns else None
    carry = last if last is not None and last.verdict in UNANSWERED else None
    if known:
        told = {turn.message for turn in turns}
        turns += tuple([_gone(story, turn) for message, turn in known.items() if message not in told])
    return Judged(turns, carry, problems)


def _gone(story: Story, turn: Turn) -> Turn:
    """Known once, not told any more: its message was deleted, or belongs to an earlier wait now."""
    if turn.verdict is Verdict.VOID or "carried" in turn.marks:
        return turn
    return _void(turn, "merged" if turn.message in story.present else "deleted", story.now)


def _dropped(known: Mapping[int, Turn], why: str, now: datetime, *problems: str) -> Judged:
    """A dialog that is none of our business, or another one's copy; what was told of it before is taken back."""
    return Judged(turns=tuple(_void(turn, why, now) for turn in known.values()), problems=problems)


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
