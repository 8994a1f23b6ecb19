"""A look at a store that changes nothing in it: its schema, its size, whether it is damaged."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from monitor.shell import store_tables as tables
from monitor.shell.store_engine import Damaged, StoreError, newest_schema, place, remedy, translated
from monitor.shell.store_rows import load


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
    engine = _reading(url)
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


def damaged_rows(url: str) -> tuple[str, ...]:
    """Of each portal the first row at which a start would end, in words; of a store of the newest schema. Blocking.
    StoreError where it cannot be read at all."""
    engine = _reading(url)
    try:
        with translated(url), engine.connect() as connection:
            portals = connection.execute(select(tables.portals.c.portal).order_by(tables.portals.c.portal)).scalars()
            return tuple(filter(None, [_damage(connection, portal) for portal in portals.all()]))
    finally:
        engine.dispose()


def _damage(connection: Connection, portal: str) -> str:
    try:
        load(connection, portal=portal)
    except Damaged as damaged:
        return damaged.found
    return ""


def _reading(url: str) -> Engine:
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _reading_file(Path(address.database or "")))
    return create_engine(address.set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": 10})


def _reading_file(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)


def _look_at_file(url: str, path: Path) -> StoreFacts:
    try:
        connection = _reading_file(path)
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
