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
from tests.sharing.letterbox import Letterbox, letterbox
from tests.sharing.stand import CHANNEL, LEASE, LINE, POLL, PORTALS, SHARDS, TWO_MINUTES, Held, Stand, within
from tests.shell.store_parts import Postgres

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("sharing")]

LONG = 4 * LEASE + 4 * POLL + 30.0  # seconds in which all must have come to rest
SLACK = 8.0  # seconds that a machine with other work may be late
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


def are_asked(stand: Stand, *names: str, last: float = POLL + 1.5) -> bool:
    """Every portal was asked a moment ago, by one of these."""
    seen = stand.last_asked()
    now = time.time()
    return len(seen) == PORTALS and all(now - at < last and process in names for at, process in seen.values())


async def settled(stand: Stand, *names: str) -> float:
    """One that has ended of what it could not reach is started again meanwhile, as systemd would."""
    begun = time.monotonic()
    try:
        while True:
            for name in names:
                await revived(stand, name)
            if await asyncio.to_thread(lambda: is_even(stand, *names) and are_asked(stand, *names)):
                return time.monotonic() - begun
            assert time.monotonic() - begun < LONG, f"not within {LONG} s: {names} share evenly"
            await asyncio.sleep(0.1)
    except AssertionError as error:
        now, asked = time.time(), stand.last_asked()
        late = {name: (round(now - at, 1), who) for name, (at, who) in asked.items() if now - at > POLL + 1.5}
        error.add_note(f"shares {dict(shares(stand))}, asked late {late}, never {stand.portals.keys() - asked.keys()}")
        raise


async def revived(stand: Stand, name: str) -> None:
    part = stand.running[name]
    if part.process.poll() is not None:
        assert "store.failed" in part.output()
        await stand.start(name)


async def taken_over(stand: Stand, *names: str) -> float:
    return await within(LONG, lambda: is_even(stand, *names) and are_asked(stand, *names), "two took over")


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


async def test_portals_go_on_whatever_happens_to_one_of_three_processes(stand: Stand, tmp_path: Path) -> None:
    async with letterbox() as letters:
        (tmp_path / "letters").write_text(letters.address)
        told_of = {"audience": "integrator", "kinds": ["channel_down", "channel_degraded"], "hours": "always"}
        stand.extra["receivers"] = [
            {"name": "post", "type": "apprise", "url_file": str(tmp_path / "letters"), **told_of}
        ]
        spans, lost = await lived(stand)
        await nothing_was_lost_or_doubled(stand, letters, lost)
    write_shared(
        spans,
        portals=PORTALS,
        lease=LEASE,
        requests=len(stand.asked),
        changes=changes(stand),
        trespasses=len(trespasses(stand)),
        rows=len(stand.written()),
        stale=len(stand.stale_writes(shard_of_portal)),
        dead=sum(portal.counts["invalid_grant"] for portal in stand.portals.values()),
    )


async def lived(stand: Stand) -> tuple[dict[str, float], str]:
    """What happens to one of them after another, and how long it took until all were served again; and the
    portal that lost its channel meanwhile."""
    await started(stand, *NAMES)
    stand.portals["p0"].flags[CHANNEL, LINE] = BROKEN
    stand.portals["p1"].flags[CHANNEL, LINE] = BROKEN
    await within(LONG, lambda: set(told(stand)) == {"p0", "p1"}, "two alerts")
    begun = told(stand)

    spans = {"kill -9": await killed(stand, begun)}
    came = time.monotonic()
    await stand.start("ada")
    spans["it is started again, and takes its part"] = await settled(stand, *NAMES)
    assert time.monotonic() - came < TWO_MINUTES + SLACK + 3.0  # which it takes to start
    spans["it is stopped for longer than its lease (SIGSTOP)"], lost = await stopped(stand)
    spans["it is cut off from the database alone"] = await cut_off(stand)
    spans["it is stopped in order (SIGTERM), the slowest of three"] = await restarted(stand)
    await within(LONG, lambda: set(told(stand)) == {"p0", "p2", lost}, "the alerts of what is broken")
    assert told(stand)["p0"] == begun["p0"]
    return spans, lost


async def killed(stand: Stand, begun: dict[str, str]) -> float:
    """The others take its portals; what breaks and recovers meanwhile is told once."""
    since = time.time()
    stand.running["ada"].kill()
    stand.portals["p2"].flags[CHANNEL, LINE] = BROKEN
    stand.portals["p1"].flags[CHANNEL, LINE] = (False, True, True)
    span = await settled(stand, "bela", "cora")
    assert stand.longest_unasked(since, time.time()) < TWO_MINUTES + SLACK
    await within(LONG, lambda: set(told(stand)) == {"p0", "p2"}, "one alert ended, one began")
    assert told(stand)["p0"] == begun["p0"]
    return span


async def stopped(stand: Stand) -> tuple[float, str]:
    """One is stopped for longer than its lease. When it wakes up, what it had asked for lies before its door: a lost
    channel of one portal, a customer of another, new tokens of a third, all of them in other hands by then. It may
    keep nothing of it and ask nothing more. Also the portal with the lost channel."""
    sleeper, mine = most_of(stand)
    lost, wrote, renewed = mine[-3:]
    held = [Held(sleeper) for _ in range(3)]
    stand.held = {lost: held[0], wrote: held[1]}
    stand.portals[renewed].before_tokens = held[2].keep
    async with asyncio.timeout(LONG):
        for one in held:
            await one.reached.wait()
    since = time.time()
    stand.signal(sleeper, signal.SIGSTOP)
    span = await taken_over(stand, *[name for name in NAMES if name != sleeper])
    assert stand.longest_unasked(since, time.time()) < TWO_MINUTES + SLACK
    for name in (lost, wrote):
        stand.portals[name].access_lives(LONG)  # what was asked is answered, whoever asked
    stand.portals[wrote].write(1, CHANNEL, LINE)
    stand.portals[lost].flags[CHANNEL, LINE] = BROKEN
    for one in held:
        one.let_go.set()
    await asyncio.sleep(0.5)  # for the answers to be on their way
    await woken(stand, sleeper)
    for name in (lost, wrote):
        stand.portals[name].access_lives(0)
    await settled(stand, *NAMES)
    return span, lost


def most_of(stand: Stand) -> tuple[str, list[str]]:
    """The process with the most portals that nothing else happens to: three at least."""
    owners = stand.owners()
    free = [name for name in stand.portals if name not in {"p0", "p1", "p2"}]
    theirs = {process: [name for name in free if owners[shard_of_portal(name)] == process] for process in NAMES}
    return max(theirs.items(), key=lambda one: len(one[1]))


async def woken(stand: Stand, name: str) -> None:
    """It has noticed what it lost. A store that was cut off ends the process, then it is restarted as systemd would."""
    part, before = stand.running[name], stand.running[name].output()
    stand.signal(name, signal.SIGCONT)

    def has_noticed() -> bool:
        return part.process.poll() is not None or "shard.lost" in part.output()[len(before) :]

    await within(LONG, has_noticed, f"{name} has noticed that its shards are in other hands")
    await revived(stand, name)


async def cut_off(stand: Stand) -> float:
    """It stops by itself when its lease runs out, before others take over."""
    assert {process for _, process in stand.last_asked().values()} == set(NAMES)
    stand.wires["cora"].cut()
    cut = time.time()
    span = await taken_over(stand, "ada", "bela")
    assert stand.longest_unasked(cut, time.time()) < TWO_MINUTES + SLACK
    assert not [one for one in stand.asked if one[2] == "cora" and one[0] > cut + LEASE + 1.0]
    stand.wires["cora"].mend()
    await settled(stand, *NAMES)
    return span


async def restarted(stand: Stand) -> float:
    """One after another, in order; the slowest takeover."""
    spans = []
    for name in NAMES:
        assert await asyncio.to_thread(stand.running[name].stop) == 0
        spans.append(await settled(stand, *[other for other in NAMES if other != name]))
        await stand.start(name)
        await settled(stand, *NAMES)
    return max(spans)


async def nothing_was_lost_or_doubled(stand: Stand, letters: Letterbox, lost: str) -> None:
    assert trespasses(stand) == []
    assert {process for _, _, process, _ in stand.written()} == set(NAMES)
    assert {table for _, _, _, table in stand.written()} >= {"portals", "tokens", "incidents"}
    assert stand.stale_writes(shard_of_portal) == []
    assert {name: portal.counts["invalid_grant"] for name, portal in stand.portals.items()} == dict.fromkeys(
        stand.portals, 0
    )
    assert all(portal.counts["token"] > 5 for portal in stand.portals.values())
    assert incidents(stand) == {"p0": 1, "p1": 1, "p2": 1, lost: 1}
    assert turns(stand) == 1
    await within(
        LONG, lambda: letters.of() == {"p0": 1, "p1": 2, "p2": 1, lost: 1}, f"people were told: {letters.of()}"
    )


def turns(stand: Stand) -> int:
    """Of the one customer who wrote."""
    with psycopg.connect(stand.database) as connection:
        row = connection.execute("SELECT count(*) FROM turns").fetchone()
    return int(row[0]) if row else 0


def shard_of_portal(portal: str) -> int:
    return shard_of(portal, SHARDS)


def trespasses(stand: Stand) -> list[tuple[float, str, str]]:
    return stand.trespasses(shard_of_portal)


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
        asked = 'messenger_poll_last_success_timestamp_seconds{portal="p0",source="pact"}'
        await within(20, lambda: asked in get(f"{stand.running[holder].url}/metrics"), "the holder has taken it up")
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
