"""One portal's watch over a portal that misbehaves, with its counter of failures."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from portal_parts import FakePortal, HandClock, client, fake_portal

from monitor.core.desk import Context
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.outcome import Outcome
from monitor.shell.exposition import Exposition
from monitor.shell.metrics import Registry
from monitor.shell.news import News
from monitor.shell.pacer import Rate
from monitor.shell.watch import Watch
from probes import connector_status, dialogs, discovery, portal_health

NOW = datetime(2026, 9, 21, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINE = {"ID": "1", "LINE_NAME": "Sales", "ACTIVE": "Y"}
PEOPLE = [{"ID": "12", "NAME": "Anna", "ACTIVE": True}, {"ID": "15", "NAME": "Boris", "ACTIVE": True}]
FLAG = {"ERROR": False, "CONFIGURED": True, "STATUS": True}


def good() -> dict[str, Any]:
    return {
        "server.time": NOW.isoformat(),
        "app.info": {"LICENSE": "ru_basic", "INSTALLED": True, "SCOPE": ["imopenlines", "crm", "im", "department"]},
        "scope": ["imopenlines", "crm", "im", "department", "user_brief"],
        "crm.activity.list": [],
        "user.get": list(PEOPLE),
        "department.get": [{"ID": "1", "NAME": "Sales"}],
        "imconnector.list": {"telegrambot": "Telegram"},
        "imconnector.status": dict(FLAG),
        "imopenlines.config.list.get": [LINE],
        "imopenlines.config.get": LINE,
    }


class Unkept:
    async def commit(self, *_: Any) -> None:
        """Nothing is kept here."""


@dataclass
class Monitor:
    """One portal's watch over a portal that misbehaves."""

    fake: FakePortal
    clock: HandClock
    watch: Watch
    registry: Registry

    async def poll(self) -> dict[str, int]:
        """One more poll; what it has added to the counter."""
        before = await self.failures()
        await self.watch.poll()
        self.clock.pass_(MINUTE)
        now = await self.failures()
        return {reason: count - before.get(reason, 0) for reason, count in now.items() if count > before.get(reason, 0)}

    async def failures(self) -> dict[str, int]:
        page = await Exposition(self.registry).render()
        line = r'messenger_poll_failures_total{portal="acme",source="bitrix24",reason="(\w+)"} (\S+)'
        return {reason: int(float(value)) for reason, value in re.findall(line, page) if float(value)}


@asynccontextmanager
async def monitor(*, known: bool = True) -> AsyncIterator[Monitor]:
    """`known`: the portal was polled well already."""
    clock, registry, context = HandClock(NOW), Registry(), Context()
    rate = Rate(per_second=1000, burst=10_000)
    async with fake_portal(results=good()) as fake, client(fake, clock=clock, rate=rate) as portal:
        probes = [one for module in (connector_status, dialogs, discovery, portal_health) for one in module.PROBES]
        watch = Watch(
            policy=Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow"),
            call=portal,
            state=PortalState(portal="acme"),
            probes=probes,
            context=context,
            keeper=Unkept(),
            onlooker=Outcome(registry=registry, pusher=None, clock=clock, context=context, news=News()),
            clock=clock,
            deadline=timedelta(seconds=10),
        )
        one = Monitor(fake, clock, watch, registry)
        if known:
            assert await one.poll() == {}
        yield one
