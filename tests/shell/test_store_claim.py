"""A PostgreSQL belongs to one daemon, or to those who share it: a second one is refused, a command is not."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import psycopg
import pytest

from monitor.shell.store import Store, StoreError

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("pg")]

LEASE = timedelta(seconds=30)


async def test_a_database_belongs_to_one_daemon_or_to_those_who_share_it(postgres_url: str) -> None:
    others = r"a messenger-monitor without `cluster` uses it: stop that one first$"
    alone = r"another messenger-monitor uses it: stop that one first, or let both share the portals \(`cluster`\)$"
    first = await Store.open(postgres_url)
    with pytest.raises(StoreError, match=alone):
        await Store.open(postgres_url)
    with pytest.raises(StoreError, match=others):
        await Store.open(postgres_url, lease=LEASE)
    beside = await Store.open(postgres_url, shared=True, existing=True)
    assert await beside.known_portals() == ()
    await beside.close()
    await first.close()
    ada, bela = await Store.open(postgres_url, lease=LEASE), await Store.open(postgres_url, lease=LEASE)
    with pytest.raises(StoreError, match=alone):
        await Store.open(postgres_url)
    await ada.close()
    await bela.close()
    await (await Store.open(postgres_url)).close()


async def test_a_claim_that_went_with_its_connection_is_taken_again_unless_another_daemon_has_it(
    postgres_url: str,
) -> None:
    first = await Store.open(postgres_url)
    for _ in range(2):
        cut_off(postgres_url)
        with pytest.raises(StoreError, match=r"terminating connection|closed the connection"):
            await first.known_portals()
        assert await first.known_portals() == ()
        with pytest.raises(StoreError, match="another messenger-monitor uses it"):
            await Store.open(postgres_url)
    cut_off(postgres_url)
    second = await Store.open(postgres_url)
    with pytest.raises(StoreError):
        await first.known_portals()
    with pytest.raises(StoreError, match="another messenger-monitor uses it"):
        await first.known_portals()
    assert await second.known_portals() == ()
    await first.close()
    await second.close()


async def test_the_session_of_one_that_was_killed_is_waited_for(postgres_url: str) -> None:
    first = await Store.open(postgres_url)
    opening = asyncio.ensure_future(Store.open(postgres_url))
    done, _ = await asyncio.wait({opening}, timeout=0.5)
    assert not done
    await first.close()
    second = await opening
    assert await second.known_portals() == ()
    await second.close()


def cut_off(url: str) -> None:
    """Every session of the database."""
    ended = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND datname = current_database()"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ended)
