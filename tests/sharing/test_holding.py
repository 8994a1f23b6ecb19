"""A process holds its shards whatever the queue believes of it."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

from procrastinate import App
from procrastinate.testing import InMemoryConnector

from monitor.progress import shared
from monitor.sharing import TASK, Sharing
from monitor.shell.clock import Clock
from monitor.shell.fence import Fence
from monitor.shell.heartbeat import Progress
from monitor.shell.leases import Leases

PATIENCE = 5.0  # real seconds


class OneOwner(Leases):
    """Leases in memory: whoever asks first has the shard."""

    def __init__(self, app: App) -> None:
        super().__init__(app, owner="ada-1", url="", lease=timedelta(seconds=30))
        self.taken: set[int] = set()

    async def take(self, shard: int) -> int | None:
        if shard in self.taken:
            return None
        self.taken.add(shard)
        return 1

    async def let_go(self, shard: int, term: int) -> None:
        del term
        self.taken.discard(shard)

    async def leave(self) -> None:
        return


class HandClock(Clock):
    def __init__(self) -> None:
        super().__init__()
        self.awake = 1000.0

    def awake_or_not(self) -> float:
        return self.awake


class Served:
    def __init__(self) -> None:
        self.shards = frozenset[int]()
        self.changed = asyncio.Event()

    async def __call__(self, shards: frozenset[int]) -> None:
        self.shards = shards
        self.changed.set()

    async def become(self, *shards: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.shards != set(shards):
                self.changed.clear()
                await self.changed.wait()


async def test_a_job_that_was_started_again_and_came_back_does_not_take_its_own_shard_away() -> None:
    app, served = App(connector=InMemoryConnector()), Served()
    leases, fence = OneOwner(app), Fence(4, time.monotonic)
    async with app.open_async(), asyncio.TaskGroup() as group:
        sharing = Sharing(app=app, leases=leases, fence=fence, lease=timedelta(seconds=30), clock=Clock(), serve=served)
        hold = app.tasks[TASK]
        first = group.create_task(hold.func(1))
        await served.become(1)
        await group.create_task(hold.func(1))
        assert fence.held().keys() == leases.taken == {1}

        await sharing.leave()
        await served.become()
        assert first.done()
        assert leases.taken == set()
        assert fence.held() == {}


async def test_a_process_without_portals_is_well_as_long_as_the_database_hears_it() -> None:
    app, clock, alone = App(connector=InMemoryConnector()), HandClock(), Progress(well=True, words="", begun=False)
    sharing = Sharing(
        app=app,
        leases=OneOwner(app),
        fence=Fence(4, clock.awake_or_not),
        lease=timedelta(seconds=30),
        clock=clock,
        serve=Served(),
    )
    assert shared(alone, sharing) == alone, "it has not begun: nothing is vouched for"
    sharing.beaten_at = clock.awake
    clock.awake += 30
    assert (shared(alone, sharing).well, shared(alone, sharing).begun) == (True, True)
    clock.awake += 1
    told = shared(alone, sharing)
    assert (told.well, told.words) == (False, "the database has not been heard for longer than a lease")
