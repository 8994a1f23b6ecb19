"""The composition root: starts the parts in order, serves until told to stop, stops them in order."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import aiohttp
import structlog
from aiohttp import web

from monitor import __version__
from monitor.building import build_session
from monitor.config import Config
from monitor.daemon import Daemon
from monitor.daemon_board import DaemonBoard
from monitor.reloading import in_words
from monitor.shell.clock import Clock
from monitor.shell.exhaustion import ends_with, noticed
from monitor.shell.fence import Fence
from monitor.shell.garbage import settle
from monitor.shell.lag import Lag
from monitor.shell.store import Store, StoreError
from monitor.shell.systemd import Notifier
from monitor.shell.web import make_app
from monitor.shell.web_connections import runner_of

log = structlog.get_logger()

EXIT_OK, EXIT_FAILED = 0, 1
LEAVING = 20.0  # real seconds from being told to stop; the unit's TimeoutStopSec and Docker's patience are longer
LEFT = (
    f"the store or the network has not answered for {LEAVING:.0f} s since the order to stop: left without them; "
    "what was not kept yet is done again after the next start"
)
NO_MEMORY = "no memory is left: give the process more (MemoryMax of the unit, the container's limit), or fewer portals"


async def run(config: Config, clock: Clock, path: Path | None = None, ready: asyncio.Event | None = None) -> int:
    """The daemon, until SIGTERM or SIGINT. Exit code 1 with one logged sentence where it cannot start."""
    code = EXIT_OK
    try:
        async with AsyncExitStack() as stack:
            stop, hup = stack.enter_context(_told())
            lease = config.cluster.lease if config.cluster else None
            store = await Store.open(config.store_url, key=config.store_key, lease=lease)
            stack.push_async_callback(store.close)
            http = await stack.enter_async_context(build_session(config))
            await _serve(config, clock, path, store=store, http=http, stop=stop, hup=hup, ready=ready)
    except* StoreError as failed:  # also from within the tasks: a store that fails ends the process in words
        code = EXIT_FAILED
        log.error("store.failed", problem=str(_first(failed)))
    except* MemoryError:
        code = EXIT_FAILED
        log.error("memory.exhausted", problem=NO_MEMORY)
    except* OSError as failed:
        code = EXIT_FAILED
        error = _first(failed)
        problem = f"web.listen {config.web.host}:{config.web.port}: {getattr(error, 'strerror', '') or error}"
        log.error("web.failed", problem=f"{problem}: choose another address")
    return code


@contextmanager
def _told() -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """Set by SIGTERM or SIGINT, and by SIGHUP. Who was told to stop and is still here LEAVING later leaves at once: an
    answer that does not come from the database or the network holds nobody up for longer."""
    stop, hup, last = asyncio.Event(), asyncio.Event(), list[asyncio.TimerHandle]()
    loop = asyncio.get_running_loop()

    def told() -> None:
        stop.set()
        last.append(loop.call_later(LEAVING, _leave))

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    loop.add_signal_handler(signal.SIGHUP, hup.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    try:
        yield stop, hup
    finally:
        for timer in last:
            timer.cancel()


def _leave() -> None:
    """What was not committed was told to nobody, so nothing is lost that somebody counts on."""
    log.error("daemon.left", problem=LEFT)
    os._exit(EXIT_FAILED)


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """One word of it is enough: they have one cause."""
    error: BaseException = failed
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _serve(
    config: Config,
    clock: Clock,
    path: Path | None,
    *,
    store: Store,
    http: aiohttp.ClientSession,
    stop: asyncio.Event,
    hup: asyncio.Event,
    ready: asyncio.Event | None,
) -> None:
    """Listen first, poll then; on the way out stop polling first, so that nothing is half told."""
    notifier, exhausted = Notifier(), noticed(asyncio.get_running_loop())
    fence = Fence(config.cluster.shards, clock.awake_or_not) if config.cluster else None
    store.fence = fence
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        daemon = Daemon(config=config, clock=clock, store=store, http=http, group=group, path=path, fence=fence)
        lag = Lag(clock.monotonic)
        board = DaemonBoard(daemon, store=store, clock=clock, lag=lag)
        runner = runner_of(make_app(board, clock.monotonic))
        await runner.setup()
        try:
            await web.TCPSite(runner, config.web.host, config.web.port).start()
            log.info("daemon.listening", host=config.web.host, port=config.web.port, version=__version__)
            await daemon.restore_alerts()
            await daemon.adopt(config)
            sharing = None
            if config.cluster and fence:
                from monitor.sharing import joined  # a job queue of its own: loaded where portals are shared

                joining = joined(config.cluster, config.store_url, fence, clock, daemon.share)
                sharing = daemon.sharing = await stack.enter_async_context(joining)
            works = [
                _reloads(daemon, hup, notifier),
                _beats(daemon, notifier),
                settle(),
                ends_with(exhausted),
                lag.run(),
            ]
            works += [sharing.run()] if sharing else []
            tasks = [group.create_task(work) for work in (*works, *(part.run() for part in daemon.parts()))]
            notifier.ready(f"watching {len(config.portals)} portals")
            if ready is not None:
                ready.set()
            await stop.wait()
            log.info("daemon.stopping")
            notifier.stopping()
            await daemon.courier.finish()
            if sharing is not None:
                await sharing.leave()
            await daemon.stop()
            for task in tasks:
                task.cancel()
        finally:
            await runner.cleanup()


async def _reloads(daemon: Daemon, hup: asyncio.Event, notifier: Notifier) -> None:
    while True:
        await hup.wait()
        hup.clear()
        notifier.reloading()
        notifier.ready(in_words(await daemon.reload()))


async def _beats(daemon: Daemon, notifier: Notifier) -> None:
    """The watchdog hears of us only while polls make progress: a loop that runs on but polls nothing is restarted."""
    beat = notifier.beat
    if beat is None:
        return
    while True:
        await asyncio.sleep(beat.total_seconds())
        well, facts = daemon.health()
        if well:
            notifier.alive(str(facts["status"]))
