"""One portal under watch: runs its probes, has them judged, keeps the outcome, shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from monitor.core.channel_rules import wants_second_look
from monitor.core.desk import Context, judge
from monitor.core.guarantee import Standing, standing
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import Failure, Reason
from monitor.core.plugin import Answers, Call, PortalProbe, Question, Together, View
from monitor.core.policy import Policy
from monitor.core.reading import Reading
from monitor.core.recall import Recall
from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced
from monitor.shell.store_engine import StoreError

log = structlog.get_logger()

AGAIN = timedelta(minutes=5)
# A right that is missing is given by a human, who may take weeks: said twice, it is not asked for that soon (trap 17).
FOR_GOOD = frozenset(
    {"access_denied", "insufficient_scope", "wrong_auth_type", "wrong_license", "error_method_not_found"}
)


class Keeper(Protocol):
    """What keeps a judgement: one transaction, all of it or nothing."""

    async def commit(self, portal: str, before: PortalState, judgement: Judgement) -> None: ...


class Onlooker(Protocol):
    """A view of the outcome of a poll: metrics, alerts, pages."""

    def polled(
        self, watch: Watch, before: PortalState, readings: Sequence[Reading], judgement: Judgement, seconds: float
    ) -> None: ...


class Watch:
    """One portal's run-time: the state in memory, when each slow probe is due, one judgement at a time."""

    def __init__(
        self,
        *,
        policy: Policy,
        call: Call,
        state: PortalState,
        probes: Sequence[PortalProbe],
        context: Context,
        keeper: Keeper,
        onlooker: Onlooker,
        clock: Clock,
        deadline: timedelta,
        recall: Recall | None = None,
    ) -> None:
        self.policy = policy
        self.call = call
        self.state = state
        self.probes = tuple(sorted(probes, key=_is_slow))  # who is asked at each poll waits for no other one's answers
        self.context = context
        self.readings: dict[str, Reading] = {}
        self.polled_at: datetime | None = None
        self._keeper = keeper
        self._onlooker = onlooker
        self._clock = clock
        self._deadline = deadline
        self._due_at: dict[str, datetime] = {}  # of slow probes that were asked
        self._looks = 0  # that may still follow at once on a first sign of trouble
        self._judging = asyncio.Lock()
        self._recall = recall or Recall(loads=msgspec.json.decode)

    async def poll(self) -> Judgement:
        """Ask every probe that is due, judge what they say, keep and show it."""
        started, real_started = self._clock.now(), self._clock.monotonic()
        readings = await self._ask(self._due(started))
        seconds = self._clock.monotonic() - real_started
        judgement = await self.take(readings, seconds=seconds)
        self.polled_at = self._clock.now()
        self._looks = self.policy.confirm_open - 1 if judgement.flips else max(0, self._looks - 1)
        return judgement

    async def unasked(self) -> list[Reading]:
        """What could not be asked before: audits wait until the portal is known. Told to who asks, judged by nobody."""
        late = [probe for probe in self._due(self._clock.now()) if probe.name not in self.readings]
        return await self._ask(late) if late else []

    def again(self) -> timedelta | None:
        """A first sign of trouble is looked at again soon, as often as it takes to believe it and no more."""
        if not self._looks or not self.policy.confirm_again:
            return None
        channels = self.state.channels.values()
        return self.policy.confirm_again if any(wants_second_look(one, self.policy) for one in channels) else None

    async def take(self, readings: Sequence[Reading], *, seconds: float = 0.0) -> Judgement:
        """Judge readings, from our own poll or from a provider's; nothing is shown that was not kept first."""
        async with self._judging:
            before = self.state
            now, real_now = self._clock.now(), self._clock.real_now()
            judgement = judge(before, readings, self.policy, self.context, now=now, real_now=real_now)
            await self._keeper.commit(self.policy.portal, before, judgement)
            self.state = judgement.state
            if judgement.state.sessions is not before.sessions:
                gone = before.sessions.keys() - judgement.state.sessions.keys()
                self._recall.forget((self.policy.portal, number) for number in gone)
            self.readings.update({reading.probe: reading for reading in readings})
            self._onlooker.polled(self, before, readings, judgement, seconds)
            return judgement

    async def acknowledge(self, incident: str, text: str) -> None:
        """Let an open incident carry what somebody noted at it; nothing where it is not open any more."""
        async with self._judging:
            before, known = self.state, self.state.incidents.get(incident)
            if known is None:
                return
            noted = replace(known, acknowledged=text)
            state = replace(before, incidents={**before.incidents, incident: noted})
            await self._keeper.commit(self.policy.portal, before, Judgement(state=state, updated=(noted,)))
            self.state = state

    def ask_again(self) -> None:
        """Let every slow probe run at the next poll: after a reload."""
        self._due_at.clear()

    def _due(self, now: datetime) -> list[PortalProbe]:
        later = self._due_at
        return [probe for probe in self.probes if later.get(probe.name, now) <= now and self._may_be_asked(probe, now)]

    def _may_be_asked(self, probe: PortalProbe, now: datetime) -> bool:
        if probe.application and self.policy.webhook_only:
            return False
        return not probe.audits or self._is_audited(probe, now)

    def _is_audited(self, probe: PortalProbe, now: datetime) -> bool:
        """Audits belong to a guarantee in force, and wait until the portal's lines and people are known."""
        guarantee = self.policy.guarantee
        if guarantee is None or standing(guarantee, now) is not Standing.IN_FORCE:
            return False
        return self.state.cursor.discovered is not None and any(check in guarantee.checks for check in probe.audits)

    async def _ask(self, probes: Sequence[PortalProbe]) -> list[Reading]:
        now = self._clock.now
        view = View(policy=self.policy, state=self.state, now=now(), clock=now, recall=self._recall)
        together: Together | None = getattr(self.call, "together", None)
        if together is not None and all(probe.first is not None for probe in probes):
            return await self._ask_together(together, probes, view)
        async with asyncio.TaskGroup() as group:
            runs = [group.create_task(self._run(probe, view, probe.ask(self.call, view))) for probe in probes]
        return [run.result() for run in runs]

    async def _ask_together(self, together: Together, probes: Sequence[PortalProbe], view: View) -> list[Reading]:
        """Nothing is due but what is asked at each poll: one piece of questions, and not a task."""
        parts, broken = self._first_questions(probes, view)
        asked = [probe for probe in probes if probe.name not in broken]
        readings = list(broken.values())
        call: Call = getattr(self.call, "alone", self.call)
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                told = await together(parts)
                for probe, questions, answers in zip(asked, parts, told, strict=True):
                    if probe.then is not None:
                        going_on = probe.then(call, view, questions, answers)
                        readings.append(await self._understood(probe, view, going_on))
        except TimeoutError:
            done = {reading.probe for reading in readings}
            readings += [self._too_slow(probe, view.now) for probe in asked if probe.name not in done]
        return readings

    def _first_questions(
        self, probes: Sequence[PortalProbe], view: View
    ) -> tuple[list[Sequence[Question]], dict[str, Reading]]:
        parts, broken = [], {}
        for probe in probes:
            try:
                parts.append(probe.first(view) if probe.first is not None else ())
            except Exception as error:
                log.exception("probe.broke", portal=self.policy.portal, probe=probe.name)
                broken[probe.name] = _broke(probe, view.now, error)
        return parts, broken

    async def _run(self, probe: PortalProbe, view: View, asking: Awaitable[Answers]) -> Reading:
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await self._understood(probe, view, asking)
        except TimeoutError:
            return self._too_slow(probe, view.now)

    async def _understood(self, probe: PortalProbe, view: View, asking: Awaitable[Answers]) -> Reading:
        try:
            reading = probe.read(await asking, view, self._clock.now())
        except (Fenced, StoreError, MemoryError):  # not the probe's fault: nothing may be kept, or can be
            raise
        except TimeoutError:
            return self._too_slow(probe, view.now)
        except Exception as error:
            log.exception("probe.broke", portal=self.policy.portal, probe=probe.name)
            return _broke(probe, view.now, error)
        if reading.failure is None and _is_slow(probe):
            wait = _wait(probe, reading, self.readings.get(probe.name), view.policy)
            self._due_at[probe.name] = view.now + wait
        return reading

    def _too_slow(self, probe: PortalProbe, at: datetime) -> Reading:
        detail = f"the probe did not end within {self._deadline.total_seconds():.0f} s"
        return _failed(probe, at, Failure(reason=Reason.TIMEOUT, detail=detail))


def _is_slow(probe: PortalProbe) -> bool:
    return probe.every is not None or bool(probe.audits)


def _rhythm(probe: PortalProbe, policy: Policy) -> timedelta:
    """How often a slow probe is asked."""
    every = policy.audits if probe.audits else probe.every or timedelta()
    return every if probe.polls is None else min(every, probe.polls * policy.poll)


def _wait(probe: PortalProbe, reading: Reading, before: Reading | None, policy: Policy) -> timedelta:
    """Until it is asked again. What was answered in part only is asked again sooner than the probe's own rhythm wants,
    if it may pass, and by its slowest rhythm if it will not."""
    every = _rhythm(probe, policy)
    if not reading.failures or probe.every is None:
        return every
    is_for_good = before is not None and all(map(_wants_a_right, (reading, before)))
    return max(every, probe.every) if is_for_good else min(every, AGAIN)


def _wants_a_right(reading: Reading) -> bool:
    return bool(reading.failures) and all(_theirs(failure) in FOR_GOOD for failure in reading.failures)


def _theirs(failure: Failure) -> str:
    """The vendor's own word, without what we add to it."""
    return failure.code.lower().partition(":")[0]


def _failed(probe: PortalProbe, at: datetime, failure: Failure) -> Reading:
    return Reading(probe=probe.name, source="bitrix24", at=at, failure=failure)


def _broke(probe: PortalProbe, at: datetime, error: Exception) -> Reading:
    return _failed(probe, at, Failure(reason=Reason.BUG, code=type(error).__name__))
