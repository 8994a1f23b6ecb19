"""The faults by name: how each begins, how it ends, what an operator must see of it, and whose hand it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from stage import Mode, Stage

from monitor.sandbox.faults import Fault as SandboxFault
from monitor.shell.oauth import tokens_of

Act = Callable[[Stage], Awaitable[None]]


async def nothing(_: Stage) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`seen`: texts of which each must stand in something that was seen. `hand`: what a person has to do, if any.

    `lasts` minutes; `within` minutes after its end all must be well again. `allows`: what is lost or doubled all the
    same, since nobody could help it, `because` of what."""

    area: str
    name: str
    begin: Act
    end: Act = nothing
    seen: tuple[str, ...] = ()
    hand: str = ""
    lasts: int = 3
    within: int = 6
    allows: tuple[str, ...] = ()
    because: str = ""
    on_postgres: bool = False


def cell(fault: Fault, what: list[str]) -> str:
    """Of what was lost or doubled, with its reason where it is known beforehand."""
    reason = f": {fault.because}" if fault.because and what else ""
    return ("; ".join(what) or "nothing") + reason


# --- the wire ----------------------------------------------------------------------------------------------


async def refuse_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def close_after_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def drip_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Slow: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def half_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{")
    writer.write_eof()
    await asyncio.Event().wait()


def says(answer: bytes) -> Mode:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return say


def http(status: str, body: str, *headers: str) -> bytes:
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close", *headers))
    return f"{head}\r\n\r\n{body}".encode()


PAGE = "<html><body>Please sign in to the network</body></html>"
WIRE: tuple[tuple[str, Mode, str], ...] = (
    ("the connection is reset as it opens", refuse_at_once, "unreachable"),
    ("the connection closes after the request", close_after_request, "unreachable"),
    ("the server hangs", hang, "timeout"),
    ("the answer drips a byte at a time", drip, "timeout"),
    ("the headers never end", drip_headers, "timeout"),
    ("the answer is cut and half closed", half_closed, "malformed"),
    ("what answers speaks no HTTP", says(b"SSH-2.0-OpenSSH_9.2\r\n"), "malformed"),
    ("what answers speaks TLS", says(b"\x15\x03\x01\x00\x02\x02\x46"), "malformed"),
    ("a proxy answers with its sign-in page, 200", says(http("200 OK", PAGE, "Content-Type: text/html")), "malformed"),
    (
        "a proxy answers with its sign-in page, 511",
        says(http("511 Network Authentication Required", PAGE)),
        "unreachable",
    ),
    ("a proxy wants to know who we are, 407", says(http("407 Proxy Authentication Required", PAGE)), "rejected"),
    ("a proxy cannot reach the portal, 502", says(http("502 Bad Gateway", PAGE)), "unreachable"),
    ("a proxy waits too long, 504", says(http("504 Gateway Timeout", PAGE)), "unreachable"),
    ("the portal is being maintained, 503", says(http("503 Service Unavailable", PAGE)), "unreachable"),
    ("the portal has moved, 301", says(http("301 Moved", "", "Location: https://new.example/x?token=1")), "redirect"),
    ("the portal wants a sign-in, 302", says(http("302 Found", "", "Location: /auth/")), "redirect"),
    ("a firewall forbids, 403", says(http("403 Forbidden", PAGE)), "denied"),
    ("too many requests, 429", says(http("429 Too Many Requests", PAGE)), "throttled"),
    ("nothing is there, 404", says(http("404 Not Found", PAGE)), "rejected"),
    ("an empty answer, 200", says(http("200 OK", "")), "malformed"),
    ("JSON that is no object, 200", says(http("200 OK", "[]", "Content-Type: application/json")), "malformed"),
    ("JSON nested without end", says(http("200 OK", "[" * 100_000)), "malformed"),
    ("a body that is not what its encoding says", says(http("200 OK", "x", "Content-Encoding: gzip")), "malformed"),
)


def on_the_wire() -> list[Fault]:
    def fault(name: str, mode: Mode, seen: str) -> Fault:
        async def begin(one: Stage) -> None:
            await one.gate.become(mode)

        return Fault(area="network", name=name, begin=begin, end=_clear, seen=(seen,))

    async def shut(one: Stage) -> None:
        await one.gate.shut()

    async def once(one: Stage) -> None:
        one.gate.cut()

    refused = Fault(
        area="network", name="nobody listens", begin=shut, end=_clear, seen=("Connect call failed|no connection",)
    )
    stale = Fault(area="network", name="a kept connection has died meanwhile", begin=once, lasts=1)
    return [refused, stale, *(fault(*row) for row in WIRE)]


async def _clear(one: Stage) -> None:
    await one.gate.become(None)


# --- Bitrix24 ----------------------------------------------------------------------------------------------

SYSTEM_ERRORS: tuple[tuple[int, str, str], ...] = (
    (400, "INVALID_REQUEST", "rejected"),
    (400, "ERROR_ARGUMENT", "rejected"),
    (400, "ERROR_CORE", "rejected"),
    (400, "", "rejected"),
    (400, "ERROR_BATCH_LENGTH_EXCEEDED", "rejected"),
    (401, "CONNECTION_ERROR", "unreachable"),
    (401, "NOT_INSTALLED", "denied"),
    (401, "NO_AUTH_FOUND", "denied"),
    (401, "APPLICATION_NOT_FOUND", "denied"),
    (401, "authorization_error", "denied"),
    (401, "METHOD_CONFIRM_WAITING", "denied"),
    (401, "invalid_token", "denied"),
    (401, "PAYMENT_REQUIRED", "denied"),
    (403, "ACCESS_DENIED", "denied"),
    (403, "INVALID_CREDENTIALS", "denied"),
    (403, "insufficient_scope", "denied"),
    (403, "user_access_error", "denied"),
    (403, "WRONG_AUTH_TYPE", "denied"),
    (403, "WRONG_LICENSE", "denied"),
    (403, "METHOD_CONFIRM_DENIED", "denied"),
    (404, "ERROR_METHOD_NOT_FOUND", "rejected"),
    (404, "NOT_FOUND", "rejected"),
    (404, "ERROR_MANIFEST_IS_NOT_AVAILABLE", "rejected"),
    (405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "rejected"),
    (429, "OPERATION_TIME_LIMIT", "throttled"),
    (500, "INTERNAL_SERVER_ERROR", "unreachable"),
    (500, "ERROR_UNEXPECTED_ANSWER", "unreachable"),
    (500, "PORTAL_DELETED", "denied"),
    (403, "PORTAL_DELETED", "denied"),
    (410, "PORTAL_DELETED", "denied"),
    (503, "QUERY_LIMIT_EXCEEDED", "throttled"),
    (503, "OVERLOAD_LIMIT", "throttled"),
    (200, "WRONG_ENCODING", "malformed"),
)
METHODS = (
    "server.time",
    "imconnector.status",
    "crm.activity.list",
    "imopenlines.session.history.get",
    "imopenlines.config.list.get",
    "user.get",
)


BESIDE = "imopenlines.config.list.get"  # then the known lines are asked for one by one: nothing is missing


def of_the_portal() -> list[Fault]:
    def system(status: int, code: str, seen: str) -> Fault:
        answer = http(
            f"{status} X", f'{{"error":"{code}","error_description":"said"}}', "Content-Type: application/json"
        )

        async def begin(one: Stage) -> None:
            await one.gate.become(says(answer))

        name = f"every request: {status} {code or 'an empty code'}"
        return Fault(area="Bitrix24", name=name, begin=begin, end=_clear, seen=(seen,), within=8)

    def command(method: str, kind: str) -> Fault:
        async def begin(one: Stage) -> None:
            one.sandbox.inject(SandboxFault(kind=kind, method=method))
            one.watch.ask_again()  # also what is asked once an hour only

        async def end(one: Stage) -> None:
            one.sandbox.heal()

        name = f"one command of a batch: {method} {kind}"
        return Fault(
            area="Bitrix24", name=name, begin=begin, end=end, seen=(kind,) if method != BESIDE else (), within=8
        )

    each = [command(method, "INTERNAL_SERVER_ERROR") for method in METHODS]
    each += [command(method, "ACCESS_DENIED") for method in ("imconnector.status", "crm.activity.list")]
    each += [command("crm.activity.list", kind) for kind in ("OPERATION_TIME_LIMIT", "ERROR_UNEXPECTED_ANSWER")]
    each += [command("crm.activity.list", kind) for kind in ("expired_token", "insufficient_scope")]
    return [*(system(*row) for row in SYSTEM_ERRORS), *each]


async def _expire(one: Stage) -> None:
    one.sandbox.oauth.expire_all()


def _refuses(code: str) -> Act:
    async def begin(one: Stage) -> None:
        one.sandbox.oauth.expire_all()
        one.sandbox.oauth.refuses = code

    return begin


async def authorised_again(one: Stage) -> None:
    """What `messenger-monitor auth` leaves in the store."""
    one.sandbox.heal()
    if one.daemon is None:
        assert await one.start()
    assert one.store is not None
    refresh = one.sandbox.oauth.first_refresh()
    _, body = one.sandbox.oauth.token(
        {
            "client_id": one.sandbox.oauth.client_id,
            "client_secret": one.sandbox.oauth.client_secret,
            "grant_type": "refresh_token",
            "refresh_token": refresh,
        }
    )
    await one.store.save("acme", tokens_of(body, one.clock.now()))


async def _healed(one: Stage) -> None:
    one.sandbox.heal()


def _hands(kind: str) -> Act:
    async def begin(one: Stage) -> None:
        one.sandbox.inject(SandboxFault(kind=kind))

    return begin


async def _dismiss(one: Stage) -> None:
    one.sandbox.world.users[12].active = False


async def _back_at_work(one: Stage) -> None:
    one.sandbox.world.users[12].active = True


AUTH = "messenger-monitor auth --portal acme"
TOKENS = (
    Fault(area="Bitrix24", name="the access token expires", begin=_expire, lasts=1),
    Fault(
        area="Bitrix24",
        name="the application is uninstalled",
        begin=_refuses("invalid_grant"),
        end=authorised_again,
        seen=("incident portal_auth_failed", "refresh_refused"),
        hand=AUTH,
        within=8,
    ),
    Fault(
        area="Bitrix24",
        name="the application's secret is changed",
        begin=_refuses("invalid_client"),
        end=authorised_again,
        seen=("incident portal_auth_failed", "invalid_client"),
        hand="the new secret into client_secret_file, then reload",
        within=8,
    ),
    Fault(
        area="Bitrix24",
        name="the OAuth server knows no such payment",
        begin=_refuses("PAYMENT_REQUIRED"),
        end=authorised_again,
        seen=("denied",),
        within=8,
    ),
    Fault(
        area="Bitrix24", name="an answer of wrong types", begin=_hands("wrong_types"), end=_healed, seen=("malformed",)
    ),
    Fault(area="Bitrix24", name="a truncated answer", begin=_hands("truncated"), end=_healed, seen=("malformed",)),
    Fault(
        area="Bitrix24", name="an answer of 100 MB", begin=_hands("huge"), end=_healed, seen=("larger than|timeout",)
    ),
    Fault(area="Bitrix24", name="a manager is dismissed", begin=_dismiss, end=_back_at_work),
)


def alertmanager_faults() -> list[Fault]:
    unreachable = ("log: alertmanager.unreachable",)

    def status(code: int) -> Fault:
        async def begin(one: Stage) -> None:
            one.receiver.status = code

        async def end(one: Stage) -> None:
            one.receiver.status = 200

        name = f"Alertmanager answers {code}"
        return Fault(area="Alertmanager", name=name, begin=begin, end=end, seen=unreachable)

    def wire(name: str, mode: Mode) -> Fault:
        async def begin(one: Stage) -> None:
            assert one.daemon is not None
            assert one.daemon.pusher is not None
            one.daemon.pusher._timeout = timedelta(seconds=0.25)
            await one.alerts_gate.become(mode)

        return Fault(area="Alertmanager", name=name, begin=begin, end=_alerts_clear, seen=unreachable)

    async def down(one: Stage) -> None:
        await one.alerts_gate.shut()

    async def forgotten(one: Stage) -> None:
        one.receiver.firing.clear()

    return [
        Fault(area="Alertmanager", name="Alertmanager is down", begin=down, end=_alerts_clear, seen=unreachable),
        wire("Alertmanager hangs", hang),
        wire("Alertmanager drips", drip),
        wire("Alertmanager resets", refuse_at_once),
        wire("a proxy's sign-in page answers in Alertmanager's place", says(http("200 OK", PAGE))),
        *(status(code) for code in (400, 404, 302, 429, 500, 503)),
        Fault(area="Alertmanager", name="Alertmanager restarts without its memory", begin=forgotten, lasts=1),
    ]


async def _alerts_clear(one: Stage) -> None:
    await one.alerts_gate.become(None)


FAILING = "provider.failing"
PROVIDER: tuple[tuple[str, Mode, str], ...] = (
    ("the provider resets the connection", refuse_at_once, FAILING),
    ("the provider hangs", hang, FAILING),
    ("the provider's answer drips", drip, FAILING),
    ("the provider's answer is cut and half closed", half_closed, FAILING),
    ("the provider answers with a page", says(http("200 OK", PAGE)), FAILING),
    ("the provider answers 500", says(http("500 Oops", "{}")), FAILING),
    ("the provider answers 502 with a page", says(http("502 Bad Gateway", PAGE)), FAILING),
    ("the provider answers 429", says(http("429 Slow", '{"parameters":{"retry_after":5}}')), FAILING),
    ("the provider answers 302", says(http("302 Found", "", "Location: https://x.example/")), FAILING),
    (
        "the provider answers 503 and when to come again",
        says(http("503 Busy", PAGE, "Retry-After: 60")),
        FAILING,
    ),
    ("a firewall before the provider forbids, 403", says(http("403 Forbidden", PAGE)), FAILING),
    ("the provider has revoked the key, 401", says(http("401 No", '{"ok":false,"error_code":401}')), "channel_down"),
    ("the provider answers another's JSON", says(http("200 OK", '{"hello":[1,2]}')), FAILING),
    ("the provider answers a list without end", says(http("200 OK", "[" * 50_000)), FAILING),
)


def of_the_provider() -> list[Fault]:
    def fault(name: str, mode: Mode, seen: str) -> Fault:
        async def begin(one: Stage) -> None:
            await one.bot_gate.become(mode)

        async def end(one: Stage) -> None:
            await one.bot_gate.become(None)

        return Fault(area="provider", name=name, begin=begin, end=end, seen=(seen,))

    async def shut(one: Stage) -> None:
        await one.bot_gate.shut()

    async def back(one: Stage) -> None:
        await one.bot_gate.become(None)

    gone = Fault(area="provider", name="nobody listens at the provider's", begin=shut, end=back, seen=(FAILING,))
    return [gone, *(fault(*row) for row in PROVIDER)]
