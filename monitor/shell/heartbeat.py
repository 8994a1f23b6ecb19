"""The dead-man's switch: an outside service expects our pings and raises the alarm when they stay away.

It speaks the protocol of healthchecks.io [healthchecks.io/docs/http_api]: POST to the check's address for success, to
/start, /fail and /log below it for the rest, with a short text as the body. Success is sent only while real progress
is made: a ping that a mere timer sends would vouch for a daemon that sees nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import structlog

from monitor.core.model import CallFailed, Failure, Reason
from monitor.secret import Secret
from monitor.shell.clock import Clock
from monitor.shell.switch import Switch
from monitor.shell.wire import MIB, Answer, Limits, request

log = structlog.get_logger()

AGAIN = timedelta(seconds=10)  # how soon a ping that was not heard is sent again
BODY = 10_000  # bytes; the service may ask for less by Ping-Body-Limit
LIMITS = Limits(timeout=timedelta(seconds=10), max_answer=MIB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Whether the daemon does what it is for. `words` says what is wrong, or what was done."""

    well: bool
    words: str
    begun: bool = True  # False until a first poll has ended


class Heartbeat:
    """Pings while `progress` is well; says once that it is not. `adopt` changes the switch while it runs."""

    def __init__(self, *, http: aiohttp.ClientSession, clock: Clock, progress: Callable[[], Progress]) -> None:
        self._http, self._clock, self._progress = http, clock, progress
        self._switch: Switch | None = None
        self._changed = asyncio.Event()
        self._failing_since: float | None = None
        self._said = ""
        self._limit = BODY

    def adopt(self, switch: Switch | None) -> None:
        if switch != self._switch:
            self._switch, self._said, self._limit = switch, "", BODY
            self._changed.set()

    async def run(self) -> None:
        while True:
            heard = await self.beat() if self._switch else True
            await self._pause(heard)

    async def beat(self) -> bool:
        """One ping, where one is due. False when it was not heard."""
        progress = self._progress()
        word = "start" if not progress.begun else "" if progress.well else "fail"
        if word and word == self._said:
            return True
        heard = await self.ping(word, progress.words)
        self._said = word if heard else self._said
        return heard

    async def ping(self, word: str, text: str) -> bool:
        """`word`: "" for success, else start, fail or log."""
        if self._switch is None:
            return True
        body = text.encode()[: self._limit]
        try:
            answer = await request(self._http, "POST", address(self._switch.url, word), LIMITS, data=body)
        except CallFailed as error:
            return self._not_heard(error.failure)
        self._limit = min(BODY, _told_limit(answer))
        if answer.status == 429:  # heard, only too often: the switch stays as it was
            return True
        if not 200 <= answer.status < 300:
            return self._not_heard(Failure(reason=Reason.REJECTED, code=f"http_{answer.status}"))
        return self._heard()

    async def _pause(self, heard: bool) -> None:
        every = self._switch.every if self._switch else None
        wait = every if every is None or heard else min(every, AGAIN)
        try:
            async with asyncio.timeout(wait.total_seconds() if wait else None):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    def _heard(self) -> bool:
        if self._failing_since is not None:
            log.info("heartbeat.recovered", seconds=int(self._clock.monotonic() - self._failing_since))
            self._failing_since = None
        return True

    def _not_heard(self, failure: Failure) -> bool:
        if self._failing_since is None:
            self._failing_since = self._clock.monotonic()
            log.warning("heartbeat.not_heard", reason=failure.reason, code=failure.code, detail=failure.detail)
        return False


def address(url: Secret, word: str) -> str:
    """The check's address with the word below its path; a query stays."""
    parts = urlsplit(url.reveal())
    path = parts.path.rstrip("/") + (f"/{word}" if word else "")
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _told_limit(answer: Answer) -> int:
    told = next((text for name, text in answer.headers.items() if name.lower() == "ping-body-limit"), "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 9 else BODY
