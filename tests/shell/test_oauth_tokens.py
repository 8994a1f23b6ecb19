"""Tokens: renewed once, kept before they are used, and what a refusal leads to."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from portal_parts import (
    CLIENT_SECRET,
    FakePortal,
    HandClock,
    Hang,
    MemoryVault,
    Respond,
    answering,
    client,
    error,
    fake_portal,
    oauth_keys,
    resets,
)

from monitor.core.model import CallFailed, Failure, Reason
from monitor.secret import Secret
from monitor.shell.authority import Authority
from monitor.shell.credentials import OAuthKeys
from monitor.shell.holds import SLOW_RETRY
from monitor.shell.http import session
from monitor.shell.oauth import TokenServer, oauth_url
from monitor.shell.portal import Portal
from monitor.shell.vault import Tokens
from monitor.shell.wire import Limits


async def failure(portal: Portal) -> Failure:
    with pytest.raises(CallFailed) as caught:
        await portal("a")
    return caught.value.failure


def pair(number: int, saved: datetime | None = None) -> Tokens:
    access, refresh = Secret(f"access-canary-{number}"), Secret(f"refresh-canary-{number}")
    return Tokens(access=access, refresh=refresh, saved=saved or datetime.now(UTC))


async def test_the_first_pair_comes_from_the_configs_token_and_is_used_after_it_was_kept():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), vault=vault) as portal:
        assert await portal("a") == 1
        assert fake.grants == ["refresh-canary-0"]
        assert [tokens.refresh.reveal() for tokens in vault.saved] == ["refresh-canary-1"]
        assert fake.bodies[0]["auth"] == "access-canary-1"


async def test_a_pair_that_cannot_be_kept_is_not_used():
    class FullDisk(MemoryVault):
        async def save(self, portal: str, tokens: Tokens) -> None:
            del portal, tokens
            raise OSError("no space left")

    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), vault=FullDisk()) as portal:
        with pytest.raises(OSError, match="no space"):
            await portal("a")
        assert fake.bodies == []


async def test_a_kept_pair_is_used_after_a_restart_without_renewing():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake:
        for _ in range(3):
            async with client(fake, oauth_keys(fake), vault=vault) as portal:
                assert await portal("a") == 1
        assert len(fake.grants) == 1


async def test_an_expired_token_is_renewed_once_for_all_who_wait():
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake)) as portal:
        await portal("a")
        fake.expire()
        assert await asyncio.gather(*(portal("a") for _ in range(120))) == [1] * 120
        assert fake.grants == ["refresh-canary-0", "refresh-canary-1"]


async def test_a_token_that_expires_at_every_call_never_leads_to_a_dead_refresh_token():
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake)) as portal:
        for _ in range(5):
            assert await portal("a") == 1
            fake.expire()
        assert fake.grants == [f"refresh-canary-{number}" for number in range(5)]


async def test_those_who_find_the_same_stale_pair_share_one_renewal():
    async with fake_portal() as fake, session() as http:
        keys = oauth_keys(fake)
        server = TokenServer(http=http, url=fake.url, keys=keys, limits=Limits())
        authority = Authority(portal="acme", server=server, vault=MemoryVault(), clock=HandClock())
        stale = await authority.tokens()
        fresh = await asyncio.gather(*(authority.renewed(stale=stale) for _ in range(10)))
        assert {tokens.access.reveal() for tokens in fresh} == {"access-canary-2"}
        assert len(fake.grants) == 2


async def test_a_token_that_dies_in_the_middle_of_a_batch_is_renewed_and_the_batch_repeated():
    async with fake_portal(results={"a": 1, "b": 2}) as fake, client(fake, oauth_keys(fake)) as portal:
        await portal("a")
        died = {"result": {"c0": 1}, "result_error": {"c1": {"error": "expired_token", "error_description": ""}}}
        fake.faults.append(answering({"result": died}))
        fake.expire()
        assert await asyncio.gather(portal("a"), portal("b")) == [1, 2]
        assert len(fake.grants) == 2


async def test_a_token_that_expires_at_once_is_denied_and_not_renewed_for_ever():
    expired = error("expired_token", 401)
    async with fake_portal(faults=[expired, expired]) as fake, client(fake, oauth_keys(fake)) as portal:
        assert (await failure(portal)).code == "expired_token"
        assert len(fake.grants) == 2


async def test_a_portal_that_calls_every_token_expired_gets_a_new_one_once_an_hour():
    clock = HandClock()
    expired = error("expired_token", 401)
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), clock=clock) as portal:
        assert await portal("a") == 1
        fake.faults += [expired] * 500
        for _ in range(59):
            assert (await failure(portal)).code == "expired_token"
            clock.pass_(timedelta(minutes=1))
        assert len(fake.grants) == 2
        clock.pass_(timedelta(minutes=1))
        for _ in range(10):
            assert (await failure(portal)).code == "expired_token"
        assert len(fake.grants) == 3
        fake.faults.clear()
        assert await portal("a") == 1
        fake.expire()
        clock.pass_(timedelta(hours=1))
        assert await portal("a") == 1
        assert len(fake.grants) == 4


async def test_one_method_that_calls_every_token_expired_costs_one_renewal_and_the_rest_is_read():
    refused = {"error": "expired_token", "error_description": "The access token provided has expired."}
    async with fake_portal(results={"a": refused, "b": 2}) as fake, client(fake, oauth_keys(fake)) as portal:
        for _ in range(9):
            told = await asyncio.gather(portal("a"), portal("b"), return_exceptions=True)
            assert isinstance(told[0], CallFailed)
            assert (told[0].failure.code, told[1]) == ("expired_token", 2)
        assert len(fake.grants) == 2


async def test_a_pair_that_auth_has_stored_ends_the_wait_for_an_hour():
    vault, expired = MemoryVault(), error("expired_token", 401)
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), vault=vault) as portal:
        fake.faults += [expired] * 3
        assert [(await failure(portal)).code for _ in range(2)] == ["expired_token"] * 2
        async with client(fake, oauth_keys(fake), vault=vault) as another:
            fake.expire()
            assert await another("a") == 1
        assert await portal("a") == 1


@pytest.mark.parametrize(
    "lost", [[resets, resets], [error("INTERNAL_SERVER_ERROR", 500)], [error("NEW", 500)], [answering("<html>", 502)]]
)
async def test_an_answer_of_the_oauth_server_that_was_lost_is_asked_for_again_with_the_same_token(lost: list[Respond]):
    vault = MemoryVault()
    async with (
        fake_portal(results={"a": 1}, oauth_faults=list(lost)) as fake,
        client(fake, oauth_keys(fake), vault=vault) as portal,
    ):
        assert (await failure(portal)).reason is Reason.UNREACHABLE
        assert vault.saved == []
        assert await portal("a") == 1


async def test_a_hanging_oauth_server_is_a_timeout_and_no_refusal():
    hang = Hang()
    async with (
        fake_portal(oauth_faults=[hang]) as fake,
        client(fake, oauth_keys(fake), timeout=timedelta(milliseconds=150)) as portal,
    ):
        told = await failure(portal)
        assert (told.reason, told.code) == (Reason.TIMEOUT, "")
        hang.release.set()


async def test_a_crash_between_the_servers_answer_and_the_store_is_survived():
    class PowerLoss(MemoryVault):
        async def save(self, portal: str, tokens: Tokens) -> None:
            if len(self.saved) == 1:
                self.saved.append(tokens)
                raise OSError("power loss")
            await super().save(portal, tokens)

    vault = PowerLoss()
    async with fake_portal(results={"a": 1}) as fake:
        async with client(fake, oauth_keys(fake), vault=vault) as portal:
            await portal("a")
            fake.expire()
            with pytest.raises(OSError, match="power loss"):
                await portal("a")
        async with client(fake, oauth_keys(fake), vault=vault) as portal:
            assert await portal("a") == 1
        assert fake.grants == ["refresh-canary-0", "refresh-canary-1", "refresh-canary-1"]


async def test_a_refusal_is_said_without_asking_the_network_until_the_slow_retry():
    clock = HandClock()
    async with fake_portal() as fake, client(fake, oauth_keys(fake, "dead"), clock=clock) as portal:
        first = await failure(portal)
        assert (first.reason, first.code) == (Reason.DENIED, "refresh_refused:invalid_grant")
        clock.pass_(SLOW_RETRY - timedelta(seconds=2))
        assert await failure(portal) == first
        assert fake.grants == ["dead"]
        assert portal.usage.requests == 0


async def test_a_refused_token_of_the_config_is_not_tried_a_second_time():
    clock = HandClock()
    async with fake_portal() as fake, client(fake, oauth_keys(fake, "dead"), clock=clock) as portal:
        for _ in range(3):
            assert (await failure(portal)).code == "refresh_refused:invalid_grant"
            clock.pass_(SLOW_RETRY)
        assert fake.grants == ["dead"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": "local.0"}, "refresh_refused:wrong_client"),
        ({"client_secret": Secret("another")}, "refresh_refused:invalid_client"),
    ],
)
async def test_a_wrong_application_is_a_refusal_too(changes: dict[str, object], code: str):
    async with fake_portal() as fake, client(fake, oauth_keys(fake, **changes)) as portal:
        told = await failure(portal)
        assert (told.reason, told.code) == (Reason.DENIED, code)


@pytest.mark.parametrize(
    ("fault", "code", "moved_to"),
    [
        (answering(b"", 302, {"Location": "https://new.example/oauth/"}), "http_302", "new.example"),
        (answering("<html>", 502), "http_502", ""),
        (answering("<html>", 403), "http_403", ""),
        (answering("<html>", 200), "http_200", ""),
        (answering("{}", 200), "", ""),
        (error("invalid_grant", 400), "refresh_refused:invalid_grant", ""),
        (error("INTERNAL_SERVER_ERROR", 500), "INTERNAL_SERVER_ERROR", ""),
    ],
)
async def test_a_failure_of_the_oauth_server_names_it(fault: Respond, code: str, moved_to: str):
    async with fake_portal(oauth_faults=[fault]) as fake, client(fake, oauth_keys(fake)) as portal:
        told = await failure(portal)
        assert (told.code, told.moved_to, told.server) == (code, moved_to, "127.0.0.1")


async def test_a_failure_of_the_portal_names_no_other_server():
    async with fake_portal() as fake, client(fake, oauth_keys(fake)) as portal:
        fake.faults.append(answering(b"", 302, {"Location": "https://new.example/"}))
        told = await failure(portal)
        assert (told.moved_to, told.server) == ("new.example", "")


async def test_without_any_token_the_operator_is_led_to_auth():
    async with fake_portal() as fake, client(fake, oauth_keys(fake, None)) as portal:
        told = await failure(portal)
        assert told.code == "refresh_refused:no_tokens"
        assert "messenger-monitor auth --portal acme" in told.detail


async def test_tokens_that_auth_has_stored_end_a_refusal_at_the_next_poll():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake, "dead"), vault=vault) as portal:
        await failure(portal)
        fake.access = "access-canary-7"
        vault.pairs["acme"] = pair(7)
        assert await portal("a") == 1
        assert fake.grants == ["dead"]


async def test_tokens_that_auth_has_stored_replace_those_that_became_invalid():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), vault=vault) as portal:
        await portal("a")
        fake.faults.append(error("invalid_token", 401))
        fake.access = "access-canary-7"
        vault.pairs["acme"] = pair(7)
        assert await portal("a") == 1
        assert len(fake.grants) == 1


async def test_a_token_the_portal_does_not_know_is_renewed_once_an_hour_has_passed():
    clock = HandClock()
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), clock=clock) as portal:
        await portal("a")
        fake.faults.append(error("invalid_token", 401))
        assert (await failure(portal)).code == "invalid_token"
        assert len(fake.grants) == 1
        clock.pass_(timedelta(minutes=61))
        fake.faults.append(error("invalid_token", 401))
        assert await portal("a") == 1
        assert len(fake.grants) == 2


async def test_a_token_newly_put_into_the_config_is_tried_when_the_kept_one_is_dead():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake:
        fake.refreshes.append("pasted")
        vault.pairs["acme"] = replace(pair(8), seed="of another")
        async with client(fake, oauth_keys(fake, "pasted"), vault=vault) as portal:
            assert await portal("a") == 1
        assert fake.grants == ["refresh-canary-8", "pasted"]


async def test_the_config_token_a_dead_pair_grew_from_is_not_tried_again():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake:
        async with client(fake, oauth_keys(fake), vault=vault) as portal:
            await portal("a")
        fake.expire()
        fake.refreshes = []
        async with client(fake, oauth_keys(fake), vault=vault) as portal:
            assert (await failure(portal)).code == "refresh_refused:invalid_grant"
        assert fake.grants == ["refresh-canary-0", "refresh-canary-1"]


async def test_a_pair_another_process_has_renewed_is_taken_over():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake:
        async with (
            client(fake, oauth_keys(fake), vault=vault) as one,
            client(fake, oauth_keys(fake), vault=vault) as two,
        ):
            for _ in range(3):
                assert [await one("a"), await two("a")] == [1, 1]
                fake.expire()
        assert len(fake.grants) == 3


@pytest.mark.parametrize(("age", "renewals"), [(149, 0), (151, 1)])
async def test_a_pair_is_renewed_before_its_refresh_token_dies_of_age(age: int, renewals: int):
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake:
        fake.access, fake.refreshes = "access-canary-9", ["refresh-canary-9"]
        vault.pairs["acme"] = pair(9, datetime.now(UTC) - timedelta(days=age))
        async with client(fake, oauth_keys(fake), vault=vault) as portal:
            assert await portal("a") == 1
        assert len(fake.grants) == renewals


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://acme.bitrix24.ru", "https://oauth.bitrix24.tech"),
        ("https://acme.bitrix24.kz", "https://oauth.bitrix24.tech"),
        ("https://acme.bitrix24.com", "https://oauth.bitrix.info"),
        ("https://acme.bitrix24.de", "https://oauth.bitrix.info"),
    ],
)
def test_the_oauth_server_follows_the_portals_region(url: str, server: str):
    assert oauth_url(OAuthKeys(client_id="x", client_secret=Secret(CLIENT_SECRET)), url) == server


def test_the_configs_oauth_server_wins():
    keys = OAuthKeys(client_id="x", client_secret=Secret(CLIENT_SECRET), oauth_url="https://box.example/")
    assert oauth_url(keys, "https://acme.bitrix24.ru") == "https://box.example"


class Deaf:
    """An HTTP session without a network: remembers who would have been asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def request(self, method: str, url: str, **options: Any) -> Any:
        del method, options
        self.asked.append(url.partition("/oauth/")[0])
        raise aiohttp.ClientConnectionError


async def asked_for_a_renewal(told: str, own: str | None = None, url: str = "https://acme.bitrix24.ru") -> str:
    keys = OAuthKeys(client_id="x", client_secret=Secret(CLIENT_SECRET), oauth_url=own)
    http, vault = Deaf(), MemoryVault()
    vault.pairs["acme"] = replace(pair(8), server=told)
    server = TokenServer(http=http, url=oauth_url(keys, url), keys=keys, limits=Limits())  # type: ignore[arg-type]  # all that is used of a session
    with pytest.raises(CallFailed):
        await Authority(portal="acme", server=server, vault=vault, clock=HandClock()).renewed(stale=pair(8))
    (asked,) = http.asked
    return asked


@pytest.mark.parametrize(
    ("told", "server"),
    [
        ("https://oauth.bitrix.info/rest/", "https://oauth.bitrix.info"),
        ("https://oauth.bitrix24.tech/rest/", "https://oauth.bitrix24.tech"),
        ("https://OAUTH.bitrix.info/rest/", "https://oauth.bitrix.info"),
        ("http://oauth.bitrix.info/rest/", "https://oauth.bitrix.info"),
        ("https://oauth.bitrix.info:8443/rest/", "https://oauth.bitrix.info"),
    ],
)
async def test_a_renewal_goes_to_the_server_that_the_stored_pair_names(told: str, server: str):
    assert await asked_for_a_renewal(told) == server


@pytest.mark.parametrize(
    "told",
    [
        "",
        "https://evil.example/rest/",
        "https://oauth.bitrix24.ru/rest/",  # a portal may be called oauth
        "https://oauth.bitrix.info.evil.example/rest/",
        "https://xoauth.bitrix.info/rest/",
        "https://oauth.bitrix.info@evil.example/rest/",
        "https://evil.example/https://oauth.bitrix.info/rest/",
        "https://evil.example#@oauth.bitrix.info/",
        "http://127.0.0.1:9999/rest/",
        "https://169.254.169.254/rest/",
        "oauth.bitrix.info",
        "https://[oauth.bitrix.info/",
        "\x00",
    ],
)
async def test_no_answer_leads_our_client_secret_to_a_foreign_host(told: str):
    assert await asked_for_a_renewal(told) == "https://oauth.bitrix24.tech"


async def test_the_configs_oauth_server_wins_over_what_the_stored_pair_names():
    assert await asked_for_a_renewal("https://oauth.bitrix.info/rest/", own="https://box.example") == (
        "https://box.example"
    )


async def test_an_answer_that_names_no_server_leaves_the_one_that_was_named():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake:
        fake.refreshes.append("refresh-canary-8")
        vault.pairs["acme"] = replace(pair(8), server="https://oauth.bitrix.info/rest/")
        async with client(fake, oauth_keys(fake), vault=vault) as portal:
            await portal("a")
        assert (fake.grants, vault.pairs["acme"].server) == (["refresh-canary-8"], "https://oauth.bitrix.info/rest/")


def test_the_parts_of_a_test_portal_forget_the_old_token_at_the_first_use_of_the_new_one():
    fake = FakePortal(access="old", next_access="new", refreshes=["r0", "r1"])
    assert fake.refusal("old") is None
    assert fake.refreshes == ["r0", "r1"]
    assert fake.refusal("new") is None
    assert fake.refreshes == ["r1"]
