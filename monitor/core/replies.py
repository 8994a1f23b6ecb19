"""What a period's turns come to, for the team and for each manager (response-time.md D8-D12): nothing but counting.

A turn belongs to the period of its deadline. Who was never answered is no survivor: he stands in the share as a miss
and in the percentiles with the time he waited at least.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

from monitor.core.calendar import NEVER
from monitor.core.turn import Turn, Verdict

FEWEST = 10  # turns below which nobody is rated (D12)
QUEUE = 0
ZERO = timedelta()
ANSWERED = frozenset({Verdict.MET, Verdict.LATE})
UNMET = frozenset({Verdict.LATE, Verdict.MISSED})
_SPAM = frozenset({"spam", "closed_silently"})
_CLOSES = _SPAM | {"waived"}  # causes that are told of who closed

K = TypeVar("K", bound=Hashable)


class Waited(NamedTuple):
    """A wait in a percentile. `at_least`: nobody had answered by the end of it."""

    span: timedelta
    at_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Percentiles by the nearest rank; None without a single wait."""

    n: int = 0
    p50: Waited | None = None
    p90: Waited | None = None
    worst: Waited | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One team's or manager's period. Shares are of `n` = met + late + missed + overdue."""

    turns: int = 0
    met: int = 0
    late: int = 0
    missed: int = 0
    overdue: int = 0  # open and past the deadline: late already
    waiting: int = 0  # open and in time yet
    excused: int = 0
    waived: int = 0
    elsewhere: int = 0  # of the waived: answered in another messenger
    bot_only: int = 0
    team: Spread = Spread()  # D8, from the customer's message, working clock
    calendar: Spread = Spread()  # the same on the calendar
    own: Spread = Spread()  # D9, from the assignment, working clock
    worst: Turn | None = None
    blame: Mapping[str, int] = field(default_factory=dict)  # of late, missed and overdue
    ooh: int = 0  # answered out of hours: a merit
    helped: int = 0  # answered for somebody else
    held: timedelta = ZERO  # working time in which somebody waited with him
    skipped: int = 0  # let go without a word
    closed_unanswered: int = 0
    waved_off: int = 0  # said that no reply is needed
    spam: int = 0
    short: int = 0  # first replies that only stop the clock

    @property
    def n(self) -> int:
        return self.met + self.late + self.missed + self.overdue

    @property
    def share(self) -> float | None:
        """Within target, of all that had to be answered; None of nothing."""
        return self.met / self.n if self.n else None

    @property
    def is_rated(self) -> bool:
        return self.n >= FEWEST


def in_period(turns: Iterable[Turn], since: datetime, until: datetime) -> list[Turn]:
    """By the deadline (case 49); what is void never was, and a bot's dialog has no deadline yet."""
    return [turn for turn in turns if since <= turn.deadline < until and counts(turn)]


def counts(turn: Turn) -> bool:
    return turn.verdict is not Verdict.VOID and turn.deadline < NEVER


def whose(turn: Turn) -> int:
    """Who answered; of what nobody answered, who had it. 0 = the queue, or a phone."""
    return turn.responder if turn.ended_by else turn.holder


def of_team(turns: Sequence[Turn], now: datetime) -> Figures:
    """All turns together; the customer's truth."""
    return _figures(turns, turns, now, None)


def by_manager(turns: Sequence[Turn], now: datetime) -> dict[int, Figures]:
    """Each manager's own, and the queue's under 0. Who only let go, held or closed is named as well."""
    mine: dict[int, list[Turn]] = defaultdict(list)
    concerned: dict[int, list[Turn]] = defaultdict(list)
    for turn in turns:
        mine[whose(turn)].append(turn)
        for user in _concerned(turn):
            concerned[user].append(turn)
    people = sorted(mine.keys() | concerned.keys())
    return {user: _figures(mine[user], concerned[user], now, user) for user in people}


def by_key(turns: Sequence[Turn], key: Callable[[Turn], K], now: datetime) -> dict[K, Figures]:
    """Team figures by line, messenger or whatever a turn tells."""
    groups: dict[K, list[Turn]] = defaultdict(list)
    for turn in turns:
        groups[key(turn)].append(turn)
    return {name: of_team(group, now) for name, group in groups.items()}


def _concerned(turn: Turn) -> set[int]:
    """The queue, too, where what is told of a close is told of nobody else: rows add up to the team."""
    people = {part.user for part in turn.held} | {*turn.skipped, turn.closer, turn.holder, whose(turn)}
    is_counted = turn.verdict is Verdict.MISSED or turn.cause in _CLOSES
    return people - {QUEUE} | ({QUEUE} if is_counted and _is_of(turn, QUEUE) else set())


def _figures(mine: Sequence[Turn], concerned: Sequence[Turn], now: datetime, user: int | None) -> Figures:
    verdicts = Counter(turn.verdict for turn in mine)
    overdue = [turn for turn in mine if turn.verdict is Verdict.OPEN and now > turn.deadline]
    unmet = [turn for turn in mine if turn.verdict in UNMET] + overdue
    waits = [(_waited(turn), turn) for turn in mine if turn.verdict in ANSWERED or turn in unmet]
    return Figures(
        turns=len(mine),
        met=verdicts[Verdict.MET],
        late=verdicts[Verdict.LATE],
        missed=verdicts[Verdict.MISSED],
        overdue=len(overdue),
        waiting=verdicts[Verdict.OPEN] - len(overdue),
        excused=verdicts[Verdict.EXCUSED],
        waived=verdicts[Verdict.WAIVED],
        elsewhere=sum(turn.cause == "answered_elsewhere" for turn in mine),
        bot_only=verdicts[Verdict.BOT_ONLY],
        team=spread(waited for waited, _ in waits),
        calendar=spread(_on_calendar(turn, now) for _, turn in waits),
        own=spread(Waited(turn.manager_working) for _, turn in waits if turn.manager_working is not None),
        worst=max(waits, key=lambda pair: pair[0].span)[1] if waits else None,
        blame=Counter(_blame(turn) for turn in unmet),
        ooh=sum("ooh" in turn.marks for turn in mine),
        helped=sum("helped" in turn.marks for turn in mine),
        held=sum((part.working for turn in concerned for part in turn.held if user in {None, part.user}), ZERO),
        skipped=sum(len(turn.skipped) if user is None else turn.skipped.count(user) for turn in concerned),
        closed_unanswered=_ended_by(concerned, user, Verdict.MISSED),
        waved_off=sum(turn.cause == "waived" and _is_of(turn, user) for turn in concerned),
        spam=sum(turn.cause in _SPAM and _is_of(turn, user) for turn in concerned),
        short=sum("short" in turn.marks for turn in mine),
    )


def _blame(turn: Turn) -> str:
    """Of who still waits it is with whoever has him now."""
    return turn.blame or ("manager" if turn.holder else "routing")


def _ended_by(turns: Sequence[Turn], user: int | None, verdict: Verdict) -> int:
    """Closed by him, or by nobody known while he had it."""
    return sum(turn.verdict is verdict and _is_of(turn, user) for turn in turns)


def _is_of(turn: Turn, user: int | None) -> bool:
    return user is None or (turn.closer or turn.holder) == user


def _waited(turn: Turn) -> Waited:
    """Working clock. Of an open turn at least its target: the rest is asked of a schedule that may be gone."""
    if turn.verdict in ANSWERED:
        return Waited(turn.working or ZERO)
    return Waited(turn.working if turn.working is not None else turn.target, at_least=True)


def _on_calendar(turn: Turn, now: datetime) -> Waited:
    if turn.verdict in ANSWERED:
        return Waited(turn.calendar or ZERO)
    return Waited((turn.ended or now) - turn.opened, at_least=True)


def spread(waits: Iterable[Waited]) -> Spread:
    ordered = sorted(waits)
    if not ordered:
        return Spread()
    return Spread(n=len(ordered), p50=_rank(ordered, 50), p90=_rank(ordered, 90), worst=ordered[-1])


def _rank(ordered: Sequence[Waited], percent: int) -> Waited:
    """Nearest rank: the smallest wait that at least so many percent did not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
