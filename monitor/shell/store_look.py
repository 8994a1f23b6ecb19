"""A look at a store that changes nothing in it: its schema, its size, whether it is damaged."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from monitor.shell.store_engine import StoreError, newest_schema, place, remedy, translated


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFacts:
    """`schema` "" = nobody has written a schema yet; `damage` "" = none was found; `size` in bytes."""

    schema: str
    newest: str
    size: int
    damage: str = ""

    @property
    def is_newer(self) -> bool:
        """Schemas are numbered: 0001, 0002 and so on."""
        return self.schema > self.newest


def look(url: str) -> StoreFacts:
    """Blocking. StoreError with one sentence where it cannot be opened."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return _look_at_file(url, Path(address.database or ""))
    engine = create_engine(address.set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 10})
    try:
        with translated(url), engine.connect() as connection:
            size = connection.execute(text("select pg_database_size(current_database())")).scalar()
            try:
                schema = connection.execute(text("select version_num from alembic_version")).scalar()
            except DBAPIError:
                schema = None
            return StoreFacts(schema=str(schema or ""), newest=newest_schema(), size=int(size or 0))
    finally:
        engine.dispose()


def _look_at_file(url: str, path: Path) -> StoreFacts:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)
        try:
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            schema = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        finally:
            connection.close()
    except UnicodeDecodeError:
        raise StoreError(f"store {place(url)}: its texts are damaged: {remedy('malformed')}") from None
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return StoreFacts(schema="", newest=newest_schema(), size=path.stat().st_size)
        raise StoreError(f"store {place(url)}: {error}: {remedy(str(error))}") from None
    return StoreFacts(
        schema=str(schema[0]) if schema else "",
        newest=newest_schema(),
        size=path.stat().st_size,
        damage="" if damage == "ok" else str(damage),
    )
