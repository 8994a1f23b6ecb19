"""No memory within the loop itself: left alone it would note that, drop the connection and go on limping."""

from __future__ import annotations

import asyncio
from typing import Any


def noticed(loop: asyncio.AbstractEventLoop) -> asyncio.Event:
    """Set once the loop has met a MemoryError that is in no task; whatever else it meets is logged as ever."""
    met = asyncio.Event()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if isinstance(context.get("exception"), MemoryError):
            met.set()
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)
    return met


async def ends_with(met: asyncio.Event) -> None:
    await met.wait()
    raise MemoryError
