"""What a provider has told beside its word is shown: until when a state lasts, where its API moved, its silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from vendor_parts import CHANNEL, Stage, stage

from monitor.core.incident import IncidentKind
from monitor.core.model import State
from monitor.shell.explain import explain_channel, explain_portal

ENDS = datetime(2026, 12, 24, 21, 30, tzinfo=UTC)


def explained(vendor: Stage) -> dict[str, Any]:
    watch = vendor.watch
    told = explain_channel(watch.state, watch.policy, str(CHANNEL.line), CHANNEL.connector, vendor.clock.now())
    assert told is not None
    return told


async def test_the_end_of_a_restriction_stands_in_the_alert_and_in_explain_by_the_portals_clock() -> None:
    async with stage("green_api", settings={"product": "max"}) as vendor:
        ill = {"stateInstance": "suspended", "suspendedUntil": ENDS.isoformat()}
        await vendor.control(account=vendor.kind.account, set=ill)
        for _ in range(2):
            await vendor.poll()
            vendor.pass_(timedelta(minutes=1))
        (incident,) = vendor.watch.state.incidents.values()
        assert incident.kind is IncidentKind.CHANNEL_DEGRADED
        assert "По словам провайдера, это продлится до 25.12.2026 00:30." in incident.evidence
        assert incident.words["ru"].description.endswith(" По словам провайдера, это продлится до 25.12.2026 00:30.")
        assert incident.words["en"].description.endswith(" The provider says that it lasts until 2026-12-25 00:30.")
        assert explained(vendor)["lasts_until"] == "2026-12-25T00:30:00+03:00"
        await vendor.control(account=vendor.kind.account, set={"stateInstance": "authorized"})
        await vendor.poll()
        assert (vendor.state, explained(vendor)["lasts_until"]) == (State.CONNECTED, None)


async def test_the_end_of_a_lock_of_evolution_is_known() -> None:
    async with stage("evolution") as vendor:
        lock = {"isActive": True, "timeEnforcementEnds": int(ENDS.timestamp())}
        await vendor.control(account="shop", set={"reachoutTimeLock": lock})
        await vendor.poll()
        assert (vendor.state, explained(vendor)["lasts_until"]) == (State.RESTRICTED, "2026-12-25T00:30:00+03:00")


async def test_explain_tells_the_error_of_a_bots_receiver() -> None:
    async with stage("telegram_bot") as vendor:
        await vendor.poll()
        ill = {"pending_update_count": 57, "last_error_date": int(vendor.clock.at.timestamp())}
        await vendor.control(account="shop_bot", set={**ill, "last_error_message": "Wrong response: 502 Bad Gateway"})
        await vendor.poll()
        assert explained(vendor)["provider_detail"] == "Wrong response: 502 Bad Gateway"


async def test_explain_says_that_a_provider_is_not_read() -> None:
    async with stage("wazzup") as vendor:
        await vendor.control(fault={"kind": "error"})
        await vendor.poll()
        (told,) = explained(vendor)["cannot_see"]
        since = vendor.clock.at.isoformat(timespec="seconds")
        assert (
            told == f"what the provider ours (wazzup) says: it is not read, it has never answered, asked since {since}"
        )
        assert explain_portal(vendor.watch.state, vendor.watch.policy, vendor.clock.at)["cannot_see"] == [told]
        await vendor.control(fault=None)
        await vendor.poll()
        assert explained(vendor)["cannot_see"] == []


@pytest.mark.parametrize("path", ["/v3/channels"])
async def test_the_log_names_the_address_that_a_redirect_leads_to(path: str) -> None:
    async def moved(request: web.Request) -> web.Response:
        assert request.path == path
        return web.Response(status=301, headers={"Location": "https://api.new.example/v3/channels?key=canary"})

    application = web.Application()
    application.router.add_get(path, moved)
    async with stage("wazzup") as vendor, TestServer(application) as server:
        vendor.move(str(server.make_url("")).rstrip("/"))
        with structlog.testing.capture_logs() as lines:
            await vendor.poll()
            await vendor.poll()
        (line,) = [line for line in lines if line["event"] == "provider.failing"]
        assert "api.new.example" in line["detail"]
        assert "canary" not in repr(line)
