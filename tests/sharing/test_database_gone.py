"""The database goes away under a process that shares portals: it ends, and does not go on without polling anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.sharing import shard_of
from monitor.sharing import Sharing, queue_app
from monitor.shell.clock import Clock
from monitor.shell.fence import Fence
from monitor.shell.leases import Leases
from monitor.shell.store import Store
from tests.faults.postgres_server import Server, served
from tests.sharing.stand import SHARDS, Stand, within
from tests.sharing.test_holding import Served

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("sharing")]

LEASE = timedelta(seconds=1)
PATIENCE = 40.0  # seconds: the store's own patience and more


@pytest.fixture
def server() -> object:
    with served() as made:
        yield made


@pytest.fixture
async def stand(server: Server, tmp_path: Path) -> AsyncIterator[Stand]:
    built = Stand(tmp_path, server.url)
    await built.build()
    try:
        yield built
    finally:
        await built.close()


async def test_a_stop_is_heard_while_the_queue_is_out_of_reach(server: Server) -> None:
    store, app, served = await Store.open(server.url), queue_app(server.url), Served()
    leases, fence = Leases(app, owner="ada-1", url="", lease=LEASE), Fence(4, Clock().awake_or_not)
    await app.open_async()
    await leases.lay_out(app.connector.pool, 4)  # type: ignore[attr-defined]  # the connector of queue_app
    sharing = Sharing(app=app, leases=leases, fence=fence, lease=LEASE, clock=Clock(), serve=served)
    running = asyncio.get_running_loop().create_task(sharing.run())
    await served.become(0, 1, 2, 3)
    await asyncio.to_thread(server.stop)
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=PATIENCE)
    await asyncio.to_thread(server.start)
    for _ in range(5):  # who did not hear it once may hear it again, so that this test ends
        running.cancel()
        await asyncio.wait({running}, timeout=5)
    await app.close_async()
    await store.close()
    assert done, "it goes on as if nobody had stopped it"


async def test_a_process_whose_database_is_gone_ends_in_words(server: Server, stand: Stand) -> None:
    await stand.start("ada")
    await within(PATIENCE, lambda: len(stand.last_asked()) == len(stand.portals), "all portals were asked")
    await within(PATIENCE, lambda: set(stand.owners().values()) == {"ada"}, f"all {SHARDS} shards are held")
    assert {shard_of(name, SHARDS) for name in stand.portals} <= set(range(SHARDS))
    await asyncio.to_thread(server.stop)
    ada = stand.running["ada"]
    await within(PATIENCE, lambda: ada.process.poll() is not None, "it has ended")
    assert ada.process.poll() == 1
    assert "store.failed" in ada.output()
    await asyncio.to_thread(server.start)
    await stand.start("ada")
    await within(PATIENCE, lambda: set(stand.owners().values()) == {"ada"}, "it has all shards again")
    assert sum(portal.counts["invalid_grant"] for portal in stand.portals.values()) == 0
