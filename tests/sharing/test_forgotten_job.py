"""A job whose worker lives and knows nothing of it: the word of its beginning was lost on the way from the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from monitor.sharing import TASK, Sharing, queue_app
from monitor.shell.clock import Clock
from monitor.shell.fence import Fence
from monitor.shell.leases import Leases, lock_of
from monitor.shell.store import Store
from tests.sharing.test_holding import Served
from tests.shell.store_parts import Postgres

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("sharing")]

SHARDS = 4
LEASE = timedelta(seconds=1)


@pytest.fixture
def database() -> Iterator[str]:
    server = Postgres()
    yield server.start()
    server.run("pg_ctl", "-m", "immediate", "stop")


async def take_and_forget(url: str) -> None:
    """A worker whose heart beats on has taken the jobs of all shards, and will never do them."""
    app = queue_app(url)
    async with app.open_async():
        for shard in range(SHARDS):
            job = app.configure_task(TASK, lock=lock_of(shard), queueing_lock=lock_of(shard))
            await job.defer_async(shard=shard)
        worker = await app.job_manager.register_worker()
        taken = [await app.job_manager.fetch_job(queues=None, worker_id=worker) for _ in range(SHARDS)]
        assert None not in taken
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() + interval '1 hour'")


async def test_a_shard_whose_job_was_forgotten_is_served_after_a_lease(database: str) -> None:
    store, app, served = await Store.open(database), queue_app(database), Served()
    leases, fence = Leases(app, owner="ada-1", url="", lease=LEASE), Fence(SHARDS, Clock().awake_or_not)
    async with app.open_async():
        await leases.lay_out(app.connector.pool, SHARDS)  # type: ignore[attr-defined]  # the connector of queue_app
        await take_and_forget(database)
        sharing = Sharing(app=app, leases=leases, fence=fence, lease=LEASE, clock=Clock(), serve=served)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(sharing.run())
            await served.become(*range(SHARDS))
            assert fence.held().keys() == set(range(SHARDS))
            await sharing.leave()
            running.cancel()
    await store.close()
