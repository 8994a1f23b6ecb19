"""Copies of a SQLite store, made and put back while the daemon runs: SQLite's own online backup, never a file copy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from monitor.shell.store_engine import StoreError, missing, newest_schema, private


def backup_file(store: Path, target: Path) -> int:
    """The size of the copy in bytes. It appears under its name only when it is whole and on the disk."""
    if not store.exists():
        raise missing(store)
    _refuse_existing(target)
    part = target.with_name(target.name + ".part")
    try:
        with _in_words(store, target), private():
            part.unlink(missing_ok=True)
            _copy(store, part)
            _sound(part)
            _settle(part, target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def restore_file(source: Path, store: Path, aside: Path) -> tuple[str, ...]:
    """Put a copy in the store's place, in one transaction; what was there is kept at `aside`.

    A running daemon notices that its store is another one and starts anew. Tokens that are in the store stay: those
    of the copy were used up by the renewals since. The portals whose tokens stayed are returned.
    """
    if not source.is_file():
        raise StoreError(f"backup {source}: there is no such file")
    _refuse_newer(source)
    work = store.with_name(store.name + ".restoring")
    try:
        with _in_words(source, store), private():
            work.unlink(missing_ok=True)
            _copy(source, work)
            if not _readable(store):
                _replace(store, aside, work)
                return ()
            _copy(store, aside)
            kept = _with_tokens(work, store)
            _copy(work, store)
            return kept
    finally:
        for leftover in (work, *_beside(work)):
            leftover.unlink(missing_ok=True)


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise StoreError(f"backup {target}: it exists already: choose another name")
    if not target.absolute().parent.is_dir():
        raise StoreError(f"backup {target}: the folder does not exist: create it")


def _refuse_newer(source: Path) -> None:
    try:
        _sound(source)
        with closing(_opened(source, "ro")) as copy:
            row = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"backup {source}: {error}: it is no whole backup, take another one") from None
    if row is None or row[0] > newest_schema():
        schema = row[0] if row else "none"
        raise StoreError(
            f"backup {source}: made by a newer messenger-monitor (schema {schema}): upgrade this one first"
        )


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=10)


def _copy(source: Path, target: Path) -> None:
    with closing(_opened(source, "ro")) as one, closing(sqlite3.connect(target, timeout=10)) as other:
        one.backup(other)


def _sound(path: Path) -> None:
    with closing(_opened(path, "ro")) as copy:
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(f"malformed: {found}")


def _settle(part: Path, target: Path) -> None:
    """On the disk first, then under its name."""
    with closing(sqlite3.connect(part)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, that can be carried away
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.rename(target)
    folder = os.open(target.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _readable(store: Path) -> bool:
    try:
        with closing(_opened(store, "ro")) as live:
            live.execute("SELECT count(*) FROM tokens").fetchone()
    except sqlite3.Error:
        return False
    return True


def _replace(store: Path, aside: Path, work: Path) -> None:
    """There is no store, or it cannot be read: the file itself is exchanged."""
    for path in (store, *_beside(store)):
        if path.exists():
            path.rename(aside.with_name(aside.name + path.name.removeprefix(store.name)))
    work.rename(store)


def _beside(path: Path) -> tuple[Path, Path]:
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _with_tokens(work: Path, store: Path) -> tuple[str, ...]:
    """The live tokens go into the copy, and a number that says that it is another store now."""
    with closing(_opened(store, "ro")) as live:
        rows = live.execute("SELECT portal, pair FROM tokens ORDER BY portal").fetchall()
        number = live.execute("PRAGMA user_version").fetchone()[0]
    with closing(sqlite3.connect(work)) as copy, copy:
        copy.executemany("INSERT OR REPLACE INTO tokens (portal, pair) VALUES (?, ?)", rows)
        copy.execute(f"PRAGMA user_version = {int(number) + 1}")
    return tuple(row[0] for row in rows)


@contextmanager
def _in_words(source: Path, target: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"store {source}: {error}: look at both files and at the disk, then try again") from None
    except OSError as error:
        place = error.filename or target
        raise StoreError(f"backup {place}: {error.strerror}: look at the disk and its permissions") from None
