"""The fence on a real PostgreSQL: who lost a portal writes nothing of it, asks nothing, renews none of its tokens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import create_engine

from monitor.core.memory import Judgement, PortalState
from monitor.core.receivers import Notice
from monitor.core.sharing import Lease, shard_of
from monitor.secret import Secret
from monitor.sharing import queue_app
from monitor.shell.fence import Fence, Fenced
from monitor.shell.leases import Leases
from monitor.shell.outbox import Outbox
from monitor.shell.store import Store
from monitor.shell.store_engine import StoreError, patience
from monitor.shell.store_outbox import Fate
from monitor.shell.vault import Tokens
from tests.shell.store_parts import Postgres

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("sharing")]

SHARDS = 8
OURS = next(name for name in ("acme", "beta", "gama", "deli") if shard_of(name, SHARDS))
SOON = 5.0  # real seconds
SHORT = timedelta(seconds=3)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOTICE = Notice(receiver="head", key="routed:1", due=NOW, urgent=True, subject="s", text="t")
TOKENS = Tokens(access=Secret("access-1"), refresh=Secret("refresh-1"))


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    server = Postgres()
    yield server.start()
    server.run("pg_ctl", "-m", "immediate", "stop")


@dataclass
class Two:
    """Two processes' leases on one database; `now` is the clock of the first one's fence."""

    store: Store
    fence: Fence
    first: Leases
    second: Leases
    now: list[float]
    url: str

    async def take(self) -> Lease:
        shard = shard_of(OURS, SHARDS)
        term = await self.first.take(shard)
        assert term is not None
        lease = Lease(shard=shard, term=term, until=self.now[0] + 30)
        self.fence.grant(lease)
        return lease


@pytest.fixture
async def two(database: str, request: pytest.FixtureRequest) -> AsyncIterator[Two]:
    name = f"f{abs(hash(request.node.nodeid))}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = database.removesuffix("postgres") + name
    store, app, now = await Store.open(url), queue_app(url), [100.0]
    store.fence = Fence(SHARDS, lambda: now[0])
    await app.open_async()
    made = [Leases(app, owner=owner, url="", lease=timedelta(seconds=30)) for owner in ("ada-1", "bela-1")]
    await made[0].lay_out(app.connector.pool, SHARDS)  # type: ignore[attr-defined]
    yield Two(store, store.fence, made[0], made[1], now, url)
    await app.close_async()
    await store.close()


async def commit(two: Two) -> None:
    state = PortalState(portal=OURS)
    await two.store.commit(OURS, state, Judgement(state=state))


async def test_a_shard_is_taken_once_and_its_term_counts_the_changes(two: Two) -> None:
    lease = await two.take()
    assert lease.term == 1
    assert await two.second.take(lease.shard) is None
    await two.first.let_go(lease.shard, lease.term)
    assert await two.second.take(lease.shard) == 2


async def test_a_holder_that_was_not_seen_for_a_lease_loses_the_shard_and_hears_so_at_its_next_beat(two: Two) -> None:
    lease = await two.take()
    age(two, lease.shard, 29.0)
    assert await two.second.take(lease.shard) is None
    age(two, lease.shard, 2.0)
    assert await two.second.take(lease.shard) == 2
    assert await two.first.beat({lease.shard: lease}) == set()


async def test_a_beat_keeps_the_shard(two: Two) -> None:
    lease = await two.take()
    age(two, lease.shard, 29.0)
    assert await two.first.beat({lease.shard: lease}) == {lease.shard}
    age(two, lease.shard, 29.0)
    assert await two.second.take(lease.shard) is None


async def test_letting_go_of_a_shard_that_another_has_by_now_takes_nothing_from_him(two: Two) -> None:
    lease = await two.take()
    age(two, lease.shard, 31.0)
    await two.second.take(lease.shard)
    await two.first.let_go(lease.shard, lease.term)
    assert (await two.second.owners())[lease.shard] == "bela-1"


async def test_the_holder_writes_and_who_lost_the_shard_writes_nothing(two: Two) -> None:
    lease = await two.take()
    await commit(two)
    await two.store.save(OURS, TOKENS)
    age(two, lease.shard, 31.0)
    await two.second.take(lease.shard)

    with pytest.raises(Fenced, match=f"shard {lease.shard} has changed hands after term 1"):
        await commit(two)
    with pytest.raises(Fenced):
        await two.store.save(OURS, Tokens(access=Secret("access-2"), refresh=Secret("refresh-2")))
    with pytest.raises(Fenced):  # what a renewal of tokens begins with
        await two.store.load(OURS)
    with pytest.raises(Fenced):
        await Outbox(two.store).settle(OURS, [1], Fate(state="told", at=NOW))
    with pytest.raises(Fenced):
        await two.store.mark_posted({"f": "{}"}, [OURS])
    assert await two.store.posted() == {}
    two.store.fence = None
    kept = await two.store.load(OURS)
    assert kept is not None
    assert kept.refresh.reveal() == "refresh-1"


async def test_of_polls_written_together_those_of_a_lost_shard_are_refused_and_the_others_kept(two: Two) -> None:
    lease, other = (
        await two.take(),
        next(n for n in ("x1", "x2", "x3") if shard_of(n, SHARDS) != shard_of(OURS, SHARDS)),
    )
    term = await two.first.take(shard_of(other, SHARDS))
    assert term is not None
    two.fence.grant(Lease(shard=shard_of(other, SHARDS), term=term, until=two.now[0] + 30))
    age(two, lease.shard, 31.0)
    await two.second.take(lease.shard)
    states = [PortalState(portal=name) for name in (OURS, other, OURS)]
    commits = [two.store.commit(one.portal, one, Judgement(state=one)) for one in states]
    outcomes = await asyncio.gather(*commits, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Fenced, type(None), Fenced]
    assert await two.store.known_portals() == (other,)


async def test_a_beat_and_a_write_in_progress_do_not_wait_for_each_other(two: Two) -> None:
    lease = await two.take()
    with psycopg.connect(two.url) as beating:  # stopped before it could commit
        beating.execute("UPDATE shards SET seen = seen WHERE shard = %s", (lease.shard,))
        await asyncio.wait_for(commit(two), SOON)
        beating.rollback()
    with written_under(two, lease):
        assert await asyncio.wait_for(two.first.beat({lease.shard: lease}), SOON) == {lease.shard}


async def test_a_change_of_hands_waits_for_what_is_being_written(two: Two) -> None:
    lease = await two.take()
    with written_under(two, lease):
        leaving = asyncio.create_task(two.first.let_go(lease.shard, lease.term))
        await asyncio.sleep(0.3)
        assert not leaving.done()
        age(two, lease.shard, 31.0)
        assert await two.second.take(lease.shard) is None
    await asyncio.wait_for(leaving, SOON)
    assert await two.second.take(lease.shard) == 2


@pytest.mark.parametrize(
    ("lease", "asleep"), [(None, "15s"), (timedelta(seconds=30), "15s"), (timedelta(seconds=3), "3s")]
)
def test_the_database_gives_up_who_fell_asleep_in_a_transaction_within_the_lease(
    database: str, lease: timedelta | None, asleep: str
) -> None:
    with psycopg.connect(database, **patience(lease)) as connection:
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == (asleep,)


async def test_the_permit_ends_with_the_lease_of_our_own_clock(two: Two) -> None:
    await two.take()
    two.fence.permit(OURS)
    two.now[0] += 29.9
    two.fence.permit(OURS)
    two.now[0] += 0.1
    with pytest.raises(Fenced, match=f"portal {OURS}: this process does not hold shard"):
        two.fence.permit(OURS)
    assert two.fence.held() == {}


async def test_a_word_of_alertmanager_is_kept_by_any_process_for_the_one_that_delivers(two: Two) -> None:
    assert await Outbox(two.store).put(OURS, [NOTICE]) == 1
    assert await Outbox(two.store).put(OURS, [NOTICE]) == 0


async def test_a_process_that_was_told_another_number_of_shards_does_not_start(two: Two) -> None:
    app = queue_app(two.url)
    await app.open_async()
    try:
        with pytest.raises(StoreError, match=r"cluster\.shards: expected 8, .* got 9"):
            await two.first.lay_out(app.connector.pool, 9)  # type: ignore[attr-defined]
    finally:
        await app.close_async()


@contextmanager
def written_under(two: Two, lease: Lease) -> Iterator[None]:
    """A transaction that has passed the fence and is not over yet."""
    engine = create_engine(two.url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        two.fence.check(connection, [OURS])
        yield
    engine.dispose()


def age(two: Two, shard: int, seconds: float) -> None:
    with psycopg.connect(two.url, autocommit=True) as connection:
        connection.execute("UPDATE shards SET seen = seen - %s WHERE shard = %s", (seconds, shard))
