"""Polls of an emulated portal, no wire between: what is asked for in how many requests, and what is known then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.desk import Context, judge
from monitor.core.memory import PortalState
from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.plugin import Params, Question, View
from monitor.core.policy import Policy
from monitor.core.recall import Recall
from monitor.core.turn import Turn
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.listing import Listed
from monitor.sandbox.methods import Methods
from monitor.sandbox.params import from_query
from monitor.sandbox.presets import furnished
from monitor.sandbox.records import Dialog
from monitor.sandbox.refusal import Refusal
from monitor.sandbox.world import World
from monitor.shell.batch import command, split
from probes import connector_status, dialogs, discovery

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")
HISTORY, DIALOG = "imopenlines.session.history.get", "imopenlines.dialog.get"


@dataclass
class Asked:
    """Answers as the portal does; counts requests and keeps the questions of the last poll."""

    methods: Methods
    fails: dict[str, Failure] = field(default_factory=dict)
    requests: int = 0
    questions: list[Question] = field(default_factory=list)

    async def __call__(self, method: str, params: Params | None = None) -> Any:
        (told,) = await self.several([(method, params)])
        if isinstance(told, Failure):
            raise CallFailed(told)
        return told

    async def several(self, questions: Iterable[Question], *, unread: bool = False) -> list[Any]:
        asked = list(questions)
        self.questions += asked
        self.requests += len(split([command(method, params) for method, params in asked]))
        return [self._told(method, params) for method, params in asked]

    def _told(self, method: str, params: Params | None) -> Any:
        if method in self.fails:
            return self.fails[method]
        try:
            told = self.methods.table()[method](from_query(command(method, params).text.partition("?")[2]))
        except Refusal as no:
            return Failure(reason=Reason.DENIED, code=str(no.body()["error"]))
        return told.rows if isinstance(told, Listed) else told


@dataclass
class Polls:
    """One portal under watch, poll by poll. Lines 1 and 2: what is written to the first has no CRM."""

    clock: SandboxClock = field(default_factory=lambda: SandboxClock(START, rate=0))
    policy: Policy = POLICY
    world: World = field(init=False)
    call: Asked = field(init=False)
    state: PortalState = field(default_factory=lambda: PortalState(portal="acme"))
    strangers: list[int] = field(default_factory=list)  # ids that were no known session's when they were asked for
    ended: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = furnished(self.clock, lines=2, connectors=1, hours=False)
        self.world.lines[1]["CRM"] = "N"
        self.call = Asked(Methods(self.world))
        self._recall = Recall()

    def pass_(self, span: timedelta) -> None:
        self.clock.advance(span)

    def write(self, many: int = 1, *, line: int = 1, step: int = 1) -> list[Dialog]:
        """New dialogs, each of another customer; their ids follow each other, or `step` lies between."""
        written = []
        for _ in range(many):
            last = max(self.world.dialogs, default=self.world._last["session"])
            self.world.sessions_go_on_after(max(last, self.world._last["session"]) + step - 2 + self._odd())
            written.append(self.world.customer_writes(self.connector, line, self.world.add_customer()))
        return written

    def _odd(self) -> int:
        """The emulated portal leaves out every other id by the number of its last message."""
        return 1 - self.world._last["message"] % 2

    @property
    def connector(self) -> str:
        return next(iter(self.world.titles))

    async def poll(self, many: int = 1) -> list[Question]:
        """What the last of the polls asked of sessions and chats; each is a minute after the one before."""
        for _ in range(many):
            await self._poll()
            self.pass_(self.policy.poll)
        return self.call.questions

    async def _poll(self) -> None:
        now = self.clock.now()
        view = View(policy=self.policy, state=self.state, now=now, clock=lambda: now, recall=self._recall)
        others = [connector_status.PROBE] if self.state.lines else [discovery.PROBE, connector_status.PROBE]
        readings = [probe.read(await probe.ask(self.call, view), view, now) for probe in others]
        self.call.questions, self.call.requests = [], 0
        readings.append(dialogs.PROBE.read(await dialogs.PROBE.ask(self.call, view), view, now))
        self.strangers = [number for number in self.histories() if number not in self.state.sessions]
        judgement = judge(self.state, readings, self.policy, Context(), now=now, real_now=now)
        self.state = judgement.state
        self.ended += judgement.ended

    async def until(self, *written: Dialog, within: int) -> int:
        """The number of polls after which all of them are known; more than `within` where they are not by then."""
        for number in range(1, within + 1):
            await self.poll()
            if {one.id for one in written} <= set(self.state.sessions):
                return number
        return within + 1

    def histories(self) -> list[int]:
        return [int((params or {})["SESSION_ID"]) for method, params in self.call.questions if method == HISTORY]

    def chats(self) -> list[int]:
        return [int((params or {})["CHAT_ID"]) for method, params in self.call.questions if method == DIALOG]
