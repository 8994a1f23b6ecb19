"""When who still waits is late: what the channel, the portal or a maintenance takes from a wait puts that off (D10).

The same time that `turn_excuses.lost_time` takes off an answered wait, so nobody is told late who would be excused. A
turn's own times are the portal's; the moments told here are on our clock, as outages, readings and `now` are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitor.core.calendar import NEVER, Schedule, from_worktime
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.portal_clock import ahead, as_dated, portal_now
from monitor.core.replacing import replace
from monitor.core.turn import Turn, Verdict
from monitor.core.turn_excuses import Broken, broken
from monitor.core.turn_wait import ZERO

ROUND_THE_CLOCK = from_worktime(None)


def put_off(moment: datetime, start: datetime, breaks: Iterable[Broken], schedule: Schedule) -> datetime:
    """`moment` later by the working time since `start` in which nobody could answer; NEVER while that goes on."""
    lost, reached, due = ZERO, start, moment
    for begins, over, _ in sorted(breaks, key=lambda one: one[0]):
        if begins > due:
            break
        if over is None:
            return NEVER
        first = max(begins, reached)
        if first < over:
            lost += schedule.working(first, over)
            reached = over
            due = schedule.add(moment, lost) if lost else moment
    return due


def due_at(turn: Turn, state: PortalState, policy: Policy) -> datetime:
    """The deadline of an open turn as far as is known by now."""
    return _on_our_clock(_put_off(turn, turn.deadline, state, policy), turn, state)


def no_reply_due_at(turn: Turn, state: PortalState, policy: Policy) -> datetime:
    """When three targets will have passed; NEVER where there is no such moment."""
    return _on_our_clock(_put_off(turn, turn.no_reply_at or NEVER, state, policy), turn, state)


def is_late(turn: Turn, state: PortalState, policy: Policy, now: datetime) -> bool:
    """Whether an open turn is past its deadline and nothing excuses it."""
    return portal_now(state.memory, now, turn.opened) > turn.deadline and now > due_at(turn, state, policy)


def as_due(turns: Iterable[Turn], state: PortalState, policy: Policy) -> list[Turn]:
    """For figures of a moment: of who still waits the deadline is the one that holds, on the portal's clock."""
    told = []
    for turn in turns:
        due = _put_off(turn, turn.deadline, state, policy) if turn.verdict is Verdict.OPEN else turn.deadline
        told.append(turn if due == turn.deadline else replace(turn, deadline=due))
    return told


def _put_off(turn: Turn, moment: datetime, state: PortalState, policy: Policy) -> datetime:
    memory = state.channels.get(turn.channel)
    outages = memory.outages if memory is not None else ()
    if moment >= NEVER or not (outages or state.memory.outages or policy.maintenance):
        return moment
    windows = [(window.start, window.end) for window in policy.maintenance]
    schedule = state.schedules.get(turn.schedule_version, ROUND_THE_CLOCK)
    skew = ahead(state.memory, turn.opened)
    breaks = broken(as_dated(outages, skew), as_dated(state.memory.outages, skew), as_dated(windows, skew))
    return put_off(moment, turn.working_from, breaks, schedule)


def _on_our_clock(moment: datetime, turn: Turn, state: PortalState) -> datetime:
    return moment - ahead(state.memory, turn.opened) if moment < NEVER else moment
