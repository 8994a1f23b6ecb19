"""Opening the store: its file or server, its lock, its schema; and what may go wrong with it, in one clear sentence."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from monitor.shell.store_claim import KEEPALIVES, claimed
from monitor.shell.store_writing import ask

GUARD = 7_310_241  # of the advisory lock under which a schema is changed; any number that nobody else takes
STATEMENTS = 256  # that SQLite keeps ready: a poll's, for each number of rows that one may have
_LOCKS: dict[int, IO[bytes]] = {}

# A server that does not answer is given up after these (seconds; milliseconds).
_PATIENCE = {
    "connect_timeout": 10,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
ASLEEP = timedelta(seconds=15)


class StoreError(Exception):
    """One sentence for the operator: what is wrong with the store and what to do."""


class Damaged(StoreError):
    """A row is there, and what it holds is no record of ours: a disk or a hand has changed it."""

    def __init__(self, kind: Any, error: Exception, portal: str = "") -> None:
        name, whose = getattr(kind, "__name__", str(kind)), f"portal {portal}" if portal else "it"
        self.kind, self.error = kind, error
        self.found = f"a row of {whose} ({name}) is damaged: {error}"
        super().__init__(f"{self.found}: restore it from a backup")

    def of(self, portal: str) -> Damaged:
        """The same where it is known whose row it is."""
        return Damaged(self.kind, self.error, portal)


def patience(lease: timedelta | None = None) -> dict[str, Any]:
    """How a connection to PostgreSQL is made. The server gives up a client that is stopped in the middle of a
    transaction, before others that wait for its `lease` to run out have to wait for its locks, too."""
    asleep = min(ASLEEP, lease or ASLEEP)
    settings = {"idle_in_transaction_session_timeout": asleep // timedelta(milliseconds=1), **KEEPALIVES}
    return {**_PATIENCE, "options": " ".join(f"-c {name}={value}" for name, value in settings.items())}


def open_engine(url: str, shared: bool = False, existing: bool = False, lease: timedelta | None = None) -> Engine:
    """The engine of a store whose schema is up to date. Blocking: call it in the store's thread.

    `shared` does not mind a daemon that owns the store: for `auth`, which hands it new tokens while it runs. `existing`
    makes none: for commands that look into what the daemon keeps, and would do their work on an empty one. `lease`: of
    one of several processes that own a database together.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        path = Path(address.database or "")
        if existing and not path.exists():
            raise missing(path)
        return _open_sqlite(url, path, shared)
    with translated(url):
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"), pool_size=1, max_overflow=0, connect_args=patience(lease)
        )
        if not shared:
            event.listen(engine, "connect", partial(_own, place=place(url), together=lease is not None))
        try:
            _upgrade(engine, url)
        except BaseException:
            engine.dispose()
            raise
        return engine


def _own(connection: Any, _: Any, *, place: str, together: bool) -> None:
    """A portal belongs to one process: the second daemon on the same database is refused."""
    if claimed(connection, together=together):
        return
    connection.close()
    remedy = "stop that one first" if together else "stop that one first, or let both share the portals (`cluster`)"
    kind = "a messenger-monitor without `cluster`" if together else "another messenger-monitor"
    raise StoreError(f"store {place}: {kind} uses it: {remedy}")


def missing(path: Path) -> StoreError:
    """A relative store.url is read from the working folder, so another folder is another store."""
    return StoreError(
        f"store {path.absolute()}: there is none: run this in the daemon's working folder or make store.url absolute; "
        "the daemon makes it at its first start"
    )


def close_engine(engine: Engine) -> None:
    engine.dispose()
    lock = _LOCKS.pop(id(engine), None)
    if lock is not None:
        lock.close()


def _open_sqlite(url: str, path: Path, shared: bool) -> Engine:
    if not path.parent.is_dir():
        raise StoreError(f"store {path}: the folder {path.parent} does not exist: create it or change store.url")
    lock = _lock(path, shared)
    try:
        with translated(url), private():
            engine = create_engine(url, pool_size=1, max_overflow=0, connect_args={"cached_statements": STATEMENTS})
            event.listen(engine, "connect", _prepare)
            if lock is not None:
                _upgrade(engine, url)
    except BaseException:
        if lock is not None:
            lock.close()
        raise
    if lock is not None:
        _LOCKS[id(engine)] = lock
    return engine


def _lock(path: Path, shared: bool) -> IO[bytes] | None:
    """A portal belongs to one process: the second daemon on the same file is refused. None: shared with its owner."""
    try:
        with private():
            lock = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise StoreError(
            f"store {path}: cannot write beside it ({error.strerror}): give the daemon the right to"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        if shared:
            return None
        raise StoreError(f"store {path}: another messenger-monitor uses it: stop that one first") from None
    return lock


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    """WAL lets pages read while a poll writes; FULL makes a commit survive a power loss; what is deleted is gone.

    8 MB hold what polls that are written together touch."""
    settings = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "foreign_keys=ON", "secure_delete=ON")
    for pragma in (*settings, "cache_size=-8000"):
        connection.execute(f"PRAGMA {pragma}")


def newest_schema() -> str:
    """The schema that this version writes."""
    return ScriptDirectory.from_config(_migrations()).get_current_head() or ""


def _migrations() -> Config:
    config = Config()
    config.set_main_option("script_location", "monitor.shell:migrations")
    return config


def _upgrade(engine: Engine, url: str) -> None:
    config = _migrations()
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    with engine.begin() as connection:
        if connection.dialect.name == "sqlite":  # its driver begins nothing by itself before a CREATE
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:  # several processes may start at the same moment
            connection.execute(text("SELECT pg_advisory_xact_lock(:guard)"), {"guard": GUARD})
        present = _revision(connection)
        if present is not None and present not in known:
            raise StoreError(
                f"store {place(url)}: made by a newer messenger-monitor (schema {present}): "
                "upgrade this one, or restore a backup made by this version"
            )
        if present == scripts.get_current_head():
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def generation(connection: Connection) -> str:
    """Changes when the store is replaced by a backup, deleted, or something is erased from it: what was remembered of
    it is worth nothing then."""
    if connection.dialect.name == "sqlite":
        (number,) = ask(connection, "PRAGMA user_version")
        return f"{_file_number(connection.engine.url.database)} {number}"
    query = "select to_regclass('alembic_version')::oid, obj_description(to_regclass('alembic_version'))"
    return str(ask(connection, query))


def _file_number(path: str | None) -> int:
    """Which file lies under the name: SQLite goes on writing to one that was deleted."""
    try:
        return os.stat(path or "").st_ino
    except OSError:
        return 0


def renew_generation(connection: Connection) -> None:
    """Whoever holds the store open starts anew."""
    if connection.dialect.name == "sqlite":
        number = int(connection.exec_driver_sql("PRAGMA user_version").scalar() or 0)
        connection.exec_driver_sql(f"PRAGMA user_version = {number + 1}")
        return
    query = "select coalesce(obj_description('alembic_version'::regclass), '0')"
    number = int(str(connection.execute(text(query)).scalar()))
    connection.execute(text(f"comment on table alembic_version is '{number + 1}'"))


def _revision(connection: Any) -> str | None:
    try:
        with connection.begin_nested():
            found = connection.execute(text("select version_num from alembic_version")).scalar()
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.DatabaseError) and "not a database" in str(error.orig):
            raise
        return None
    return str(found) if found else None


@contextmanager
def private() -> Iterator[None]:
    """What is created now is for its owner alone: the store holds tokens."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Whatever the database says, as a StoreError that names the place and never the password."""
    try:
        yield
    except (CommandError, Damaged) as error:
        raise StoreError(f"store {place(url)}: {error}") from None
    except DBAPIError as error:
        word = " ".join(str(error.orig).split())[:200]
        raise StoreError(f"store {place(url)}: {word}: {remedy(word)}") from None
    except SQLAlchemyError as error:
        raise StoreError(f"store {place(url)}: {type(error).__name__}") from None


def place(url: str) -> str:
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        return str(address.database)
    return f"postgresql at {address.host or 'the local socket'}/{address.database}"


_REMEDIES = (
    ("not a database", "the file is no store: move it away, or restore it from a backup"),
    ("malformed", "the file is damaged: restore it from a backup"),
    ("disk i/o", "look at the disk, then restart"),
    ("full", "free some space on the disk"),
    ("readonly", "give the daemon the right to write the file and its folder"),
    ("unable to open", "give the daemon the right to write the file and its folder"),
    ("locked", "another program holds the file: close it"),
    ("password", "set the right user and password in store.url"),
    ("does not exist", "create the database first"),
    ("refused", "start PostgreSQL or correct store.url"),
)


def remedy(word: str) -> str:
    return next((text for mark, text in _REMEDIES if mark in word.lower()), "look at the database's own log")
