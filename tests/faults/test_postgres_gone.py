"""PostgreSQL falls and comes back under the daemon: one clear sentence, nothing lost, nothing doubled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres_server import Server, served
from stage import stage

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("pg")]


@pytest.fixture
def server() -> Iterator[Server]:
    with served() as made:
        yield made


async def test_a_database_that_falls_and_comes_back_loses_nothing(server: Server, tmp_path: Path) -> None:
    async with stage(tmp_path, store=server.url) as one:
        assert await one.start()
        one.customer("A")
        await one.minute()
        await one.minute()
        server.stop()
        one.customer("B", "max")
        one.answer("A")
        await one.minute()
        await one.minute()
        assert one.daemon is None
        assert all("hunter2" not in text for text in one.seen)
        assert any("start PostgreSQL or correct store.url" in text for text in one.seen), one.seen
        server.start()
        for _ in range(3):
            await one.minute()
        assert one.is_well
        assert one.store is not None
        turns = await one.store.turns("acme")
        assert len(turns) == 2
        assert sum(turn.ended_by > 0 for turn in turns) == 1
        assert one.state is not None
        assert sum(channel.received for channel in one.state.channels.values()) == 2
        assert one.sandbox.oauth.dead_refresh_uses == 0
