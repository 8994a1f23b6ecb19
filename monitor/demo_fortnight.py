"""A troubled fortnight of the emulated portal, watched by the daemon's own probes and desk, in some seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.building import portal_probes
from monitor.core.desk import Context
from monitor.core.incident import Incident
from monitor.core.memory import Flip, Judgement, PortalState
from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.policy import Expiry, Guarantee, Policy
from monitor.core.reading import Reading
from monitor.core.turn import Turn, TurnKey
from monitor.sandbox.listing import Listed
from monitor.sandbox.methods import Methods
from monitor.sandbox.params import nested
from monitor.sandbox.presets import CONNECTORS, living
from monitor.sandbox.refusal import Refusal
from monitor.shell.batch import flatten
from monitor.shell.watch import Watch

START = datetime(2026, 3, 2, 5, tzinfo=UTC)  # a Monday, eight in Moscow
BEFORE, FORTNIGHT, STEP = timedelta(days=14), timedelta(days=14), timedelta(minutes=10)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WHATSAPP, LINE = CONNECTORS[0][0], 1


@dataclass(slots=True)
class HandClock:
    """Stands until it is moved; real and simulated time are one."""

    at: datetime

    def now(self) -> datetime:
        return self.at

    def real_now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass(slots=True)
class Fortnight:
    """What the store would hold of it: the review's material."""

    policy: Policy
    context: Context
    state: PortalState
    turns: dict[TurnKey, Turn] = field(default_factory=dict)
    flips: list[Flip] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)

    async def commit(self, portal: str, before: PortalState, judgement: Judgement) -> None:
        del portal, before
        self.state = judgement.state
        self.turns |= judgement.state.turns
        self.flips += judgement.flips
        for one in (*judgement.opened, *judgement.updated, *judgement.closed):
            self.incidents[one.id] = one

    def polled(
        self, watch: Watch, before: PortalState, readings: Sequence[Reading], judgement: Judgement, seconds: float
    ) -> None:
        """Nobody looks on."""


async def live(context: Context) -> Fortnight:
    """Two weeks that teach the habits, and the two of the review with their troubles."""
    clock = HandClock(START - BEFORE)
    life = living(clock, seed=7, per_day=14, days=3)
    world = life.world
    methods = Methods(world)
    out_of_reach: list[tuple[datetime, datetime]] = [(START + 8 * DAY + 4 * HOUR, START + 8 * DAY + 6 * HOUR)]

    async def call(method: str, params: Mapping[str, Any] | None = None) -> Any:
        if any(begins <= clock.at < ends for begins, ends in out_of_reach):
            raise CallFailed(Failure(reason=Reason.TIMEOUT, detail="the portal does not answer"))
        return _answer(methods, method, params)

    policy = _policy()
    told = Fortnight(policy=policy, context=context, state=PortalState(portal=policy.portal))
    watch = Watch(
        policy=policy, call=call, state=told.state, probes=portal_probes(), context=context, keeper=told,
        onlooker=told, clock=clock, deadline=timedelta(seconds=60),  # type: ignore[arg-type]  # a clock moved by hand
    )  # fmt: skip
    troubles = _troubles(world)
    while clock.at < START + FORTNIGHT:
        clock.at += STEP
        life.advance(clock.at)
        while troubles and troubles[0][0] <= clock.at:
            troubles.pop(0)[1]()
        await watch.poll()
    return told


def _answer(methods: Methods, method: str, params: Mapping[str, Any] | None) -> Any:
    """As the portal would, without the way there: parameters pass through PHP's brackets all the same."""
    asked = methods.table().get(method)
    if asked is None:
        raise CallFailed(Failure(reason=Reason.REJECTED, code="ERROR_METHOD_NOT_FOUND", detail=method))
    try:
        result = asked(nested(flatten(params or {})))
    except Refusal as refusal:
        raise CallFailed(Failure(reason=Reason.REJECTED, code=refusal.code, detail=refusal.text)) from None
    return result.rows if isinstance(result, Listed) else result


def _troubles(world: Any) -> list[tuple[datetime, Callable[[], None]]]:
    """An evening's lost QR code, found in the morning; a bot taken to another portal for an afternoon."""
    return [
        (START + 3 * DAY + 9 * HOUR, lambda: world.set_error(WHATSAPP, LINE)),
        (START + 4 * DAY + 3 * HOUR, lambda: world.set_error(WHATSAPP, LINE, error=False)),
        (START + 9 * DAY + 5 * HOUR, lambda: world.set_error("telegrambot", LINE)),
        (START + 9 * DAY + 8 * HOUR, lambda: world.set_error("telegrambot", LINE, error=False)),
        (START + 13 * DAY + 6 * HOUR, lambda: world.set_error(WHATSAPP, LINE)),
    ]


def _policy() -> Policy:
    start = datetime(2026, 3, 1, 21, tzinfo=UTC)
    return Policy(
        portal="demo",
        url="https://demo.bitrix24.ru",
        timezone="Europe/Moscow",
        poll=STEP,
        guarantee=Guarantee(
            option="messengers", start=start, end=start.replace(year=start.year + 1), service_price=60_000
        ),
        expiries=(Expiry(subject="wazzup-licence", at=START + FORTNIGHT + 20 * DAY, paid_through_us=True),),
    )
