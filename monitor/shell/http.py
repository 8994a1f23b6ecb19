"""The daemon's one HTTP session, and a provider account's HTTP: failures named, states handed on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from monitor import __version__
from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import failures
from monitor.shell.clock import Clock
from monitor.shell.guard import GuardedResolver, guarding
from monitor.shell.wire import LONGEST_WAIT, MIB, Answer, Limits, Trust, host_of, is_loopback, request


def session(*, connections: int = 200, allowed: Collection[str] = (), name: str = "") -> aiohttp.ClientSession:
    """One session for all portals and providers: a kept connection saves a TLS handshake a poll.

    `allowed`: hosts that are asked though their addresses are link-local. `name`: of this process among several, for
    who reads the portal's logs."""
    agent = f"messenger-monitor/{__version__}" + (f" ({name})" if name else "")
    resolver = GuardedResolver(aiohttp.ThreadedResolver(), allowed)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections, keepalive_timeout=90, ttl_dns_cache=300, resolver=resolver),
        middlewares=(guarding(allowed),),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": agent},
        trust_env=False,
    )


WORDS = 300  # bytes of a refusal that is no JSON


class ProviderHttp:
    """`plugin.Get` of one account: a path is relative to the account's address, or a whole address on any host.

    4xx answers are handed on, since providers put states there, also in plain words: the beginning of a body that is
    no JSON, None of an empty one. 429, 5xx, timeouts, a body that is no JSON on 2xx and addresses without TLS beyond
    loopback are CallFailed. Neither path nor query ever stand in a failure.
    """

    def __init__(
        self,
        url: str,
        *,
        http: aiohttp.ClientSession,
        clock: Clock,
        timeout: timedelta = timedelta(seconds=20),
        trusted: Trust = True,
        max_answer: int = 8 * MIB,
    ) -> None:
        self._url, self._http, self._clock = url.rstrip("/"), http, clock
        self._limits = Limits(timeout=timeout, trusted=trusted, max_answer=max_answer)

    async def __call__(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        secret_path: bool = False,  # noqa: ARG002 - no path is ever logged here
        post: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        answer = await request(
            self._http,
            "GET" if post is None else "POST",
            self._address(path),
            self._limits,
            headers=headers,
            params=params,
            json=post,
        )
        if answer.status == 429:
            raise CallFailed(failures.by_status(429, "too many requests", self._next_chance(answer)))
        if answer.status >= 500:
            raise CallFailed(failures.by_status(answer.status, "the provider's server failed"))
        return answer.status, _state(answer)

    def _address(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self._url}/{path.lstrip('/')}"
        if path.startswith("http://") and not is_loopback(host_of(path)):
            detail = f"{host_of(path)} would be asked without TLS"
            raise CallFailed(Failure(reason=Reason.REJECTED, detail=detail))
        return path

    def _next_chance(self, answer: Answer) -> datetime | None:
        """In daemon time; the vendor counts in real time."""
        wait = _wait_told(_state(answer)) or answer.retry_after(self._clock.real_now())
        return self._clock.now() + wait * self._clock.rate if wait else None


def _state(answer: Answer) -> Any:
    """A foreign body of a 4xx is words at most. They are compared, never shown: a page may repeat the address."""
    if 200 <= answer.status < 300:
        return answer.json()
    try:
        return answer.json()
    except CallFailed:
        return answer.body[:WORDS].decode("utf-8", "replace").strip() or None


def _wait_told(body: Any) -> timedelta | None:
    """Telegram's parameters.retry_after, seconds [core.telegram.org/bots/api, ResponseParameters]."""
    parameters = body.get("parameters") if isinstance(body, dict) else None
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    if isinstance(seconds, int) and seconds > 0:
        return min(timedelta(seconds=min(seconds, 10**6)), LONGEST_WAIT)
    return None
