"""The daemon's own HTTP under attack: strangers' names, strangers' forms, stolen paths, and headers on every answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from hostile_page import XSS, Board

from monitor.secret import Secret
from monitor.shell.web import make_app

TOKEN = Secret("canary-web-token")


@asynccontextmanager
async def served(token: Secret | None, hosts: tuple[str, ...] = ()) -> AsyncIterator[tuple[Board, str]]:
    board = Board()
    async with TestServer(make_app(board, token, hosts), host="127.0.0.1") as server:
        yield board, f"http://127.0.0.1:{server.port}"


async def ask(method: str, url: str, **options: Any) -> tuple[int, Any, str]:
    async with aiohttp.ClientSession() as http, http.request(method, url, allow_redirects=False, **options) as answer:
        return answer.status, answer.headers, await answer.text()


PATHS = ("/", "/metrics", "/healthz", "/readyz", "/explain?portal=acme", "/portals/acme", "/incidents", "/incidents/x")
ODD = (
    "/nothing",
    "/portals/..%2f..%2fetc%2fpasswd",
    "/%00",
    "/portals/" + "a" * 4000,
    "/explain?portal=" + XSS,
)


@pytest.mark.parametrize("path", [*PATHS, *ODD])
async def test_every_answer_bears_the_headers_that_bind_a_browser(path: str) -> None:
    async with served(None) as (_, url):
        status, headers, text = await ask("GET", url + path)
    assert status < 500
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "script-src" not in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "<script>alert" not in text or "json" in headers["Content-Type"]
    assert "Traceback" not in text


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/healthz"])
async def test_with_a_token_nothing_but_health_is_seen_without_it(path: str) -> None:
    async with served(TOKEN) as (_, url):
        assert (await ask("GET", url + path))[0] == 401
        assert (await ask("GET", url + path, headers={"Authorization": "Bearer wrong"}))[0] == 401
        status, _, _ = await ask("GET", url + path, headers={"Authorization": f"Bearer {TOKEN.reveal()}"})
        assert status != 401


async def test_the_token_leaves_the_address_for_a_cookie_that_no_script_and_no_other_site_gets() -> None:
    async with served(TOKEN) as (_, url):
        status, headers, _ = await ask("GET", f"{url}/incidents?token={TOKEN.reveal()}")
    assert (status, headers["Location"]) == (303, "/incidents")
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


async def test_signing_in_never_leads_to_another_site() -> None:
    async with served(TOKEN) as (_, url):
        host = url.removeprefix("http://")
        import asyncio

        reader, writer = await asyncio.open_connection(*host.split(":"))
        line = f"GET //evil.example/?token={TOKEN.reveal()} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        writer.write(line.encode())
        answer = (await reader.read()).decode()
        writer.close()
    assert "Location: //" not in answer


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_form_of_another_site_reloads_nothing(origin: str) -> None:
    async with served(None) as (board, url):
        status, _, _ = await ask("POST", f"{url}/-/reload", headers={"Origin": origin})
        assert (status, board.reloads) == (403, 0)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9460", "127.0.0.1.evil.example", "169.254.1.1", ""])
async def test_a_strangers_name_for_this_machine_is_not_answered(host: str) -> None:
    async with served(None) as (_, url):
        status, _, text = await ask("GET", url + "/", headers={"Host": host})
    assert status in {400, 421}
    assert status == 400 or "set web.external_url" in text


@pytest.mark.parametrize("host", ["localhost:9460", "127.0.0.1", "[::1]:9460", "monitor.example.org"])
async def test_the_names_of_this_machine_and_of_its_proxy_are_answered(host: str) -> None:
    async with served(None, ("monitor.example.org",)) as (_, url):
        assert (await ask("GET", url + "/", headers={"Host": host}))[0] == 200


async def test_a_body_beyond_the_limit_is_not_taken() -> None:
    async with served(None) as (_, url):
        status, _, _ = await ask("POST", f"{url}/-/reload", data=b"x" * 200_000)
        assert status in {200, 413}
        assert (await ask("GET", f"{url}/healthz"))[0] == 200


async def test_no_method_but_get_and_the_reload_is_taken() -> None:
    async with served(None) as (board, url):
        for method in ("PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"):
            assert (await ask(method, f"{url}/-/reload"))[0] == 405
    assert board.reloads == 0
