"""The async face of the outbox, on the store's one thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from monitor.core.receivers import Notice
from monitor.shell import store_outbox as rows_of
from monitor.shell.store import Store


class Outbox:
    """What waits to be told, in transactions of its own; what a poll finds is put in by the poll's."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def put(self, portal: str, notices: Sequence[Notice]) -> int:
        """Notices that no poll gave rise to: a word of Alertmanager. How many were not kept before."""
        return await self.store.transaction(partial(rows_of.enqueue, portal=portal, notices=notices))

    async def untold(self, now: datetime) -> tuple[rows_of.Told, ...]:
        """Everything that is due and was not told yet, in the order it came."""
        return await self.store.transaction(partial(rows_of.untold, now=now))

    async def take_up(self, portal: str, message: str, rows: Sequence[int], real_now: datetime) -> None:
        """These rows are one message from now on, whatever comes after them."""
        work = partial(rows_of.take_up, message=message, rows=rows, real_now=real_now)
        await self.store.transaction(work, portal)

    async def settle(self, portal: str, rows: Sequence[int], fate: rows_of.Fate) -> None:
        await self.store.transaction(partial(rows_of.settle, rows=rows, fate=fate), portal)

    async def put_off(self, portal: str, rows: Sequence[int], due: datetime) -> None:
        await self.store.transaction(partial(rows_of.put_off, rows=rows, due=due), portal)

    async def told_since(self, portal: str, receiver: str, since: datetime) -> int:
        """How many messages a receiver got, by the daemon's clock."""
        return await self.store.transaction(partial(rows_of.told_since, portal=portal, receiver=receiver, since=since))

    async def backlog(self) -> tuple[rows_of.Backlog, ...]:
        return await self.store.transaction(rows_of.backlog)
