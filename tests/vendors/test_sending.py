"""A test message through each vendor that can send: taken, refused, and not sent by an account that is off."""

from __future__ import annotations

from typing import Any

import pytest
from vendor_parts import KINDS, stage

from monitor.config_providers import provider_probes
from monitor.core.plugin import Account
from monitor.core.policy import CanaryRule
from probes.green_api import send

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


@pytest.mark.parametrize(("product", "tree"), [("whatsapp", ""), ("telegram", ""), ("max", "/v3")])
async def test_green_api_sends_where_the_product_is_served(product: str, tree: str) -> None:
    asked: list[str] = []

    async def get(path: str, **_: Any) -> tuple[int, Any]:
        asked.append(path)
        return 200, {"idMessage": "1"}

    settings = {"instance": "1101", "product": product}
    account = Account(name="ours", type="green_api", url="", settings=settings, secrets={"token": "t"})
    await send(get, account, sender="1101", to="1", text=TEXT)
    assert asked == [f"{tree}/waInstance1101/sendMessage/t"]


async def test_a_spent_quota_of_green_api_is_a_refusal() -> None:
    async with stage("green_api") as stand:
        await stand.poll()
        await stand.control(facts={"quota": "spent"})
        assert await stand.account.send("1101000001", TO, TEXT) == "rejected http_466"
