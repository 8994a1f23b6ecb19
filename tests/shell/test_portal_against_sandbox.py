"""The portal client against the emulated portal: tokens that live a moment, crashes, limits and faults."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from portal_parts import HandClock, MemoryVault

from monitor.core.model import CallFailed, Failure, Reason
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.faults import ERRORS, Fault
from monitor.sandbox.presets import furnished
from monitor.sandbox.server import Sandbox
from monitor.secret import Secret
from monitor.shell.credentials import Credentials, OAuthKeys, Webhook
from monitor.shell.http import session
from monitor.shell.pacer import Rate
from monitor.shell.portal import Portal

STATUS = {"CONNECTOR": "telegrambot", "LINE": 1}
OPEN = Rate(per_second=10_000, burst=10_000)
NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)


@asynccontextmanager
async def sandbox(**settings: Any) -> AsyncIterator[Sandbox]:
    async with Sandbox(furnished(settings.pop("clock", None) or SandboxClock()), **settings) as portal:
        portal.bucket.burst = portal.bucket.per_second = 10_000
        yield portal


def keys(of: Sandbox) -> OAuthKeys:
    secret, refresh = Secret(of.oauth.client_secret), Secret(of.refresh_token)
    return OAuthKeys(client_id=of.oauth.client_id, client_secret=secret, refresh_token=refresh, oauth_url=of.url)


@asynccontextmanager
async def client(of: Sandbox, credentials: Credentials | None = None, **settings: Any) -> AsyncIterator[Portal]:
    usual = {"vault": MemoryVault(), "clock": HandClock(of.clock.now()), "rate": OPEN}
    async with session() as http:
        yield Portal(name="acme", url=of.url, credentials=credentials or keys(of), http=http, **{**usual, **settings})


async def failure(portal: Portal, method: str = "server.time") -> Failure:
    with pytest.raises(CallFailed) as caught:
        await portal(method)
    return caught.value.failure


async def test_flags_and_time_come_in_one_request():
    async with sandbox() as of, client(of) as portal:
        flag, time = await asyncio.gather(portal("imconnector.status", STATUS), portal("server.time"))
        assert (flag["CONFIGURED"], flag["STATUS"], flag["ERROR"]) == (True, True, False)
        assert datetime.fromisoformat(time).tzinfo is not None
        assert of.counts["http"] == 1


@pytest.mark.parametrize("dies_at_once", [False, True])
async def test_tokens_that_live_a_moment_never_lead_to_a_dead_refresh_token(dies_at_once: bool):
    async with sandbox(access_ttl=0.02) as of, client(of) as portal:
        of.oauth.dies_at_once = dies_at_once
        for _ in range(60):
            assert await portal("imconnector.status", STATUS)
        assert of.oauth.renewals > 1
        assert of.oauth.dead_refresh_uses == 0


async def test_thirty_crashes_at_random_moments_cost_no_token():
    """A cancelled client stops wherever it stands; only the vault survives it, as after kill -9."""
    chance, vault = random.Random(7), MemoryVault()
    async with sandbox(access_ttl=0.03) as of:
        for _ in range(30):
            async with client(of, vault=vault) as portal:
                life = asyncio.ensure_future(_lives(portal))
                await asyncio.wait({life}, timeout=chance.uniform(0.0, 0.06))
                life.cancel()
                await asyncio.wait({life})
                assert life.cancelled(), life.exception()
        async with client(of, vault=vault) as portal:
            assert await portal("server.time")
        assert of.oauth.renewals > 5
        assert of.oauth.dead_refresh_uses == 0


async def _lives(portal: Portal) -> None:
    while True:
        await asyncio.gather(portal("server.time"), portal("imconnector.status", STATUS))


REASONS = {
    "html_502": Reason.UNREACHABLE,
    "html_200": Reason.MALFORMED,
    "truncated": Reason.MALFORMED,
    "wrong_types": Reason.MALFORMED,
    "huge": Reason.MALFORMED,
    "reset": Reason.UNREACHABLE,
    "redirect": Reason.REJECTED,
    "hang": Reason.TIMEOUT,
    "slow": Reason.TIMEOUT,
    "QUERY_LIMIT_EXCEEDED": Reason.THROTTLED,
    "OVERLOAD_LIMIT": Reason.THROTTLED,
    "OPERATION_TIME_LIMIT": Reason.THROTTLED,
    "INTERNAL_SERVER_ERROR": Reason.UNREACHABLE,
    "ERROR_UNEXPECTED_ANSWER": Reason.UNREACHABLE,
}


@pytest.mark.parametrize("kind", [*REASONS, *(kind for kind in ERRORS if kind not in REASONS)])
async def test_a_fault_is_named_and_the_next_poll_after_it_is_well(kind: str):
    settings = {"timeout": timedelta(milliseconds=300), "max_answer": 2**20, "rate": Rate(per_second=500, burst=50)}
    async with sandbox() as of, client(of, **settings) as portal:
        assert await portal("server.time")
        of.inject(Fault(kind))
        assert (await failure(portal)).reason is REASONS.get(kind, Reason.DENIED)
        of.heal()
        portal.retry_now()
        assert await portal("server.time")


async def test_a_refused_refresh_is_remembered_and_asked_again_when_told_to():
    async with sandbox(access_ttl=0.0) as of, client(of) as portal:
        of.oauth.refuses = "invalid_grant"
        assert (await failure(portal)).code == "refresh_refused:invalid_grant"
        of.heal()
        of.oauth.access_ttl = 60
        assert (await failure(portal)).code == "refresh_refused:invalid_grant"
        assert of.counts["oauth"] == 1


async def test_a_method_that_used_up_its_time_is_asked_again_when_the_portal_said():
    clock = SandboxClock(NOON, rate=0)
    async with sandbox(clock=clock) as of:
        hand = HandClock(NOON)
        async with client(of, clock=hand) as portal:
            of.costs["imconnector.status"] = 500.0
            assert await portal("imconnector.status", STATUS)
            blocked = await failure(portal, "imconnector.status")
            assert (blocked.reason, blocked.retry_at) == (Reason.THROTTLED, NOON + timedelta(minutes=10))
            assert await portal("server.time")
            asked = of.counts["imconnector.status"]
            await failure(portal, "imconnector.status")
            assert of.counts["imconnector.status"] == asked
            hand.at = NOON + timedelta(minutes=10)
            clock.advance(timedelta(minutes=10))
            assert await portal("imconnector.status", STATUS)


async def test_a_webhook_sees_lines_but_no_connectors():
    async with sandbox() as of, client(of, Webhook(url=Secret(of.webhook_url))) as portal:
        lines = await portal("imopenlines.config.list.get", {"PARAMS": {"select": ["ID", "LINE_NAME"]}})
        assert [line["ID"] for line in lines] == ["1"]
        told = await failure(portal, "imconnector.status")
        assert (told.reason, told.code) == (Reason.DENIED, "WRONG_AUTH_TYPE")


async def test_a_burst_of_requests_never_meets_a_503():
    plan = Rate(per_second=100, burst=20)
    async with sandbox() as of, client(of, rate=plan) as portal:
        of.bucket.per_second, of.bucket.burst = plan.per_second, plan.burst
        for _ in range(60):
            await portal("server.time")
        assert (of.bucket.refused, portal.usage.throttled) == (0, 0)
        assert portal.usage.requests == 60
