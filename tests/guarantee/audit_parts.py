"""A portal under guarantee with the real probes: an emulated portal over HTTP, the watch, a clock moved by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.building import portal_probes
from monitor.core.alerts import alerts
from monitor.core.desk import Context
from monitor.core.incident import Incident, IncidentKind
from monitor.core.memory import Audit, Judgement, PortalState
from monitor.core.policy import Guarantee, Policy
from monitor.core.reading import HandOver, Reading
from monitor.core.samples import samples_of
from monitor.sandbox.presets import furnished
from monitor.sandbox.server import Sandbox
from monitor.sandbox.world import World
from monitor.secret import Secret
from monitor.shell.clock import Clock
from monitor.shell.credentials import OAuthKeys
from monitor.shell.http import session
from monitor.shell.pacer import Rate
from monitor.shell.portal import Portal
from monitor.shell.vault import Tokens
from monitor.shell.watch import Watch

START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # a Monday, 09:00 in Moscow
GUARANTEE = Guarantee(
    option="messengers", start=START - timedelta(days=30), end=START + timedelta(days=335), service_price=60_000
)


async def snapshot(watch: Watch) -> Judgement:
    """The lines are as they are handed over, as a person says it through the daemon."""
    return await watch.take([Reading(probe="hand_over", source="person", at=START, findings=(HandOver(),))])


NOW = datetime(2026, 9, 21, 9, tzinfo=UTC)  # a Monday, noon in Moscow
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = replace(GUARANTEE, start=NOW - 30 * DAY, end=NOW + 335 * DAY, department=7)
WAZZUP = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"


class HandClock(Clock):
    """Time moves by hand; real time is real."""

    def __init__(self) -> None:
        super().__init__()
        self.at = NOW

    def now(self) -> datetime:
        return self.at


class OneVault:
    def __init__(self) -> None:
        self.pair: Tokens | None = None

    async def load(self, portal: str) -> Tokens | None:
        del portal
        return self.pair

    async def save(self, portal: str, tokens: Tokens) -> None:
        del portal
        self.pair = tokens


class Views:
    """Keeps and shows nothing: the watch itself remembers."""

    async def commit(self, portal: str, before: PortalState, judgement: Judgement) -> None:
        del portal, before, judgement

    def polled(
        self, watch: Watch, before: PortalState, readings: Sequence[Reading], judgement: Judgement, seconds: float
    ) -> None:
        del watch, before, readings, judgement, seconds


@dataclass
class Stand:
    """One portal, its watch and their clock."""

    sandbox: Sandbox
    watch: Watch
    clock: HandClock
    portal: Portal

    @property
    def world(self) -> World:
        return self.sandbox.world

    async def polls(self, count: int = 2, every: timedelta = MINUTE) -> None:
        for _ in range(count):
            await self.watch.poll()
            self.clock.at += every

    async def audit(self) -> None:
        """So much later that every audit is due, and a poll in which nothing else is new."""
        self.clock.at += HOUR
        await self.polls(2)

    def seen(self, check: str, line: int = 1) -> Audit:
        return self.watch.state.audits[f"{check}/{line}"]

    def failed(self, check: str) -> Incident | None:
        kind = IncidentKind.GUARANTEE_CHECK_FAILED
        found = self.watch.state.incidents.values()
        return next((one for one in found if one.kind is kind and ("check", check) in one.labels), None)

    def metric(self, check: str, line: str = "1") -> float | None:
        rows = samples_of(self.watch.state, self.watch.policy, {}, self.clock.now())
        wanted = ("messenger_guarantee_check", ("acme", line, check))
        return next((row.value for row in rows if (row.name, row.labels) == wanted), None)

    def alert(self, check: str) -> dict[str, str]:
        incident = self.failed(check)
        (one,) = alerts([incident] if incident else [], self.watch.policy).values()
        return dict(one.labels) | dict(one.annotations)


@asynccontextmanager
async def stand(*, guarantee: Guarantee | None = YEAR, **wishes: object) -> AsyncIterator[Stand]:
    clock = HandClock()
    world = furnished(clock, connectors=2, hours=False)
    async with Sandbox(world, clock=clock) as sandbox, session() as http:
        sandbox.bucket.burst = sandbox.bucket.per_second = 10_000
        keys = OAuthKeys(
            client_id=sandbox.oauth.client_id,
            client_secret=Secret(sandbox.oauth.client_secret),
            refresh_token=Secret(sandbox.refresh_token),
            oauth_url=sandbox.url,
        )
        client = Portal(
            name="acme",
            url=sandbox.url,
            credentials=keys,
            rate=Rate(per_second=10_000, burst=10_000),
            http=http,
            vault=OneVault(),
            clock=clock,
        )
        policy = Policy(portal="acme", url=sandbox.url, timezone="Europe/Moscow", guarantee=guarantee)
        yield Stand(sandbox=sandbox, clock=clock, portal=client, watch=_watch(replace(policy, **wishes), client, clock))  # type: ignore[arg-type]  # named by the tests


def _watch(policy: Policy, client: Portal, clock: Clock) -> Watch:
    views = Views()
    return Watch(
        policy=policy,
        call=client,
        state=PortalState(portal="acme"),
        probes=portal_probes(),
        context=Context(),
        keeper=views,
        onlooker=views,
        clock=clock,
        deadline=timedelta(seconds=30),
    )
