"""The portal's limits: a full bucket is waited for, a used-up method is left alone, a manual block is not hammered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from portal_parts import HandClock, answering, client, error, fake_portal

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell.holds import SLOW_RETRY
from monitor.shell.pacer import Rate
from monitor.shell.portal import Portal

BLOCKED = {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked"}
QUICK = Rate(per_second=200, burst=20)


async def failure(portal: Portal, method: str = "a") -> Failure:
    with pytest.raises(CallFailed) as caught:
        await portal(method)
    return caught.value.failure


async def test_a_full_bucket_is_asked_again_within_the_poll():
    full = error("QUERY_LIMIT_EXCEEDED", 503)
    async with fake_portal(faults=[full, full], results={"a": 1}) as fake, client(fake, rate=QUICK) as portal:
        assert await portal("a") == 1
        assert (portal.usage.requests, portal.usage.throttled) == (3, 2)


async def test_a_bucket_that_stays_full_is_throttled_after_three_attempts():
    async with (
        fake_portal(faults=[error("QUERY_LIMIT_EXCEEDED", 503)] * 5) as fake,
        client(fake, rate=QUICK) as portal,
    ):
        assert (await failure(portal)).reason is Reason.THROTTLED
        assert portal.usage.requests == 3


@pytest.mark.parametrize("code", ["expired_token", "ACCESS_DENIED", "ERROR_ARGUMENT", "INTERNAL_SERVER_ERROR"])
async def test_nothing_else_is_asked_again_within_the_poll(code: str):
    async with fake_portal(faults=[error(code, 401)] * 5) as fake, client(fake) as portal:
        await failure(portal)
        assert portal.usage.requests == 1


async def test_a_used_up_method_is_left_alone_until_the_portal_said():
    clock = HandClock(datetime(2026, 9, 21, 10, tzinfo=UTC))
    reset = clock.at + timedelta(minutes=4)
    times = {"a": {"operating": 500.0, "operating_reset_at": int(reset.timestamp())}}
    async with fake_portal(results={"a": 1, "b": 2}, times=times) as fake, client(fake, clock=clock) as portal:
        await portal("a")
        fake.results["a"] = BLOCKED
        told = await failure(portal)
        assert (told.reason, told.retry_at) == (Reason.THROTTLED, reset)
        assert await asyncio.gather(portal("b"), portal("b")) == [2, 2]
        fake.results["a"] = 3
        assert await failure(portal) == told
        assert sum("a" in commands.values() for commands in fake.batches) == 2
        clock.at = reset
        assert await portal("a") == 3


async def test_a_reset_of_another_clock_is_not_believed():
    clock = HandClock(datetime(2026, 3, 2, tzinfo=UTC))
    times = {"a": {"operating_reset_at": 1_790_000_600}}
    async with fake_portal(results={"a": 1}, times=times) as fake, client(fake, clock=clock) as portal:
        await portal("a")
        fake.results["a"] = BLOCKED
        assert (await failure(portal)).retry_at == clock.at + timedelta(minutes=1)


async def test_blocked_methods_leave_the_rest_of_the_tick_alone():
    async with fake_portal(results={"a": BLOCKED, "b": 2}) as fake, client(fake) as portal:
        await failure(portal)
        told: list[Any] = await asyncio.gather(portal("b"), portal("A"), portal("b"), return_exceptions=True)
        assert (told[0], told[2]) == (2, 2)
        assert isinstance(told[1], CallFailed)


@pytest.mark.parametrize("lifted_by_hand", [False, True])
async def test_a_manual_block_is_asked_again_slowly_or_when_the_operator_says(lifted_by_hand: bool):
    clock = HandClock()
    async with (
        fake_portal(faults=[error("OVERLOAD_LIMIT", 503)], results={"a": 1}) as fake,
        client(fake, clock=clock) as portal,
    ):
        first = await failure(portal)
        clock.pass_(SLOW_RETRY - timedelta(seconds=2))
        assert await failure(portal) == first
        assert portal.usage.requests == 1
        if lifted_by_hand:
            portal.retry_now()
        else:
            clock.pass_(timedelta(seconds=1))
        assert await portal("a") == 1


async def test_a_batch_that_is_used_up_itself_holds_everything_back():
    clock = HandClock()
    async with (
        fake_portal(faults=[error("OPERATION_TIME_LIMIT", 429)], results={"a": 1}) as fake,
        client(fake, clock=clock) as portal,
    ):
        await failure(portal)
        await failure(portal, "b")
        assert portal.usage.requests == 1
        clock.pass_(timedelta(minutes=1))
        assert await portal("a") == 1


async def test_a_retry_after_beyond_our_patience_fails_at_once_and_says_when():
    clock = HandClock()
    shut = answering("<html>", 429, {"Retry-After": "120"})
    async with fake_portal(faults=[shut], results={"a": 1}) as fake, client(fake, clock=clock) as portal:
        first, second = await failure(portal), await failure(portal)
        assert first.retry_at == clock.at + timedelta(seconds=120)
        assert second.reason is Reason.THROTTLED
        assert portal.usage.requests == 1


async def test_a_retry_after_as_a_date_is_measured_by_the_portal_s_own_clock():
    clock = HandClock(datetime(2031, 1, 1, tzinfo=UTC))
    dates = {"Retry-After": "Wed, 21 Oct 2026 07:22:00 GMT", "Date": "Wed, 21 Oct 2026 07:20:00 GMT"}
    async with (
        fake_portal(faults=[answering("<html>", 429, dates)], results={"a": 1}) as fake,
        client(fake, clock=clock) as portal,
    ):
        first, second = await failure(portal), await failure(portal)
        assert first.retry_at == clock.at + timedelta(seconds=120)
        assert second.reason is Reason.THROTTLED
        assert portal.usage.requests == 1


@pytest.mark.parametrize("told", ["3600", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_a_server_that_failed_is_asked_at_the_next_poll_whatever_wait_it_tells(told: str):
    down = answering("<html>", 503, {"Retry-After": told})
    async with fake_portal(faults=[down], results={"a": 1}) as fake, client(fake) as portal:
        first = await failure(portal)
        assert (first.reason, first.retry_at, portal.pacer.wait()) == (Reason.UNREACHABLE, None, 0.0)
        assert await portal("a") == 1


@pytest.mark.parametrize("fault", [("<html>", 429), ({"error": "QUERY_LIMIT_EXCEEDED"}, 503)])
@pytest.mark.parametrize("told", ["86400", "Fri, 31 Dec 9999 23:59:59 GMT"])
async def test_no_retry_after_shuts_a_portal_for_longer_than_a_slow_retry(fault: tuple[Any, int], told: str):
    clock = HandClock()
    shut = answering(*fault, {"Retry-After": told})
    async with fake_portal(faults=[shut], results={"a": 1}) as fake, client(fake, clock=clock) as portal:
        assert (await failure(portal)).retry_at == clock.at + SLOW_RETRY
        assert 0 < portal.pacer.wait() <= SLOW_RETRY.total_seconds()


async def test_the_operator_ends_a_wait_that_the_portal_told():
    shut = answering("<html>", 429, {"Retry-After": "120"})
    async with fake_portal(faults=[shut], results={"a": 1}) as fake, client(fake) as portal:
        await failure(portal)
        assert (await failure(portal)).held
        portal.retry_now()
        assert await portal("a") == 1
        assert portal.usage.requests == 2


async def test_a_short_retry_after_is_waited_for():
    full = error("QUERY_LIMIT_EXCEEDED", 503, {"Retry-After": "1"})
    async with fake_portal(faults=[full], results={"a": 1}) as fake, client(fake) as portal:
        started = asyncio.get_running_loop().time()
        assert await portal("a") == 1
        assert asyncio.get_running_loop().time() - started >= 1.0
