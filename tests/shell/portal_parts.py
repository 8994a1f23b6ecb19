"""A portal and its OAuth server small enough to misbehave on purpose: a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.secret import Secret
from monitor.shell.clock import Clock
from monitor.shell.credentials import Credentials, OAuthKeys, Webhook
from monitor.shell.http import session
from monitor.shell.pacer import Rate
from monitor.shell.portal import Portal
from monitor.shell.vault import Tokens

CLIENT_ID, CLIENT_SECRET, HOOK = "local.5f1a", "client-canary-5f1a", "hook-canary-77"
Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HandClock(Clock):
    """Daemon time moves by hand; real time is real."""

    def __init__(self, start: datetime | None = None) -> None:
        super().__init__()
        self.at = start or datetime.now(UTC)

    def now(self) -> datetime:
        return self.at

    def pass_(self, span: timedelta) -> None:
        self.at += span


class MemoryVault:
    """Keeps pairs, and the order in which they came."""

    def __init__(self) -> None:
        self.pairs: dict[str, Tokens] = {}
        self.saved: list[Tokens] = []

    async def load(self, portal: str) -> Tokens | None:
        await asyncio.sleep(0)
        return self.pairs.get(portal)

    async def save(self, portal: str, tokens: Tokens) -> None:
        await asyncio.sleep(0)
        self.saved.append(tokens)
        self.pairs[portal] = tokens


@dataclass
class FakePortal:
    """`results` answers commands by their whole text or by method; `faults` are used up first, one a request,
    `oauth_faults` likewise."""

    results: dict[str, Any] = field(default_factory=dict)
    faults: list[Respond] = field(default_factory=list)
    oauth_faults: list[Respond] = field(default_factory=list)
    batches: list[dict[str, str]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    times: Mapping[str, Any] = field(default_factory=dict)
    access: str = ""
    next_access: str = ""
    refreshes: list[str] = field(default_factory=lambda: ["refresh-canary-0"])
    grants: list[str] = field(default_factory=list)
    endpoint: str = ""
    member_id: str = "0f3c"
    code: str = "code-canary"
    url: str = ""

    async def rest(self, request: web.Request) -> web.StreamResponse:
        if self.faults:
            return await self.faults.pop(0)(request)
        body = await request.json()
        self.bodies.append(body)
        if "secret" not in request.match_info and (refusal := self.refusal(body.get("auth", ""))):
            return web.json_response(refusal, status=401)
        self.batches.append(body["cmd"])
        return web.json_response({"result": self.parts(body["cmd"]), "time": self.times.get("batch", {})})

    def refusal(self, access: str) -> dict[str, str] | None:
        """The first use of a new access token ends the old refresh token."""
        if access and access == self.next_access:
            self.access, self.next_access = access, ""
            self.refreshes = self.refreshes[-1:]
        if access and access == self.access:
            return None
        return {"error": "expired_token", "error_description": "The access token provided has expired"}

    def parts(self, commands: Mapping[str, str]) -> dict[str, Any]:
        results: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        times: dict[str, Any] = {}
        for key, text in commands.items():
            method = text.partition("?")[0]
            unknown = {"error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}
            answer = self.results.get(text, self.results.get(method, unknown))
            if isinstance(answer, dict) and "error" in answer:
                errors[key] = answer
            elif answer is not LOST:
                results[key] = answer
                times[key] = self.times.get(method, {})
        return {
            "result": results or [],
            "result_error": errors or [],
            "result_total": [],
            "result_next": [],
            "result_time": times or [],
        }

    async def token(self, request: web.Request) -> web.StreamResponse:
        if self.oauth_faults:
            return await self.oauth_faults.pop(0)(request)
        query = request.query
        self.grants.append(query.get("refresh_token", query.get("code", "")))
        if query["client_id"] != CLIENT_ID:
            return web.json_response({"error": "wrong_client"})
        if query["client_secret"] != CLIENT_SECRET:
            return web.json_response({"error": "invalid_client"}, status=400)
        if self.grants[-1] not in (*self.refreshes, self.code):
            return web.json_response({"error": "invalid_grant"}, status=400)
        number = len(self.grants)
        self.next_access, fresh = f"access-canary-{number}", f"refresh-canary-{number}"
        self.refreshes.append(fresh)
        return web.json_response(
            {
                "access_token": self.next_access,
                "refresh_token": fresh,
                "expires_in": 3600,
                "client_endpoint": self.endpoint or f"{self.url}/rest/",
                "member_id": self.member_id,
            }
        )

    def expire(self) -> None:
        self.access = ""

    def commands(self, index: int = -1) -> list[str]:
        return list(self.batches[index].values())


LOST = object()


@asynccontextmanager
async def fake_portal(**settings: Any) -> AsyncIterator[FakePortal]:
    fake = FakePortal(**settings)
    app = web.Application()
    app.router.add_post("/rest/batch", fake.rest)
    app.router.add_post("/rest/{user}/{secret}/batch", fake.rest)
    app.router.add_get("/oauth/token/", fake.token)
    async with TestServer(app) as server:
        fake.url = str(server.make_url("")).rstrip("/")
        yield fake


def oauth_keys(fake: FakePortal, refresh: str | None = "refresh-canary-0", **changes: Any) -> OAuthKeys:
    keys = {"client_id": CLIENT_ID, "client_secret": Secret(CLIENT_SECRET), "oauth_url": fake.url, **changes}
    return OAuthKeys(refresh_token=Secret(refresh) if refresh else None, **keys)


def webhook(fake: FakePortal) -> Webhook:
    return Webhook(url=Secret(f"{fake.url}/rest/7/{HOOK}/"))


@asynccontextmanager
async def client(
    fake: FakePortal,
    credentials: Credentials | None = None,
    *,
    vault: MemoryVault | None = None,
    clock: Clock | None = None,
    **settings: Any,
) -> AsyncIterator[Portal]:
    async with session() as http:
        yield Portal(
            name="acme",
            url=settings.pop("url", fake.url),
            credentials=credentials or webhook(fake),
            http=http,
            vault=vault or MemoryVault(),
            clock=clock or HandClock(),
            rate=settings.pop("rate", Rate(per_second=1000, burst=1000)),
            **settings,
        )


def answering(
    body: bytes | str | dict[str, Any] | list[Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Respond:
    async def respond(_: web.Request) -> web.StreamResponse:
        if isinstance(body, dict | list):
            return web.json_response(body, status=status, headers=headers)
        raw = body.encode() if isinstance(body, str) else body
        return web.Response(body=raw, status=status, headers={"Content-Type": "text/html", **(headers or {})})

    return respond


def error(code: str, status: int = 400, headers: Mapping[str, str] | None = None) -> Respond:
    return answering({"error": code, "error_description": "said the portal"}, status, headers)


async def resets(request: web.Request) -> web.StreamResponse:
    """The connection dies without a word."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    """Half of what was announced, then the end."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"result":{"result":{"c0":')
    assert request.transport is not None
    request.transport.close()
    return response


def streaming(chunk: bytes, times: int) -> Respond:
    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            for _ in range(times):
                await response.write(chunk)
        except ConnectionError:
            return response
        return response

    return respond


class Hang:
    """A request that is never answered: tells when it has arrived, and ends with the test."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.release = asyncio.Event()

    async def __call__(self, _: web.Request) -> web.StreamResponse:
        self.arrived.set()
        await self.release.wait()
        return web.Response()


def pairs(command: str) -> list[tuple[str, str]]:
    """The parameters of a command as PHP would decode them."""
    return parse_qsl(command.partition("?")[2], keep_blank_values=True)
