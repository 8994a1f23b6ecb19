"""Shards in the database: who has which, since which term, and who is alive. Times are the database's own.

It speaks through the connections of the job queue, not the store's thread: a slow write must not cost a lease.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from procrastinate import App
from procrastinate.schema import SchemaManager
from psycopg_pool import AsyncConnectionPool

from monitor.core.sharing import Lease
from monitor.shell.store_engine import GUARD, StoreError

_FREE = "(owner = '' OR seen < extract(epoch FROM clock_timestamp()) - %(lease)s)"
_TAKE = f"""
UPDATE shards SET term = term + 1, owner = %(owner)s, seen = extract(epoch FROM clock_timestamp())
 WHERE shard = (SELECT shard FROM shards WHERE shard = %(shard)s AND {_FREE} FOR UPDATE SKIP LOCKED)
RETURNING term
"""  # noqa: S608 - our own words; who writes under the old term is waited for by asking again
_LET_GO = """
UPDATE shards SET owner = ''
 WHERE shard = (SELECT shard FROM shards WHERE shard = %(shard)s AND term = %(term)s AND owner = %(owner)s FOR UPDATE)
"""  # waits for what is being written under our term
_BEAT = """
UPDATE shards SET seen = extract(epoch FROM clock_timestamp())
  FROM unnest(%(shards)s::int[], %(terms)s::bigint[]) AS held(shard, term)
 WHERE shards.shard = held.shard AND shards.term = held.term AND shards.owner = %(owner)s
RETURNING shards.shard
"""
_PRESENT = """
INSERT INTO processes (owner, url, seen) VALUES (%(owner)s, %(url)s, extract(epoch FROM clock_timestamp()))
ON CONFLICT (owner) DO UPDATE SET url = excluded.url, seen = excluded.seen
"""
_GONE = "DELETE FROM processes WHERE owner = %(owner)s OR seen < extract(epoch FROM clock_timestamp()) - %(lease)s"
_ALIVE = """
SELECT owner, url FROM processes WHERE seen >= extract(epoch FROM clock_timestamp()) - %(lease)s ORDER BY owner
"""
_UNHELD = f"SELECT shard FROM shards WHERE {_FREE} ORDER BY shard"  # noqa: S608 - our own words
_BURY = """
DELETE FROM procrastinate_jobs AS job
 WHERE job.status = 'doing' AND job.lock = ANY(%(locks)s)
   AND NOT EXISTS (SELECT 1 FROM procrastinate_events AS event
                    WHERE event.job_id = job.id AND event.type = 'started'
                      AND event.at > clock_timestamp() - make_interval(secs => %(lease)s))
RETURNING job.lock
"""
_OWNERS = "SELECT shard, owner FROM shards ORDER BY shard"
_LAY_OUT = "INSERT INTO shards (shard, term, owner, seen) SELECT n, 0, '', 0 FROM generate_series(0, %(last)s) AS n"


def lock_of(shard: int) -> str:
    """Of the jobs that hold it: one at a time."""
    return f"shard-{shard}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One that is alive. `url`: where its pages are, "" = not told."""

    owner: str
    url: str


class Leases:
    """`owner`: this process for as long as it lives, never again after that."""

    def __init__(self, app: App, *, owner: str, url: str, lease: timedelta) -> None:
        self._app, self.owner, self._url, self._lease = app, owner, url, lease.total_seconds()

    async def lay_out(self, pool: AsyncConnectionPool, shards: int) -> None:
        """The queue's tables and one row a shard, by whoever comes first. StoreError where others share otherwise."""
        async with pool.connection() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (GUARD,))
            row = await (await connection.execute("SELECT to_regclass('procrastinate_jobs')")).fetchone()
            if row is None or row[0] is None:
                await connection.execute(SchemaManager.get_schema())
            row = await (await connection.execute("SELECT count(*) FROM shards")).fetchone()
            known = int(row[0]) if row else 0
            if known == 0:
                await connection.execute(_LAY_OUT, {"last": shards - 1})
            elif known != shards:
                raise StoreError(
                    f"cluster.shards: expected {known}, as the store was shared out first, got {shards}: "
                    "all processes have the same number for good"
                )

    async def take(self, shard: int) -> int | None:
        """The new term, or None while another process holds the shard or may still believe so."""
        rows = await self._ask(_TAKE, shard=shard, owner=self.owner, lease=self._lease)
        return int(rows[0]["term"]) if rows else None

    async def let_go(self, shard: int, term: int) -> None:
        await self._do(_LET_GO, shard=shard, term=term, owner=self.owner)

    async def beat(self, held: Mapping[int, Lease]) -> set[int]:
        """Say that we live. Which of the held shards are still ours."""
        await self._do(_PRESENT, owner=self.owner, url=self._url)
        if not held:
            return set()
        terms = [lease.term for lease in held.values()]
        rows = await self._ask(_BEAT, shards=list(held), terms=terms, owner=self.owner)
        return {int(row["shard"]) for row in rows}

    async def alive(self) -> list[Process]:
        rows = await self._ask(_ALIVE, lease=self._lease)
        return [Process(owner=str(row["owner"]), url=str(row["url"])) for row in rows]

    async def unheld(self) -> list[int]:
        return [int(row["shard"]) for row in await self._ask(_UNHELD, lease=self._lease)]

    async def bury(self, unheld: Collection[int]) -> list[str]:
        """The locks of jobs that nobody does: begun longer than a lease ago, and nobody holds their shards. Their
        workers are alive and know nothing of them, since the word of their beginning or end was lost on the way."""
        locks = [lock_of(shard) for shard in unheld]
        return [str(row["lock"]) for row in await self._ask(_BURY, locks=locks, lease=self._lease)] if locks else []

    async def owners(self) -> dict[int, str]:
        return {int(row["shard"]): str(row["owner"]) for row in await self._ask(_OWNERS)}

    async def leave(self) -> None:
        """Out of the list, with those who died without a word."""
        await self._do(_GONE, owner=self.owner, lease=10 * self._lease)

    async def _ask(self, query: Any, **values: Any) -> list[dict[str, Any]]:
        return await self._app.connector.execute_query_all_async(query, **values)

    async def _do(self, query: Any, **values: Any) -> None:
        await self._app.connector.execute_query_async(query, **values)
