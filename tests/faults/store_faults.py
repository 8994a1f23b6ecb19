"""What may become of the store while the daemon runs."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fault_list import AUTH, Act, Fault, authorised_again, nothing
from postgres_server import Server
from stage import Stage

from monitor.shell.store import Store, StoreError

KEPT: dict[Path, sqlite3.Connection] = {}
PAGE_SIZE = 4096


def database(one: Stage) -> Path:
    return one.folder / "state.db"


def pragma(text: str) -> Act:
    """On the daemon's own connection, as long as the process lives."""

    async def begin(one: Stage) -> None:
        assert one.store is not None
        await one.store.transaction(lambda connection: connection.exec_driver_sql(f"PRAGMA {text}"))

    return begin


async def full(one: Stage) -> None:
    """Whatever room is left is taken by something else."""
    assert one.store is not None
    await one.store.transaction(lambda connection: connection.exec_driver_sql("CREATE TABLE filler (x)"))
    pages = await one.store.transaction(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar())
    await pragma(f"max_page_count={pages}")(one)
    with suppress(StoreError):
        while True:
            await one.store.transaction(
                lambda connection: connection.exec_driver_sql("INSERT INTO filler VALUES (zeroblob(500))")
            )


async def locked(one: Stage) -> None:
    assert one.store is not None
    await pragma("busy_timeout=50")(one)
    held = sqlite3.connect(database(one), isolation_level=None, check_same_thread=False)
    held.execute("BEGIN IMMEDIATE")
    KEPT[database(one)] = held


async def unlocked(one: Stage) -> None:
    held = KEPT.pop(database(one))
    held.rollback()
    held.close()


async def deleted(one: Stage) -> None:
    for path in one.folder.glob("state.db*"):
        if not path.name.endswith(".lock"):
            path.unlink()


async def overwritten(one: Stage) -> None:
    """A copy first, as `backup` makes it; then somebody writes rubbish over the file."""
    from monitor.shell.store_backup import backup_file

    backup_file(database(one), one.folder / "backup.db")
    await one.stop()
    for path in one.folder.glob("state.db-*"):
        path.unlink()
    database(one).write_bytes(b"rubbish" * 10_000)


async def damaged(one: Stage) -> None:
    """While it runs, after a copy: whatever lies beyond the first page is rubbish, in the file and in what was not yet
    carried over into it; and nothing of it is in memory any more."""
    from monitor.shell.store_backup import backup_file

    backup_file(database(one), one.folder / "backup.db")
    for path in (database(one), database(one).with_name("state.db-wal")):
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(PAGE_SIZE)
            file.write(b"rubbish!" * ((size - PAGE_SIZE) // 8))
    with suppress(StoreError):
        await pragma("shrink_memory")(one)


async def restored(one: Stage) -> None:
    from monitor.shell.store_backup import restore_file

    restore_file(one.folder / "backup.db", database(one), one.folder / "aside.db")


async def restored_while_running(one: Stage) -> None:
    from monitor.shell.store_backup import backup_file, restore_file

    backup_file(database(one), one.folder / "backup.db")
    restore_file(one.folder / "backup.db", database(one), one.folder / "aside.db")


async def newer(one: Stage) -> None:
    await one.stop()
    with sqlite3.connect(database(one)) as connection:
        (version,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        (one.folder / "version").write_text(version)
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


async def as_before(one: Stage) -> None:
    with sqlite3.connect(database(one)) as connection:
        version = (one.folder / "version").read_text()
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))


async def folder_gone(one: Stage) -> None:
    await one.stop()
    os.rename(one.folder / "state.db", one.folder / "moved.db")
    (one.folder / "state.db").mkdir()


async def folder_back(one: Stage) -> None:
    (one.folder / "state.db").rmdir()
    os.rename(one.folder / "moved.db", one.folder / "state.db")


async def sealed_by_another(one: Stage) -> None:
    """The key's file is gone from the configuration while the tokens are sealed."""
    from monitor.shell.store_seal import new_key

    await one.stop()
    store = await Store.open(one.config.store_url, key=new_key())
    await store.close()
    KEYLESS[one.folder] = store._seal


KEYLESS: dict[Path, object] = {}


async def key_back(one: Stage) -> None:
    """The operator puts the key back; here the tokens are opened again with it."""
    seal = KEYLESS.pop(one.folder)
    with sqlite3.connect(database(one)) as connection:
        for portal, pair in connection.execute("SELECT portal, pair FROM tokens").fetchall():
            plain = seal.open(pair)  # type: ignore[attr-defined]  # the seal of the store above
            connection.execute("UPDATE tokens SET pair = ? WHERE portal = ?", (plain, portal))


def store_faults() -> list[Fault]:
    return [
        Fault(
            area="store",
            name="the store's disk is full",
            begin=full,
            seen=("full: free some space on the disk",),
        ),
        Fault(
            area="store",
            name="the store turns read-only",
            begin=pragma("query_only=ON"),
            seen=("readonly database: give the daemon the right to write",),
        ),
        Fault(
            area="store",
            name="another program holds the store",
            begin=locked,
            end=unlocked,
            seen=("locked: another program holds the file: close it",),
            lasts=1,
        ),
        Fault(
            area="store",
            name="the store's file is deleted while the daemon runs",
            begin=deleted,
            end=authorised_again,
            hand="messenger-monitor restore --from BACKUP, or " + AUTH,
            allows=("use of a dead refresh token",),
            because="the living one was in the file that is gone",
            within=8,
            seen=("it was restored, cleaned or deleted: start anew from what it holds",),
        ),
        Fault(
            area="store",
            name="the store's file is overwritten with rubbish",
            begin=overwritten,
            end=restored,
            seen=("not a database: the file is no store: move it away, or restore it from a backup",),
            hand="messenger-monitor restore --from BACKUP",
        ),
        Fault(
            area="store",
            name="the store's file is damaged while the daemon runs",
            begin=damaged,
            end=restored,
            seen=("exit 1: store .*restore it from a backup",),
            hand="messenger-monitor restore --from BACKUP",
        ),
        Fault(
            area="store",
            name="a backup is restored while the daemon runs",
            begin=restored_while_running,
            seen=("it was restored, cleaned or deleted: start anew",),
        ),
        Fault(
            area="store",
            name="the store was made by a newer version",
            begin=newer,
            end=as_before,
            seen=("upgrade this one, or restore a backup made by this version",),
            hand="upgrade, or restore a backup of this version",
        ),
        Fault(
            area="store",
            name="a folder lies where the store's file was",
            begin=folder_gone,
            end=folder_back,
            seen=("unable to open database file: give the daemon the right to write the file and its folder",),
            hand="put the file back",
        ),
        Fault(
            area="store",
            name="the tokens' key is not there",
            begin=sealed_by_another,
            end=key_back,
            seen=("its tokens are encrypted: set store.key_file to the key they were encrypted with",),
            hand="put the key back",
        ),
        *postgres_faults(),
    ]


def postgres_faults() -> list[Fault]:
    def at(name: str, begin: Act, end: Act, *seen: str) -> Fault:
        return Fault(area="store", name=name, begin=begin, end=end, seen=seen, on_postgres=True)

    def act(what: Callable[[Server], None]) -> Act:
        async def begin(one: Stage) -> None:
            assert one.postgres is not None
            await asyncio.to_thread(what, one.postgres)

        return begin

    return [
        at(
            "PostgreSQL falls, and is started again",
            act(Server.stop),
            act(Server.start),
            "start PostgreSQL or correct store.url",
        ),
        at(
            "PostgreSQL fails over: sessions are cut off, the standby takes no writes until it is promoted",
            act(Server.fail_over),
            act(Server.promote),
            "read-only transaction",
        ),
        at("PostgreSQL is restarted within a minute", act(restart), nothing),
        at(
            "PostgreSQL's machine dies, and its synchronous standby takes over the address",
            dies_beside_its_standby,
            act(Server.take_over),
            "start PostgreSQL or correct store.url",
        ),
    ]


async def dies_beside_its_standby(one: Stage) -> None:
    """The last that was acknowledged is a pair of tokens: who forgets it uses a dead one next."""
    assert one.postgres is not None
    await asyncio.to_thread(one.postgres.follow)
    one.sandbox.oauth.expire_all()
    await one.minute()
    await asyncio.to_thread(one.postgres.stop)


def restart(server: Server) -> None:
    server.stop()
    server.start()
