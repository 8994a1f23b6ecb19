"""A wait that was closed without an answer and goes on when somebody writes within hours (case 27)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from monitor.core.model import Message
from monitor.core.replacing import replace
from monitor.core.turn import Turn, Verdict
from monitor.core.turn_wait import Link, Wait

REOPENED = timedelta(hours=24)
STICKY = ("answer_deleted", "bot_held", "deleted")
OF_THE_START = frozenset({*STICKY, "backlog", "campaign", "carried", "closed_once", "no_phone", "reopened"})


class Dropped(NamedTuple):
    """`until` None = it goes on whenever somebody writes; `mine`: closed in this very session."""

    turn: Turn
    links: list[Link]
    until: datetime | None
    mine: bool


def brought_along(known: Mapping[int, Turn], carried: Turn | None, messages: Sequence[Message]) -> Dropped | None:
    """What the chat's earlier session left unanswered, as it came to this one. `known`: by their first message.

    What it had brought before goes on, unless that turns out to be a part of a wait that began still earlier."""
    again = next((turn for turn in known.values() if is_brought(turn)), None)
    before = _left(carried, known)
    if again is None or not messages:
        return before
    begun = messages[0].at
    if before is not None and before.turn.message < again.message and (before.until is None or begun <= before.until):
        return before
    links = _links(again)
    return Dropped(again, [link for link in links if link[1] <= begun] or links[:1], None, mine=False)


def _left(carried: Turn | None, known: Mapping[int, Turn]) -> Dropped | None:
    if carried is None or carried.message in known or carried.verdict not in {Verdict.OPEN, Verdict.MISSED}:
        return None
    if carried.ended is None:
        return Dropped(carried, _links(carried), None, mine=False)
    return Dropped(carried, [*_links(carried), (0, carried.ended, carried.proof)], carried.ended + REOPENED, mine=False)


def is_brought(turn: Turn) -> bool:
    """It began in an earlier session, and goes on in its own."""
    return "carried" in turn.marks and turn.verdict is not Verdict.VOID


def has_gone_on(before: Turn, told: Turn) -> bool:
    """A later session has the wait that this one left unanswered. Where this one knows an end of it, the later one took
    it over too soon."""
    return before.session > told.session and told.verdict in {Verdict.OPEN, Verdict.MISSED, Verdict.VOID}


def on_its_way(turn: Turn) -> Turn:
    """As an earlier session knew what a later one has by now: nobody had answered yet."""
    return replace(turn, verdict=Verdict.OPEN, ended=None, portal_wait=None)


def dropped_here(turn: Turn, wait: Wait, at: datetime, notice: int) -> Dropped | None:
    """What this session's own close leaves to be gone on with."""
    if turn.verdict is not Verdict.MISSED:
        return None
    return Dropped(turn, [*wait.links, (0, at, notice)], at + REOPENED, mine=True)


def gone_on(dropped: Dropped, before: Turn | None, at: datetime) -> Wait:
    """The same wait, under way again since `at`: it may be before the portal closed the earlier session.

    `before`: the turn as this session was judged last.
    """
    turn = dropped.turn
    links = [link for link in dropped.links if link[1] <= at]
    wait = Wait(turn.message, turn.opened, turn.kind, links, before or turn)
    wait.working_from, wait.content, wait.skipped = turn.working_from, turn.content, turn.skipped
    if turn.portal_wait is not None:
        wait.portal_at = turn.opened + turn.portal_wait
    wait.marks = tuple(word for word in turn.marks if word in OF_THE_START)
    wait.mark("reopened")
    if turn.verdict is Verdict.MISSED:
        wait.mark("closed_once")
    if not dropped.mine:
        wait.mark("carried")
    return wait


def _links(turn: Turn) -> list[Link]:
    return [(part.user, part.since, part.notice) for part in turn.held]
