"""When each source was last read, as it is shown: from the first moment on, and no longer than it is true."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from monitor.core.desk import Context
from monitor.core.memory import AccountMemory, PortalMemory, PortalState
from monitor.core.model import ChannelKey
from monitor.core.policy import ChannelPolicy, Policy
from monitor.outcome import Outcome
from monitor.shell.clock import Clock
from monitor.shell.metrics import Registry
from monitor.shell.news import News

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
READ = "messenger_poll_last_success_timestamp_seconds"


def test_a_start_shows_what_the_store_knows_and_a_service_goes_with_its_last_channel() -> None:
    registry = Registry()
    outcome = Outcome(registry=registry, pusher=None, clock=Clock(), context=Context(), news=News())
    channels = {ChannelKey(1, "wz_a"): ChannelPolicy(provider="main", account="a1")}
    policy = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", channels=channels)
    account = AccountMemory(type="wazzup", kept={}, at=NOW, since=NOW, seen=NOW)
    state = PortalState(portal="acme", memory=PortalMemory(last_success=NOW), accounts={"main": account})
    outcome.show(state, policy)
    told = {("acme", "bitrix24"): NOW.timestamp(), ("acme", "wazzup"): NOW.timestamp()}
    assert registry.own[READ] == told
    outcome.show(state, replace(policy, channels={}))
    assert registry.own[READ] == {("acme", "bitrix24"): NOW.timestamp()}
    outcome.show(state, policy)
    assert registry.own[READ] == told
    outcome.forget("acme")
    assert registry.own[READ] == {}
