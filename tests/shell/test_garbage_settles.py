"""The collector: what has settled is not gone through again, what is young and cyclic is still collected."""

from __future__ import annotations

import asyncio
import gc
import weakref
from datetime import timedelta

from monitor.shell.garbage import settle


class Cycle:
    def __init__(self) -> None:
        self.me = self


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_cycles_are_collected_and_the_rest_settles_until_the_end() -> None:
    usual, before = gc.get_threshold(), gc.get_freeze_count()
    task = asyncio.create_task(settle(timedelta()))
    await turns(3)
    assert gc.get_freeze_count() > before + 1000
    cycle = weakref.ref(Cycle())
    await turns(3)
    assert cycle() is None
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == usual
