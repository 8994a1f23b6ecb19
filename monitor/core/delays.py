"""Whose delay an unmet request was: people are judged by what they had in hand (D9), not by the queue before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.replies import FEWEST, QUEUE, UNMET, whose
from monitor.core.turn import Turn, Verdict

ROUTING = "routing"
JUDGED = UNMET | {Verdict.MET}


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Of one employee: `n` requests that were his or that he delayed, `late` of them delayed by him."""

    n: int = 0
    late: int = 0

    @property
    def share(self) -> float | None:
        return (self.n - self.late) / self.n if self.n else None

    @property
    def is_rated(self) -> bool:
        return self.n >= FEWEST


def own_delays(turns: Iterable[Turn], now: datetime) -> dict[int, Own]:
    """By employee. A request that waited in the queue and was then answered at once is his and not late."""
    had, late = Counter[int](), Counter[int]()
    for turn in turns:
        if is_unmet(turn, now):
            user = culprit_of(turn)
            had[user or whose(turn)] += 1
            late[user] += 1
        elif turn.verdict in JUDGED:
            had[whose(turn)] += 1
    return {user: Own(n=count, late=late[user]) for user, count in had.items() if user != QUEUE}


def is_unmet(turn: Turn, now: datetime) -> bool:
    return turn.verdict in UNMET or (turn.verdict is Verdict.OPEN and now > turn.deadline)


def is_untaken(turn: Turn) -> bool:
    """Of an unmet one: nobody took it while there was time."""
    return (turn.blame or _blame_by_now(turn)) == ROUTING


def culprit_of(turn: Turn) -> int:
    """Of an unmet one: who had it in hand too long; 0 = nobody of the staff."""
    if turn.verdict is Verdict.OPEN:
        return 0 if is_untaken(turn) else turn.holder
    return turn.culprit if turn.blame == "manager" else 0


def _blame_by_now(turn: Turn) -> str:
    """Who still waits is with whoever has him, unless the queue has used up all the time there was."""
    queued = sum((part.working for part in turn.held if part.user == QUEUE), timedelta())
    return ROUTING if not turn.holder or queued >= turn.target else "manager"
