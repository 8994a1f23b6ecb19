"""Three real processes on a real PostgreSQL share the portals, whatever happens to one of them."""

from __future__ import annotations

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import psycopg
import pytest
from aiohttp.test_utils import TestServer

from monitor.core.sharing import shard_of
from monitor.sandbox.vendors.catalogue import vendor_app
from tests.e2e.e2e_parts import alertmanager, alerts, get, secret_file
from tests.faults.reliability import write_shared
from tests.sharing.stand import CHANNEL, LEASE, LINE, PORTALS, SHARDS, Stand, within
from tests.shell.store_parts import Postgres

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("sharing")]

NAMES = ("ada", "bela", "cora")
BROKEN = (True, True, False)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    server = Postgres()
    yield server.start()
    server.run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture
async def stand(database: str, tmp_path: Path) -> AsyncIterator[Stand]:
    name = f"s{time.time_ns()}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    with alertmanager(tmp_path) as receiver:
        built = Stand(tmp_path, database.removesuffix("postgres") + name, alertmanager=receiver.url)
        await built.build()
        try:
            yield built
        finally:
            await built.close()


def shares(stand: Stand) -> Counter[str]:
    return Counter(owner for owner in stand.owners().values() if owner)


def is_even(stand: Stand, *names: str) -> bool:
    """Every shard has one of these, and all of them have the same number."""
    return shares(stand) == {name: SHARDS // len(names) for name in names}


def are_asked(stand: Stand, *names: str, last: float = 2.5) -> bool:
    """Every portal was asked a moment ago, by one of these."""
    seen = stand.last_asked()
    now = time.time()
    return len(seen) == PORTALS and all(now - at < last and process in names for at, process in seen.values())


async def settled(stand: Stand, *names: str) -> float:
    try:
        return await within(60, lambda: is_even(stand, *names) and are_asked(stand, *names), f"{names} share evenly")
    except AssertionError as error:
        now, asked = time.time(), stand.last_asked()
        late = {name: (round(now - at, 1), who) for name, (at, who) in asked.items() if now - at > 2.5}
        error.add_note(f"shares {dict(shares(stand))}, asked late {late}, never {stand.portals.keys() - asked.keys()}")
        raise


async def taken_over(stand: Stand, *names: str) -> float:
    return await within(40, lambda: is_even(stand, *names) and are_asked(stand, *names), "two took over")


async def started(stand: Stand, *names: str) -> None:
    await stand.start(names[0])
    await within(40, lambda: is_laid_out(stand), "the first process laid out the tables")
    stand.note_changes()
    for name in names[1:]:
        await stand.start(name)
    await settled(stand, *names)


def is_laid_out(stand: Stand) -> bool:
    with psycopg.connect(stand.database) as connection:
        row = connection.execute("SELECT to_regclass('procrastinate_jobs'), to_regclass('shards')").fetchone()
    return row is not None and None not in row


def told(stand: Stand) -> dict[str, str]:
    """Active alerts of a lost channel: portal -> its beginning."""
    rows = [row for row in alerts(str(stand.alertmanager), "", active=False) if "connector" in row["labels"]]
    counted = Counter(row["labels"]["portal"] for row in rows)
    assert all(count == 1 for count in counted.values()), counted
    return {row["labels"]["portal"]: row["startsAt"] for row in rows}


async def test_portals_go_on_whatever_happens_to_one_of_three_processes(stand: Stand) -> None:
    await started(stand, *NAMES)
    stand.portals["p0"].flags[CHANNEL, LINE] = BROKEN
    stand.portals["p1"].flags[CHANNEL, LINE] = BROKEN
    await within(20, lambda: set(told(stand)) == {"p0", "p1"}, "two alerts")
    begun = told(stand)

    # killed: the others take its portals, and what breaks and recovers meanwhile is told once
    stand.running["ada"].kill()
    killed = time.monotonic()
    stand.portals["p2"].flags[CHANNEL, LINE] = BROKEN
    stand.portals["p1"].flags[CHANNEL, LINE] = (False, True, True)
    spans = {"kill -9": await settled(stand, "bela", "cora")}
    assert time.monotonic() - killed < 40 * 1.0  # a lease of 3 s here; 30 s by default, still under two minutes
    await within(20, lambda: set(told(stand)) == {"p0", "p2"}, "one alert ended, one began")
    assert told(stand)["p0"] == begun["p0"]

    # a new one takes its part
    await stand.start("ada")
    spans["it is started again, and takes its part"] = await settled(stand, *NAMES)

    # stopped for longer than its lease, and woken: it does nothing in the name of portals that others have by now
    stand.signal("bela", signal.SIGSTOP)
    spans["it is stopped for longer than its lease (SIGSTOP)"] = await taken_over(stand, "ada", "cora")
    stand.signal("bela", signal.SIGCONT)
    await asyncio.sleep(2)
    if stand.running["bela"].process.poll() is not None:  # a store that was cut off ends the process: it is restarted
        await stand.start("bela")
    await settled(stand, *NAMES)

    # cut off from the database alone: it stops by itself when its lease runs out, before others take over
    stand.wires["cora"].cut()
    cut = time.time()
    spans["it is cut off from the database alone"] = await taken_over(stand, "ada", "bela")
    assert not [one for one in stand.asked if one[2] == "cora" and one[0] > cut + 4.0]
    stand.wires["cora"].mend()
    await asyncio.sleep(2)
    if stand.running["cora"].process.poll() is not None:
        await stand.start("cora")
    await settled(stand, *NAMES)

    # one after another is restarted in order
    for name in NAMES:
        assert await asyncio.to_thread(stand.running[name].stop) == 0
        span = await settled(stand, *[other for other in NAMES if other != name])
        spans["it is stopped in order (SIGTERM), the slowest of three"] = max(span, *list(spans.values())[4:], 0.0)
        await stand.start(name)
        await settled(stand, *NAMES)

    await within(20, lambda: set(told(stand)) == {"p0", "p2"}, "the same two alerts")
    assert told(stand)["p0"] == begun["p0"]
    trespasses = stand.trespasses(lambda portal: shard_of(portal, SHARDS))
    assert trespasses == []
    assert {name: portal.counts["invalid_grant"] for name, portal in stand.portals.items()} == dict.fromkeys(
        stand.portals, 0
    )
    assert all(portal.counts["token"] > 5 for portal in stand.portals.values())
    assert incidents(stand) == {"p0": 1, "p1": 1, "p2": 1}
    write_shared(
        spans,
        portals=PORTALS,
        lease=LEASE,
        requests=len(stand.asked),
        changes=changes(stand),
        trespasses=len(trespasses),
        dead=sum(portal.counts["invalid_grant"] for portal in stand.portals.values()),
    )


def changes(stand: Stand) -> int:
    """How often a shard went into other hands."""
    with psycopg.connect(stand.database) as connection:
        row = connection.execute("SELECT count(*) FROM noted WHERE owner <> ''").fetchone()
    return int(row[0]) if row else 0


def incidents(stand: Stand) -> dict[str, int]:
    """Incidents of the channels that were ever opened, by portal: none was lost, none opened twice."""
    query = "SELECT portal, count(*) FROM incidents WHERE kind IN ('channel_down', 'channel_degraded') GROUP BY portal"
    with psycopg.connect(stand.database) as connection:
        return {str(portal): int(count) for portal, count in connection.execute(query).fetchall()}


async def test_a_vendors_webhook_reaches_the_holder_through_any_process(stand: Stand, tmp_path: Path) -> None:
    hook_key = "hook-canary-81"
    stand.bound["p0"] = [{"connector": CHANNEL, "line": LINE, "provider": "pact", "account": "399"}]
    async with TestServer(vendor_app("pact")) as vendor, aiohttp.ClientSession() as http:
        account = {
            "name": "pact",
            "type": "pact",
            "url": str(vendor.make_url("")).rstrip("/"),
            "company_id": "17",
            "token_file": secret_file(tmp_path, "pact", "sandbox-key"),
            "hook_key_file": secret_file(tmp_path, "hook", hook_key),
        }
        stand.extra["providers"] = [account]
        await started(stand, *NAMES)
        holder = stand.owners()[shard_of("p0", SHARDS)]
        other = next(name for name in NAMES if name != holder)
        hook = f"{stand.running[other].url}/hooks/pact"
        details = {"entity": "channel", "entity_id": 399}
        body = {"type": "system", "severity": "critical", "data": {"message": "unavailable", "details": details}}
        async with http.post(f"{hook}/wrong-key", json=body) as answer:
            assert answer.status == 404
        async with http.post(f"{hook}/{hook_key}", json=body) as answer:
            assert (answer.status, await answer.json()) == (200, {"taken": True})
        state = 'portal="p0",line="1",connector="telegrambot",messenger="telegram",state="opened_elsewhere"} 1'
        await within(20, lambda: state in get(f"{stand.running[holder].url}/metrics"), "the holder has heard it")
        assert all(hook_key not in part.output() for part in stand.running.values())
