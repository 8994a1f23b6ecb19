"""The two-weekly review makes itself: each period of a guarantee once, also those that ended while we were away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from monitor.core.past_reviews import KeptReview, missing_periods
from monitor.review_making import Subject, kept_of, make
from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced
from monitor.shell.store import Store
from monitor.shell.watch import Watch

log = structlog.get_logger()

EVERY = timedelta(minutes=10)


class Reviewing:
    """`run` until cancelled."""

    def __init__(self, *, store: Store, clock: Clock, watches: Callable[[], Mapping[str, Watch]]) -> None:
        self._store, self._clock, self._watches = store, clock, watches

    async def run(self) -> None:
        while True:
            await self._clock.sleep(EVERY)
            for watch in list(self._watches().values()):
                try:
                    await self.review(watch)
                except Fenced:
                    log.info("review.fenced", portal=watch.policy.portal)

    async def review(self, watch: Watch) -> list[KeptReview]:
        """All that is due of one portal."""
        guarantee, first = watch.policy.guarantee, watch.state.cursor.first_sight
        if guarantee is None or first is None:
            return []
        done = []
        kept = await kept_of(self._store, watch.policy.portal)
        for since, until in missing_periods(guarantee, kept, first, self._clock.now()):
            subject = Subject(state=watch.state, policy=watch.policy, context=watch.context)
            made = await make(self._store, subject, since, until, self._clock.now())
            if made is not None:
                log.info("review.made", portal=watch.policy.portal, number=made.number, until=until.isoformat())
                done.append(made)
        return done
