"""A test message through each vendor that can send: taken, refused, and not sent by an account that is off."""

from __future__ import annotations

import pytest
from vendor_parts import KINDS, stage

from monitor.config_providers import provider_probes
from monitor.core.policy import CanaryRule

ABLE = sorted(type_ for type_, probe in provider_probes().items() if probe.send is not None)
TO, TEXT = "79990001122@c.us", "Проверка связи № 0A1B2C3D."


def rule(account: str | None = None) -> CanaryRule:
    return CanaryRule(through="ours", to=TO, account=account)


def test_who_can_send() -> None:
    assert ABLE == ["evolution", "green_api", "waha"]


@pytest.mark.parametrize("type_", ABLE)
async def test_a_connected_account_sends_and_the_vendor_takes_it(type_: str) -> None:
    async with stage(type_) as stand:
        assert stand.account.sender(rule()) is None, "nothing is known of it yet"
        await stand.poll()
        sender = stand.account.sender(rule(KINDS[type_].account))
        assert sender == KINDS[type_].account == stand.account.sender(rule())
        assert stand.account.sender(rule("another")) is None
        assert await stand.account.send(sender, TO, TEXT) == ""
        assert (await stand.control())["letters"] == [{"from": sender, "to": TO, "text": TEXT}]


@pytest.mark.parametrize("type_", ABLE)
async def test_an_account_that_is_off_or_not_heard_of_sends_nothing(type_: str) -> None:
    async with stage(type_) as stand:
        well = (await stand.control())["rows"][KINDS[type_].account]
        await stand.control(account=KINDS[type_].account, set=KINDS[type_].ill)
        await stand.poll()
        assert stand.account.sender(rule()) is None
        await stand.control(account=KINDS[type_].account, set=well)
        await stand.poll()
        assert stand.account.sender(rule()) is not None
        await stand.control(fault={"kind": "html"})
        await stand.poll()
        assert stand.account.sender(rule()) is None


@pytest.mark.parametrize("type_", ABLE)
async def test_a_key_that_is_not_taken_and_a_vendor_that_hangs_are_told_in_a_word(type_: str) -> None:
    async with stage(type_) as stand:
        await stand.poll()
        sender = stand.account.sender(rule())
        assert sender is not None
        await stand.control(key="another-key")
        assert await stand.account.send(sender, TO, TEXT) == "denied http_401"
        await stand.control(fault={"kind": "hang"})
        assert (await stand.account.send(sender, TO, TEXT)).startswith("timeout")
        await stand.control(fault=None)
        assert (await stand.control())["letters"] == []


async def test_a_spent_quota_of_green_api_is_a_refusal() -> None:
    async with stage("green_api") as stand:
        await stand.poll()
        await stand.control(facts={"quota": "spent"})
        assert await stand.account.send("1101000001", TO, TEXT) == "rejected http_466"
