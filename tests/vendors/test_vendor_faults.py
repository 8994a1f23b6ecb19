"""A vendor that fails tells nothing of its channels: each keeps its state, the poll fails, the reason is counted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from vendor_parts import KINDS, stage

from monitor.config_providers import provider_probes
from monitor.core.model import State
from monitor.core.reading import ProviderSeen
from monitor.sandbox.vendors.catalogue import TYPES, vendor_app
from monitor.sandbox.vendors.faults import untrusted
from monitor.shell.wire import trust
from tests.faults.tls_server import tls_server

FAULTS = [
    ({"kind": "throttle", "retry_after": 45}, "throttled"),
    ({"kind": "html"}, "malformed"),
    ({"kind": "cut"}, "malformed"),
    ({"kind": "error", "status": 500}, "unreachable"),
    ({"kind": "error", "status": 503}, "unreachable"),
    ({"kind": "error", "status": 403}, "unreachable"),  # a firewall's page
    ({"kind": "hang"}, "timeout"),
]


def test_every_probe_has_a_fake_and_every_fake_a_probe() -> None:
    assert set(TYPES) == set(provider_probes()) == set(KINDS)


@pytest.mark.parametrize("type_", TYPES)
async def test_a_vendor_that_is_well_tells_its_channel_is_well(type_: str) -> None:
    async with stage(type_) as vendor:
        reading = await vendor.poll()
        assert (reading.failure, reading.news) == (None, ())
        assert vendor.state is vendor.kind.well
        assert await vendor.failures() == {}


@pytest.mark.parametrize("type_", [type_ for type_, kind in KINDS.items() if kind.ill])
async def test_a_channel_that_fell_ill_and_recovers_is_told_from_the_next_poll_on(type_: str) -> None:
    async with stage(type_) as vendor:
        before = (await vendor.control())["rows"][vendor.kind.account]
        await vendor.poll()
        await vendor.control(account=vendor.kind.account, set=vendor.kind.ill)
        await vendor.poll()
        assert vendor.state is vendor.kind.state
        await vendor.control(account=vendor.kind.account, set=before)
        await vendor.poll()
        assert vendor.state is vendor.kind.well


@pytest.mark.parametrize(("fault", "reason"), FAULTS, ids=lambda one: one if isinstance(one, str) else one["kind"])
@pytest.mark.parametrize("type_", TYPES)
async def test_a_failing_vendor_leaves_its_channel_as_it_was(type_: str, fault: dict[str, object], reason: str) -> None:
    async with stage(type_) as vendor:
        await vendor.control(account=vendor.kind.account, set=vendor.kind.ill)
        await vendor.poll()
        known = vendor.state
        await vendor.control(fault=fault)
        reading = await vendor.poll()
        assert reading.failure is not None
        assert reading.failure.reason.value == reason
        assert (reading.failure.retry_at is not None) is (reason == "throttled")
        assert vendor.state is known is vendor.kind.state
        assert await vendor.failures() == {reason: 1}
        await vendor.control(fault=None)
        vendor.pass_(timedelta(seconds=46))
        assert (await vendor.poll()).failure is None


async def test_a_vendor_that_names_its_next_chance_is_not_asked_before() -> None:
    async with stage("wazzup") as vendor:
        await vendor.control(fault={"kind": "throttle", "retry_after": 45})
        await vendor.poll()
        vendor.pass_(timedelta(seconds=44))
        assert (await vendor.poll()).failure is not None
        assert ((await vendor.control(fault=None))["asked"], await vendor.failures()) == (1, {"throttled": 1})
        vendor.pass_(timedelta(seconds=2))
        assert (await vendor.poll()).failure is None
        assert (await vendor.control())["asked"] == 2


async def test_a_vendor_that_wants_a_day_is_asked_within_the_hour_and_at_once_when_the_operator_says() -> None:
    async with stage("wazzup") as vendor:
        assert not vendor.account.ask_again()
        await vendor.control(fault={"kind": "throttle", "retry_after": 86_400})
        await vendor.poll()
        await vendor.control(fault=None)
        vendor.pass_(timedelta(minutes=59))
        assert (await vendor.poll()).failure is not None
        vendor.pass_(timedelta(minutes=1))
        assert (await vendor.poll()).failure is None
        await vendor.control(fault={"kind": "throttle", "retry_after": 86_400})
        await vendor.poll()
        await vendor.control(fault=None)
        assert vendor.account.ask_again()
        assert (await vendor.poll()).failure is None


@asynccontextmanager
async def untrusted_server(type_: str, folder: Path) -> AsyncIterator[str]:
    server = TestServer(vendor_app(type_), scheme="https")
    await server.start_server(ssl=untrusted(folder))
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@pytest.mark.parametrize("type_", TYPES)
async def test_a_vendor_with_a_certificate_nobody_vouches_for_is_misconfigured_and_counted(
    type_: str, tmp_path: Path
) -> None:
    async with stage(type_) as vendor, untrusted_server(type_, tmp_path) as url:
        await vendor.poll()
        vendor.move(url)
        reading = await vendor.poll()
        assert await vendor.failures() == {"unreachable": 1}
        assert vendor.state is State.MISCONFIGURED
        assert {(found.reason, found.raw) for found in reading.findings} == {("tls_ca", "tls_ca")}  # type: ignore[union-attr]
        vendor.move(vendor.url)
        await vendor.poll()
        assert vendor.state is vendor.kind.well


@pytest.mark.parametrize(("kind", "code"), [("expired", "tls_expired"), ("other", "tls_host")])
@pytest.mark.parametrize("type_", ["max_bot", "wazzup", "chatapp"])
async def test_a_certificate_out_of_date_or_of_another_host_is_misconfigured_too(
    type_: str, kind: str, code: str, tmp_path: Path
) -> None:
    async with stage(type_) as vendor:
        vendor.move(await tls_server(tmp_path, kind), trust(str(tmp_path / "ca.pem")))
        (found,) = (await vendor.poll()).findings
        assert isinstance(found, ProviderSeen)
        assert (found.state, found.reason, found.raw) == (State.MISCONFIGURED, "tls_ca", code)
        assert vendor.account.told is None


@pytest.mark.parametrize("type_", TYPES)
async def test_a_dead_key_is_told_of_the_channel(type_: str) -> None:
    async with stage(type_) as vendor:
        await vendor.control(key="another-key", facts={"generation": 2, "no_refresh": True})
        reading = await vendor.poll()
        assert vendor.state is State.TOKEN_REVOKED
        assert "sandbox-key" not in repr(reading)


async def test_chatapp_is_not_asked_for_a_new_token_while_the_old_one_lives() -> None:
    async with stage("chatapp") as vendor:
        for _ in range(3):
            await vendor.poll()
        facts = (await vendor.control())["facts"]
        assert (facts["minted"], facts["refreshed"]) == (1, 0)
        await vendor.control(facts={"generation": 2})
        await vendor.poll()
        facts = (await vendor.control())["facts"]
        assert (facts["minted"], facts["refreshed"], vendor.state) == (1, 1, State.UNKNOWN)
        await vendor.control(facts={"generation": 3, "no_refresh": True})
        await vendor.poll()
        assert (await vendor.control())["facts"]["minted"] == 2


async def test_a_failing_list_of_licences_costs_no_second_log_in() -> None:
    async with stage("chatapp") as vendor:
        await vendor.poll()
        await vendor.control(fault={"kind": "error"})
        await vendor.poll()
        await vendor.control(fault=None)
        assert "access-1" not in repr(await vendor.poll())
        assert (await vendor.control())["facts"]["minted"] == 1


async def test_umnico_is_asked_once_more_with_the_bare_token() -> None:
    async with stage("umnico") as vendor:
        await vendor.control(facts={"bare": True})
        await vendor.poll()
        assert vendor.state is State.CONNECTED


async def test_an_evolution_server_without_a_list_is_asked_by_name() -> None:
    async with stage("evolution") as vendor:
        await vendor.control(facts={"unlisted": True})
        await vendor.poll()
        assert vendor.state is State.CONNECTED
        assert (await vendor.control())["asked"] == 2
        await vendor.control(drop="shop")
        await vendor.poll()
        assert vendor.state is State.MISCONFIGURED


async def test_the_channels_of_pact_are_read_to_the_last_page() -> None:
    async with stage("pact") as vendor:
        for number in range(400, 405):
            await vendor.control(account=number, set={"provider": "whatsapp"})
        assert len((await vendor.poll()).findings) == 6


async def test_an_account_that_the_vendor_dropped_is_misconfigured() -> None:
    for type_ in ("wazzup", "waha", "evolution", "chatapp", "umnico", "edna", "pact", "radist"):
        async with stage(type_) as vendor:
            await vendor.control(drop=vendor.kind.account)
            await vendor.poll()
            assert vendor.state is State.MISCONFIGURED, type_
