"""A portal whose clock is not ours: how long people wait is read off its clock, all that we do off our own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from asked import Asked, readings_of
from hypothesis import given
from hypothesis import strategies as st
from judgement_parts import MINUTE, START, World, make_policy, make_turn

from monitor.core.calm import calm_until
from monitor.core.desk import Context, judge
from monitor.core.fold import fold_portal
from monitor.core.incident import IncidentKind
from monitor.core.lateness import due_at, is_late, no_reply_due_at
from monitor.core.memory import Judgement, PortalMemory, PortalState
from monitor.core.plugin import View
from monitor.core.portal_clock import SKEW_MATTERS, ahead, portal_now
from monitor.core.reading import ClockSeen, Reading
from monitor.core.recall import Recall
from monitor.core.samples import samples_of
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.life import Habit, Life
from monitor.sandbox.presets import CONNECTORS, furnished

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SLOW, NO = IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY
FIGURES = ("messenger_open_turns", "messenger_overdue_turns", "messenger_oldest_open_turn_seconds")
POLICY = make_policy()
SKEWS = st.one_of(st.integers(61, 90_000), st.integers(-90_000, -62)).map(lambda seconds: seconds * SECOND)


def clock(portal: datetime, ours: datetime) -> Reading:
    seen = ClockSeen(portal=portal, asked=ours, answered=ours)
    return Reading(probe="portal_health", source="bitrix24", at=ours, findings=(seen,))


def polled(*portals: timedelta) -> PortalMemory:
    """A poll a minute, whose answer is so much ahead of us."""
    memory = PortalMemory()
    for minute, skew in enumerate(portals):
        now = START + minute * MINUTE
        memory = fold_portal(memory, [clock(now + skew, now)], now)
    return memory


@given(SKEWS, st.integers(-10_000, 10_000))
def test_a_clock_that_has_always_gone_like_that_measures_every_date(skew: timedelta, minutes: int) -> None:
    memory = polled(skew, skew, skew)
    assert ahead(memory, START + minutes * MINUTE) == memory.skew
    assert portal_now(memory, START, START) == START + (memory.skew or timedelta())


@pytest.mark.parametrize("skew", [timedelta(), SKEW_MATTERS, -SKEW_MATTERS])
def test_up_to_a_minute_is_no_skew(skew: timedelta) -> None:
    assert ahead(PortalMemory(skew=skew), START) == timedelta()
    assert ahead(PortalMemory(), START) == timedelta()


def test_what_was_dated_before_the_clock_was_put_forward_is_measured_as_it_was_dated() -> None:
    memory = polled(timedelta(), timedelta(), HOUR, HOUR)
    assert memory.skew_since == START + MINUTE  # when it was right for the last time
    assert ahead(memory, START + MINUTE) == timedelta()
    assert ahead(memory, START + MINUTE + HOUR) == HOUR


def test_a_clock_that_was_put_back_tells_nobody_too_early() -> None:
    memory = polled(timedelta(), -HOUR - SECOND)  # server.time tells whole seconds: an hour at least
    assert ahead(memory, START - HOUR - SECOND) == timedelta()
    assert ahead(memory, START - HOUR / 2) == -HOUR  # by which of the two it was dated nobody knows


def test_a_clock_that_drifts_has_not_been_put_elsewhere() -> None:
    memory = polled(*(number * 30 * SECOND for number in range(20)))
    assert (memory.skew, memory.skew_since) == (570 * SECOND, None)


def test_a_clock_that_jumps_makes_nobody_late() -> None:
    """Somebody has waited for ten minutes of his fifteen when the portal's clock is put forward by an hour."""
    world = World()
    world.dialog(make_turn(START))
    for minute in range(1, 15):
        ahead_by = HOUR if minute >= 10 else timedelta()
        reading = clock(START + minute * MINUTE + ahead_by, START + minute * MINUTE)
        memory = fold_portal(world.state.memory, [reading], START + minute * MINUTE)
        world.state = replace(world.state, memory=memory)
        world.now = START + minute * MINUTE
        world._judge()
        assert world.kinds() == []


@given(SKEWS, st.integers(0, 300))
def test_whoever_waits_is_late_when_he_would_be_by_one_clock(skew: timedelta, minutes: int) -> None:
    plain, shifted = PortalState(portal="acme"), PortalState(portal="acme", memory=PortalMemory(skew=skew))
    turn = make_turn()
    plain = replace(plain, turns={turn.key: turn})
    shifted = replace(shifted, turns=plain.turns)
    now = START + minutes * MINUTE
    assert is_late(turn, shifted, POLICY, now - skew) == is_late(turn, plain, POLICY, now)
    for due in (due_at, no_reply_due_at):
        assert due(turn, shifted, POLICY) == due(turn, plain, POLICY) - skew
    told = [[one for one in samples_of(state, POLICY, {}, at) if one.name in FIGURES]
            for state, at in ((plain, now), (shifted, now - skew))]  # fmt: skip
    assert told[0] == told[1]


def test_a_calm_portal_is_looked_at_when_a_wait_is_late_by_the_portals_clock() -> None:
    world = World()
    world.poll()
    world.poll()
    turn = make_turn(START + HOUR)  # the portal is an hour ahead
    settled = replace(world.state.cursor, settled=True, watermark=START, discovered=START)
    state = replace(world.state, cursor=settled, turns={turn.key: turn})
    state = replace(state, memory=replace(state.memory, skew=HOUR))
    assert calm_until(state, POLICY, START + 2 * MINUTE) == START + 15 * MINUTE


def test_the_skew_is_exported_while_the_portal_is_seen() -> None:
    def exported(memory: PortalMemory) -> list[float]:
        state = PortalState(portal="acme", memory=memory)
        told = samples_of(state, POLICY, {}, START)
        return [one.value for one in told if one.name == "messenger_portal_clock_skew_seconds"]

    memory = polled(-90 * SECOND)
    assert exported(PortalMemory()) == []
    assert exported(memory) == [-89.0]  # server.time tells whole seconds
    assert exported(replace(memory, failed=2)) == [-89.0]
    for out in (replace(memory, failed=3), replace(memory, denied=2), replace(memory, refused=True)):
        assert exported(out) == []


class Told(NamedTuple):
    """All that a head sees of one poll, by the portal's clock."""

    at: datetime
    opened: tuple[tuple[str, str, str], ...]
    closed: tuple[tuple[str, str, str], ...]
    figures: tuple[tuple[str, tuple[str, ...], float], ...]


def lived(skew: timedelta, minutes: int) -> Iterator[Told]:
    """The same life of a portal, read by a daemon whose clock is behind the portal's by `skew`. One channel is down for
    a while."""
    start = datetime(2026, 3, 5, 4, 0, 20, tzinfo=UTC)  # server.time tells whole seconds: none is a deadline's here
    portal = SandboxClock(start, rate=0.0)
    world = furnished(portal, connectors=3, hours=False)
    habits = dict.fromkeys((12, 15, 18), Habit(14, silent=0.15)) | {24: Habit(40, silent=0.3, closes_unanswered=0.1)}
    channels = tuple((connector, 1) for connector, _ in CONNECTORS[:3])
    life = Life(world=world, seed=5, start=start - timedelta(days=2), per_day=40.0, channels=channels, habits=habits)
    life.advance(start)
    call, state, recall = Asked(life), PortalState(portal="acme"), Recall()
    loop = asyncio.new_event_loop()
    for number in range(minutes):
        seen = start + number * MINUTE
        portal.advance(seen - portal.now())
        life.advance(seen)
        world.set_error("max", 1, error=240 <= number < 330)
        now = seen - skew
        view = View(policy=POLICY, state=state, now=now, clock=lambda now=now: now, recall=recall)  # type: ignore[misc]
        readings = loop.run_until_complete(readings_of(call, view, furniture=number % 60 == 0))
        judged = judge(state, readings, POLICY, Context(), now=now, real_now=now)
        state = judged.state
        yield _told(judged, now, skew)
    loop.close()


def _told(judged: Judgement, now: datetime, skew: timedelta) -> Told:
    """Outages are told when we see them, by our own clock: their words are left out."""
    rows = [
        tuple((one.kind.value, one.subject, one.words["en"].summary) for one in changed if one.kind in (SLOW, NO))
        for changed in (judged.opened, judged.closed)
    ]
    told = samples_of(judged.state, POLICY, {}, now)
    figures = tuple((one.name, one.labels, one.value) for one in told if one.name in FIGURES)
    return Told(now + skew, rows[0], rows[1], figures)


@pytest.fixture(scope="module")
def by_one_clock() -> list[Told]:
    told = list(lived(timedelta(), 600))
    assert sum(len(one.opened) for one in told) > 5
    return told


@pytest.mark.xdist_group("by-one-clock")
@pytest.mark.parametrize("skew", [HOUR, 95 * SECOND, -timedelta(hours=7)])
def test_with_a_constant_skew_a_head_sees_the_same_at_the_same_time_of_the_portal(
    skew: timedelta, by_one_clock: list[Told]
) -> None:
    for one, other in zip(by_one_clock, lived(skew, 600), strict=True):
        assert one[:3] == other[:3]
        assert [figure[:2] for figure in one.figures] == [figure[:2] for figure in other.figures]
        for figure, shifted in zip(one.figures, other.figures, strict=True):
            assert abs(figure[2] - shifted[2]) <= 1  # server.time tells whole seconds
