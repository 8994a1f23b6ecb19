"""A provider's HTTP: its states come through whatever their status, its failures are named, its paths stay secret."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from portal_parts import HandClock, Hang, Respond, answering, cut, resets

from monitor import __version__
from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell.http import ProviderHttp, session
from monitor.shell.wire import trust
from tests.faults.tls_server import tls_server as server_that_nobody_should_trust

THEIRS = "Wed, 21 Oct 2026 07:20:00 GMT"  # the other side's clock
OTHER = "the certificate shown is not of 127.0.0.1"


@asynccontextmanager
async def provider(respond: Respond, clock: HandClock | None = None, **settings: Any) -> AsyncIterator[ProviderHttp]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", respond)
    async with TestServer(app) as server, session() as http:
        yield ProviderHttp(str(server.make_url("/api")), http=http, clock=clock or HandClock(), **settings)


async def failure(get: ProviderHttp, path: str = "/token-canary/getMe") -> Failure:
    with pytest.raises(CallFailed) as caught:
        await get(path, secret_path=True)
    assert "canary" not in f"{caught.value} {caught.value.failure}"
    return caught.value.failure


async def echo(request: web.Request) -> web.StreamResponse:
    body = await request.json() if request.can_read_body else None
    return web.json_response(
        {
            "method": request.method,
            "path": request.path_qs,
            "key": request.headers.get("X-Key"),
            "agent": request.headers.get("User-Agent"),
            "body": body,
        }
    )


async def test_a_question_carries_path_parameters_and_headers():
    async with provider(echo) as get:
        status, told = await get("/state", headers={"X-Key": "k"}, params={"id": "5"})
        assert status == 200
        assert told == {
            "method": "GET",
            "path": "/api/state?id=5",
            "key": "k",
            "agent": f"messenger-monitor/{__version__}",
            "body": None,
        }


async def test_a_body_makes_it_a_post():
    async with provider(echo) as get:
        _, told = await get("/state", post={"ids": [1]})
        assert (told["method"], told["body"]) == ("POST", {"ids": [1]})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 466])
async def test_a_state_told_by_a_4xx_comes_through(status: int):
    async with provider(answering({"error": "banned"}, status)) as get:
        assert await get("/state") == (status, {"error": "banned"})


@pytest.mark.parametrize(("body", "told"), [("", None), (" ", None), ("<html>", "<html>"), ("x" * 9999, "x" * 300)])
async def test_a_4xx_without_json_still_tells_its_status_and_its_first_words(body: str, told: str | None):
    async with provider(answering(body, 403)) as get:
        assert await get("/state") == (403, told)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (answering("<html>"), Reason.MALFORMED),
        (answering(""), Reason.MALFORMED),
        (cut, Reason.MALFORMED),
        (answering({"ok": False}, 500), Reason.UNREACHABLE),
        (answering("<html>", 502), Reason.UNREACHABLE),
        (resets, Reason.UNREACHABLE),
        (answering(b"", 301, {"Location": "https://x.example/token-canary"}), Reason.REJECTED),
        (answering({}, 429), Reason.THROTTLED),
        (answering(b"x" * 9_000_000), Reason.MALFORMED),
    ],
)
async def test_a_failure_is_named(fault: Respond, reason: Reason):
    async with provider(fault) as get:
        assert (await failure(get)).reason is reason


async def test_a_hanging_provider_is_left_after_its_timeout():
    hang = Hang()
    async with provider(hang.__call__, timeout=timedelta(milliseconds=100)) as get:
        assert (await failure(get)).reason is Reason.TIMEOUT
        hang.release.set()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (answering({}, 429, {"Retry-After": "30"}), 30),
        (answering({"parameters": {"retry_after": 7}}, 429, {"Retry-After": "30"}), 7),
        (answering({}, 429, {"Retry-After": "99999999999"}), None),
        (answering({}, 429, {"Retry-After": "9999999"}), 3600),
        (answering({}, 429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": THEIRS}), 480),
        (answering({"parameters": {"retry_after": "x"}}, 429), None),
    ],
)
async def test_a_provider_that_wants_time_says_when_it_may_be_asked_again(told: Respond, seconds: int | None):
    clock = HandClock()
    async with provider(told, clock) as get:
        expected = clock.at + timedelta(seconds=seconds) if seconds else None
        assert (await failure(get)).retry_at == expected


async def test_a_key_is_not_sent_to_another_host_without_tls():
    async with provider(echo) as get:
        told = await failure(get, "http://api.example/token-canary")
        assert told.detail == "api.example would be asked without TLS"


async def test_a_whole_address_on_this_machine_is_asked():
    async with provider(echo) as get, TestServer(web.Application()) as other:
        status, _ = await get(str(other.make_url("/x")))
        assert status == 404


async def test_a_certificate_nobody_vouches_for_is_told_from_silence(tmp_path: Path):
    async with tls_server(tmp_path) as url, session() as http:
        strict = ProviderHttp(url, http=http, clock=HandClock())
        told = await failure(strict)
        assert (told.reason, told.code) == (Reason.UNREACHABLE, "tls_ca")
        trusting = ProviderHttp(url, http=http, clock=HandClock(), trusted=trust(str(tmp_path / "cert.pem")))
        assert (await trusting("/x"))[0] == 200


@asynccontextmanager
async def tls_server(folder: Path) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self_signed(folder)).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def self_signed(folder: Path) -> ssl.SSLContext:
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*words.split(), "-addext", "subjectAltName=IP:127.0.0.1", *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        ("expired", "tls_expired", "the certificate of 127.0.0.1 has expired: its owner has to renew it"),
        (
            "other",
            "tls_host",
            f"{OTHER}: look at the address, and at proxies on the way",
        ),
        ("stranger", "tls_ca", "the certificate of 127.0.0.1 is not trusted: name its authority in ca_file"),
    ],
)
async def test_a_certificate_is_refused_in_the_words_that_help(kind: str, code: str, said: str, tmp_path: Path):
    url = await server_that_nobody_should_trust(tmp_path, kind)
    async with session() as http:
        told = await failure(ProviderHttp(url, http=http, clock=HandClock(), trusted=trust(str(tmp_path / "ca.pem"))))
    assert (told.reason, told.code, told.detail) == (Reason.UNREACHABLE, code, said)


async def test_a_vendor_asks_for_real_time_however_fast_the_daemons_clock_runs() -> None:
    clock = HandClock()
    clock.rate = 60.0
    async with provider(answering({}, status=429, headers={"Retry-After": "20"}), clock) as get:
        told = await failure(get)
    assert told.retry_at == clock.now() + timedelta(minutes=20)
