"""What a provider's probe has learnt by and by outlives a restart of the daemon; tokens do not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from vendor_parts import HOOK_KEY, stage

from monitor.config_providers import provider_probes
from monitor.core.accounts import fold_accounts, newest
from monitor.core.memory import AccountMemory
from monitor.core.model import State
from monitor.core.policy import Policy
from monitor.core.reading import AccountNoted
from monitor.shell.store import Store

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="UTC", provider_types={"ours": "pact"})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("type_", "stolen", "back"),
    [
        ("telegram_bot", {"url": "https://thief.example/x"}, {"url": "https://im.example.info/hook/2"}),
        ("max_bot", {"urls": ["https://thief.example/x"]}, None),
    ],
)
async def test_a_bot_that_was_taken_while_the_daemon_was_down_is_told_as_taken(
    store: Store, type_: str, stolen: dict[str, object], back: dict[str, object] | None
) -> None:
    async with stage(type_, store) as vendor:
        before = (await vendor.control())["rows"][vendor.kind.account]
        await vendor.poll()
        await vendor.control(account=vendor.kind.account, set=stolen)
        for _ in range(2):  # a second restart does not take the thief for the owner
            await vendor.restart()
            await vendor.poll()
            assert vendor.state is State.OPENED_ELSEWHERE
        await vendor.control(account=vendor.kind.account, set=back or before)
        await vendor.poll()
        assert vendor.state is State.CONNECTED


async def test_a_failing_receiver_of_a_bot_is_still_one_after_a_restart(store: Store) -> None:
    async with stage("telegram_bot", store) as vendor:
        await vendor.poll()
        error = {"pending_update_count": 57, "last_error_date": int(vendor.clock.at.timestamp())}
        await vendor.control(account="shop_bot", set=error)
        await vendor.poll()
        await vendor.restart()
        await vendor.poll()
        assert vendor.state is State.MISCONFIGURED


async def test_a_word_that_pact_has_said_stands_after_a_restart(store: Store) -> None:
    async with stage("pact", store) as vendor:
        details = {"entity": "channel", "entity_id": 399}
        body = {"type": "system", "severity": "critical", "data": {"message": "disabled", "details": details}}
        assert await vendor.account.hear(HOOK_KEY, body)
        await vendor.poll()
        await vendor.restart()
        await vendor.poll()
        assert vendor.state is State.QR_REQUIRED
        assert vendor.watch.state.accounts["ours"].kept == {"heard": {"399": "disabled"}}


async def test_a_word_about_a_channel_that_is_not_bound_is_not_kept(store: Store) -> None:
    async with stage("pact", store) as vendor:
        assert await vendor.account.hear(HOOK_KEY, {"type": "qr_code", "event": "new", "channel_id": 79990001122})
        await vendor.poll()
        assert [one.kept for one in vendor.watch.state.accounts.values()] == [{}]


@pytest.mark.parametrize(
    ("type_", "set_", "before", "after"),
    [
        ("evolution", {"connectionStatus": "connecting"}, State.CONNECTING, State.QR_REQUIRED),
        ("wappi", {"app_status": "loading"}, State.CONNECTING, State.UNKNOWN),
    ],
)
async def test_a_word_that_lasts_goes_on_lasting_over_a_restart(
    store: Store, type_: str, set_: dict[str, object], before: State, after: State
) -> None:
    async with stage(type_, store) as vendor:
        await vendor.control(account=vendor.kind.account, set=set_)
        await vendor.poll()
        vendor.pass_(timedelta(minutes=6))
        await vendor.restart()
        await vendor.poll()
        assert vendor.state is before
        vendor.pass_(timedelta(minutes=5))
        await vendor.poll()
        assert vendor.state is after


async def test_tokens_that_chatapp_gave_are_not_kept(store: Store) -> None:
    async with stage("chatapp", store) as vendor:
        await vendor.poll()
        assert [one.kept for one in vendor.watch.state.accounts.values()] == [{}]
        await vendor.restart()
        await vendor.poll()
        assert (await vendor.control())["facts"]["minted"] == 2


def test_no_probe_keeps_a_token() -> None:
    assert {key for probe in provider_probes().values() for key in probe.keeps} == {
        *("bot", "host", "failing_from", "heard", "connecting", "odd_since", "beside")
    }


async def test_a_poll_that_learns_nothing_new_writes_nothing(store: Store) -> None:
    async with stage("telegram_bot", store) as vendor:
        for pending in (0, 3):
            await vendor.control(account="shop_bot", set={"pending_update_count": pending})
            await vendor.poll()
            kept = vendor.watch.state.accounts
            vendor.pass_(timedelta(minutes=1))
        await vendor.poll()
        assert vendor.watch.state.accounts is kept
        assert kept["ours"].at == vendor.clock.at - timedelta(minutes=2)


def test_what_is_kept_of_an_account_goes_with_its_entry() -> None:
    old = AccountMemory(type="pact", kept={"heard": {"1": "disabled"}}, at=NOW)
    known = {"gone": old, "ours": old}
    noted = AccountNoted(provider="ours", type="pact", kept=dict(old.kept))
    assert fold_accounts(known, [], POLICY, LATER) is known
    assert fold_accounts(known, [noted], POLICY, LATER) == {"ours": old}
    assert fold_accounts({"ours": old}, [replace(noted, kept={})], POLICY, LATER) == {}


def test_of_several_portals_the_one_that_learnt_last_is_believed() -> None:
    first = AccountMemory(type="max_bot", kept={"host": "a.example"}, at=NOW)
    last = replace(first, kept={"host": "b.example"}, at=LATER)
    assert newest([first, None, last], "max_bot") == {"host": "b.example"}
    assert newest([first, None, last], "telegram_bot") == {}
