"""Where everything is kept: one writer, one transaction per poll, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, delete, insert, select

from monitor.core.incident import Incident
from monitor.core.memory import Flip, Judgement, PortalState
from monitor.core.model import ChannelKey
from monitor.core.turn import Turn, TurnEvent
from monitor.secret import Secret
from monitor.shell import store_tables as tables
from monitor.shell import store_web as web
from monitor.shell.fence import Fence
from monitor.shell.metrics import Total
from monitor.shell.store_engine import StoreError, open_engine
from monitor.shell.store_news import same_channels
from monitor.shell.store_records import decode, micros
from monitor.shell.store_rows import load
from monitor.shell.store_seal import Seal
from monitor.shell.store_sealed import opened, reseal
from monitor.shell.store_thread import StoreThread
from monitor.shell.store_together import Poll, Polls
from monitor.shell.store_tokens import save_tokens, tokens_of
from monitor.shell.store_totals import load_totals
from monitor.shell.store_transactions import Transactions
from monitor.shell.store_writing import storable
from monitor.shell.vault import Tokens

T = TypeVar("T")
QUIET_FOR = timedelta(minutes=15)  # how long a poll that changed nothing may go unwritten

__all__ = ["Store", "StoreError"]


class Store:
    """The async face of a synchronous engine that lives in one thread."""

    def __init__(self, engine: Engine, thread: StoreThread, url: str, key: Secret | None = None) -> None:
        self._thread, self._url, self._seal = thread, url, Seal(key)
        self._transactions = Transactions(engine, url)
        self._polls = Polls(self._transactions)
        self._written: dict[str, datetime] = {}
        self.commit_seconds: float | None = None  # of the last poll that was written, with its wait for the thread

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        shared: bool = False,
        existing: bool = False,
        key: Secret | None = None,
        lease: timedelta | None = None,
    ) -> Store:
        """StoreError names the file and the remedy. The schema is brought up to this version.

        `shared` opens it beside the daemon that owns it, `existing` only where there is one. With a `key`, tokens that
        lie there in plain are sealed. `lease`: of one of several processes."""
        thread = StoreThread()
        try:
            engine = await thread.do(partial(open_engine, url, shared, existing, lease))
        except BaseException:
            thread.close()
            raise
        store = cls(engine, thread, url, key)
        try:
            await store.reseal()
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def fence(self) -> Fence | None:
        """Of a process that shares the portals with others."""
        return self._transactions.fence

    @fence.setter
    def fence(self, fence: Fence | None) -> None:
        self._transactions.fence = fence

    async def close(self) -> None:
        await self._thread.do(self._transactions.close)
        self._thread.close()

    async def _run(self, work: Callable[[Connection], T], *portals: str) -> T:
        """`portals`: whose rows are written; Fenced where one of them is in another process's hands."""
        return await self._thread.do(partial(self._transactions.run, work, portals))

    # --- a portal's state ----------------------------------------------------------------------------

    async def load_portal(self, portal: str) -> PortalState | None:
        return await self._run(partial(load, portal=portal))

    async def commit(self, portal: str, before: PortalState, judgement: Judgement) -> None:
        """All that a poll changed, or nothing of it. A poll that changed nothing is written now and then."""
        if not self._is_news(portal, before, judgement):
            return
        started = asyncio.get_running_loop().time()
        await self._thread.write(Poll(portal, before, judgement), self._polls.write)
        self.commit_seconds = asyncio.get_running_loop().time() - started
        self._written[portal] = judgement.state.memory.last_success or self._written.get(portal) or _LONG_AGO

    def _is_news(self, portal: str, before: PortalState, judgement: Judgement) -> bool:
        if judgement.flips or judgement.ended or judgement.turn_events:
            return True
        after = judgement.state
        same = (
            after.lines is before.lines
            and after.managers is before.managers
            and all(now is was or now == was for now, was in zip(_COMPARED(after), _COMPARED(before), strict=True))
            and same_channels(before.channels, after.channels)
        )
        last, seen = self._written.get(portal), after.memory.last_success
        if not same or last is None or seen is None or before.memory.good == 0:
            return True
        return seen - last >= QUIET_FOR

    async def totals(self, portal: str) -> list[Total]:
        """What the portal's counters and histograms have come to, exact to the last commit."""
        return await self._run(partial(load_totals, portal=portal))

    async def known_portals(self) -> tuple[str, ...]:
        rows = await self._run(lambda connection: connection.execute(select(tables.portals.c.portal)).scalars().all())
        return tuple(rows)

    # --- tokens --------------------------------------------------------------------------------------

    async def load(self, portal: str) -> Tokens | None:
        query = select(tables.tokens.c.pair).where(tables.tokens.c.portal == portal)
        pair = await self._run(lambda connection: connection.execute(query).scalar(), portal)
        return tokens_of(opened(self._seal, self._url, pair)) if pair is not None else None

    async def save(self, portal: str, tokens: Tokens) -> None:
        """Durable on return: a refresh token that is lost can only be replaced by a human."""
        await self._run(partial(save_tokens, portal=portal, tokens=tokens, seal=self._seal), portal)

    def adopt_key(self, key: Secret | None) -> None:
        """From now on: after a rotation the daemon is told to read its configuration again."""
        self._seal = Seal(key)

    async def reseal(self) -> int:
        """Seal with the first key whatever is not yet. StoreError where some of it cannot be read."""
        return await self._run(partial(reseal, seal=self._seal, url=self._url))

    # --- what goes (store_prune, store_erase) ----------------------------------------------------------

    async def transaction(self, work: Callable[[Connection], T], *portals: str, renews: bool = False) -> T:
        """Someone else's work on the rows. `renews`: it makes another store of it, and this object goes along."""
        if renews:
            self._transactions.adopt_what_comes()
        return await self._run(work, *portals)

    async def squeeze(self) -> Path | None:
        """Nothing that was deleted stays on the disk. The file of SQLite; None where the store is a server."""
        return await self._thread.do(self._transactions.squeeze)

    # --- alerts that Alertmanager knows of -----------------------------------------------------------

    async def posted(self) -> dict[str, str]:
        """Fingerprint -> body of every alert that was posted and whose end was not yet acknowledged."""
        table = tables.posted_alerts
        rows = await self._run(lambda connection: connection.execute(select(table)).all())
        return {row.fingerprint: row.body for row in rows}

    async def mark_posted(self, bodies: dict[str, str], portals: Collection[str] = ()) -> None:
        await self._run(partial(_mark, bodies=bodies), *portals)

    async def forget(self, fingerprints: Sequence[str], portals: Collection[str] = ()) -> None:
        table = tables.posted_alerts
        query = delete(table).where(table.c.fingerprint.in_(list(fingerprints)))
        await self._run(lambda connection: connection.execute(query), *portals)

    # --- what pages and reports ask --------------------------------------------------------------------

    async def incidents(
        self, portal: str | None = None, *, since: datetime | None = None, limit: int = 500
    ) -> tuple[tuple[str, Incident], ...]:
        """(portal, incident), the newest first."""
        table = tables.incidents
        query = select(table.c.portal, table.c.body).order_by(table.c.opened.desc()).limit(limit)
        query = query.where(table.c.portal == portal) if portal else query
        query = query.where(table.c.opened >= micros(since)) if since else query
        rows = await self._run(lambda connection: connection.execute(query).all())
        return tuple((row.portal, decode(row.body, Incident)) for row in rows)

    async def incident(self, number: str) -> tuple[str, Incident] | None:
        table = tables.incidents
        query = select(table.c.portal, table.c.body).where(table.c.id == storable(number))
        row = await self._run(lambda connection: connection.execute(query).first())
        return (row.portal, decode(row.body, Incident)) if row else None

    async def turns(
        self, portal: str, *, since: datetime | None = None, until: datetime | None = None, chat: int | None = None
    ) -> tuple[Turn, ...]:
        """Turns by their deadline (case 49), the oldest first."""
        table = tables.turns
        query = select(table.c.body).where(table.c.portal == portal)
        query = query.where(table.c.deadline >= micros(since)) if since else query
        query = query.where(table.c.deadline < micros(until)) if until else query
        query = query.where(table.c.chat == chat) if chat else query
        bodies = await self._run(lambda connection: connection.execute(query).scalars().all())
        found = (decode(body, Turn) for body in bodies)
        return tuple(sorted(found, key=lambda turn: turn.deadline))

    async def turn_events(self, portal: str, chat: int) -> tuple[TurnEvent, ...]:
        table = tables.turn_events
        query = select(table.c.body).where(table.c.portal == portal, table.c.chat == chat).order_by(table.c.id)
        bodies = await self._run(lambda connection: connection.execute(query).scalars().all())
        return tuple(decode(body, TurnEvent) for body in bodies)

    async def flips(self, portal: str, *, since: datetime | None = None, limit: int = 5000) -> tuple[Flip, ...]:
        table = tables.flips
        query = select(table.c.body).where(table.c.portal == portal).order_by(table.c.id.desc()).limit(limit)
        query = query.where(table.c.at >= micros(since)) if since else query
        bodies = await self._run(lambda connection: connection.execute(query).scalars().all())
        return tuple(decode(body, Flip) for body in reversed(bodies))

    async def channel_flips(self, portal: str, key: ChannelKey, *, since: datetime) -> tuple[Flip, ...]:
        return await self._run(partial(web.channel_flips, portal=portal, key=key, since=since))

    # --- links and notes -----------------------------------------------------------------------------

    async def keep_link(self, portal: str, digest: str, at: datetime) -> None:
        await self._run(partial(web.keep_link, digest=digest, portal=portal, at=at))

    async def revoke_links(self, portal: str) -> int:
        return await self._run(partial(web.revoke_links, portal=portal))

    async def portal_of_link(self, digest: str) -> str | None:
        return await self._run(partial(web.portal_of_link, digest=digest))

    async def add_note(self, incident: str, note: web.Note) -> None:
        await self._run(partial(web.add_note, incident=incident, note=note))

    async def notes(self, incident: str) -> tuple[web.Note, ...]:
        return await self._run(partial(web.notes_of, incident=incident))

    async def sizes(self) -> dict[str, int]:
        return await self._run(web.sizes)


_COMPARED = attrgetter(
    *("turns", "sessions", "incidents", "reminders", "audits", "handed_over", "departments", "connectors", "accounts"),
)
_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _mark(connection: Connection, *, bodies: dict[str, str]) -> None:
    table = tables.posted_alerts
    connection.execute(delete(table).where(table.c.fingerprint.in_(list(bodies))))
    rows = [{"fingerprint": fingerprint, "body": body} for fingerprint, body in bodies.items()]
    if rows:
        connection.execute(insert(table), rows)
