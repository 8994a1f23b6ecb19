"""One request to the portal: paced, its answer told apart from an error, a full bucket tried again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import msgspec
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random

from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell import batch, failures
from monitor.shell.batch import Command, Envelope
from monitor.shell.clock import Clock
from monitor.shell.holds import SLOW_RETRY
from monitor.shell.pacer import Pacer
from monitor.shell.parted import parted
from monitor.shell.wire import Answer, Limits, request

_ENCODE = msgspec.json.Encoder().encode
_JSON = {"Content-Type": "application/json"}


@dataclass(slots=True)
class Usage:
    """What the portal has cost us, for the metrics. `operating`: the portal's own meter, seconds by method;
    `seconds`: how long the last request took; `throttled`: requests that a full bucket refused and that were answered
    when they were sent again within the poll."""

    requests: int = 0
    commands: int = 0
    throttled: int = 0
    seconds: float = 0.0
    operating: dict[str, float] = field(default_factory=dict)


def free() -> None:
    """The permit of who shares his portals with nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """POSTs JSON within the limits. CallFailed for whatever is no answer with a result.

    `permit` is asked last before each request: it raises where the portal is not ours any more."""

    http: aiohttp.ClientSession
    pacer: Pacer
    usage: Usage
    clock: Clock
    limits: Limits
    permit: Callable[[], None] = free

    async def post(self, url: str, body: dict[str, Any], commands: Sequence[Command] = ()) -> Envelope:
        """The batch's answer. Nothing but a full bucket is worth another try within a poll.

        `commands`: those of the batch, where rows of its answer may be left unread. What tenacity costs is paid only
        where it is needed: it is as much as the whole request.
        """
        try:
            return await self._post_once(url, body, commands)
        except CallFailed as error:
            if not _is_full_bucket(error):
                raise
            refused = error
        attempts = AsyncRetrying(
            retry=retry_if_exception(_is_full_bucket),
            stop=stop_after_attempt(2),
            wait=wait_random(0, 0.5),
            reraise=True,
        )
        try:
            answer: Envelope = await attempts(self._post_once, url, body, commands)
        except CallFailed as error:
            raise (refused if error.failure.held else error) from None
        self.usage.throttled += 1 + int(attempts.statistics["attempt_number"] > 1)
        return answer

    async def _post_once(self, url: str, body: dict[str, Any], commands: Sequence[Command]) -> Envelope:
        if not self.pacer.take_at_once():
            self._refuse_long_wait()
            await self.pacer.take()
        self.permit()
        self.usage.requests += 1
        self.usage.commands += len(body.get("cmd", ()))
        started = self.clock.monotonic()
        try:
            answer = await request(self.http, "POST", url, self.limits, data=_ENCODE(body), headers=_JSON)
        finally:
            self.usage.seconds = self.clock.monotonic() - started
        try:
            return self._envelope(answer, commands)
        except CallFailed as error:
            failure = failures.without(error.failure, (str(body.get("auth") or ""), *_secrets_of(url)))
        raise CallFailed(failure)

    def _refuse_long_wait(self) -> None:
        wait = self.pacer.wait()
        if wait > self.limits.timeout.total_seconds():
            at = self.clock.now() + timedelta(seconds=wait)
            raise CallFailed(Failure(reason=Reason.THROTTLED, code="retry_after", retry_at=at, held=True))

    def _envelope(self, answer: Answer, commands: Sequence[Command]) -> Envelope:
        try:
            return self._result(answer, commands)
        except CallFailed as error:
            wait = self._wait_told(answer, error.failure)
            if wait is None:
                raise
            self.pacer.shut(wait.total_seconds())
            if error.failure.retry_at is not None:
                raise
            failure = replace(error.failure, retry_at=self.clock.now() + wait)
        raise CallFailed(failure)

    def _wait_told(self, answer: Answer, failure: Failure) -> timedelta | None:
        """Who throttles us is believed when he wants to be asked again, for as long as a slow retry takes; a server
        that failed is asked at the next poll, whatever it or a proxy in its place says (signals.md, "Decided", 7)."""
        told = answer.retry_after(self.clock.real_now()) if failure.reason is Reason.THROTTLED else None
        return min(told, SLOW_RETRY) if told is not None else None

    def _result(self, answer: Answer, commands: Sequence[Command]) -> Envelope:
        taken = parted(answer.body, commands)
        if taken is not None:
            return taken
        body = answer.json()
        error = failures.error_of(body)
        if error is not None:
            raise CallFailed(self._refusal(*error, answer.status, batch.reset_at(body.get("time"))))
        if not isinstance(body, dict) or "result" not in body:
            raise CallFailed(failures.by_status(answer.status, "the answer has neither result nor error"))
        return batch.enveloped(body)

    def _refusal(self, code: object, description: object, status: int, reset_at: datetime | None) -> Failure:
        failure = failures.by_error(code, description, status, reset_at)
        if failure.code.lower() == "query_limit_exceeded":
            self.pacer.overflowed()
        return failure


def _secrets_of(url: str) -> list[str]:
    """A webhook's own word: the last but one part of its address, as `/rest/1/secret/batch`."""
    parts = url.split("/")
    return parts[-2:-1] if len(parts) > 3 and parts[-4:-3] == ["rest"] else []


def _is_full_bucket(error: BaseException) -> bool:
    return isinstance(error, CallFailed) and error.failure.code.lower() == "query_limit_exceeded"
