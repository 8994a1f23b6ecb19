"""Keeps Python's cyclic collector from stopping the loop: a full collection goes through all that is remembered.

With ten thousand portals that is seconds. What has lived for a minute is board and configuration; it is freed by its
reference count when it is replaced, and needs no collector. So it is taken out of its sight, young garbage first.
"""

from __future__ import annotations

import asyncio
import gc
from datetime import timedelta

EVERY = timedelta(seconds=20)
YOUNG = 1  # the generation up to which garbage is looked for


async def settle(every: timedelta = EVERY) -> None:
    """For ever: collect what is young, then let all that is left settle."""
    while True:
        gc.collect(YOUNG)
        gc.freeze()
        await asyncio.sleep(every.total_seconds())
