"""A process that dies at any turn of the loop of a poll loses nothing and doubles nothing."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from pathlib import Path

import pytest
from stage import Outcome, Stage, doubled, lost, outcome, stage

from monitor.shell.store import StoreError

pytestmark = pytest.mark.xdist_group("killed-anywhere")


async def minute_of_life(one: Stage, minute: int) -> None:
    if minute == 1:
        one.customer("A")
        one.customer("B", "max")
    if minute == 3:
        one.customer("C")
        one.answer("A")
        one.sandbox.oauth.expire_all()
    if minute == 4:
        one.lose_qr()
    if minute == 6:
        one.answer("C", 15)
        one.sandbox.oauth.expire_all()
    if minute == 8:
        one.answer("B", 18)


async def killed_in(one: Stage, turns: int) -> None:
    """The minute's poll and its telling, cut off after so many turns of the loop; the next minute starts anew."""
    if one.daemon is None:
        assert await one.start()
    task = asyncio.get_running_loop().create_task(one.minute())
    for _ in range(turns):
        if task.done():
            break
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError, StoreError):
        await task
    await one.stop()


async def lived(folder: Path, seed: int | None) -> Outcome:
    chance = random.Random(seed)
    async with stage(folder) as one:
        assert await one.start()
        for minute in range(10):
            await minute_of_life(one, minute)
            if seed is not None and chance.random() < 0.6:
                await killed_in(one, int(chance.expovariate(1 / 150)))
            else:
                await one.minute()
        for _ in range(6):
            await one.minute()
        assert one.is_well
        return await outcome(one)


@pytest.fixture(scope="module")
def meant(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    undisturbed = asyncio.run(lived(tmp_path_factory.mktemp("meant"), None))
    assert len(undisturbed.turns) == 3
    assert undisturbed.alerts == 1
    return undisturbed


@pytest.mark.parametrize("seed", range(16))
async def test_a_life_with_kills_ends_as_one_without(seed: int, tmp_path: Path, meant: Outcome) -> None:
    was = await lived(tmp_path, seed)
    assert lost(was, meant) == []
    assert doubled(was, meant) == []
