"""What sharing costs: a poll's transaction on PostgreSQL that looks at its shard's term, and one that does not."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import text

from benchmarks.measure import Row, show
from benchmarks.store import transactions
from monitor.core.memory import PortalState
from monitor.core.sharing import Lease, shard_of
from monitor.shell.fence import Fence
from monitor.shell.store import Store
from tests.shell.store_parts import Postgres

SHARDS = 64


async def measured(url: str) -> list[Row]:
    store = await Store.open(url)
    shard = shard_of("acme", SHARDS)
    taken = text("INSERT INTO shards (shard, term, owner, seen) VALUES (:shard, 1, 'ada-1', 0)")
    await store.transaction(lambda connection: connection.execute(taken, {"shard": shard}) and None)
    state = PortalState(portal="acme")
    _, _, state = await transactions(store, state, 0)  # a first round for the caches of statements
    plain, _, state = await transactions(store, state, 100)
    store.fence = Fence(SHARDS, time.monotonic)
    store.fence.grant(Lease(shard=shard, term=1, until=float("inf")))
    fenced, _, state = await transactions(store, state, 200)
    await store.close()
    floor = f"{plain * 1e3:.1f} ms alone"
    return [Row(what="PostgreSQL: a poll of 10 moved sessions, fenced", figure=f"{fenced * 1e3:.1f} ms", floor=floor)]


def main() -> None:
    server = Postgres()
    try:
        show(asyncio.run(measured(server.start())))
    finally:
        server.run("pg_ctl", "-m", "immediate", "stop")


if __name__ == "__main__":
    main()
