"""One transaction after the other on the store's one connection; none of it outlives the store it was begun on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from monitor.shell.fence import Fence
from monitor.shell.store_engine import StoreError, close_engine, generation, place, translated

T = TypeVar("T")


class Transactions:
    """Lives in the store's thread. The connection is kept from one to the next: fetching it costs more than a row."""

    def __init__(self, engine: Engine, url: str) -> None:
        self.engine, self._url = engine, url
        self.fence: Fence | None = None  # of a process that shares the portals with others
        self._connection: Connection | None = None
        self._generation: str | None = None

    def run(self, work: Callable[[Connection], T], portals: Collection[str] = ()) -> T:
        """`portals`: whose rows are written; Fenced where one of them is in another process's hands."""
        with translated(self._url), self._connected() as connection, connection.begin():
            if self.fence is not None and portals:
                self.fence.check(connection, portals)
            done = work(connection)
            self._still_the_same(connection)
            return done

    def adopt_what_comes(self) -> None:
        """The next transaction makes another store of it, and those after it go along."""
        self._generation = None

    def squeeze(self) -> Path | None:
        """Nothing that was deleted stays on the disk. The file of SQLite; None where the store is a server."""
        if self.engine.dialect.name != "sqlite":
            return None
        self._disconnect()
        with translated(self._url), self.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return Path(self.engine.url.database or "")

    def close(self) -> None:
        self._disconnect()
        close_engine(self.engine)

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """After a failure the next one begins with what the engine takes for a sound connection."""
        if self._connection is None:
            self._connection = self.engine.connect()
        try:
            yield self._connection
        except BaseException:
            self._disconnect()
            raise

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _still_the_same(self, connection: Connection) -> None:
        """Asked last, inside the transaction: what was worked out from another store must not be written."""
        now = generation(connection)
        if self._generation is None:
            self._generation = now
        if now != self._generation:
            raise StoreError(
                f"store {place(self._url)}: it was restored, cleaned or deleted: start anew from what it holds"
            )
