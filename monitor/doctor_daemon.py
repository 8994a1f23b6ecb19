"""The doctor's look at the daemon itself: whether it runs, and whether it does what it is for."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import aiohttp

from monitor.ask_daemon import address
from monitor.config_values import Config
from monitor.doctor_lines import Line, unknown, well, wrong

PATIENCE = 5.0
STARTED_BY = "start it: systemctl start messenger-monitor; journalctl -u messenger-monitor tells why it ended"


async def daemon_line(config: Config, http: aiohttp.ClientSession) -> Line:
    """By /healthz, which needs no token. Nobody there may also mean that it was never started."""
    about = f"daemon ({config.web.host}:{config.web.port})"
    url, _ = address(config, "/healthz")
    try:
        async with asyncio.timeout(PATIENCE), http.get(url) as answer:
            status, text = answer.status, ""
            with suppress(UnicodeDecodeError):
                text = (await answer.text())[:200]
    except TimeoutError:
        return wrong(about, f"no answer within {PATIENCE:.0f} s", "look at its log, then restart it")
    except (aiohttp.ClientError, OSError):
        return unknown(about, "nobody answers: no portal is watched", STARTED_BY)
    if status == 200:
        return well(about, "runs, and its polls go on")
    if status == 503:
        return wrong(about, f"runs, but is not well: {' '.join(text.split())}", "look at its log and at the lines here")
    return wrong(about, f"another program answers there (status {status})", "stop it, or change web.listen")
