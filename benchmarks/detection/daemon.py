"""The product's own judgement of a channel-month: the desk's polls where something can change, its habits between."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from benchmarks.detection.world import DAY, HOLIDAYS, SILENT, Month
from monitor.core.calendar import NEVER
from monitor.core.desk import Context, judge
from monitor.core.habit import NO_HABIT, listen, pass_days
from monitor.core.incident import IncidentKind
from monitor.core.memory import Cursor, PortalState
from monitor.core.model import ChannelKey, Failure, Line, Reason, State
from monitor.core.policy import ChannelPolicy, Policy
from monitor.core.reading import ActivitiesSeen, ClockSeen, Finding, FlagSeen, ProviderSeen, Reading
from monitor.core.silence import SHORTEST, patience

MINUTE = timedelta(minutes=1)
KEY = ChannelKey(1, "wz_whatsapp_1")
POLICY = Policy(
    portal="acme",
    url="https://acme.bitrix24.ru",
    timezone="Europe/Moscow",
    channels={KEY: ChannelPolicy(provider="wazzup-main", account="a1")},
    provider_types={"wazzup-main": "wazzup"},
)
UNBOUND = replace(POLICY, channels={}, provider_types={})
DAYS_OFF = frozenset(day.toordinal() for day in HOLIDAYS)
CONTEXT = Context(days_off={"RU": DAYS_OFF})
GOOD_FLAG = FlagSeen(key=KEY, error=False, configured=True, status=True)
SAID = {
    "phone_offline": State.PHONE_OFFLINE,
    "ban": State.BANNED,
    "unpaid": State.UNPAID,
    "opened_elsewhere": State.OPENED_ELSEWHERE,
    "provider_outage": State.UNREACHABLE,
}
BOUND = frozenset(SAID)


@dataclass(slots=True)
class Alarms:
    """Moments at which incidents opened, with their kinds."""

    rows: list[tuple[datetime, IncidentKind]] = field(default_factory=list)


class Portal:
    """One portal with one channel, polled at chosen moments by the daemon's own desk."""

    def __init__(self, month: Month) -> None:
        self.month = month
        self.policy = POLICY if month.kind in BOUND else UNBOUND
        self.alarms = Alarms()
        self.state = PortalState(
            portal="acme",
            lines={1: Line(id=1, name="1")},
            cursor=Cursor(settled=True, discovered=month.start, first_sight=month.start),
        )
        for n in range(3):
            self.poll(month.start - (3 - n) * MINUTE)

    def poll(self, at: datetime, *, blip: bool = False) -> None:
        judged = judge(self.state, list(self._readings(at, blip)), self.policy, CONTEXT, now=at, real_now=at)
        self.state = judged.state
        self.alarms.rows += [(at, incident.kind) for incident in judged.opened]

    def set(self, **facts: Any) -> None:
        """What the traffic would have told the channel's memory."""
        self.state = replace(self.state, channels={KEY: replace(self.state.channels[KEY], **facts)})

    def _readings(self, at: datetime, blip: bool) -> Iterator[Reading]:
        kind = self.month.kind if self._is_broken(at) else ""
        failure = _portal_failure(kind)
        findings: list[Finding] = [] if failure else [ClockSeen(portal=at, asked=at, answered=at)]
        yield Reading(probe="portal_health", source="bitrix24", at=at, findings=tuple(findings), failure=failure)
        flag = FlagSeen(
            key=KEY, error=kind == "qr_flag" or blip, configured=True, status=kind != "qr_flag" and not blip
        )
        told = () if failure else (flag,)
        yield Reading(probe="connector_status", source="bitrix24", at=at, findings=told, failure=failure)
        seen = () if failure else (ActivitiesSeen(sessions=(), watermark=at),)
        yield Reading(probe="dialogs", source="bitrix24", at=at, findings=seen, failure=failure)
        if self.month.kind in BOUND:
            state = SAID.get(kind, State.CONNECTED)
            word = ProviderSeen(provider="wazzup-main", account="a1", state=state, raw=state.value)
            yield Reading(probe="wazzup", source="wazzup", at=at, findings=(word,))

    def _is_broken(self, at: datetime) -> bool:
        return self.month.broken is not None and self.month.broken[0] <= at < self.month.broken[1]


def _portal_failure(kind: str) -> Failure | None:
    if kind == "portal_outage":
        return Failure(reason=Reason.TIMEOUT)
    return Failure(reason=Reason.DENIED, code="NO_AUTH_FOUND") if kind == "token_revoked" else None


def watch(month: Month) -> Alarms:
    """The month as the daemon would have lived it. Between two customers' words that come soon nothing can happen."""
    portal = Portal(month)
    polls = deque(_events(month))

    def catch_up(until: datetime) -> None:
        while polls and polls[0][0] < until:
            at, blip = polls.popleft()
            portal.poll(at, blip=blip)

    _listen(month, portal, catch_up)
    catch_up(month.end + DAY)
    return portal.alarms


def _events(month: Month) -> list[tuple[datetime, bool]]:
    """Polls around what is done to the channel: an hour and a half from its beginning on, ten minutes after its end."""
    told: dict[datetime, bool] = {}
    for blip in month.blips:
        for n in range(3):
            told.setdefault(_tick(month, blip) + n * MINUTE, n == 0)
    if month.broken is not None and month.kind not in SILENT:
        begins, ends = (_tick(month, at) for at in month.broken)
        for n in range(90):
            told.setdefault(begins + n * MINUTE, False)
        for n in range(10):
            told.setdefault(ends + n * MINUTE, False)
    return sorted(told.items())


def _tick(month: Month, at: datetime) -> datetime:
    """The first poll after a moment."""
    return month.start + (-(-(at - month.start) // MINUTE)) * MINUTE


def _listen(month: Month, portal: Portal, catch_up: Callable[[datetime], None]) -> None:
    """Customers' words into the channel's habit; where a gap is too long, the desk polls it."""
    zone, habit = POLICY.timezone, NO_HABIT
    unheard: list[tuple[int, datetime]] = []
    gone = _deaf_days(month)
    times = [*month.heard, (month.end, -1)]
    for (at, session), (following, _) in zip(month.heard, times[1:], strict=True):
        unheard.append((session, at))
        if following - at <= SHORTEST or following < month.start:
            continue
        habit = pass_days(listen(habit, unheard, zone), at.date(), gone)
        unheard = []
        since = _heard_since(month, at, following)
        told = patience(habit, since, zone, DAYS_OFF)
        if told.after is None or told.after >= min(following, month.end) or told.after < month.start:
            continue
        gone |= frozenset(range(at.toordinal(), following.toordinal() + 1))
        catch_up(told.after)
        portal.set(habit=habit, patience=told, last_inbound=at)
        portal.poll(_tick(month, told.after))
        catch_up(following)
        portal.set(patience=replace(told, since=following, after=NEVER), last_inbound=following)
        portal.poll(_tick(month, following))


def _heard_since(month: Month, at: datetime, following: datetime) -> datetime:
    """The last word, or the end of an outage that the daemon knew of: after it patience starts anew."""
    if month.broken is None or month.kind in SILENT:
        return at
    return month.broken[1] if at < month.broken[1] < following else at


def _deaf_days(month: Month) -> frozenset[int]:
    """Days on which the daemon knew that nothing could be heard: they teach nothing."""
    if month.broken is None or month.kind in SILENT:
        return frozenset()
    first, last = (at.astimezone().toordinal() for at in month.broken)
    return frozenset(range(first, last + 1))
