"""A renamed portal is followed to where its tokens say, never out of TLS, never to or from this machine."""

from __future__ import annotations

import pytest
from portal_parts import MemoryVault, answering, client, fake_portal, oauth_keys
from structlog.testing import capture_logs

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell.endpoint import Endpoint
from monitor.shell.wire import is_loopback

OLD = "https://acme.bitrix24.ru"


@pytest.mark.parametrize(
    ("configured", "told", "asked"),
    [
        (OLD, "https://acme.bitrix24.ru/rest/", "https://acme.bitrix24.ru/rest/batch"),
        (OLD, "https://new.bitrix24.ru/rest/", "https://new.bitrix24.ru/rest/batch"),
        (OLD, "", "https://acme.bitrix24.ru/rest/batch"),
        (OLD, "http://acme.bitrix24.ru/rest/", "https://acme.bitrix24.ru/rest/batch"),
        (OLD, "http://127.evil.example/rest/", "https://acme.bitrix24.ru/rest/batch"),
        (OLD, "https://127.0.0.1:8080/rest/", "https://acme.bitrix24.ru/rest/batch"),
        (OLD, "http://[bad", "https://acme.bitrix24.ru/rest/batch"),
        ("http://127.0.0.1:9", "http://127.0.0.1:8/rest/", "http://127.0.0.1:8/rest/batch"),
        ("http://127.0.0.1:9/", "https://acme.bitrix24.ru/rest/", "http://127.0.0.1:9/rest/batch"),
    ],
)
def test_the_address_asked_is_a_safe_one(configured: str, told: str, asked: str):
    assert Endpoint("acme", configured).of(told) == asked


def test_a_move_is_said_once():
    endpoint = Endpoint("acme", OLD)
    with capture_logs() as logs:
        for _ in range(3):
            endpoint.of("https://new.bitrix24.ru/rest/")
    assert [(entry["event"], entry["now_at"]) for entry in logs] == [("portal.moved", "new.bitrix24.ru")]


def test_an_address_that_redirects_gives_way_to_the_configs():
    endpoint = Endpoint("acme", "https://new.bitrix24.ru")
    endpoint.failed("https://acme.bitrix24.ru/rest/", Failure(reason=Reason.REJECTED, code="http_302"))
    assert endpoint.of("https://acme.bitrix24.ru/rest/") == "https://new.bitrix24.ru/rest/batch"


async def test_a_redirect_is_followed_by_hand_once_the_configs_address_is_the_new_one():
    moved = answering(b"", 302, {"Location": "https://new.example/rest/"})
    async with fake_portal(results={"a": 1}) as fake:
        fake.endpoint = fake.url.replace("127.0.0.1", "localhost") + "/rest/"
        async with client(fake, oauth_keys(fake), vault=MemoryVault()) as portal:
            fake.faults.append(moved)
            with pytest.raises(CallFailed) as caught:
                await portal("a")
            assert "new.example" in caught.value.failure.detail
            assert caught.value.failure.moved_to == "new.example"
            assert await portal("a") == 1


@pytest.mark.parametrize(
    ("location", "named"),
    [
        ("https://user:secret@new.example:8443/rest/1/hook/?auth=x", "new.example:8443"),
        ("//new.example/x", "new.example"),
        ("http://new.example:x/", "new.example"),
        ("/auth/", ""),
        ("http://[bad", ""),
    ],
)
async def test_a_redirect_names_host_and_port_and_no_more(location: str, named: str):
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), vault=MemoryVault()) as portal:
        fake.faults.append(answering(b"", 301, {"Location": location}))
        with pytest.raises(CallFailed) as caught:
            await portal("a")
        assert caught.value.failure.moved_to == named
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_addresses_of_this_machine_are_known(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["127.evil.example", "localhost.example", "10.0.0.1", "", "2130706433"])
def test_other_addresses_are_not_taken_for_this_machine(host: str):
    assert not is_loopback(host)
