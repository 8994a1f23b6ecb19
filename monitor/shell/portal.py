"""One portal's REST: calls of one tick leave together as batches, paced, authorised, and answered one by one."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import batch, failures
from monitor.shell.authority import Authority
from monitor.shell.batch import Answered, Command, Outcome
from monitor.shell.clock import Clock
from monitor.shell.http import request
from monitor.shell.oauth import Credentials, OAuthKeys, Webhook
from monitor.shell.pacer import Pacer, Rate
from monitor.shell.vault import Vault

log = structlog.get_logger()

SLOW_RETRY = timedelta(minutes=5)
MAX_ANSWER = 32 * 1024 * 1024
_GATHERING_TURNS = 3  # loop turns in which the probes of one tick get their first questions out


@dataclass(slots=True)
class Usage:
    """What the portal has cost us, for the metrics. `operating`: the portal's own meter, seconds by method."""

    requests: int = 0
    commands: int = 0
    throttled: int = 0
    operating: dict[str, float] = field(default_factory=dict)


class Portal:
    """A portal's REST as one awaitable `call`. Every failure is a CallFailed that holds no secret."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        credentials: Credentials,
        http: aiohttp.ClientSession,
        vault: Vault,
        clock: Clock,
        rate: Rate | None = None,
        timeout: timedelta = timedelta(seconds=20),
        trusted: ssl.SSLContext | bool = True,
        max_answer: int = MAX_ANSWER,
    ) -> None:
        self.usage = Usage()
        self.pacer = Pacer(rate or Rate(), clock.monotonic)
        self._name, self._url, self._http, self._clock = name, url.rstrip("/"), http, clock
        self._timeout, self._trusted, self._max_answer = timeout, trusted, max_answer
        self._webhook = credentials.url if isinstance(credentials, Webhook) else None
        self._authority = (
            Authority(name=name, url=self._url, keys=credentials, http=http, vault=vault, clock=clock, timeout=timeout)
            if isinstance(credentials, OAuthKeys)
            else None
        )
        self._waiting: list[tuple[Command, asyncio.Future[Outcome]]] = []
        self._held: tuple[Failure, datetime] | None = None
        self._blocked: dict[str, tuple[Failure, datetime]] = {}
        self._moved_to = ""

    async def __call__(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The command's `result`, or CallFailed."""
        return (await self.ask(method, params)).result

    async def ask(self, method: str, params: Mapping[str, Any] | None = None) -> Answered:
        """The command's whole answer, or CallFailed. Whoever asks first in a tick sends for all."""
        place: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch.command(method, params), place))
        if len(self._waiting) == 1:
            await self._send_gathered()
        outcome = await place
        if isinstance(outcome, Failure):
            raise CallFailed(outcome)
        return outcome

    def retry_now(self) -> None:
        """Lift the slow retry: the operator has changed something."""
        self._held = None
        self._blocked.clear()

    async def _send_gathered(self) -> None:
        for _ in range(_GATHERING_TURNS):
            await asyncio.sleep(0)
        sent, self._waiting = self._waiting, []
        try:
            for indices in batch.split([command for command, _ in sent]):
                places = [sent[index][1] for index in indices]
                _settle(places, await self._outcomes([sent[index][0] for index in indices]))
        finally:
            lost = Failure(reason=Reason.TIMEOUT, detail="the poll was given up before this question was answered")
            _settle([place for _, place in sent if not place.done()], [lost] * len(sent))

    async def _outcomes(self, commands: Sequence[Command]) -> list[Outcome]:
        """Outcomes in order. What is held back is not sent; a failure of the request is everyone's."""
        held = [self._holding(command) for command in commands]
        free = [command for command, failure in zip(commands, held, strict=True) if failure is None]
        if not free:
            return [failure for failure in held if failure is not None]
        try:
            answers = iter(await self._batch(free))
        except CallFailed as error:
            self._hold(error.failure)
            answers = iter([error.failure] * len(free))
        return [failure if failure is not None else next(answers) for failure in held]

    def _holding(self, command: Command) -> Failure | None:
        now = self._clock.now()
        for failure, until in filter(None, (self._held, self._blocked.get(command.method.lower()))):
            if now < until:
                return failure
        return None

    def _hold(self, failure: Failure) -> None:
        if failure.code.lower() == "overload_limit" or failure.code.startswith("refresh_refused"):
            self._held = (failure, self._clock.now() + SLOW_RETRY)

    async def _batch(self, commands: Sequence[Command]) -> list[Outcome]:
        answer = await self._authorised(batch.body(commands))
        self.usage.commands += len(commands)
        outcomes = batch.outcomes(answer, len(commands))
        for command, outcome in zip(commands, outcomes, strict=True):
            self._note_cost(command.method.lower(), outcome)
        if (spent := batch.operating_of(answer.get("time"))) is not None:
            self.usage.operating["batch"] = spent
        return outcomes

    def _note_cost(self, method: str, outcome: Outcome) -> None:
        if isinstance(outcome, Answered):
            if outcome.operating is not None:
                self.usage.operating[method] = outcome.operating
        elif outcome.code.lower() == "operation_time_limit":
            until = outcome.retry_at or self._clock.now() + SLOW_RETRY
            self._blocked[method] = (outcome, until)

    async def _authorised(self, body: dict[str, Any]) -> dict[str, Any]:
        """The answer, after one renewal of the tokens where they turned out to be stale."""
        if self._authority is None:
            return await self._patiently(f"{self._webhook.reveal().rstrip('/')}/batch" if self._webhook else "", body)
        tokens = await self._authority.tokens()
        try:
            return await self._patiently(self._endpoint(tokens.endpoint), {**body, "auth": tokens.access.reveal()})
        except CallFailed as error:
            if error.failure.code.lower() != "expired_token":
                raise
        tokens = await self._authority.renewed(stale=tokens)
        return await self._patiently(self._endpoint(tokens.endpoint), {**body, "auth": tokens.access.reveal()})

    async def _patiently(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        """A full bucket is worth another try as soon as it has drained; nothing else is tried again in this poll."""
        attempts = AsyncRetrying(
            retry=retry_if_exception(_is_full_bucket),
            stop=stop_after_attempt(3),
            wait=wait_random(0, 0.5),
            reraise=True,
        )
        return await attempts(self._post, url, body)

    async def _post(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        await self.pacer.take()
        self.usage.requests += 1
        answer = await request(
            self._http,
            "POST",
            url,
            timeout=self._timeout,
            max_answer=self._max_answer,
            trusted=self._trusted,
            json=body,
        )
        return self._envelope(answer.json(), answer.status)

    def _envelope(self, answer: Any, status: int) -> dict[str, Any]:
        error = failures.error_of(answer)
        if error is not None:
            failure = failures.by_error(error[0], error[1], status, batch.reset_at(answer.get("time")))
            if failure.code.lower() == "query_limit_exceeded":
                self.usage.throttled += 1
                self.pacer.overflowed()
            raise CallFailed(failure)
        if not isinstance(answer, dict) or "result" not in answer:
            raise CallFailed(failures.by_status(status, "the answer has neither result nor error"))
        return answer

    def _endpoint(self, told: str) -> str:
        """Where the tokens' answer says the portal lives now, unless that would leave the config's safety."""
        mine, theirs = urlsplit(self._url), urlsplit(told)
        if not theirs.hostname or not _may_go(mine.hostname or "", theirs.scheme, theirs.hostname):
            return f"{self._url}/rest/batch"
        if theirs.hostname not in (mine.hostname, self._moved_to):
            self._moved_to = theirs.hostname
            log.warning("portal.moved", portal=self._name, configured=mine.hostname, now_at=theirs.hostname)
        return f"{told.rstrip('/')}/batch"


def _may_go(mine: str, scheme: str, theirs: str) -> bool:
    """Loopback stays on loopback; the rest goes to https only and never to loopback."""
    if is_loopback(mine):
        return is_loopback(theirs) and scheme in {"http", "https"}
    return scheme == "https" and not is_loopback(theirs)


def is_loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _is_full_bucket(error: BaseException) -> bool:
    return isinstance(error, CallFailed) and error.failure.code.lower() == "query_limit_exceeded"


def _settle(places: Sequence[asyncio.Future[Outcome]], outcomes: Sequence[Outcome]) -> None:
    for place, outcome in zip(places, outcomes, strict=False):
        if not place.done():
            place.set_result(outcome)
