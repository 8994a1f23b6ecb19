"""The rhythm of polls: on a grid, spread at the start, never made up."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from monitor.shell.clock import Clock
from monitor.shell.scheduler import Rhythm, next_tick

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("late", "expected"),
    [(1, 60), (59, 60), (60, 60), (61, 120), (120, 120), (180.5, 240)],
)
def test_points_of_the_grid_that_passed_during_a_tick_are_skipped(late: float, expected: float) -> None:
    assert next_tick(START, MINUTE, START + timedelta(seconds=late)) == START + timedelta(seconds=expected)


class Ticks:
    def __init__(self, clock: Clock, enough: int) -> None:
        self.at: list[datetime] = []
        self.done = asyncio.Event()
        self._clock, self._enough = clock, enough

    async def tick(self) -> None:
        self.at.append(self._clock.now())
        if len(self.at) >= self._enough:
            self.done.set()


async def _ticking(rhythm: Rhythm, until: asyncio.Event) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(rhythm.run())
        await until.wait()
        task.cancel()


async def test_a_fast_clock_makes_the_polls_as_much_faster() -> None:
    clock = Clock(rate=600, start=START)
    ticks = Ticks(clock, enough=4)
    await _ticking(Rhythm(tick=ticks.tick, every=MINUTE, clock=clock), ticks.done)
    gaps = [after - before for before, after in zip(ticks.at, ticks.at[1:], strict=False)]
    assert min(gaps) >= MINUTE * 0.9


class Stalled(Clock):
    """A clock that stood still for the daemon between its first tick and its second: a machine that was suspended."""

    def __init__(self) -> None:
        super().__init__(rate=600, start=START)
        self.stall = timedelta()

    def now(self) -> datetime:
        return super().now() + self.stall


async def test_after_a_stall_everybody_keeps_his_place_on_the_grid() -> None:
    clock = Stalled()
    ticks = Ticks(clock, enough=3)

    async def tick() -> None:
        await ticks.tick()
        clock.stall = timedelta(minutes=10, seconds=20)

    await _ticking(Rhythm(tick=tick, every=MINUTE, clock=clock), ticks.done)
    places = [(at - ticks.at[0]) % MINUTE for at in ticks.at[1:]]
    assert all(place < MINUTE / 3 for place in places), places


async def test_who_overslept_a_whole_interval_waits_for_his_own_place() -> None:
    clock = Stalled()
    ticks = Ticks(clock, enough=2)
    rhythm = Rhythm(tick=ticks.tick, every=MINUTE, clock=clock)
    asyncio.get_running_loop().call_later(0.05, setattr, clock, "stall", timedelta(minutes=5, seconds=30))
    await _ticking(rhythm, ticks.done)
    assert (ticks.at[1] - ticks.at[0]) % MINUTE < MINUTE / 3


async def test_a_woken_rhythm_ticks_at_once_instead_of_waiting_for_its_hour() -> None:
    clock = Clock()
    ticks = Ticks(clock, enough=2)
    rhythm = Rhythm(tick=ticks.tick, every=timedelta(hours=1), clock=clock)
    rhythm.wake()
    await _ticking(rhythm, ticks.done)
    assert len(ticks.at) == 2


async def test_a_rhythm_that_is_woken_in_its_sleep_ticks_at_once_and_once_only() -> None:
    clock = Clock()
    ticks = Ticks(clock, enough=2)
    rhythm = Rhythm(tick=ticks.tick, every=timedelta(hours=1), clock=clock)
    loop = asyncio.get_running_loop()
    for _ in range(2):
        loop.call_later(0.05, rhythm.wake)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(rhythm.run())
        async with asyncio.timeout(10):
            await ticks.done.wait()
        await asyncio.sleep(0.05)
        task.cancel()
    assert len(ticks.at) == 2


async def test_a_tick_that_wants_another_one_soon_gets_it_and_the_grid_stays_where_it_was() -> None:
    clock = Clock(rate=600, start=START)
    ticks = Ticks(clock, enough=5)

    async def tick() -> timedelta | None:
        await ticks.tick()
        return timedelta(seconds=12) if len(ticks.at) == 2 else None

    await _ticking(Rhythm(tick=tick, every=MINUTE, clock=clock), ticks.done)
    places = [(at - ticks.at[0]).total_seconds() for at in ticks.at]
    for place, wanted in zip(places, (0, 60, 72, 120, 180), strict=True):
        assert wanted <= place < wanted + 12, places


async def test_a_tick_soon_that_comes_no_sooner_than_the_next_point_is_that_point() -> None:
    clock = Clock(rate=600, start=START)
    ticks = Ticks(clock, enough=3)

    async def tick() -> timedelta | None:
        await ticks.tick()
        return MINUTE

    await _ticking(Rhythm(tick=tick, every=MINUTE, clock=clock), ticks.done)
    gaps = [after - before for before, after in itertools.pairwise(ticks.at)]
    assert min(gaps) >= MINUTE * 0.8
