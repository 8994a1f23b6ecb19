"""Who waits while nobody can answer: neither slow nor unanswered before the time without the outage is over (D10)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgement_parts import ERROR, MINUTE, OK, START, TIMEOUT, WAZZUP, World, make_turn, word
from replies_parts import IN_OFFICE, OFFICE, RULES, at, only

from monitor.core.calendar import NEVER
from monitor.core.incident import IncidentKind
from monitor.core.lateness import as_due, due_at, put_off
from monitor.core.looks import due
from monitor.core.model import State
from monitor.core.plugin import View
from monitor.core.policy import Maintenance
from monitor.core.replies import of_team
from monitor.core.samples import samples_of
from monitor.core.tallies import Tally
from monitor.core.turn import Turn, Verdict
from monitor.core.turn_excuses import broken
from monitor.core.turn_rules import Interval

SLOW, NO, QR = IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY, IncidentKind.QR_RESCAN_REQUIRED
LOW = IncidentKind.LOW_COMPLIANCE
REPLIES = (SLOW, NO)


def at_minute(world: World, minute: int) -> list[IncidentKind]:
    """Of the replies, after a poll that many minutes past START."""
    world.now = START + (minute - 1) * MINUTE
    world.poll()
    return [kind for kind in world.kinds() if kind in REPLIES]


def by_flag(world: World, *, well: bool) -> None:
    for _ in range(2):
        world.poll(OK if well else ERROR)


def by_provider(world: World, *, well: bool) -> None:
    for _ in range(2):
        world.poll(OK, said=word(State.CONNECTED if well else State.BANNED))


Change = Callable[..., None]
BOTH = pytest.mark.parametrize("turns", [by_flag, by_provider])


def broken_after(minute: int, turns: Change, turn: Turn | None = None) -> World:
    """A channel that breaks at the next minute while somebody waits since START."""
    world = World()
    turns(world, well=True)
    world.dialog(turn or make_turn())
    world.now = START + minute * MINUTE
    turns(world, well=False)
    return world


def overdue_of(world: World) -> list[tuple[str, float]]:
    wanted = ("messenger_open_turns", "messenger_overdue_turns")
    told = samples_of(world.state, world.policy, {}, world.now)
    return [(one.name.split("_")[1], one.value) for one in told if one.name in wanted]


@BOTH
def test_while_the_channel_is_down_nobody_is_late_and_afterwards_by_so_much_later(turns: Change) -> None:
    world = broken_after(9, turns)
    for minute in (12, 16, 46, 100):
        assert at_minute(world, minute) == []
        assert overdue_of(world) == [("open", 1), ("overdue", 0)]
    turns(world, well=True)  # down from 10 to 101: 91 minutes
    for minute, kinds in ((106, []), (107, [SLOW]), (136, [SLOW]), (137, [NO, SLOW])):
        assert at_minute(world, minute) == sorted(kinds), minute
        assert overdue_of(world) == [("open", 1), ("overdue", float(bool(kinds)))]


@BOTH
def test_who_writes_to_a_channel_that_is_down_waits_from_its_recovery(turns: Change) -> None:
    world = broken_after(9, turns, make_turn(START + 20 * MINUTE))
    assert at_minute(world, 80) == []
    turns(world, well=True)  # from 81 on
    assert at_minute(world, 96) == []
    assert at_minute(world, 97) == [SLOW]


@BOTH
def test_what_is_late_already_when_the_channel_dies_stays_and_does_not_get_worse(turns: Change) -> None:
    world = World()
    turns(world, well=True)
    world.dialog(make_turn())
    assert at_minute(world, 20) == [SLOW]
    turns(world, well=False)  # from 21 on
    assert at_minute(world, 60) == [SLOW]
    assert overdue_of(world) == [("open", 1), ("overdue", 1)]
    turns(world, well=True)  # 40 minutes later
    assert at_minute(world, 85) == [SLOW]
    assert at_minute(world, 86) == [NO, SLOW]


def test_an_outage_after_the_deadline_or_before_the_message_excuses_nobody() -> None:
    world = broken_after(15, by_flag)
    assert at_minute(world, 18) == [SLOW]  # the deadline was at 15, the outage began at 16
    world = World()
    world.poll(ERROR, ERROR, OK, OK)
    world.dialog(make_turn(START + 5 * MINUTE))
    assert at_minute(world, 21) == [SLOW]


def test_the_portals_own_outage_puts_the_deadline_off() -> None:
    world = World()
    world.dialog(make_turn())
    world.now = START + 9 * MINUTE
    world.fail(TIMEOUT, times=20)  # from 10 on
    assert at_minute(world, 30) == []  # 20 minutes lost
    assert at_minute(world, 35) == []
    assert at_minute(world, 36) == [SLOW]


def test_a_maintenance_puts_the_deadline_off() -> None:
    window = Maintenance(start=START + 10 * MINUTE, end=START + 40 * MINUTE)
    world = World(maintenance=(window,))
    world.dialog(make_turn())
    for minute, kinds in ((16, []), (40, []), (45, []), (46, [SLOW]), (75, [SLOW]), (76, [NO, SLOW])):
        assert at_minute(world, minute) == kinds, minute
        assert overdue_of(world) == [("open", 1), ("overdue", float(bool(kinds)))]


def test_a_dialog_is_read_again_past_the_moment_that_holds_and_not_alerted_before() -> None:
    window = Maintenance(start=START + 10 * MINUTE, end=START + 40 * MINUTE)
    world = World(maintenance=(window,))
    world.dialog(make_turn(), read_at=START + 20 * MINUTE)

    def asked(minute: int) -> tuple[int, ...]:
        now = START + minute * MINUTE
        return due(View(policy=world.policy, state=world.state, now=now, clock=lambda: now))

    assert (asked(45), asked(46)) == ((), (7345,))
    assert at_minute(world, 46) == []
    world.dialog(make_turn(), read_at=START + 46 * MINUTE)
    assert at_minute(world, 47) == [SLOW]


def test_the_excused_are_in_no_share() -> None:
    world = broken_after(9, by_flag)
    for number in range(3):
        world.dialog(make_turn(message=90200 + number))
    world.state = replace(world.state, tallies={"2026-03-02/12": Tally(met=17, unmet=3)})
    at_minute(world, 30)
    assert LOW not in world.kinds()
    turns = list(world.state.turns.values())
    shown = of_team(as_due(turns, world.state, world.policy), world.now)
    assert (shown.overdue, shown.waiting) == (0, 4)
    by_flag(world, well=True)
    at_minute(world, 60)
    assert LOW in world.kinds()
    shown = of_team(as_due(turns, world.state, world.policy), world.now)
    assert (shown.overdue, shown.waiting) == (4, 0)


def test_the_working_clock_is_that_of_the_turns_own_schedule() -> None:
    world = World()
    world.poll(OK, OK)
    lost = (at("17:55"), at("2/08:00"))
    memory = replace(world.memory(), outages=(lost,))
    turn = make_turn(at("17:50"), deadline=at("2/09:05"), schedule_version="office")
    world.state = replace(world.state, channels={WAZZUP: memory}, schedules={"office": OFFICE})
    assert due_at(turn, world.state, world.policy) == at("2/09:10")


def moment(minutes: int) -> datetime:
    return at("09:00") + minutes * MINUTE


SPANS = st.lists(
    st.tuples(st.integers(0, 180), st.one_of(st.none(), st.integers(1, 90))).map(
        lambda pair: (moment(pair[0]), None if pair[1] is None else moment(pair[0] + pair[1]))
    ),
    max_size=4,
)
WINDOWS = st.lists(
    st.tuples(st.integers(0, 180), st.integers(1, 90)).map(lambda pair: (moment(pair[0]), moment(sum(pair)))),
    max_size=2,
)


@given(SPANS, SPANS, WINDOWS, st.integers(1, 220))
def test_who_is_told_late_while_he_waits_is_late_when_he_is_answered_and_nobody_else(
    outages: list[Interval], portal: list[Interval], windows: list[tuple[datetime, datetime]], minutes: int
) -> None:
    rules = replace(RULES, outages=tuple(outages), portal_outages=tuple(portal), maintenance=tuple(windows))
    opened = moment(0)  # 09:00, so no message comes in a backlog
    rules = replace(rules, outages=tuple(one for one in outages if one[0] > opened))
    answered = opened + minutes * MINUTE
    turn = only(f"09:00 c; {answered:%H:%M} m12", rules=rules)
    known = broken(rules.outages, rules.portal_outages, rules.maintenance)
    late = answered > put_off(opened + 15 * MINUTE, opened, known, rules.schedule)
    assert late == (turn.verdict is Verdict.LATE)


def test_out_of_hours_nothing_is_lost() -> None:
    breaks = list(broken([(at("18:30"), at("2/08:30"))], [], []))
    assert put_off(at("2/09:05"), at("17:50"), breaks, IN_OFFICE.schedule) == at("2/09:05")
    still = list(broken([(at("2/08:30"), None)], [], []))
    assert put_off(at("2/09:05"), at("17:50"), still, IN_OFFICE.schedule) == NEVER
    assert put_off(at("18:00"), at("17:45"), still, IN_OFFICE.schedule) == at("18:00")
    assert timedelta() == at("18:00") - put_off(at("18:00"), at("17:45"), (), IN_OFFICE.schedule)
