"""Tells Alertmanager what is wrong: at once, again every minute, and the end of it until that was heard."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import aiohttp
import msgspec
import structlog

from monitor.core.alerts import Alert, Labels
from monitor.core.model import CallFailed, Failure, Reason
from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced
from monitor.shell.metrics import Registry
from monitor.shell.wire import MIB, Limits, request

log = structlog.get_logger()

REPOST = 60.0  # real seconds
LASTS = timedelta(minutes=5)  # an alert that is not posted again ends by itself then
BATCH = 200
MOST_EVIDENCE = 20  # portals whose evidence one alert carries; the rest are counted
REFUSALS = frozenset({400, 413, 422})  # of the alert itself; any other answer comes from something else in its place
RETRY_FIRST, RETRY_MOST = 1.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An alert that Alertmanager was told of. `ended` None = it is firing; otherwise its end has to be told."""

    labels: Labels
    annotations: Labels
    starts_at: datetime
    generator_url: str
    ended: datetime | None = None

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.labels)

    @property
    def portal(self) -> str:
        return dict(self.labels).get("portal", "")


class PostedAlerts(Protocol):
    """What survives a restart of what Alertmanager knows."""

    async def posted(self) -> dict[str, str]: ...

    async def mark_posted(self, bodies: dict[str, str], portals: Collection[str] = ()) -> None: ...

    async def forget(self, fingerprints: Sequence[str], portals: Collection[str] = ()) -> None: ...


def fingerprint(labels: Labels) -> str:
    return hashlib.blake2s(repr(labels).encode(), digest_size=16).hexdigest()


def plan(known: Mapping[str, Posted], wanted: Iterable[Alert], now: datetime) -> dict[str, Posted]:
    """What Alertmanager has to know: what is wanted, and the end of what is not wanted any more.

    What our clock once put into the future begins now: it could not end before it had begun."""
    after: dict[str, Posted] = {}
    for alert in together(wanted):
        before = known.get(fingerprint(alert.labels))
        goes_on = before is not None and before.ended is None
        after[fingerprint(alert.labels)] = Posted(
            labels=alert.labels,
            annotations=alert.annotations,
            starts_at=min(before.starts_at if before and goes_on else now, alert.starts_at, now),
            generator_url=alert.generator_url,
        )
    for key, before in known.items():
        if key not in after:
            after[key] = before if before.ended else replace(before, ended=now)
    return after


def together(wanted: Iterable[Alert]) -> Iterable[Alert]:
    """Alerts with the same labels are one, with the first one's words and everybody's evidence: a provider's outage
    is found on each portal and told once."""
    same: dict[Labels, list[Alert]] = {}
    for alert in wanted:
        same.setdefault(alert.labels, []).append(alert)
    return (_merged(alerts) if len(alerts) > 1 else alerts[0] for alerts in same.values())


def _merged(alerts: Sequence[Alert]) -> Alert:
    first = min(alerts, key=lambda alert: (alert.starts_at, alert.generator_url))
    told = [dict(alert.annotations).get("evidence", "") for alert in alerts]
    rest = [f"+ {len(told) - MOST_EVIDENCE}"] if len(told) > MOST_EVIDENCE else []
    evidence = "\n\n".join(filter(None, [*told[:MOST_EVIDENCE], *rest]))
    return replace(first, annotations=tuple(sorted((dict(first.annotations) | {"evidence": evidence}).items())))


def payload(posted: Posted, now: datetime) -> dict[str, Any]:
    """One alert of Alertmanager's v2 API."""
    ends = posted.ended or now + LASTS
    body = {
        "labels": dict(posted.labels),
        "annotations": dict(posted.annotations),
        "startsAt": min(posted.starts_at, ends).isoformat(),
        "endsAt": ends.isoformat(),
    }
    return body | ({"generatorURL": posted.generator_url} if posted.generator_url else {})


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

    @property
    def failing_since(self) -> datetime | None:
        """Since when, in real time, Alertmanager has not heard us. None = it has."""
        return self._failing_since

    def adopt(self, url: str | None) -> None:
        """Whom to tell from now on, None = nobody: at once what is open. With who was told before it ends by itself."""
        place = _place(url)
        if place != self._url:
            self._url, self._failing_since = place, None
            self._changed.set()

    async def restore(self, portals: Iterable[str]) -> None:
        """What was posted before the restart, or by who had the portals before; alerts of portals that are not
        watched any more will end."""
        async with self._telling:
            bodies = await self._keeper.posted()
            stored = {key: msgspec.json.decode(body, type=Posted) for key, body in bodies.items()}
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
        results = [await self._post(waiting[at : at + BATCH], now) for at in range(0, len(waiting), BATCH)]
        heard = [posted for posted in waiting if posted.ended is not None] if all(results) else []
        gone = {posted.fingerprint for posted in heard}
        if gone:
            await self._keeper.forget(sorted(gone), {posted.portal for posted in heard})
        self._known = self._ours({key: posted for key, posted in after.items() if key not in gone})
        return all(results)

    async def _keep(self, after: Mapping[str, Posted]) -> None:
        """Kept before it is posted: an alert that Alertmanager may have heard of is never forgotten."""
        fresh = {key: posted for key, posted in after.items() if self._known.get(key) != posted}
        if fresh:
            bodies = {key: msgspec.json.encode(posted).decode() for key, posted in fresh.items()}
            await self._keeper.mark_posted(bodies, {posted.portal for posted in fresh.values()})

    async def _post(self, batch: Sequence[Posted], now: datetime) -> bool:
        try:
            answer = await request(
                self._http,
                "POST",
                self._url or "",  # given up within this round: nobody hears the rest
                limits=Limits(timeout=self._timeout, max_answer=MIB),
                json=[payload(posted, now) for posted in batch],
            )
        except CallFailed as error:
            return self._not_heard(batch, error.failure)
        if answer.status < 300 and answer.body.lstrip()[:1] != b"<":
            return self._heard(batch, now)
        if answer.status in REFUSALS:
            return await self._refused(batch, now, answer.body)
        return self._not_heard(batch, Failure(reason=Reason.UNREACHABLE, code=f"http_{answer.status}"))

    def _heard(self, batch: Sequence[Posted], now: datetime) -> bool:
        if self._failing_since is not None:
            lasted = int((now - self._failing_since).total_seconds())
            log.info("alertmanager.recovered", seconds=lasted)
            self._failing_since = None
        self._count(batch, "delivered")
        return True

    def _not_heard(self, batch: Sequence[Posted], failure: Failure) -> bool:
        if self._failing_since is None:
            self._failing_since = self._clock.real_now()
            log.warning("alertmanager.unreachable", reason=failure.reason, code=failure.code, detail=failure.detail)
        self._count(batch, "retried")
        return False

    async def _refused(self, batch: Sequence[Posted], now: datetime, body: bytes) -> bool:
        """One bad alert must not keep the others from being heard: halve until it stands alone."""
        if len(batch) > 1:
            half = len(batch) // 2
            return all([await self._post(batch[:half], now), await self._post(batch[half:], now)])
        log.error("alertmanager.refused", labels=dict(batch[0].labels), answer=body[:200].decode(errors="replace"))
        self._count(batch, "refused")
        return True

    def _count(self, batch: Sequence[Posted], result: str) -> None:
        for posted in batch:
            self._registry.count("messenger_notifications_total", (posted.portal, "alertmanager", result))


def _unless(wanted: Mapping[str, Alert], posted: Posted) -> tuple[Alert, ...]:
    return () if posted.fingerprint in wanted else (_as_alert(posted),)


def _as_alert(posted: Posted) -> Alert:
    return Alert(
        labels=posted.labels,
        annotations=posted.annotations,
        starts_at=posted.starts_at,
        generator_url=posted.generator_url,
    )


def _place(url: str | None) -> str | None:
    return f"{url.rstrip('/')}/api/v2/alerts" if url else None


def _backoff(pause: float) -> float:
    return RETRY_FIRST if pause >= REPOST else min(RETRY_MOST, pause * 2)
