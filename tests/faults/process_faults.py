"""What may become of the process, its configuration and its clock."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from fault_list import Act, Fault
from stage import Killed, Stage
from tls_server import tls_server

from monitor.shell.store import Store

LIMITS: dict[Path, tuple[int, int]] = {}
TEXTS: dict[Path, str] = {}


@dataclass
class Trap:
    """The store, but the process is killed before or after one of its works, once."""

    store: Store
    work: str
    after: bool
    sprung: bool = False

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.store, name)
        return self._trapped(real) if name == self.work and not self.sprung else real

    def _trapped(self, real: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def work(*given: Any, **named: Any) -> Any:
            if self.sprung:
                return await real(*given, **named)
            self.sprung = True
            if self.after:
                await real(*given, **named)
            raise Killed

        return work


def killed(work: str, *, after: bool, name: str) -> Fault:
    """The trap is laid at the next start; the first start of the fault is itself a kill between two polls."""

    async def begin(one: Stage) -> None:
        await one.stop()
        laid: list[Trap] = []

        def wrap(store: Store) -> Any:
            if laid:
                return store
            laid.append(Trap(store, work, after))
            return laid[0]

        one.wrap = wrap
        if work in {"load", "save"}:
            one.sandbox.oauth.expire_all()

    return Fault(area="process", name=name, begin=begin)


async def killed_between(one: Stage) -> None:
    await one.stop()


async def stopped_for_an_hour(one: Stage) -> None:
    one.clock.at += timedelta(hours=1)


async def abroad(one: Stage) -> None:
    """Local time means nothing to the daemon. This zone's summer begins two minutes later, at 7:05 of the day."""
    os.environ["TZ"] = "<HERE>-2<THERE>-3,M3.1.1/9:05,M10.5.0/3"
    time.tzset()
    assert time.localtime(one.clock.at.timestamp()).tm_hour == 9
    assert time.localtime((one.clock.at + timedelta(minutes=9)).timestamp()).tm_hour == 10


async def at_home(_: Stage) -> None:
    os.environ.pop("TZ", None)
    time.tzset()


def jumps(by: timedelta) -> Act:
    """Our clock alone; the portal's goes on as it should."""

    async def jump(one: Stage) -> None:
        one.clock.at += by
        one.portal_clock.ahead -= by

    return jump


def portal_is_ahead(by: timedelta) -> Act:
    async def skew(one: Stage) -> None:
        one.portal_clock.ahead += by

    return skew


async def no_descriptors(one: Stage) -> None:
    """Existing connections die, and no new one can be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    LIMITS[one.folder] = (soft, hard)
    one.gate.cut()
    one.alerts_gate.cut()
    await asyncio.sleep(0.05)  # lets the dead connections be closed
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))


async def descriptors_again(one: Stage) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, LIMITS.pop(one.folder))


def config_becomes(change: Callable[[str], str]) -> Act:
    async def begin(one: Stage) -> None:
        TEXTS[one.folder] = text = one.path.read_text()
        one.path.write_text(change(text))
        await reloaded(one)

    return begin


async def config_as_before(one: Stage) -> None:
    one.path.write_text(TEXTS.pop(one.folder))
    await reloaded(one)


async def reloaded(one: Stage) -> None:
    assert one.daemon is not None
    for problem in (await one.daemon.reload()).problems:
        one._note(f"log: config.problem {problem}")
    one.hold()


async def storm(one: Stage) -> None:
    assert one.daemon is not None
    daemon = one.daemon
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(daemon.reload())
    one.hold()


async def storm_of_changes(one: Stage) -> None:
    """Every reload changes the portal: it is built anew each time."""
    text = one.path.read_text()
    for number in range(10):
        one.path.write_text(text.replace("per_second: 1000", f"per_second: {900 + number}"))
        await reloaded(one)
    one.path.write_text(text)
    await reloaded(one)


async def secret_gone(one: Stage) -> None:
    TEXTS[one.folder] = one.path.read_text()
    (one.folder / "client_secret").rename(one.folder / "kept")
    await reloaded(one)


async def secret_back(one: Stage) -> None:
    (one.folder / "kept").rename(one.folder / "client_secret")
    await reloaded(one)


async def portal_left_out(one: Stage) -> None:
    """Another portal is listed for a minute instead of this one, and the daemon is restarted on what was right."""
    text = one.path.read_text()
    one.path.write_text(text.replace("name: acme", "name: other"))
    await reloaded(one)
    one.path.write_text(text)
    await reloaded(one)


def elsewhere(url: Callable[[Stage], Awaitable[str]], **keys: str) -> Act:
    """The configuration names another address for the portal, and no token tells a better one."""

    async def begin(one: Stage) -> None:
        assert one.store is not None
        pair = await one.store.load("acme")
        assert pair is not None
        await one.store.save("acme", replace(pair, endpoint=""))
        TEXTS[one.folder] = one.path.read_text()
        tree = yaml.safe_load(TEXTS[one.folder])
        tree["portals"][0] |= {"url": await url(one), **keys}
        one.path.write_text(yaml.safe_dump(tree))
        await reloaded(one)

    return begin


def address_faults() -> list[Fault]:
    async def unknown(_: Stage) -> str:
        return "https://nobody.invalid"

    def tls(name: str, kind: str, seen: str) -> Fault:
        async def url(one: Stage) -> str:
            return await tls_server(one.folder, kind)

        return Fault(
            area="network", name=name, begin=elsewhere(url, ca_file="ca.pem"), end=config_as_before, seen=(seen,)
        )

    return [
        Fault(
            area="network",
            name="the portal's name is not known",
            begin=elsewhere(unknown),
            end=config_as_before,
            seen=("nobody.invalid: its name is not known",),
        ),
        tls("the certificate has expired", "expired", "tls_expired the certificate of 127.0.0.1 has expired"),
        tls("the certificate is another host's", "other", "tls_host the certificate shown is not of 127.0.0.1"),
        tls(
            "the certificate's authority is unknown",
            "stranger",
            "tls_ca the certificate of 127.0.0.1 is not trusted",
        ),
        tls("TLS is spoken where none is", "plain", "no TLS connection"),
    ]


def process_faults() -> list[Fault]:
    at = (
        ("load_portal", False, "before its state is read"),
        ("commit", False, "after the answers, before they are kept"),
        ("commit", True, "after the answers are kept, before anybody is told"),
        ("load", False, "before its tokens are read"),
        ("save", False, "after a renewal, before the new tokens are kept"),
        ("save", True, "after the new tokens are kept, before they are used"),
        ("mark_posted", False, "before an alert is marked as posted"),
        ("mark_posted", True, "after an alert is marked as posted, before it is posted"),
        ("posted", True, "while what Alertmanager knows is read"),
    )
    kills = [killed(work, after=after, name=f"kill -9 {when}") for work, after, when in at if work not in STARTING]
    problem = ("log: config.problem",)
    return [
        *address_faults(),
        *kills,
        Fault(area="process", name="kill -9 between two polls", begin=killed_between),
        Fault(
            area="clock",
            name="the host's time zone is another one, and its clocks are put forward",
            begin=abroad,
            end=at_home,
        ),
        Fault(area="process", name="the process is stopped for an hour (SIGSTOP)", begin=stopped_for_an_hour),
        *clock_faults(),
        Fault(
            area="process",
            name="no file descriptors are left",
            begin=no_descriptors,
            end=descriptors_again,
            lasts=1,
            seen=("Too many open files",),
        ),
        Fault(
            area="configuration",
            name="the file is half written when it is read",
            begin=config_becomes(lambda text: text[: len(text) // 2]),
            end=config_as_before,
            seen=problem,
        ),
        Fault(
            area="configuration",
            name="the file is empty when it is read",
            begin=config_becomes(lambda _: ""),
            end=config_as_before,
            seen=problem,
        ),
        Fault(
            area="configuration",
            name="the file has a key that nobody knows",
            begin=config_becomes(lambda text: text + "nonsense: 1\n"),
            end=config_as_before,
            seen=("log: config.problem nonsense: unknown key",),
        ),
        Fault(
            area="configuration",
            name="a secret's file is gone when it is read",
            begin=secret_gone,
            end=secret_back,
            seen=("client_secret_file: expected a readable file",),
        ),
        Fault(area="configuration", name="fifty reloads at once", begin=storm),
        Fault(area="configuration", name="ten reloads of which each changes the portal", begin=storm_of_changes),
        Fault(area="configuration", name="the portal is left out of the file for a moment", begin=portal_left_out),
    ]


def clock_faults() -> list[Fault]:
    minutes, day = timedelta(minutes=20), timedelta(days=1)
    return [
        Fault(area="clock", name="our clock jumps back by twenty minutes and stays", begin=jumps(-minutes), within=8),
        Fault(area="clock", name="our clock jumps ahead by twenty minutes and stays", begin=jumps(minutes), within=8),
        Fault(
            area="clock",
            name="our clock is a day ahead for a while",
            begin=jumps(day),
            end=jumps(-day),
            within=8,
            allows=("alert QrRescanRequired",),
            because="the same one, whose beginning lay in the future and is set right; nobody is notified again",
        ),
        Fault(area="clock", name="our clock is a day behind for a while", begin=jumps(-day), end=jumps(day), within=8),
        Fault(
            area="clock",
            name="the portal's clock is two minutes ahead for a while",
            begin=portal_is_ahead(timedelta(minutes=2)),
            end=portal_is_ahead(-timedelta(minutes=2)),
        ),
    ]


STARTING = frozenset({"load_portal", "posted"})  # before the first poll: nothing has been done yet
