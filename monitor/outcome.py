"""What a poll's outcome shows: numbers, alerts, the log. The one place where the views are fed."""

from __future__ import annotations

from collections.abc import Sequence

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
        if self._pusher is not None:
            self._pusher.wish(state.portal, alerts(state.incidents.values(), policy).values())

    def forget(self, portal: str) -> None:
        self._registry.drop(portal)
        if self._causes is not None:
            self._causes.forget(portal, self._clock.now())
        if self._pusher is not None:
            self._pusher.wish(portal, ())

    def _count(self, portal: str, readings: Sequence[Reading], seconds: float, *, portal_failed: bool) -> None:
        """A failed poll is one failure, however many probes it had; a failed command in a good one is one each, and a
        request that failed is one for all its commands. What was held back was not sent: it is no new failure."""
        for source in sorted({reading.source for reading in readings} - {"person"}):  # a word of a person is no poll
            mine = [reading for reading in readings if reading.source == source]
            for reason in counted(mine):
                self._registry.count("messenger_poll_failures_total", (portal, source, reason.value))
            told = any(reading.failure is None and (reading.findings or reading.failures) for reading in mine)
            if told and not (portal_failed and source == "bitrix24"):
                now = self._clock.now().timestamp()
                self._registry.set_gauge("messenger_poll_last_success_timestamp_seconds", (portal, source), now)
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


def counted(readings: Sequence[Reading]) -> list[Reason]:
    """The reasons to count for one poll of one source. A failed request is the very same failure in all it hit."""
    whole = [reading.failure for reading in readings if reading.failure is not None]
    single = {id(failure): failure for reading in readings for failure in reading.failures}
    for failure in whole:
        single.pop(id(failure), None)
    polls = {failure.reason for failure in whole if not failure.held}
    return sorted(polls) + [failure.reason for failure in single.values() if not failure.held]
