"""`doctor`: looks at everything the daemon needs and says, a line each, what is found and what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import aiohttp
import click

from monitor.config import Config, ConfigProblems, load
from monitor.core.model import CallFailed
from monitor.doctor_daemon import daemon_line
from monitor.doctor_host import host_lines, is_ours, store_path, store_refused
from monitor.doctor_lines import EXIT_USAGE, Line, Verdict, exit_code, unknown, well, wrong
from monitor.doctor_network import Place, clock_line, places, reached, receiver_lines
from monitor.doctor_portal import portal_lines
from monitor.logs import configure
from monitor.shell.clock import Clock
from monitor.shell.http import session
from monitor.shell.store import Store, StoreError
from monitor.shell.wire import Limits, request
from monitor.streams import heard_or_not
from monitor.terminal import plain, printed

PATIENCE = timedelta(seconds=10)
_COLOURS = {Verdict.OK: "green", Verdict.WRONG: "red", Verdict.UNKNOWN: "yellow"}


async def doctor(path: Path, *, as_json: bool) -> int:
    """Prints its lines. 0 all well, 1 something is wrong, 2 could not tell, 64 the configuration cannot be used."""
    try:
        config = load(path)
    except ConfigProblems as error:
        lines = [wrong("config", problem, f"mend it in {path}") for problem in error.problems]
        with heard_or_not():
            show(lines, EXIT_USAGE, as_json=as_json)
        return EXIT_USAGE
    configure(config.log.format, "critical", config.secrets)
    found = await examine(config, Clock())
    code = exit_code(found)
    with heard_or_not():
        show(found, code, as_json=as_json)
    return code


async def examine(config: Config, clock: Clock) -> tuple[Line, ...]:
    """All lines, in the order in which they are best mended."""
    lines = [*host_lines(config)]
    async with session(allowed=config.allow_link_local) as http:
        lines.append(await daemon_line(config, http))
        wanted = list(places(config))
        async with asyncio.TaskGroup() as group:
            network = [group.create_task(reached(place, config.allow_link_local)) for place in wanted]
            skew = group.create_task(clock_line(http, wanted[0], clock.real_now()))
            alerts = group.create_task(alertmanager_line(config, http))
        lines += [task.result() for task in network]
        lines += [skew.result(), alerts.result(), *receiver_lines(config)]
        lines += await _portals(config, http, clock)
    return tuple(dict.fromkeys(lines))  # a store that cannot be opened is met twice


async def alertmanager_line(config: Config, http: aiohttp.ClientSession) -> Line:
    if config.alertmanager_url is None:
        told = "people are told by the receivers" if config.receivers else "nobody is told"
        return well("alertmanager", f"switched off: incidents are kept and shown, {told}")
    place = Place(key="alertmanager.url", url=config.alertmanager_url)
    remedy = "start Alertmanager or correct alertmanager.url; null switches it off"
    try:
        answer = await request(http, "GET", f"{place.url}/api/v2/status", Limits(timeout=PATIENCE))
    except CallFailed as error:
        return wrong("alertmanager", error.failure.detail or error.failure.code, remedy)
    if answer.status != 200 or b"versionInfo" not in answer.body:
        return wrong("alertmanager", f"what answers there is no Alertmanager (status {answer.status})", remedy)
    return well("alertmanager", "takes our alerts")


async def _portals(config: Config, http: aiohttp.ClientSession, clock: Clock) -> list[Line]:
    remedy = "mend the store first"
    path = store_path(config.store_url)
    if path is not None and (not path.exists() or not is_ours(path)):
        remedy = "start the daemon once" if not path.exists() else "run the doctor as the store's owner"
        return [
            unknown(f"portal {wish.name}", "not asked: its tokens are in the store", remedy) for wish in config.portals
        ]
    try:
        async with _store(config) as store, asyncio.TaskGroup() as group:
            asked = [group.create_task(portal_lines(wish, store, http, clock)) for wish in config.portals]
    except StoreError as error:
        return [store_refused(error)] + [
            unknown(f"portal {wish.name}", "not asked: its tokens are in the store", remedy) for wish in config.portals
        ]
    return [line for task in asked for line in task.result()]


@asynccontextmanager
async def _store(config: Config) -> AsyncIterator[Store]:
    store = await Store.open(config.store_url, shared=True, existing=True, key=config.store_key)
    try:
        yield store
    finally:
        await store.close()


def show(lines: Sequence[Line], code: int, *, as_json: bool) -> None:
    if as_json:
        body = {"exit_code": code, "lines": [asdict(line) for line in lines]}
        click.echo(printed(body))
        return
    for line in lines:
        mark = click.style(f"{line.verdict.value:<8}", fg=_COLOURS[line.verdict])
        click.echo(mark + plain(": ".join(filter(None, (line.about, line.found, line.remedy)))))
