"""The demo's fortnight, lived once a process: it takes as long as all tests of the review together."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from monitor.core.desk import Context
from monitor.demo_fortnight import Fortnight, live


@cache
def fortnight() -> Fortnight:
    with ThreadPoolExecutor(1) as beside:  # Playwright's own loop runs in the tests' thread
        return beside.submit(lambda: asyncio.run(live(Context()))).result()
