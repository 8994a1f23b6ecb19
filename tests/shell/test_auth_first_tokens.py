"""First tokens: what an operator does, what is stored, and what he reads when it did not work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from portal_parts import CLIENT_ID, FakePortal, MemoryVault, error, fake_portal, oauth_keys

from monitor.auth import Applicant, AuthFailed, Authorised, by_code, by_install, by_refresh_token, code_in, server_in
from monitor.secret import Secret
from monitor.shell.credentials import OAuthKeys
from monitor.shell.http import session
from monitor.shell.install import arrival_in
from monitor.shell.vault import Tokens

GRANTED = ["imopenlines", "imconnector", "crm", "im", "user_brief", "department"]
INFO = {"app.info": {"LICENSE": "ru_pro100", "INSTALLED": True}, "scope": GRANTED}
INSTALL = {
    "event": "ONAPPINSTALL",
    "data[VERSION]": "1",
    "auth[access_token]": "somebody-says",
    "auth[refresh_token]": "refresh-canary-0",
    "auth[domain]": "acme.bitrix24.ru",
    "auth[member_id]": "0f3c",
}
FRAME = {"AUTH_ID": "somebody-says", "REFRESH_ID": "refresh-canary-0", "PLACEMENT": "DEFAULT"}


@asynccontextmanager
async def applicant(fake: FakePortal, vault: MemoryVault | None = None, **keys: Any) -> AsyncIterator[Applicant]:
    async with session() as http:
        vault = vault or MemoryVault()
        yield Applicant(portal="acme", url=fake.url, keys=oauth_keys(fake, None, **keys), http=http, vault=vault)


async def refused(attempt: Any) -> str:
    with pytest.raises(AuthFailed) as caught:
        await attempt
    assert "canary" not in str(caught.value)
    return str(caught.value)


async def test_a_pasted_address_becomes_stored_tokens():
    seen: list[str] = []

    async def browser(url: str) -> str:
        seen.append(url)
        state = parse_qs(urlsplit(url).query)["state"][0]
        return f"  https://app.example/?code=code-canary&state={state}&domain=acme.bitrix24.ru\n"

    vault = MemoryVault()
    async with fake_portal(results=INFO) as fake, applicant(fake, vault) as wish:
        told = await by_code(wish, browser)
        assert told == Authorised(host="127.0.0.1", member_id="0f3c", licence="ru_pro100", missing_scopes=())
        assert seen[0].startswith(f"{fake.url}/oauth/authorize/?client_id={CLIENT_ID}&state=")
        assert fake.grants == ["code-canary"]
        assert [tokens.refresh.reveal() for tokens in vault.saved] == ["refresh-canary-1"]
        assert fake.bodies[0]["auth"] == "access-canary-1"


async def test_a_code_alone_will_do():
    async def browser(_: str) -> str:
        return "code-canary"

    async with fake_portal(results=INFO) as fake, applicant(fake) as wish:
        assert (await by_code(wish, browser)).member_id == "0f3c"


async def test_a_used_up_code_is_explained():
    async def browser(_: str) -> str:
        return "canary-too-late"

    async with fake_portal() as fake, applicant(fake) as wish:
        assert await refused(by_code(wish, browser)) == (
            "the code is not valid: it lives 30 seconds and works once, so open the address again and be quick"
            " (invalid_grant)"
        )


@pytest.mark.parametrize(
    "pasted", ["c0de", " c0de\n", "https://x/?code=c0de&state=S", "?code=c0de", "code=c0de&state=S"]
)
def test_a_code_is_found_in_whatever_was_pasted(pasted: str):
    assert code_in(pasted, "S") == Secret("c0de")


@pytest.mark.parametrize(
    ("pasted", "sentence"),
    [
        ("", "there is no code in it: paste the whole address you were sent to, or the code alone"),
        ("https://x.example/", "there is no code in it: paste the whole address you were sent to, or the code alone"),
        ("https://[x/?code=1", "there is no code in it: paste the whole address you were sent to, or the code alone"),
        (
            "https://x/?code=1&state=other",
            "this address belongs to another attempt: open the one printed above and paste its result",
        ),
        (
            "https://x/?error=access_denied",
            "the portal refused: access_denied: let the application in with an account that may",
        ),
    ],
)
def test_what_holds_no_code_is_refused_with_a_remedy(pasted: str, sentence: str):
    with pytest.raises(AuthFailed) as caught:
        code_in(pasted, "S")
    assert str(caught.value) == sentence


TECH, INFO_HOST = "https://oauth.bitrix24.tech", "https://oauth.bitrix.info"


@pytest.mark.parametrize(
    ("portal", "named", "configured", "wanted"),
    [
        ("https://acme.bitrix24.com", "", None, INFO_HOST),
        ("https://acme.bitrix24.com", f"{TECH}/rest/", None, TECH),
        ("https://crm.acme.ru", f"{INFO_HOST}/rest/", None, INFO_HOST),
        ("https://acme.bitrix24.ru", "https://oauth.bitrix24.tech.evil.example/rest/", None, TECH),
        ("https://acme.bitrix24.ru", f"{INFO_HOST}/rest/", "https://oauth.acme.example", "https://oauth.acme.example"),
    ],
)
async def test_first_tokens_come_from_the_server_that_the_grant_names(
    portal: str, named: str, configured: str | None, wanted: str
):
    keys = OAuthKeys(client_id="local.1", client_secret=Secret("canary"), oauth_url=configured)
    arrival = arrival_in({**INSTALL, "auth[server_endpoint]": named})
    frame = arrival_in({**FRAME, "SERVER_ENDPOINT": named})
    domain = urlsplit(named).hostname
    pasted = f"https://app.example/?code=c&state=S&server_domain={domain}" if domain else "c0de"
    async with session() as http:
        wish = Applicant(portal="acme", url=portal, keys=keys, http=http, vault=MemoryVault())
        assert arrival is not None
        assert frame is not None
        assert {wish.server(told).url for told in (arrival.server, frame.server, server_in(pasted))} == {wanted}


async def test_a_refresh_token_is_exchanged_and_its_successor_stored():
    vault = MemoryVault()
    async with fake_portal(results=INFO) as fake, applicant(fake, vault) as wish:
        await by_refresh_token(wish, Secret("refresh-canary-0"))
        assert vault.pairs["acme"].refresh == Secret("refresh-canary-1")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"client_secret": Secret("wrong-canary")},
            "client_secret does not belong to client_id: compare both with the application's page (invalid_client)",
        ),
        (
            {"client_id": "local.0"},
            "the OAuth server does not know this client_id: compare it with the application's page, or set "
            "auth.oauth_url to the server of the portal's region (wrong_client)",
        ),
    ],
)
async def test_wrong_keys_are_told_apart(keys: dict[str, Any], sentence: str):
    async with fake_portal() as fake, applicant(fake, **keys) as wish:
        assert await refused(by_refresh_token(wish, Secret("refresh-canary-0"))) == sentence


async def test_missing_permissions_are_named():
    async with fake_portal(results={**INFO, "scope": ["imopenlines", "im"]}) as fake, applicant(fake) as wish:
        told = await by_refresh_token(wish, Secret("refresh-canary-0"))
        assert told.missing_scopes == ("crm", "department", "user_brief")


async def test_tokens_of_another_portal_are_not_stored():
    vault = MemoryVault()
    async with fake_portal(endpoint="https://other.bitrix24.ru/rest/") as fake, applicant(fake, vault) as wish:
        assert await refused(by_refresh_token(wish, Secret("refresh-canary-0"))) == (
            "these tokens belong to other.bitrix24.ru, but portal acme is 127.0.0.1: authorise the right portal, "
            "or change its url"
        )
        assert vault.saved == []


async def test_a_name_does_not_change_its_portal():
    vault = MemoryVault()
    vault.pairs["acme"] = Tokens(access=Secret("a"), refresh=Secret("r"), member_id="another")
    async with fake_portal() as fake, applicant(fake, vault) as wish:
        assert "another portal than the one that was known as acme" in await refused(
            by_refresh_token(wish, Secret("refresh-canary-0"))
        )
        assert vault.saved == []


async def test_a_portal_that_does_not_take_new_tokens_is_named():
    async with fake_portal(faults=[error("authorization_error", 401)]) as fake, applicant(fake) as wish:
        assert await refused(by_refresh_token(wish, Secret("refresh-canary-0"))) == (
            "the tokens are stored, but the portal does not take them: "
            "this account is dismissed or blocked: authorise with another one (authorization_error)"
        )


@pytest.mark.parametrize("form", [INSTALL, FRAME])
async def test_an_installation_that_arrives_is_verified_and_stored(form: dict[str, str]):
    vault, heard = MemoryVault(), Heard()
    async with fake_portal(results=INFO) as fake, applicant(fake, vault) as wish, session() as http:
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(by_install(wish, "127.0.0.1", 0, heard))
            async with http.post(await heard.address(), data=form) as answer:
                assert (answer.status, "canary" in await answer.text()) == (200, False)
        assert waiting.result().member_id == "0f3c"
        assert fake.bodies[0]["auth"] == "access-canary-1"
        assert vault.pairs["acme"].refresh == Secret("refresh-canary-1")


async def test_forged_and_foreign_posts_do_not_end_the_waiting():
    vault, heard = MemoryVault(), Heard()
    async with fake_portal(results=INFO) as fake, applicant(fake, vault) as wish, session() as http:
        async with asyncio.TaskGroup() as group:
            group.create_task(by_install(wish, "127.0.0.1", 0, heard))
            address = await heard.address()
            for form, status in (
                ({"event": "ONIMBOTMESSAGEADD"}, 400),
                ({**INSTALL, "auth[refresh_token]": "forged-canary"}, 200),
                (INSTALL, 200),
            ):
                async with http.post(address, data=form) as answer:
                    assert answer.status == status
        assert fake.grants == ["forged-canary", "refresh-canary-0"]
        assert heard.words[1] == (
            "an installation arrived, but was of no use: the refresh token is used up or too old: "
            "take a new one, or run auth without it (invalid_grant)"
        )


async def test_a_browser_that_looks_at_the_waiting_server_learns_nothing():
    heard = Heard()
    async with fake_portal() as fake, applicant(fake) as wish, session() as http:
        waiting = asyncio.ensure_future(by_install(wish, "127.0.0.1", 0, heard))
        async with http.get(await heard.address()) as answer:
            assert await answer.text() == "Waiting for the installation of the application."
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_an_address_that_is_taken_is_named():
    heard = Heard()
    async with fake_portal() as fake, applicant(fake) as wish:
        port = urlsplit(fake.url).port or 0
        told = await refused(by_install(wish, "127.0.0.1", port, heard))
        assert told.startswith(f"cannot listen at 127.0.0.1:{port}: ")
        assert told.endswith(": choose another address")


class Heard:
    """What the operator reads, and the address that stands in its first line."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._first = asyncio.Event()

    def __call__(self, text: str) -> None:
        self.words.append(text)
        self._first.set()

    async def address(self) -> str:
        await self._first.wait()
        return self.words[0].rpartition(" ")[2]
