"""A warm process that forks a daemon for each hour it is told: what is killed is a real process, but starts at once.

`python zygote.py CONFIG`, then an hour a line on stdin. Answers `began PID` and `ended STATUS`; 0 = that hour's poll is
kept, its alerts and messages are told.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path

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
        at = datetime.fromisoformat(line.strip())
        child = os.fork()
        if child == 0:
            code = 1
            try:
                asyncio.run(hour(path, at))
                code = 0
            finally:
                os._exit(code)
        print(f"began {child}", flush=True)
        _, status = os.waitpid(child, 0)
        print(f"ended {status}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
