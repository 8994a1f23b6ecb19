"""The sandbox as a server: REST, OAuth and a hand for tests, on loopback."""

from __future__ import annotations

import json
import secrets
import ssl
import time
from collections import Counter
from contextlib import suppress
from typing import Any

from aiohttp import web

from monitor.sandbox.clock import Now, SandboxClock
from monitor.sandbox.control import add_control
from monitor.sandbox.faults import ERRORS, Fault, strike
from monitor.sandbox.life import Life
from monitor.sandbox.limits import Bucket, Operating
from monitor.sandbox.listing import Listed, Params
from monitor.sandbox.methods import Methods
from monitor.sandbox.oauth import Oauth
from monitor.sandbox.params import from_query, nested, resolved
from monitor.sandbox.refusal import Refusal
from monitor.sandbox.world import ZONE, World

MOST = 50
APPLICATION_ONLY = ("imconnector.", "event.", "events")
WRITING_SCOPES = (("im.", "im"), ("tasks.", "task"))
NOT_IN_BATCH = frozenset({"batch", "download", "upload"})


class Sandbox:
    """One emulated portal. `async with Sandbox(...) as sandbox:` serves it until the block ends."""

    def __init__(
        self,
        world: World | None = None,
        *,
        clock: Now | None = None,
        port: int = 0,
        access_ttl: float = 3600.0,
        life: Life | None = None,
        self_hosted: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.clock = clock or (world.clock if world else SandboxClock())
        self.world = world or World(self.clock)
        self.methods = Methods(self.world)
        self.life = life
        self.bucket = Bucket()
        self.operating = Operating(now=lambda: self.clock.now().timestamp())
        self.oauth = Oauth(client_id=f"local.{secrets.token_hex(7)}.12345678", client_secret=secrets.token_hex(24))
        self.oauth.access_ttl = access_ttl
        self.faults: list[Fault] = []
        self.counts: Counter[str] = Counter()
        self.costs: dict[str, float] = {}
        self.self_hosted = self_hosted
        self.webhook_secret = secrets.token_hex(8)
        self.refresh_token = self.oauth.first_refresh()
        self.url = ""
        self._port, self._tls = port, tls
        self._is_lost = False
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Sandbox:
        app = web.Application(client_max_size=16 * 2**20)
        app.router.add_route("*", "/oauth/token/", self._token)
        app.router.add_get("/oauth/authorize/", self._authorize)
        app.router.add_route("*", "/rest/{tail:.*}", self._rest)
        add_control(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._tls).start()
        scheme = "https" if self._tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self._runner.addresses[0][1]}"
        self.oauth.endpoint = f"{self.url}/rest/"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def webhook_url(self) -> str:
        return f"{self.url}/rest/1/{self.webhook_secret}/"

    @property
    def credentials(self) -> dict[str, str]:
        """All that a client needs."""
        return {
            "url": self.url,
            "oauth_url": self.url,
            "client_id": self.oauth.client_id,
            "client_secret": self.oauth.client_secret,
            "refresh_token": self.refresh_token,
            "webhook_url": self.webhook_url,
        }

    def inject(self, fault: Fault) -> None:
        self.faults.append(fault)

    def heal(self) -> None:
        self.faults.clear()
        self.oauth.refuses = ""

    # --- OAuth ------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        self.counts["oauth"] += 1
        query = dict(request.query) | dict(await request.post())
        status, body = self.oauth.token({name: str(value) for name, value in query.items()})
        return web.json_response(body, status=status)

    async def _authorize(self, request: web.Request) -> web.Response:
        code, state = self.oauth.code(), request.query.get("state", "")
        target = f"{self.url}/oauth/code?code={code}&state={state}&domain=127.0.0.1"
        return web.Response(status=302, headers={"Location": target})

    # --- REST -------------------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        self.counts["http"] += 1
        self._is_lost = False
        if self.life is not None:
            self.life.advance(self.clock.now())
        self.world.unconfirmed_notices()
        try:
            if (fault := self._fault(None)) is not None:
                return await strike(fault, request)
            self.bucket.take(request.remote or "")
            answer = self._answer(await self._asked(request))
            if self._is_lost and request.transport is not None:
                request.transport.abort()
            return answer
        except Refusal as no:
            return _json(no.body(), no.status)

    def _fault(self, method: str | None) -> Fault | None:
        return next((one for one in self.faults if one.method == method and one.use()), None)

    async def _asked(self, request: web.Request) -> tuple[str, Params, str | None]:
        """(method, parameters, the webhook's secret or None)."""
        parts = request.match_info["tail"].strip("/").split("/")
        params = nested(list(request.query.items()))
        if request.method == "POST":
            params |= await _posted(request)
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            params["auth"] = header.removeprefix("Bearer ")
        method = parts[-1].lower()
        for ending in (".json", ".xml"):
            method = method.removesuffix(ending)
        return method, params, parts[1] if len(parts) == 3 else None

    def _answer(self, asked: tuple[str, Params, str | None]) -> web.Response:
        """The order of checks: the method exists, the caller may, the method is not blocked."""
        method, params, hook = asked
        started = time.monotonic()
        if method != "batch" and method not in self.methods.table():
            raise Refusal(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        who = self._admitted(params, hook)
        if method == "batch":
            result: Any = Listed(self._batch(params, hook, who))
        else:
            result = self._one(method, params, hook, who)
        body: dict[str, Any] = {"result": result.rows if isinstance(result, Listed) else result}
        if isinstance(result, Listed):
            body |= {"total": result.total} if result.total is not None else {}
            body |= {"next": result.next} if result.next is not None else {}
        body["time"] = self._time(who, method, started)
        return _json(body, 200)

    def _admitted(self, params: Params, hook: str | None) -> str:
        if hook is not None:
            if hook != self.webhook_secret:
                raise Refusal(401, "INVALID_CREDENTIALS", "Invalid request credentials")
            return "webhook"
        self.oauth.check(str(params.get("auth") or params.get("access_token") or ""))
        return "application"

    def _one(self, method: str, params: Params, hook: str | None, who: str) -> Any:
        self.counts[method] += 1
        if hook is not None and method.startswith(APPLICATION_ONLY):
            text = "Current authorization type is denied for this method"
            more = "" if method == "imconnector.list" else " Application context required"
            raise Refusal(403, "WRONG_AUTH_TYPE", text + more)
        fault = self._fault(method)
        if fault is not None and fault.kind in ERRORS:
            raise fault.refusal()
        self._is_lost = self._is_lost or (fault is not None and fault.kind == "lost")
        self._scoped(method)
        self.operating.check(who, method)
        result = self.methods.table()[method](params)
        self.operating.spend(who, method, self.costs.get(method, 0.0))
        return result

    def _scoped(self, method: str) -> None:
        """What writes to people needs its own scope."""
        scope = next((scope for start, scope in WRITING_SCOPES if method.startswith(start)), None)
        if scope is not None and scope not in self.methods.granted:
            text = "The request requires higher privileges than provided by the access token"
            raise Refusal(403, "insufficient_scope", text)

    def _batch(self, params: Params, hook: str | None, who: str) -> dict[str, Any]:
        cmd = params.get("cmd") or {}
        rows = list(cmd.items()) if isinstance(cmd, dict) else [(str(i), one) for i, one in enumerate(cmd)]
        parts: dict[str, dict[str, Any]] = {
            name: {} for name in ("result", "result_error", "result_total", "result_next", "result_time")
        }
        for index, (key, text) in enumerate(rows):
            if not isinstance(text, str):
                continue
            try:
                if index >= MOST:
                    raise Refusal(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
                self._command(str(key), text, parts, hook, who)
            except Refusal as no:
                parts["result_error"][str(key)] = no.body()
                if str(params.get("halt", "0")) in {"1", "true", "True"}:
                    break
        return {name: _part(part) for name, part in parts.items()}

    def _command(self, key: str, text: str, parts: dict[str, dict[str, Any]], hook: str | None, who: str) -> None:
        started = time.monotonic()
        known = {name.removeprefix("result_"): part for name, part in parts.items()}
        method, _, query = text.partition("?")
        method = method.lower()
        if method in NOT_IN_BATCH:
            raise Refusal(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
        if method not in self.methods.table():
            raise Refusal(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        result = self._one(method, from_query(resolved(query, known)), hook, who)
        listed = result if isinstance(result, Listed) else Listed(result)
        parts["result"][key] = listed.rows
        if listed.total is not None:
            parts["result_total"][key] = listed.total
        if listed.next is not None:
            parts["result_next"][key] = listed.next
        parts["result_time"][key] = self._time(who, method, started)

    def _time(self, who: str, method: str, started: float) -> dict[str, Any]:
        finish = self.clock.now()
        spent = time.monotonic() - started + self.costs.get(method, 0.0)
        begun = finish.timestamp() - spent
        told: dict[str, Any] = {
            "start": begun,
            "finish": finish.timestamp(),
            "duration": spent,
            "processing": spent,
            "date_start": finish.astimezone(ZONE).isoformat(timespec="seconds"),
            "date_finish": finish.astimezone(ZONE).isoformat(timespec="seconds"),
        }
        if not self.self_hosted:
            told["operating_reset_at"] = self.operating.reset_at(who, method)
            told["operating"] = self.operating.total(who, method)
        return told


async def _posted(request: web.Request) -> Params:
    if request.content_type == "application/json":
        with suppress(json.JSONDecodeError):
            body = json.loads(await request.text() or "{}")
            return body if isinstance(body, dict) else {}
        return {}
    return nested([(name, str(value)) for name, value in (await request.post()).items()])


def _part(part: dict[str, Any]) -> Any:
    """PHP again: empty maps are lists, and so are maps whose keys count from 0."""
    if [str(index) for index in range(len(part))] == list(part):
        return list(part.values())
    return part


def _json(body: dict[str, Any], status: int) -> web.Response:
    return web.json_response(body, status=status, headers={"X-Bitrix-Rest-Time": "0.01"})
