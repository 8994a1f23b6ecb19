"""A word that lasts means more than the same word heard once, and ends when another one comes."""

from __future__ import annotations

from datetime import timedelta

from vendor_parts import stage

from monitor.core.model import State


async def test_an_evolution_instance_that_goes_on_connecting_needs_its_code() -> None:
    async with stage("evolution") as vendor:
        await vendor.control(account="shop", set={"connectionStatus": "connecting"})
        await vendor.poll()
        vendor.pass_(timedelta(minutes=9))
        await vendor.poll()
        assert vendor.state is State.CONNECTING
        vendor.pass_(timedelta(minutes=2))
        await vendor.poll()
        assert vendor.state is State.QR_REQUIRED
        await vendor.control(account="shop", set={"connectionStatus": "open"})
        await vendor.poll()
        await vendor.control(account="shop", set={"connectionStatus": "connecting"})
        await vendor.poll()
        assert vendor.state is State.CONNECTING


async def test_a_wappi_profile_with_a_foreign_word_is_unknown_only_when_it_lasts() -> None:
    async with stage("wappi") as vendor:
        await vendor.control(account=vendor.kind.account, set={"app_status": "loading"})
        assert (await vendor.poll()).news == ("loading",)
        assert vendor.state is State.CONNECTING
        vendor.pass_(timedelta(minutes=11))
        await vendor.poll()
        assert vendor.state is State.UNKNOWN


async def test_a_telegram_bot_whose_webhook_moves_is_told_as_taken_and_comes_back() -> None:
    async with stage("telegram_bot") as vendor:
        await vendor.poll()
        for url, state in (
            ("https://thief.example/x", State.OPENED_ELSEWHERE),
            ("https://thief.example/x", State.OPENED_ELSEWHERE),
            ("https://im.example.info/hook/2", State.CONNECTED),
        ):
            await vendor.control(account="shop_bot", set={"url": url})
            await vendor.poll()
            assert vendor.state is state
