"""Keeps Python's cyclic collector from stopping the loop: a full collection goes through all that is remembered.

With ten thousand portals that is seconds. What has lived for a second is mostly board and configuration; it is freed
by its reference count when it is replaced, and needs no collector. So it is taken out of its sight every second,
after a look through what is younger. The few cycles that slip through by that are found once a day.
"""

from __future__ import annotations

import asyncio
import gc
import time
from datetime import timedelta

EVERY = timedelta(seconds=1)
THOROUGHLY = timedelta(days=1)
YOUNGEST = 20_000  # new objects after which the collector looks by itself


async def settle(every: timedelta = EVERY) -> None:
    """For ever: collect what is young, then let all that is left settle."""
    usual = gc.get_threshold()
    gc.set_threshold(YOUNGEST, *usual[1:])
    last = time.monotonic()
    try:
        while True:
            if time.monotonic() - last >= THOROUGHLY.total_seconds():
                gc.unfreeze()
                last = time.monotonic()
            gc.collect()
            gc.freeze()
            await asyncio.sleep(every.total_seconds())
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
