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


async def test_a_telegram_backlog_that_grew_and_stands_is_told_until_it_shrinks_or_the_error_is_old() -> None:
    """Nothing is heard of it at the first sight of a backlog: nobody knows whether it grew."""
    ill, well = State.MISCONFIGURED, State.CONNECTED
    async with stage("telegram_bot") as vendor:
        for pending, fresh, state in (
            *((0, False, well), (57, True, ill), (57, True, ill), (57, True, ill), (60, True, ill), (58, True, ill)),
            *((56, True, well), (56, True, well), (57, True, ill), (57, False, well), (57, True, well)),
        ):
            error = vendor.clock.at - timedelta(seconds=20 if fresh else 3600)
            told = {"pending_update_count": pending, "last_error_date": int(error.timestamp())}
            await vendor.control(account="shop_bot", set=told)
            await vendor.poll()
            assert vendor.state is state, pending
            vendor.pass_(timedelta(minutes=1))


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
