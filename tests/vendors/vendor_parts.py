"""A provider account under watch against a fake of its vendor over HTTP, judged by a portal that has its channel."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from monitor.account import AccountWatch
from monitor.config_providers import provider_probes
from monitor.core.accounts import newest
from monitor.core.desk import Context
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import ChannelKey, Messenger, State
from monitor.core.plugin import Account
from monitor.core.policy import ChannelPolicy, Policy
from monitor.core.reading import Reading
from monitor.outcome import Outcome
from monitor.sandbox.vendors.catalogue import vendor_app
from monitor.sandbox.vendors.vendor import KEY
from monitor.shell.clock import Clock
from monitor.shell.exposition import Exposition
from monitor.shell.http import ProviderHttp, session
from monitor.shell.metrics import Registry
from monitor.shell.news import News
from monitor.shell.store import Store
from monitor.shell.watch import Keeper, Watch
from monitor.shell.wire import Trust

CHANNEL = ChannelKey(1, "wz_whatsapp_0a1b")
TIMEOUT = timedelta(seconds=1)
HOOK_KEY = "hook-canary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How an entry of one type looks in the config, and how its fake is made to need a QR code or the like."""

    account: str
    settings: Mapping[str, str] = field(default_factory=dict)
    ill: Mapping[str, Any] = field(default_factory=dict)
    state: State = State.QR_REQUIRED
    well: State = State.CONNECTED


KINDS = {
    "wazzup": Kind(account="0b8f2f0e-5a1c-4f0d-9a77-2f6f6d7c1a10", ill={"state": "qr"}),
    "green_api": Kind(
        account="1101000001", settings={"instance": "1101000001"}, ill={"stateInstance": "notAuthorized"}
    ),
    "telegram_bot": Kind(account="shop_bot", ill={"url": ""}, state=State.MISCONFIGURED),
    "max_bot": Kind(account="id7700_bot", ill={"urls": []}, state=State.MISCONFIGURED),
    "whatsapp_cloud": Kind(
        account="1055", settings={"phone_number_id": "1055"}, ill={"status": "BANNED"}, state=State.BANNED
    ),
    "waha": Kind(account="default", ill={"status": "SCAN_QR_CODE"}),
    "evolution": Kind(account="shop", ill={"connectionStatus": "close", "disconnectionReasonCode": 401}),
    "chatapp": Kind(
        account="40001",
        settings={"email": "a@shop.example", "app_id": "app_1"},
        ill={"licenseTo": 1600000000},
        state=State.UNPAID,
        well=State.UNKNOWN,  # a paid licence does not tell that the messenger is online
    ),
    "wappi": Kind(account="a1b2c3d4-e5f6", settings={"profile_id": "a1b2c3d4-e5f6"}, ill={"authorized": False}),
    "umnico": Kind(account="12345", ill={"status": "stopped"}, state=State.MISCONFIGURED),
    "edna": Kind(account="321", ill={"active": False}, state=State.MISCONFIGURED),
    "pact": Kind(account="399", settings={"company_id": "17"}, state=State.UNKNOWN, well=State.UNKNOWN),
    "radist": Kind(account="7", settings={"company_id": "1"}, state=State.UNKNOWN, well=State.UNKNOWN),
}


class HandClock(Clock):
    """Daemon time moves on only by hand; real time is real."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime.now(UTC)

    def now(self) -> datetime:
        return self.at


class Unkept:
    """A keeper for portals that live as long as one test."""

    async def commit(self, portal: str, before: PortalState, judgement: Judgement) -> None:
        del portal, before, judgement


async def never(method: str, params: object = None) -> object:
    raise AssertionError(f"the portal was asked for {method} {params}")


@dataclass
class Stage:
    """One vendor, one account under watch, one portal."""

    type: str
    url: str
    http: aiohttp.ClientSession
    watch: Watch
    registry: Registry
    account: AccountWatch
    clock: HandClock
    store: Store | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def pass_(self, span: timedelta) -> None:
        self.clock.at += span

    def move(self, url: str, trusted: Trust = True) -> None:
        """The account's address from now on: another server's."""
        account = with_keys(account_of(self.type, url), self.settings, self.secrets)
        self.account = account_watch(account, self.http, self.watch, self.clock, trusted)

    async def restart(self) -> None:
        """The daemon dies and begins anew with what its store has."""
        assert self.store is not None
        stored = await self.store.load_portal("acme")
        assert stored is not None
        self.watch = watch_of(self.type, self.registry, self.clock, stored, self.store)
        self.move(self.url)

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    @property
    def state(self) -> State:
        return self.watch.state.channels[CHANNEL].diagnosis.state

    async def control(self, **wish: Any) -> dict[str, Any]:
        async with self.http.post(f"{self.url}/control", json=wish) as answer:
            assert answer.status == 200, await answer.text()
            told: dict[str, Any] = await answer.json()
            return told

    async def poll(self) -> Reading:
        return await self.account.poll()

    async def failures(self) -> dict[str, float]:
        """How many polls of this vendor failed, by reason, as the metrics page tells it."""
        page = await Exposition(self.registry).render()
        line = rf'messenger_poll_failures_total{{portal="acme",source="{self.type}",reason="(\w+)"}} (\S+)'
        return {reason: float(value) for reason, value in re.findall(line, page) if float(value)}


def account_of(type_: str, url: str) -> Account:
    kind = KINDS[type_]
    probe = provider_probes()[type_]
    secrets = {key: KEY for key in probe.required if key in {"api_key", "token", "password"}}
    secrets |= {"hook_key": HOOK_KEY} if "hook_key" in probe.optional else {}
    return Account(name="ours", type=type_, url=url, settings=kind.settings, secrets=secrets, accounts=(kind.account,))


def with_keys(account: Account, settings: Mapping[str, str], secrets: Mapping[str, str]) -> Account:
    """`{url}` in a setting is the vendor's address."""
    told = {key: value.replace("{url}", account.url) for key, value in settings.items()}
    return replace(account, settings={**account.settings, **told}, secrets={**account.secrets, **secrets})


def watch_of(
    type_: str, registry: Registry, clock: Clock, state: PortalState | None = None, keeper: Keeper | None = None
) -> Watch:
    kind = KINDS[type_]
    bound = ChannelPolicy(messenger=Messenger.WHATSAPP, provider="ours", account=kind.account)
    policy = Policy(
        portal="acme",
        url="https://acme.bitrix24.ru",
        timezone="Europe/Moscow",
        channels={CHANNEL: bound},
        provider_types={"ours": type_},
    )
    context = Context()
    return Watch(
        policy=policy,
        call=never,
        state=state or PortalState(portal="acme"),
        probes=(),
        context=context,
        keeper=keeper or Unkept(),
        onlooker=Outcome(registry=registry, pusher=None, clock=clock, context=context, news=News()),
        clock=clock,
        deadline=timedelta(seconds=5),
    )


def account_watch(
    account: Account, http: aiohttp.ClientSession, watch: Watch, clock: Clock, trusted: Trust = True
) -> AccountWatch:
    return AccountWatch(
        account=replace(account, memory=newest([watch.state.accounts.get(account.name)], account.type)),
        probe=provider_probes()[account.type],
        get=ProviderHttp(account.url, http=http, clock=clock, timeout=TIMEOUT, trusted=trusted),
        watches=lambda _: [watch],
        clock=clock,
        deadline=timedelta(seconds=5),
    )


@asynccontextmanager
async def stage(
    type_: str,
    store: Store | None = None,
    *,
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    registry = Registry()
    async with TestServer(vendor_app(type_)) as server, session() as http:
        url = str(server.make_url("")).rstrip("/")
        clock = HandClock()
        watch = watch_of(type_, registry, clock, None, store)
        account = with_keys(account_of(type_, url), settings or {}, secrets or {})
        yield Stage(
            type=type_,
            url=url,
            http=http,
            watch=watch,
            registry=registry,
            account=account_watch(account, http, watch, clock),
            clock=clock,
            store=store,
            settings=settings or {},
            secrets=secrets or {},
        )
