"""Tells Alertmanager what is wrong: at once, again every minute, and the end of it until that was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import aiohttp
import structlog

from monitor.core.alerts import Alert
from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced
from monitor.shell.metrics import Registry
from monitor.shell.posted import Posted, as_alert, fingerprint, payload, plan
from monitor.shell.store_engine import Damaged
from monitor.shell.store_records import decode, encode
from monitor.shell.wire import MIB, Limits, request

log = structlog.get_logger()

REPOST = 60.0  # real seconds
BATCH = 200
REFUSALS = frozenset({400, 413, 422})  # of the alert itself; any other answer comes from something else in its place
RETRY_FIRST, RETRY_MOST = 1.0, 30.0


@dataclass(slots=True, kw_only=True)
class Told:
    """What came of one round: whether anything was heard, whether anything was lost, what was refused by itself."""

    now: datetime
    is_heard: bool = False
    is_lost: bool = False
    refused: list[tuple[Posted, Failure]] = field(default_factory=list)


class PostedAlerts(Protocol):
    """What survives a restart of what Alertmanager knows."""

    async def posted(self) -> dict[str, str]: ...

    async def mark_posted(self, bodies: dict[str, str], portals: Collection[str] = ()) -> None: ...

    async def forget(self, fingerprints: Sequence[str], portals: Collection[str] = ()) -> None: ...


class Pusher:
    """Keeps one Alertmanager up to date. `wish` never waits; `run` does the telling; `adopt` changes whom it tells.

    `mine`: whether a portal is in this process's hands, None = all are; of others nothing is told, least of all an end.
    An alert without a portal is wished for all of them together, under the empty name: that is in one's hands, too."""

    def __init__(
        self,
        *,
        url: str | None,
        http: aiohttp.ClientSession,
        keeper: PostedAlerts,
        registry: Registry,
        clock: Clock,
        timeout: timedelta = timedelta(seconds=10),
        mine: Callable[[str], bool] | None = None,
    ) -> None:
        self._url, self._mine, self._telling = _place(url), mine, asyncio.Lock()
        self._http, self._keeper, self._registry, self._clock, self._timeout = http, keeper, registry, clock, timeout
        self._known: dict[str, Posted] = {}
        self._wanted: dict[str, tuple[Alert, ...]] = {}
        self._changed = asyncio.Event()
        self._failing_since: datetime | None = None
        self._refused: set[str] = set()  # fingerprints that were said to be refused

    @property
    def failing_since(self) -> datetime | None:
        """Since when, in real time, Alertmanager has not heard us. None = it has."""
        return self._failing_since

    def adopt(self, url: str | None) -> None:
        """Whom to tell from now on, None = nobody: at once what is open. With who was told before it ends by itself."""
        place = _place(url)
        if place != self._url:
            self._url, self._failing_since = place, None
            self._refused.clear()
            self._changed.set()

    async def restore(self, portals: Iterable[str]) -> None:
        """What was posted before the restart, or by who had the portals before; alerts of portals that are not
        watched any more will end."""
        async with self._telling:
            bodies = await self._keeper.posted()
            stored = dict(_readable(bodies))
            self._known = self._ours(self._known) | self._ours(stored)
            awaited = set(portals)
            for posted in stored.values():
                if posted.portal in awaited and posted.ended is None and self._is_ours(posted.portal):
                    wanted = {fingerprint(one.labels): one for one in self._wanted.get(posted.portal, ())}
                    self._wanted[posted.portal] = (*wanted.values(), *_unless(wanted, posted))

    def _ours(self, known: Mapping[str, Posted]) -> dict[str, Posted]:
        return {key: posted for key, posted in known.items() if self._is_ours(posted.portal)}

    def _is_ours(self, portal: str) -> bool:
        return self._mine is None or self._mine(portal)

    async def release(self, portals: Iterable[str]) -> None:
        """Others tell of these portals from now on."""
        gone = set(portals)
        async with self._telling:
            self._wanted = {portal: alerts for portal, alerts in self._wanted.items() if portal not in gone}
            self._known = {key: posted for key, posted in self._known.items() if posted.portal not in gone}

    def wish(self, portal: str, wanted: Iterable[Alert]) -> None:
        """The alerts that must be firing for one portal from now on."""
        wished = tuple(one for one in wanted if self._mine is None or dict(one.labels).get("portal", "") == portal)
        if self._wanted.get(portal, ()) != wished:
            self._wanted[portal] = wished
            self._changed.set()

    def forget(self, portal: str) -> None:
        """What it had ends; that this is told is counted nowhere, since the portal has no series any more."""
        if self._wanted.pop(portal, None) is not None:
            self._changed.set()

    async def run(self) -> None:
        """Tell at every change and every minute of real time; what fails is told again soon."""
        pause = REPOST
        while True:
            await self._wait(pause)
            self._changed.clear()
            place = self._url
            failing = not await self.tell()
            pause = _backoff(pause) if failing else REPOST
            if failing and place == self._url:
                self._changed.clear()

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def tell(self) -> bool:
        """One round. False when something has to be told again."""
        if self._url is None:
            return True
        async with self._telling:
            try:
                return await self._tell()
            except Fenced as error:
                log.info("alertmanager.fenced", reason=str(error))
                return False

    async def _tell(self) -> bool:
        now = self._clock.real_now()
        wanted = [alert for portal, alerts in self._wanted.items() if self._is_ours(portal) for alert in alerts]
        after = plan(self._ours(self._known), wanted, now)
        await self._keep(after)
        waiting = list(self._ours(after).values())
        told = Told(now=now)
        for at in range(0, len(waiting), BATCH):
            await self._post(waiting[at : at + BATCH], told)
        well = self._is_well(told)
        heard = [posted for posted in waiting if posted.ended is not None] if well else []
        gone = {posted.fingerprint for posted in heard}
        if gone:
            await self._keeper.forget(sorted(gone), {posted.portal for posted in heard})
        self._known = self._ours({key: posted for key, posted in after.items() if key not in gone})
        self._refused &= self._known.keys()
        return well

    async def _keep(self, after: Mapping[str, Posted]) -> None:
        """Kept before it is posted: an alert that Alertmanager may have heard of is never forgotten."""
        fresh = {key: posted for key, posted in after.items() if self._known.get(key) != posted}
        if fresh:
            bodies = {key: encode(posted) for key, posted in fresh.items()}
            await self._keeper.mark_posted(bodies, {posted.portal for posted in fresh.values()})

    async def _post(self, batch: Sequence[Posted], told: Told) -> None:
        try:
            answer = await request(
                self._http,
                "POST",
                self._url or "",  # given up within this round: nobody hears the rest
                limits=Limits(timeout=self._timeout, max_answer=MIB),
                json=[payload(posted, told.now) for posted in batch],
            )
        except CallFailed as error:
            return self._not_heard(batch, told, error.failure)
        is_page = answer.body.lstrip()[:1] == b"<"  # of a proxy in its place
        if answer.status < 300 and not is_page:
            return self._heard(batch, told)
        if answer.status not in REFUSALS or is_page:
            return self._not_heard(batch, told, Failure(reason=Reason.UNREACHABLE, code=f"http_{answer.status}"))
        if len(batch) > 1:  # one bad alert must not keep the others from being heard: halve until it stands alone
            half = len(batch) // 2
            await self._post(batch[:half], told)
            return await self._post(batch[half:], told)
        said = " ".join(answer.body[:200].decode(errors="replace").split())
        told.refused.append((batch[0], Failure(reason=Reason.REJECTED, code=f"http_{answer.status}", detail=said)))

    def _heard(self, batch: Sequence[Posted], told: Told) -> None:
        told.is_heard = True
        self._refused -= {posted.fingerprint for posted in batch} if self._refused else set()
        if self._failing_since is not None:
            lasted = int((told.now - self._failing_since).total_seconds())
            log.info("alertmanager.recovered", seconds=lasted)
            self._failing_since = None
        self._count(batch, "delivered")

    def _not_heard(self, batch: Sequence[Posted], told: Told, failure: Failure) -> None:
        told.is_lost = True
        self._failing(failure)
        self._count(batch, "retried")

    def _failing(self, failure: Failure) -> None:
        if self._failing_since is None:
            self._failing_since = self._clock.real_now()
            log.warning("alertmanager.unreachable", reason=failure.reason, code=failure.code, detail=failure.detail)

    def _is_well(self, told: Told) -> bool:
        """Whether nothing has to be told again. Who refuses every single alert hears none: all of them are kept."""
        self._count([posted for posted, _ in told.refused], "refused")
        if told.refused and not told.is_heard:
            self._failing(told.refused[0][1])
            return False
        for posted, failure in told.refused:
            if posted.fingerprint not in self._refused:
                log.error("alertmanager.refused", labels=dict(posted.labels), answer=failure.detail)
            self._refused.add(posted.fingerprint)
        return not told.is_lost

    def _count(self, batch: Sequence[Posted], result: str) -> None:
        for posted in batch:
            if not posted.portal or posted.portal in self._wanted:
                self._registry.count("messenger_notifications_total", (posted.portal, "alertmanager", result))


def _unless(wanted: Mapping[str, Alert], posted: Posted) -> tuple[Alert, ...]:
    return () if posted.fingerprint in wanted else (as_alert(posted),)


def _place(url: str | None) -> str | None:
    return f"{url.rstrip('/')}/api/v2/alerts" if url else None


def _backoff(pause: float) -> float:
    return RETRY_FIRST if pause >= REPOST else min(RETRY_MOST, pause * 2)


def _readable(bodies: Mapping[str, str]) -> Iterator[tuple[str, Posted]]:
    """An alert whose row is damaged ends by itself, and what is still wrong is posted anew."""
    for key, body in bodies.items():
        try:
            yield key, decode(body, Posted)
        except Damaged as damaged:
            log.error("alerts.row_damaged", fingerprint=key, problem=str(damaged))
