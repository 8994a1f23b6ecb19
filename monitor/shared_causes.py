"""What all portals together show of the providers: counted as each is judged, told to every portal's judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.shared_cause import Failing, Outage, failing, joined, outages, told_by

log = structlog.get_logger()


class Causes(Protocol):
    """`outages` that go on, by provider."""

    @property
    def outages(self) -> Mapping[str, Outage]: ...

    def take_up(self, state: PortalState, policy: Policy) -> None:
        """A portal as it was left; nothing is counted before all are there."""
        ...

    def settle(self, now: datetime) -> None:
        """All that came are there: every portal hears of what goes on."""
        ...

    def note(self, state: PortalState, policy: Policy, now: datetime) -> None: ...

    def forget(self, portal: str, now: datetime) -> None: ...

    async def run(self) -> None: ...


class SharedCauses:
    """Of a process that is alone. `spread` is called with all outages whenever one of them begins or ends."""

    def __init__(self, spread: Callable[[Mapping[str, Outage]], None]) -> None:
        self._spread = spread
        self._failing: dict[str, Failing] = {}
        self.outages: Mapping[str, Outage] = {}

    def take_up(self, state: PortalState, policy: Policy) -> None:
        """An outage goes on over a restart: since when it was one, its incidents tell."""
        self._remember(state, policy)
        self.outages = joined(self.outages, told_by(state))

    def settle(self, now: datetime) -> None:
        """Told in any case: who has just come knows of nothing."""
        self._count(now)
        self._spread(self.outages)

    def note(self, state: PortalState, policy: Policy, now: datetime) -> None:
        """A portal as it was judged. One that is well costs a look at its channels."""
        found = self._remember(state, policy)
        if self.outages or found:
            self._count(now)

    def _remember(self, state: PortalState, policy: Policy) -> Failing:
        found = failing(state, policy)
        if found:
            self._failing[state.portal] = found
        else:
            self._failing.pop(state.portal, None)
        return found

    def forget(self, portal: str, now: datetime) -> None:
        if self._failing.pop(portal, None):
            self._count(now)

    async def run(self) -> None:
        """It counts as portals are judged; nobody else has to be heard."""

    def _count(self, now: datetime) -> None:
        before, self.outages = self.outages, outages(self._failing, self.outages, now)
        tell(before, self.outages, now)
        if self.outages.keys() != before.keys():
            self._spread(self.outages)


def tell(before: Mapping[str, Outage], found: Mapping[str, Outage], now: datetime) -> None:
    """To the log, by whoever has counted."""
    for type_ in found.keys() - before.keys():
        log.warning("provider.outage", provider=type_, portals=found[type_].portals)
    for type_ in before.keys() - found.keys():
        lasted = int((now - before[type_].since).total_seconds())
        log.info("provider.outage_over", provider=type_, seconds=lasted)
