"""This process as one of several: it holds its part of the shards, gives up what is too much, takes what is left.

The shards are handed out by Procrastinate on the store's PostgreSQL: holding a shard is a job, its lock keeps a second
one waiting, and the job of a worker whose heart has stopped is started elsewhere. Whether a holder may still act is
not the queue's word but the fence's (shell/fence.py).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from psycopg import Error as PsycopgError
from psycopg_pool import PoolTimeout
from sqlalchemy.engine import make_url

from monitor.config import Cluster
from monitor.core.sharing import Lease, part, surplus
from monitor.shell.clock import Clock
from monitor.shell.fence import Fence
from monitor.shell.leases import Leases, Process, lock_of
from monitor.shell.store_engine import StoreError, patience, place

log = structlog.get_logger()

TASK = "hold"
BEATS = 6  # a lease
GRACE = 5.0  # real seconds that a leaving process waits for the queue

Serve = Callable[[frozenset[int]], Awaitable[None]]


def queue_app(url: str, lease: timedelta | None = None) -> App:
    """The job queue on the store's own server."""
    address = make_url(url).set(drivername="postgresql")
    conninfo = address.render_as_string(hide_password=False)
    return App(
        connector=PsycopgConnector(conninfo=conninfo, kwargs=patience(lease), min_size=1, max_size=4, timeout=10),
        worker_defaults={"install_signal_handlers": False},
    )


@dataclass
class Holding:
    """One shard that this process has: `over` is set when it has to go."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    ready: bool = True


class Sharing:
    """`run` until cancelled; `leave` first, so that others need not wait for the leases to run out."""

    def __init__(self, *, app: App, leases: Leases, fence: Fence, lease: timedelta, clock: Clock, serve: Serve) -> None:
        self._app, self._leases, self._fence, self._clock, self._serve = app, leases, fence, clock, serve
        self._lease = lease.total_seconds()
        self._beat = self._lease / BEATS
        self._holdings: dict[int, Holding] = {}
        self._processes = 1
        self._leaving = False
        self._empty = asyncio.Event()
        self._empty.set()
        self._served: frozenset[int] = frozenset()
        self._serving = asyncio.Lock()
        self.others: tuple[Process, ...] = ()
        self.owners: dict[int, str] = {}
        self.beaten_at: float | None = None  # when the database last heard us, by the clock that counts sleep too
        self._hold = app.task(name=TASK)(self._held)

    @property
    def beaten(self) -> bool:
        return self.beaten_at is not None

    def unheard(self) -> float:
        """Seconds beyond the lease that the database has not heard us: nobody knows who watches our portals."""
        return max(0.0, self._clock.awake_or_not() - (self.beaten_at or 0.0) - self._lease) if self.beaten else 0.0

    async def run(self) -> None:
        """A queue that breaks off is joined again; the leases decide meanwhile what may go on."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beats())
            while True:
                try:
                    await self._work()
                except (ConnectorException, OSError) as error:
                    log.warning("sharing.queue_lost", reason=type(error).__name__)
                    _heed_a_stop()
                await asyncio.sleep(self._beat)

    async def _work(self) -> None:
        await self._app.run_worker_async(
            concurrency=self._fence.shards + 1,
            wait=True,
            listen_notify=True,
            delete_jobs="always",
            fetch_job_polling_interval=self._beat,
            abort_job_polling_interval=60.0,
            shutdown_graceful_timeout=GRACE,
            update_heartbeat_interval=self._lease / 3,
            stalled_worker_timeout=self._lease,
        )

    async def leave(self) -> None:
        """Give up everything in order; what cannot be said to the database runs out by itself."""
        self._leaving = True
        for holding in self._holdings.values():
            holding.over.set()
        try:
            async with asyncio.timeout(2 * GRACE):
                await self._empty.wait()
                await self._leases.leave()
        except (TimeoutError, ConnectorException):
            log.warning("sharing.left_late", shards=len(self._holdings))

    # --- holding a shard: one job -----------------------------------------------------------------------

    async def _held(self, shard: int) -> None:
        """The job: take the shard, serve its portals until it has to go, hand it on."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the queue runs jobs as tasks
        task.add_done_callback(_settled)
        if shard in self._holdings:  # somebody took us for dead and started the job again, and it came back to us
            log.info("shard.held_already", shard=shard)
            return
        if self._leaving or len(self._holdings) >= part(self._fence.shards, self._processes):
            await self._hand_on(shard)
            return
        self._holdings[shard] = Holding(ready=False)
        self._empty.clear()
        try:
            await self._serve_while_ours(shard)
        finally:
            self._holdings.pop(shard, None)
            if not self._holdings:
                self._empty.set()
        await self._hand_on(shard)

    async def _serve_while_ours(self, shard: int) -> None:
        asked = self._clock.awake_or_not()
        term = await self._leases.take(shard)
        if term is None:
            return
        self._fence.grant(Lease(shard=shard, term=term, until=asked + self._lease))
        holding = self._holdings[shard]
        holding.ready = True
        log.info("shard.taken", shard=shard, term=term)
        try:
            await self._reconcile()
            await holding.over.wait()
        finally:
            holding.ready = False
            await self._reconcile()
            self._fence.drop(shard)
            await self._let_go(shard, term)

    async def _let_go(self, shard: int, term: int) -> None:
        try:
            await self._leases.let_go(shard, term)
        except ConnectorException:  # the lease runs out by itself
            return
        log.info("shard.given_up", shard=shard, term=term)

    async def _hand_on(self, shard: int) -> None:
        job = self._hold.configure(
            lock=lock_of(shard), queueing_lock=lock_of(shard), schedule_in={"milliseconds": int(500 * self._beat)}
        )
        try:
            await job.defer_async(shard=shard)
        except AlreadyEnqueued:
            return
        except ConnectorException:  # whoever reaches the database finds a shard without a job
            log.info("shard.not_handed_on", shard=shard)

    async def _reconcile(self) -> None:
        """Let the daemon watch the portals of the shards in hand; many that come at once are served at once."""
        async with self._serving:
            wanted = frozenset(shard for shard, holding in self._holdings.items() if holding.ready)
            if wanted != self._served:
                await self._serve(wanted)
                self._served = wanted

    # --- being alive --------------------------------------------------------------------------------------

    async def _beats(self) -> None:
        while True:
            try:
                async with asyncio.timeout(2 * self._beat):
                    await self._beat_once()
                    await self._look_after_the_queue()
            except (ConnectorException, TimeoutError, OSError) as error:
                log.warning("sharing.database_lost", reason=type(error).__name__)
                _heed_a_stop()
            self._let_lapsed_go()
            await asyncio.sleep(self._beat)

    async def _beat_once(self) -> None:
        self._let_lapsed_go()
        held = self._fence.held()
        asked = self._clock.awake_or_not()
        ours = await self._leases.beat(held)
        still = self._fence.held()
        for shard in ours & still.keys():
            if still[shard].term == held[shard].term:
                self._fence.grant(Lease(shard=shard, term=held[shard].term, until=asked + self._lease))
        for shard in held.keys() - ours:
            self._lost(shard)
        alive = await self._leases.alive()
        self.others = tuple(one for one in alive if one.owner != self._leases.owner)
        self.owners = await self._leases.owners()
        self._processes, self.beaten_at = max(1, len(alive)), asked
        for shard in surplus(self._fence.held(), self._fence.shards, self._processes):
            self._over(shard)

    def _let_lapsed_go(self) -> None:
        """A lease that ran out is not renewed, even where nobody has taken the shard yet: it is taken anew."""
        held = self._fence.held()
        for shard, holding in self._holdings.items():
            if holding.ready and shard not in held:
                self._lost(shard)

    def _lost(self, shard: int) -> None:
        log.warning("shard.lost", shard=shard)
        self._fence.drop(shard)
        self._over(shard)

    def _over(self, shard: int) -> None:
        if shard in self._holdings:
            self._holdings[shard].over.set()

    async def _look_after_the_queue(self) -> None:
        """Jobs of workers that died are started again, forgotten ones go; a shard that nobody holds has a job in any
        case."""
        for job in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._lease):
            await self._start_again(job)
        unheld = await self._leases.unheld()
        for lock in await self._leases.bury(unheld):
            log.warning("shard.job_forgotten", lock=lock)
        if not self._leaving:
            for shard in unheld:
                if shard not in self._holdings:
                    await self._hand_on(shard)

    async def _start_again(self, job: Job) -> None:
        """Somebody else may have been faster, or a fresh job of the shard waits already: then this one goes."""
        try:
            await self._app.job_manager.retry_job(job)
        except (AlreadyEnqueued, ConnectorException):
            try:
                await self._app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
            except ConnectorException:
                return


def _heed_a_stop() -> None:
    """A worker of the queue that is cancelled while the database is away tells of the database alone: without this the
    process would go on, alive to the others, with none of its other parts."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _settled(task: asyncio.Task[None]) -> None:
    """The job of a shard that was lost belongs to another worker by now: that it cannot be settled is no error."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.info("sharing.job_taken_over", reason=type(error).__name__)


@asynccontextmanager
async def joined(cluster: Cluster, store_url: str, fence: Fence, clock: Clock, serve: Serve) -> AsyncIterator[Sharing]:
    """This process beside the others. StoreError where the database refuses, or the others share otherwise."""
    app = queue_app(store_url, cluster.lease)
    owner = f"{cluster.name}-{secrets.token_hex(4)}"
    leases = Leases(app, owner=owner, url=cluster.url, lease=cluster.lease)
    try:
        await app.open_async()
        assert isinstance(app.connector, PsycopgConnector)  # noqa: S101 - queue_app builds it so
        await leases.lay_out(app.connector.pool, cluster.shards)
    except (ConnectorException, PoolTimeout, PsycopgError) as error:
        raise StoreError(f"store {place(store_url)}: {type(error).__name__}: look at the database's own log") from None
    try:
        yield Sharing(app=app, leases=leases, fence=fence, lease=cluster.lease, clock=clock, serve=serve)
    finally:
        await app.close_async()
