"""What a poll's outcome shows: numbers, alerts, the log. The one place where the views are fed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from monitor.core.accounts import has_told, last_reads
from monitor.core.alerts import alerts
from monitor.core.desk import Context
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import Reason
from monitor.core.policy import Policy
from monitor.core.reading import Reading
from monitor.core.samples import Shown
from monitor.shared_causes import Causes
from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.journal import tell
from monitor.shell.metrics import Registry
from monitor.shell.news import News
from monitor.shell.portal import Portal
from monitor.shell.watch import Watch

_READ = "messenger_poll_last_success_timestamp_seconds"


class Outcome:
    """Feeds registry, pusher and log from judgements."""

    def __init__(
        self,
        *,
        registry: Registry,
        pusher: Pusher | None,
        clock: Clock,
        context: Context,
        news: News,
        causes: Causes | None = None,
    ) -> None:
        self._registry, self._pusher, self._clock, self._context = registry, pusher, clock, context
        self._news, self._causes = news, causes
        self._throttled: dict[str, int] = {}
        self._read: dict[str, dict[str, datetime]] = defaultdict(dict)  # by portal: when each account last answered
        self._sources: dict[str, frozenset[str]] = defaultdict(frozenset)  # by portal: those that have a series

    def adopt(self, context: Context) -> None:
        """Another configuration may name other countries."""
        self._context = context

    def polled(
        self, watch: Watch, before: PortalState, readings: Sequence[Reading], judgement: Judgement, seconds: float
    ) -> None:
        portal = watch.policy.portal
        self._count(portal, readings, seconds, portal_failed=judgement.state.memory.failing_since is not None)
        self._registry.count_turns(portal, judgement.ended)
        if isinstance(watch.call, Portal):
            self._cost(portal, watch.call)
        if self._causes is not None:
            self._causes.note(judgement.state, watch.policy, self._clock.now())
        self.show(judgement.state, watch.policy)
        tell(before, judgement, self._clock.now())
        self._news.tell(portal)

    def show(self, state: PortalState, policy: Policy) -> None:
        """Gauges and alerts of a state, also before its first poll."""
        now = self._clock.now()
        shown = Shown(state=state, policy=policy, public_days=self._context.public_days, now=now)
        self._registry.show(state.portal, shown)
        self._show_reads(state, policy)
        if self._pusher is not None:
            self._pusher.wish(state.portal, alerts(state.incidents.values(), policy).values())

    def _show_reads(self, state: PortalState, policy: Policy) -> None:
        """What no channel is bound to any more has none."""
        told = last_reads(state, policy, self._read[state.portal])
        for source in self._sources[state.portal] - told.keys():
            self._registry.drop_gauge(_READ, (state.portal, source))
        for source, at in told.items():
            self._registry.set_gauge(_READ, (state.portal, source), at.timestamp())
        self._sources[state.portal] = frozenset(told)

    def forget(self, portal: str) -> None:
        self._read.pop(portal, None)
        self._sources.pop(portal, None)
        self._registry.drop(portal)
        if self._causes is not None:
            self._causes.forget(portal, self._clock.now())
        if self._pusher is not None:
            self._pusher.forget(portal)

    def _count(self, portal: str, readings: Sequence[Reading], seconds: float, *, portal_failed: bool) -> None:
        """A failed poll is one failure, however many probes it had; a failed command in a good one is one each, and a
        request that failed is one for all its commands. What was held back was not sent: it is no new failure."""
        for source, mine in _by_source(readings).items():
            for reason in counted(mine, poll_failed=portal_failed or source != "bitrix24"):
                self._registry.count("messenger_poll_failures_total", (portal, source, reason.value))
            self._read[portal].update({one.account: one.at for one in mine if one.account and has_told(one)})
            self._registry.observe("messenger_poll_duration_seconds", (source,), seconds)

    def _cost(self, portal: str, client: Portal) -> None:
        """A full bucket that was waited out within the poll is a failure all the same: the plan is too small. One that
        was not waited out stands in a reading."""
        usage = client.usage
        waited_out = usage.throttled - self._throttled.get(portal, 0)
        self._throttled[portal] = usage.throttled
        if waited_out > 0:
            self._registry.count("messenger_poll_failures_total", (portal, "bitrix24", "throttled"), waited_out)
        self._registry.set_counter("messenger_api_requests_total", (portal,), usage.requests)
        self._registry.set_counter("messenger_api_commands_total", (portal,), usage.commands)
        for method, spent in usage.operating.items():
            self._registry.set_gauge("messenger_api_operating_seconds", (portal, method), spent)


def _by_source(readings: Sequence[Reading]) -> dict[str, list[Reading]]:
    """But for a word of a person, which is no poll."""
    mine: dict[str, list[Reading]] = {}
    for reading in readings:
        if reading.source != "person":
            mine.setdefault(reading.source, []).append(reading)
    return mine


def counted(readings: Sequence[Reading], *, poll_failed: bool = True) -> list[Reason]:
    """The reasons to count for one poll of one source. A failed request is the very same failure in all it hit; a run
    all of whose commands were refused is one failure in a failed poll, and as many as they are in a good one."""
    whole = [one for one in readings if one.failure is not None and (poll_failed or not one.failures)]
    in_parts = [one for one in readings if one.failure is None or not poll_failed]
    single = {id(failure): failure for reading in in_parts for failure in reading.failures}
    for reading in whole:
        single.pop(id(reading.failure), None)
    polls = {one.failure.reason for one in whole if one.failure is not None and not one.failure.held}
    return sorted(polls) + [failure.reason for failure in single.values() if not failure.held]
