"""A line that offers its dialogs to one after the other: who was asked has not taken it (signals.md, Decided 2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from asked import Asked, readings_of

from monitor.core.desk import Context, judge
from monitor.core.memory import PortalState
from monitor.core.plugin import View
from monitor.core.policy import Policy
from monitor.core.recall import Recall
from monitor.core.turn import Turn, Verdict
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.life import Life
from monitor.sandbox.presets import furnished
from monitor.sandbox.world import World

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday, 11:00 in Moscow
MINUTE = timedelta(minutes=1)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")


class Offering:
    """An emulated portal whose one line asks one after the other, polled each minute."""

    def __init__(self) -> None:
        self.clock = SandboxClock(START, rate=0.0)
        self.world: World = furnished(self.clock)
        self.world.lines[1]["QUEUE_TYPE"] = "evenly"
        self.call = Asked(Life(world=self.world, seed=1, start=START, per_day=0.0, channels=(), habits={}))
        self.state, self.recall = PortalState(portal="acme"), Recall()

    async def minutes(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(MINUTE)
            now = self.clock.now()
            view = View(policy=POLICY, state=self.state, now=now, clock=lambda now=now: now, recall=self.recall)  # type: ignore[misc]
            readings = await readings_of(self.call, view, furniture=self.state.cursor.discovered is None)
            self.state = judge(self.state, readings, POLICY, Context(), now=now, real_now=now).state

    def turn(self) -> Turn:
        (turn,) = self.state.turns.values()
        return turn


async def test_what_nobody_took_is_the_queues_while_it_waits_and_when_it_is_closed() -> None:
    it = Offering()
    await it.minutes(2)
    dialog = it.world.customer_writes("max", 1, it.world.add_customer())
    assert dialog.messages[-1].text.startswith(f"Обращение направлено на [USER={dialog.offered}")
    await it.minutes(20)
    assert (it.turn().verdict, it.turn().holder, [part.user for part in it.turn().held]) == (Verdict.OPEN, 0, [0])
    it.world.close(dialog)
    await it.minutes(3)
    turn = it.turn()
    assert (turn.verdict, turn.holder, turn.blame, turn.culprit) == (Verdict.MISSED, 0, "routing", 0)


async def test_a_managers_own_time_runs_from_when_he_took_what_he_was_offered() -> None:
    it = Offering()
    await it.minutes(2)
    dialog = it.world.customer_writes("max", 1, it.world.add_customer())
    await it.minutes(5)
    it.world.operator_accepts(dialog, dialog.offered)
    await it.minutes(2)
    it.world.operator_writes(dialog, dialog.offered)
    await it.minutes(2)
    turn = it.turn()
    assert (turn.verdict, turn.responder, turn.working) == (Verdict.MET, dialog.offered, 7 * MINUTE)
    assert (turn.manager_working, [part.user for part in turn.held]) == (2 * MINUTE, [0, dialog.offered])
