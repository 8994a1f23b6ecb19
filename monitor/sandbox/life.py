"""A life of its own: customers by hour of the week, managers with habits, nights and weekends; and what was meant."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from monitor.sandbox.records import Dialog
from monitor.sandbox.world import ZONE, World

OPENS, CLOSES = 9, 18
HOURS = (1, 1, 0, 0, 0, 1, 2, 4, 8, 14, 16, 15, 11, 12, 14, 14, 13, 10, 7, 6, 5, 4, 3, 2)  # a day's customers, relative


@dataclass(frozen=True)
class Habit:
    """How a manager works: minutes to a reply, and how often (of one) he does worse."""

    typical: float
    silent: float = 0.0  # accepts and never answers
    closes_unanswered: float = 0.0
    transfers: float = 0.0


REOPENED = timedelta(hours=24)


@dataclass
class Meant:
    """One turn as the life meant it: the ground truth for the measuring of replies."""

    chat: int
    message: int
    kind: str
    opened: str
    answered: str = ""
    answer: int = 0
    author: int = 0
    closed: str = ""


@dataclass
class Life:
    """Advances the world to any moment. The same seed gives the same world whatever the steps."""

    world: World
    seed: int
    start: datetime
    per_day: float = 20.0
    channels: tuple[tuple[str, int], ...] = ()
    habits: dict[int, Habit] = field(default_factory=dict)
    truth: list[Meant] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - a simulation, no secret
        self._plans: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._customers: list[tuple[int, tuple[str, int]]] = []
        self._open: dict[int, Meant] = {}
        self._left: dict[int, Meant] = {}
        self._real = self.world.clock
        self._plan(self.start, self._next_customer)

    def advance(self, until: datetime) -> None:
        """All that happens up to a moment, each thing at its own time."""
        moment = _Moment(self.start)
        self.world.clock = moment
        try:
            while self._plans and self._plans[0][0] <= until:
                moment.at, _, happens = heapq.heappop(self._plans)
                happens()
        finally:
            self.world.clock = self._real

    def truth_rows(self) -> list[dict[str, Any]]:
        return [asdict(one) for one in self.truth]

    def _plan(self, at: datetime, happens: Callable[[], None]) -> None:
        heapq.heappush(self._plans, (at, next(self._order), happens))

    def _later(self, minutes: float, happens: Callable[[], None]) -> None:
        self._plan(self.world.now() + timedelta(minutes=minutes), happens)

    # --- customers ----------------------------------------------------------------------------------------

    def _next_customer(self) -> None:
        now = self.world.now()
        weight = HOURS[now.astimezone(ZONE).hour] * (0.3 if now.astimezone(ZONE).weekday() >= 5 else 1.0)
        per_minute = self.per_day * len(self.channels) * weight / sum(HOURS) / 60
        step = 10.0
        if self._random.random() < per_minute * step:
            self._later(self._random.uniform(0, step), self._customer)
        self._later(step, self._next_customer)

    def _customer(self) -> None:
        known = bool(self._customers) and self._random.random() < 0.4
        if known:
            customer, channel = self._random.choice(self._customers)
        else:
            channel = self._random.choice(self.channels)
            customer = self.world.add_customer(f"Клиент {len(self._customers) + 1}")
            self._customers.append((customer, channel))
        self._writes(customer, channel)

    def _writes(self, customer: int, channel: tuple[str, int]) -> None:
        before = self.world.open_dialog(*channel, customer)
        dialog = self.world.customer_writes(*channel, customer)
        if dialog.chat not in self._open:
            self._open[dialog.chat] = self._left_open(dialog) or self._meant(dialog, is_first=before is None)
            self._react(dialog)
        if self._random.random() < 0.3:
            self._later(self._random.uniform(0.5, 4), lambda: self._again(dialog, customer, channel))

    def _meant(self, dialog: Dialog, *, is_first: bool) -> Meant:
        last = dialog.messages[-1]
        meant = Meant(dialog.chat, last.id, "first" if is_first else "next", last.at.isoformat())
        self.truth.append(meant)
        return meant

    def _left_open(self, dialog: Dialog) -> Meant | None:
        """Closed without an answer less than a day ago: the customer still means the same (case 27)."""
        meant = self._left.pop(dialog.chat, None)
        if meant is None or self.world.now() - datetime.fromisoformat(meant.closed) > REOPENED:
            return None
        meant.closed = ""
        return meant

    def _again(self, dialog: Dialog, customer: int, channel: tuple[str, int]) -> None:
        if dialog.closed is None:
            self._writes(customer, channel)

    # --- managers -----------------------------------------------------------------------------------------

    def _react(self, dialog: Dialog) -> None:
        people = [user for user in self.world.queue(dialog.line) if user in self.habits]
        if not people:
            return
        user = dialog.owner if dialog.owner in self.habits else self._random.choice(people)
        habit = self.habits[user]
        wait = self._random.lognormvariate(0, 0.8) * habit.typical
        at = _at_work(self.world.now() + timedelta(minutes=wait), self._random)
        luck = self._random.random()
        if luck < habit.silent:
            self._plan(at, lambda: self._accept(dialog, user))
            self._plan(_at_work(at + timedelta(hours=8), self._random), lambda: self._close(dialog))
        elif luck < habit.silent + habit.closes_unanswered:
            self._plan(at, lambda: self._close(dialog))
        elif luck < habit.silent + habit.closes_unanswered + habit.transfers and len(people) > 1:
            other = next(one for one in people if one != user)
            self._plan(at, lambda: self._hand_over(dialog, user, other))
        else:
            self._plan(at, lambda: self._reply(dialog, user))

    def _accept(self, dialog: Dialog, user: int) -> None:
        if dialog.closed is None and not dialog.accepted:
            self.world.operator_accepts(dialog, user)

    def _hand_over(self, dialog: Dialog, user: int, other: int) -> None:
        if dialog.closed is not None:
            return
        self._accept(dialog, user)
        self.world.transfer(dialog, other)
        self._later(self._random.uniform(1, 20), lambda: self._reply(dialog, other))

    def _reply(self, dialog: Dialog, user: int) -> None:
        if dialog.closed is not None:
            return
        message = self.world.operator_writes(dialog, user)
        meant = self._open.pop(dialog.chat, None)
        if meant is not None:
            meant.answered, meant.answer, meant.author = message.at.isoformat(), message.id, user
        self._later(self._random.uniform(60, 240), lambda: self._close_if_quiet(dialog))

    def _close_if_quiet(self, dialog: Dialog) -> None:
        if dialog.chat not in self._open:
            self._close(dialog)

    def _close(self, dialog: Dialog) -> None:
        if dialog.closed is not None:
            return
        self.world.close(dialog)
        meant = self._open.pop(dialog.chat, None)
        if meant is not None:
            meant.closed = self.world.now().isoformat()
            self._left[dialog.chat] = meant


@dataclass
class _Moment:
    """The clock while something happens: its own time, not the time of whoever looks."""

    at: datetime

    def now(self) -> datetime:
        return self.at


def _at_work(at: datetime, luck: random.Random) -> datetime:
    """The moment itself in working hours, else soon after the next opening."""
    local = at.astimezone(ZONE)
    while local.weekday() >= 5 or not OPENS <= local.hour < CLOSES:
        day = local if local.hour < OPENS and local.weekday() < 5 else local + timedelta(days=1)
        local = day.replace(hour=OPENS, minute=0, second=0, microsecond=0) + timedelta(minutes=luck.uniform(0, 40))
    return local.astimezone(at.tzinfo)
