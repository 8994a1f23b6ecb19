"""Retention at work: once a day what is too old leaves the store."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from monitor.shell.clock import Clock
from monitor.shell.retention import Retention
from monitor.shell.store import Store
from monitor.shell.store_prune import steps

log = structlog.get_logger()

FIRST = timedelta(minutes=10)  # after the start: first things first
EVERY = timedelta(days=1)


class Pruning:
    """`adopt` changes what is kept while it runs."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._retention = Retention()

    def adopt(self, retention: Retention) -> None:
        self._retention = retention

    async def run(self) -> None:
        await self._clock.sleep(FIRST)
        while True:
            gone = {table: count for table, count in (await self.prune()).items() if count}
            if gone:
                log.info("store.pruned", **gone)
            await self._clock.sleep(EVERY)

    async def prune(self) -> dict[str, int]:
        """Rows deleted, by table."""
        gone: dict[str, int] = {}
        for table, step in steps(self._retention, self._clock.now()):
            while count := await self._store.transaction(step):
                gone[table] = gone.get(table, 0) + count
                await asyncio.sleep(0)
        return gone
