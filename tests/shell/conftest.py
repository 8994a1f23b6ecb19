"""A store of one's own: on SQLite and on PostgreSQL alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from store_parts import Postgres

from monitor.shell.store import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    server = Postgres()
    url = server.start()
    yield url
    server.run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.real, pytest.mark.xdist_group("pg")])])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    base = request.getfixturevalue("postgres")
    import psycopg

    name = f"t{abs(hash(request.node.nodeid))}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield base.removesuffix("postgres") + name


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest, postgres: str) -> str:
    """An empty database."""
    import psycopg

    name = f"p{abs(hash(request.node.nodeid))}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return postgres.removesuffix("postgres") + name


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = await Store.open(url)
    yield opened
    await opened.close()
