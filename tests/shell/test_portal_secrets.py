"""No secret of a portal or a provider stands in a failure, a log, or a value's text."""

from __future__ import annotations

import traceback
from typing import Any

import pytest
from aiohttp.test_utils import unused_port
from portal_parts import (
    CLIENT_SECRET,
    HOOK,
    MemoryVault,
    Respond,
    answering,
    client,
    cut,
    error,
    fake_portal,
    oauth_keys,
    resets,
    webhook,
)
from structlog.testing import capture_logs

from monitor.core.model import CallFailed

CANARIES = (HOOK, CLIENT_SECRET, "canary")
FAULTS: dict[str, Respond] = {
    "reset": resets,
    "cut": cut,
    "html": answering("<html>"),
    "redirect": answering(b"", 302, {"Location": f"https://x.example/{HOOK}?auth=access-canary-1"}),
    "denied": error("INVALID_CREDENTIALS", 401),
    "no http": answering("x" * 10, 200, {"Content-Encoding": "gzip"}),
}


def told_by(caught: BaseException) -> str:
    """All that a careless handler could print: the text, the chain behind it, and the values on the way."""
    chain, one = [caught], caught
    while one := (one.__cause__ or one.__context__):  # type: ignore[assignment]  # None ends it
        chain.append(one)
    texts = [f"{error!r} {error} {vars(error)}" for error in chain]
    return " ".join(texts) + "".join(traceback.format_exception(caught))


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("kind", ["webhook", "oauth"])
async def test_a_failure_holds_no_secret_wherever_it_is_looked_at(name: str, kind: str):
    async with fake_portal(faults=[FAULTS[name]]) as fake:
        credentials: Any = webhook(fake) if kind == "webhook" else oauth_keys(fake)
        async with client(fake, credentials) as portal:
            with capture_logs() as logs, pytest.raises(CallFailed) as caught:
                await portal("a")
    assert not any(canary in told_by(caught.value) + str(logs) for canary in CANARIES)


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize(("code", "text"), [("NO_AUTH_FOUND", "no {} here"), ("{}", ""), ("ERROR_{}", "{}")])
@pytest.mark.parametrize("kind", ["webhook", "oauth"])
async def test_a_portal_that_repeats_what_lets_us_in_is_not_believed_word_by_word(
    kind: str, code: str, text: str, status: int
):
    sent = HOOK if kind == "webhook" else "access-canary-1"
    repeated = {"error": code.format(sent), "error_description": text.format(sent)}
    async with fake_portal(faults=[answering(repeated, status)] * 3) as fake:
        credentials: Any = webhook(fake) if kind == "webhook" else oauth_keys(fake)
        async with client(fake, credentials) as portal:
            with capture_logs() as logs, pytest.raises(CallFailed) as caught:
                await portal("a")
    assert not any(canary in told_by(caught.value) + str(logs) for canary in CANARIES)
    assert caught.value.failure.code == (code if code == "NO_AUTH_FOUND" else "unknown_code")


@pytest.mark.parametrize("sent", ["refresh-canary-0", CLIENT_SECRET])
async def test_an_oauth_server_that_repeats_what_it_was_sent_is_not_believed_either(sent: str):
    repeats = answering({"error": f"bad_{sent}", "error_description": sent}, 400)
    async with fake_portal(oauth_faults=[repeats] * 2) as fake, client(fake, oauth_keys(fake)) as portal:
        with capture_logs() as logs, pytest.raises(CallFailed) as caught:
            await portal("a")
    assert sent not in told_by(caught.value) + str(logs)


@pytest.mark.parametrize("name", FAULTS)
async def test_a_failure_of_the_oauth_server_holds_no_secret(name: str):
    async with fake_portal(oauth_faults=[FAULTS[name]] * 2) as fake, client(fake, oauth_keys(fake)) as portal:
        with capture_logs() as logs, pytest.raises(CallFailed) as caught:
            await portal("a")
    assert not any(canary in told_by(caught.value) + str(logs) for canary in CANARIES)


async def test_an_oauth_server_that_repeats_what_it_was_sent_is_not_quoted():
    echo = answering({"error": "invalid_grant", "error_description": "refresh-canary-0 is used up"}, 400)
    async with fake_portal(oauth_faults=[echo]) as fake, client(fake, oauth_keys(fake)) as portal:
        with pytest.raises(CallFailed) as caught:
            await portal("a")
    assert "canary" not in told_by(caught.value)


async def test_an_unreachable_webhook_is_named_by_its_host_alone():
    async with fake_portal() as fake:
        fake.url = f"http://127.0.0.1:{unused_port()}"
        async with client(fake) as portal:
            with pytest.raises(CallFailed) as caught:
                await portal("a")
    assert "127.0.0.1" in caught.value.failure.detail
    assert HOOK not in told_by(caught.value)


async def test_keys_and_kept_tokens_are_mute():
    vault = MemoryVault()
    async with fake_portal(results={"a": 1}) as fake, client(fake, oauth_keys(fake), vault=vault) as portal:
        await portal("a")
        shown = f"{vault.saved} {oauth_keys(fake)!r} {webhook(fake)} {portal!r}"
    assert not any(canary in shown for canary in CANARIES)
