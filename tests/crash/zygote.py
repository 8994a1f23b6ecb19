"""A warm process that forks a daemon for each hour it is told: what is killed is a real process, but starts at once.

`python zygote.py CONFIG`, then an hour a line on stdin, with a number behind it where it is to die at its so-manieth
await. Answers `began PID` and `ended STATUS`; 0 = that hour's poll is kept, its alerts and messages are told. How many
awaits the hours took is noted in the file `awaits` beside the configuration.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Generator
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.building import portal_probes
from monitor.config import load
from monitor.daemon import Daemon
from monitor.logs import configure
from monitor.shell.clock import Clock
from monitor.shell.http import session
from monitor.shell.store import Store


class HandClock(Clock):
    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at

    def real_now(self) -> datetime:
        return self.at


class Steps:
    """Counts how often any task of the process stops to wait, and dies of one of these."""

    def __init__(self, deadly: int) -> None:
        self.taken, self._deadly = 0, deadly

    def loop(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        loop.set_task_factory(self._task)
        return loop

    def _task(self, loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Task[Any]:
        return asyncio.Task(self._counted(work), loop=loop, **more)

    async def _counted(self, work: Coroutine[Any, Any, Any]) -> Any:
        return await Stepped(work, self)

    def take(self) -> None:
        self.taken += 1
        if self.taken == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)


class Stepped:
    """A coroutine driven by hand: what it waits for is handed on, after it was counted."""

    def __init__(self, work: Coroutine[Any, Any, Any], steps: Steps) -> None:
        self._work, self._steps = work, steps

    def __await__(self) -> Generator[Any, Any, Any]:
        try:
            waited = self._work.send(None)
            while True:
                self._steps.take()
                try:
                    told = yield waited
                except BaseException as error:  # noqa: BLE001 - whatever it is, it is the coroutine's
                    waited = self._work.throw(error)
                else:
                    waited = self._work.send(told)
        except StopIteration as end:
            return end.value


async def hour(path: Path, at: datetime) -> None:
    """What a daemon does at that hour. A poll that was kept before the kill is not made again: time has not moved."""
    config = load(path)
    configure("json", "error", config.secrets)
    store = await Store.open(config.store_url)
    async with session() as http, asyncio.TaskGroup() as group:
        daemon = Daemon(config=config, clock=HandClock(at), store=store, http=http, group=group, path=path)
        await daemon.restore_alerts()
        await daemon.adopt(config)
        for kept in daemon._portals.kept.values():
            kept.task.cancel()  # the hours give the rhythm
        watch = daemon._portals["acme"]
        if watch.state.memory.last_success != at:
            await watch.poll()
        if daemon.pusher is not None:
            await daemon.pusher.tell()
        await daemon.reviewing.review(watch)
        while due := await daemon.courier._due():
            for (portal, receiver), rows in due.items():
                await daemon.courier._served(portal, receiver, rows)
    await store.close()


def main(path: Path) -> None:
    portal_probes()
    for line in sys.stdin:
        moment, _, deadly = line.strip().partition(" ")
        at, steps = datetime.fromisoformat(moment), Steps(int(deadly or 0))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with asyncio.Runner(loop_factory=steps.loop) as runner:
                    runner.run(hour(path, at))
                code = 0
                with (path.parent / "awaits").open("a") as noted:
                    noted.write(f"{steps.taken}\n")
            finally:
                os._exit(code)
        print(f"began {child}", flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {status}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
