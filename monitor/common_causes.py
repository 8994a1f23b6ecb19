"""What the portals of several processes together show of the providers: each tells of its own, one of them judges.

The judge is whoever has the shard of the empty name. He counts what all have told, keeps the outcome, and tells
Alertmanager of it; the others take the outcome as theirs. All of it lies in the store, so the next judge goes on where
this one was left: the same outage, the same alert with its beginning.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog

from monitor.config import Config
from monitor.core.alerts import alerts
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.shared_cause import Failing, Outage, failing, is_news, joined, outages, told_by, untold
from monitor.core.sharing import EVERYBODYS
from monitor.shared_causes import Causes, SharedCauses, tell
from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.fence import Fence, Fenced
from monitor.shell.store import Store
from monitor.shell.store_engine import StoreError
from monitor.shell.store_outages import open_outages, tell_failing, tell_outages, told

log = structlog.get_logger()

EVERY = 2.0  # real seconds between looks at what the others have told


class Whole(Protocol):
    """The daemon, as far as this is about it."""

    pusher: Pusher

    @property
    def config(self) -> Config: ...

    def spread(self, outages: Mapping[str, Outage]) -> None: ...


def causes_of(whole: Whole, *, store: Store, fence: Fence | None, clock: Clock) -> Causes:
    """Counted here alone, or together with the other processes."""
    if fence is None:
        return SharedCauses(whole.spread)
    return CommonCauses(whole, store=store, fence=fence, clock=clock)


class CommonCauses:
    """Of one of several processes."""

    def __init__(self, whole: Whole, *, store: Store, fence: Fence, clock: Clock) -> None:
        self._whole, self._store, self._fence, self._clock = whole, store, fence, clock
        self._failing: dict[str, Failing] = {}
        self._changed = asyncio.Event()
        self.outages: Mapping[str, Outage] = {}

    def take_up(self, state: PortalState, policy: Policy) -> None:
        """A portal that came to us, maybe before the first look at what stands in the store."""
        self._remember(state, policy)
        self.outages = joined(self.outages, told_by(state))

    def settle(self, now: datetime) -> None:
        """Those that came hear of what was found before them; the next look has the last word."""
        del now
        self._whole.spread(self.outages)

    def note(self, state: PortalState, policy: Policy, now: datetime) -> None:
        """A portal of ours as it was judged; the others hear of a change at once."""
        del now
        self._remember(state, policy)

    def _remember(self, state: PortalState, policy: Policy) -> None:
        found = failing(state, policy)
        if found != self._failing.get(state.portal, {}):
            self._changed.set()
        self._failing[state.portal] = found

    def forget(self, portal: str, now: datetime) -> None:
        """Whoever has it now tells of it."""
        del now
        self._failing.pop(portal, None)

    async def run(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self.look()
            except Fenced as error:
                log.info("outages.fenced", reason=str(error))
            except StoreError as error:  # a poll that cannot be kept ends the process, not this
                log.warning("outages.unheard", problem=str(error))
            await self._pause()

    async def look(self) -> None:
        """Tell what is new of our portals, judge where that is ours to do, and take the outcome as ours."""
        heard = await self._store.transaction(told)
        ours = {portal: found for portal, found in self._failing.items() if self._fence.allows(portal)}
        news = untold(ours, heard.failing)
        if news:
            await self._store.transaction(partial(tell_failing, news=news), *news)
        found = heard.outages
        if self._fence.allows(EVERYBODYS):
            found = await self._judged({**heard.failing, **news}, found)
        if found.keys() != self.outages.keys():
            self._whole.spread(found)
        self.outages = found

    async def _judged(self, fails: Mapping[str, Failing], before: Mapping[str, Outage]) -> Mapping[str, Outage]:
        policies, now = {one.name: one.policy for one in self._whole.config.portals}, self._clock.now()
        found = outages({portal: one for portal, one in fails.items() if portal in policies}, before, now)
        if is_news(before, found):
            await self._store.transaction(partial(tell_outages, found=found), EVERYBODYS)
            tell(before, found, now)
        kept = await self._store.transaction(open_outages)
        known = ((incidents, policies[portal]) for portal, incidents in kept.items() if portal in policies)
        wanted = [alert for incidents, policy in known for alert in alerts(incidents, policy).values()]
        self._whole.pusher.wish(EVERYBODYS, wanted)
        return found

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(EVERY):
                await self._changed.wait()
        except TimeoutError:
            return
