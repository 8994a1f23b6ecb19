"""The portal's own answer time beside ours, with the reason of every difference.

Bitrix24 counts calendar seconds from the customer's first unanswered message to the first outgoing message that is no
system line while a real operator has the dialog; it checks neither the author nor the delivery, its nights are not
taken off, closing the session answers, and what still waits enters the average as "now minus received".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.core.turn import Turn, Verdict

ZERO = timedelta()


class Why(StrEnum):
    SAME = "same"
    NIGHTS = "nights"  # the portal counts nights, lunch and holidays
    CLOSED = "closed"  # the portal takes a close without a word for an answer
    NO_ANSWER = "no_answer"  # the portal takes an automatic or undelivered text for an answer
    BOT = "bot"  # we start the people's clock at the bot's hand-over
    OPEN = "open"  # the portal counts who still waits until now, so its figure changes by itself
    OUTSIDE = "outside"  # we leave it out: nothing to answer, spam, a call, another messenger


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One turn: the portal's number, ours (None = we have none, nobody answered) and why they differ."""

    turn: Turn
    portal: timedelta
    ours: timedelta | None
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """A period. `portal_mean` as the portal's page shows it; `by_reason`: turns and how far the numbers lie apart."""

    n: int = 0
    portal_mean: timedelta | None = None
    ours_mean: timedelta | None = None
    by_reason: Mapping[Why, tuple[int, timedelta]] = field(default_factory=dict)


def compare(turn: Turn, now: datetime) -> Compared | None:
    """None where the portal has no number either: a bot's own dialog, or a turn that never was."""
    if turn.verdict in {Verdict.VOID, Verdict.BOT_ONLY}:
        return None
    portal = turn.portal_wait if turn.portal_wait is not None else (turn.ended or now) - turn.opened
    ours = turn.working if turn.ended_by else None
    return Compared(turn=turn, portal=portal, ours=ours, why=_why(turn, portal, ours))


def parity(turns: Iterable[Turn], now: datetime) -> Parity:
    told = [one for one in (compare(turn, now) for turn in turns) if one is not None]
    reasons: dict[Why, tuple[int, timedelta]] = defaultdict(lambda: (0, ZERO))
    for one in told:
        count, apart = reasons[one.why]
        reasons[one.why] = (count + 1, apart + one.portal - (one.ours or ZERO))
    ours = [one.ours for one in told if one.ours is not None]
    return Parity(
        n=len(told),
        portal_mean=sum((one.portal for one in told), ZERO) / len(told) if told else None,
        ours_mean=sum(ours, ZERO) / len(ours) if ours else None,
        by_reason=dict(reasons),
    )


def _why(turn: Turn, portal: timedelta, ours: timedelta | None) -> Why:
    if turn.verdict is Verdict.OPEN:
        return Why.NO_ANSWER if turn.portal_wait is not None else Why.OPEN
    if turn.calendar is not None and portal < turn.calendar:
        return Why.CLOSED if "closed_once" in turn.marks else Why.NO_ANSWER
    if turn.verdict is Verdict.WAIVED or (ours is None and turn.verdict is Verdict.EXCUSED):
        return Why.OUTSIDE
    if ours is None:
        return Why.CLOSED
    if portal == ours:
        return Why.SAME
    return Why.BOT if "bot_handover" in turn.marks else Why.NIGHTS
