"""Stores that earlier versions really wrote come up to this one with all that was in them, on both databases.

`stores/*.sql.gz` are dumps of half a day on an emulated portal, by the last version of each schema; 0006 of two days
under a guarantee, with reminders, a review, notices to the head, a note and a link.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from monitor.core.desk import Context, judge
from monitor.core.policy import Policy
from monitor.shell import store_outages
from monitor.shell.metrics import counted_of, totals_of
from monitor.shell.store import Store, StoreError
from monitor.shell.store_engine import newest_schema
from monitor.shell.store_reviews import kept_reviews, paper
from monitor.shell.store_tables import METADATA
from tests.shell.store_parts import Postgres

STORES = Path(__file__).parent / "stores"
SCHEMAS = ("0001", "totals", "0003", "0006")


def dumped(schema: str) -> str:
    return gzip.decompress((STORES / f"{schema}.sql.gz").read_bytes()).decode()


def old_sqlite(schema: str, folder: Path) -> tuple[str, dict[str, int]]:
    """A store as that version left it, and how many rows each of its tables has."""
    path = folder / "state.db"
    with sqlite3.connect(path) as database:
        database.executescript(dumped(schema))
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        kept = [name for name in names if not name.startswith("sqlite_") and name != "alembic_version"]
        counts = {name: int(database.execute(f"select count(*) from {name}").fetchone()[0]) for name in kept}
    database.close()
    return f"sqlite:///{path}", counts


def old_postgres(schema: str, server: str, folder: Path, purpose: str = "whole") -> tuple[str, dict[str, int]]:
    """The same rows in a PostgreSQL whose tables that revision made."""
    source, counts = old_sqlite(schema, folder)
    name = f"{purpose}_from_{schema}"
    with create_engine(driver(server)).connect() as admin:
        admin.execution_options(isolation_level="AUTOCOMMIT").execute(text(f"create database {name}"))
    url = server.removesuffix("/postgres") + f"/{name}"
    with create_engine(driver(url)).begin() as there, sqlite3.connect(source.removeprefix("sqlite:///")) as here:
        config = Config()
        config.set_main_option("script_location", "monitor.shell:migrations")
        config.attributes["connection"] = there
        command.upgrade(config, schema)
        here.row_factory = sqlite3.Row
        for table in counts:
            rows = [dict(row) for row in here.execute(f"select * from {table}")]
            if rows:
                names, marks = ", ".join(f'"{name}"' for name in rows[0]), ", ".join(f":{name}" for name in rows[0])
                there.execute(text(f"insert into {table} ({names}) values ({marks})"), rows)
    return url, counts


Rows = dict[str, list[tuple[object, ...]]]


def rows_of(url: str, columns: dict[str, list[str]]) -> Rows:
    """Everything that these columns of these tables hold, in an order that both databases agree on."""
    engine = create_engine(driver(url))
    with engine.connect() as connection:
        told = {
            table: [tuple(row) for row in connection.execute(text(f"select {', '.join(names)} from {table}"))]
            for table, names in columns.items()
        }
    engine.dispose()
    return {table: sorted(rows, key=repr) for table, rows in told.items()}


def columns_of(url: str, counts: dict[str, int]) -> dict[str, list[str]]:
    engine = create_engine(driver(url))
    found = {table: [f'"{one["name"]}"' for one in inspect(engine).get_columns(table)] for table in counts}
    engine.dispose()
    return found


async def loses_no_row(url: str, counts: dict[str, int]) -> None:
    """The upgrade alone, before anything is judged: each row of each table stands in it word by word."""
    columns = columns_of(url, counts)
    if "reviews" not in counts:  # 0006 writes older turns anew, and those in the ledger: who held them is a row there
        for table in ("turns", "turn_events"):
            columns[table].remove('"body"')
    before = rows_of(url, columns)
    assert {table: len(rows) for table, rows in before.items()} == counts
    await (await Store.open(url)).close()
    assert rows_of(url, columns) == before


async def promises_are_kept(url: str) -> None:
    """What a store of 0006 holds beside replies: reminders, reviews, notices, notes, links."""
    store = await Store.open(url)
    state = await store.load_portal("acme")
    assert state is not None
    assert set(state.reminders) >= {"guarantee", "wazzup-licence"}
    assert state.reminders["wazzup-licence"].until == datetime(2026, 3, 19, 21, tzinfo=UTC)
    (review,) = await store.transaction(partial(kept_reviews, portal="acme"))
    kept = await store.transaction(partial(paper, portal="acme", number=review.number))
    assert kept is not None
    assert review.sum in kept.plain
    incidents = [one.id for _, one in await store.incidents("acme", limit=10_000)]
    notes = [note.text for one in incidents for note in await store.notes(one)]
    assert notes == ["Звоним клиенту"]
    assert await store.revoke_links("acme") == 1
    await store.close()


def driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    postgres = Postgres()
    yield postgres.start()
    postgres.run("pg_ctl", "-m", "immediate", "stop")


async def is_whole(url: str, counts: dict[str, int]) -> None:
    """All rows are there, are understood, count to the same totals, and go on being judged."""
    store = await Store.open(url)
    state = await store.load_portal("acme")
    assert state is not None
    turns = await store.turns("acme")
    incidents = await store.incidents("acme", limit=10_000)
    flips = await store.flips("acme")
    assert (len(turns), len(incidents), len(flips)) == (counts["turns"], counts["incidents"], counts["flips"])
    assert set(state.incidents) == {one.id for _, one in incidents if one.closed is None}
    assert state.managers
    assert state.channels
    assert state.cursor.watermark is not None
    told = {(name, labels, place): amount for name, labels, place, amount in await store.totals("acme")}
    counted: dict[object, float] = {}
    for name, labels, place, amount in totals_of("acme", counted_of(turn for turn in turns if turn.counted)):
        counted[name, labels, place] = counted.get((name, labels, place), 0.0) + amount
    assert told == pytest.approx(counted)
    tokens = await store.load("acme")
    assert tokens is not None
    assert tokens.refresh.reveal()
    policy = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")
    now = state.memory.last_success
    assert now is not None
    judged = judge(state, [], policy, Context(), now=now, real_now=now)
    await store.commit("acme", state, judged)
    await store.close()
    engine = create_engine(driver(url))
    assert store_outages.failing.metadata is METADATA  # its tables are among these
    assert set(METADATA.tables) <= set(inspect(engine).get_table_names())
    assert "incidents_open_outages" in {index["name"] for index in inspect(engine).get_indexes("incidents")}
    with engine.connect() as connection:
        assert connection.execute(text("select version_num from alembic_version")).scalar() == newest_schema()
        events = connection.execute(text("select count(*) from turn_events")).scalar()
        assert int(events or 0) >= counts["turn_events"]
    engine.dispose()


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_file_of_an_earlier_version_keeps_all_it_had(tmp_path: Path, schema: str) -> None:
    url, counts = old_sqlite(schema, tmp_path)
    assert counts["turns"] > 50
    await is_whole(url, counts)


@pytest.mark.real
@pytest.mark.xdist_group("pg")
@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_server_of_an_earlier_version_keeps_all_it_had(server: str, tmp_path: Path, schema: str) -> None:
    url, counts = old_postgres(schema, server, tmp_path)
    assert counts["turns"] > 50
    await is_whole(url, counts)


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_an_upgrade_of_a_file_loses_no_row_and_changes_none(tmp_path: Path, schema: str) -> None:
    await loses_no_row(*old_sqlite(schema, tmp_path))


@pytest.mark.real
@pytest.mark.xdist_group("pg")
@pytest.mark.parametrize("schema", SCHEMAS)
async def test_an_upgrade_of_a_server_loses_no_row_and_changes_none(server: str, tmp_path: Path, schema: str) -> None:
    await loses_no_row(*old_postgres(schema, server, tmp_path, "rows"))


async def test_a_file_of_schema_0006_keeps_its_reminders_reviews_and_notes(tmp_path: Path) -> None:
    url, counts = old_sqlite("0006", tmp_path)
    assert min(counts[table] for table in ("reviews", "outbox", "incidents", "incident_notes", "web_links")) > 0
    await promises_are_kept(url)


@pytest.mark.real
@pytest.mark.xdist_group("pg")
async def test_a_server_of_schema_0006_keeps_its_reminders_reviews_and_notes(server: str, tmp_path: Path) -> None:
    await promises_are_kept(old_postgres("0006", server, tmp_path, "promises")[0])


async def test_an_upgrade_that_breaks_off_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    url, counts = old_sqlite("0001", tmp_path)
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as database:
        database.execute("create table outbox (id integer)")  # what a later step wants to make
    database.close()
    with pytest.raises(StoreError, match="outbox already exists"):
        await Store.open(url)
    with sqlite3.connect(path) as database:
        assert database.execute("select version_num from alembic_version").fetchall() == [("0001",)]
        assert "totals" not in {name for (name,) in database.execute("select name from sqlite_master")}
        database.execute("drop table outbox")
    database.close()
    await is_whole(url, counts)
