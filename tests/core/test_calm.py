"""A calm poll comes to what judging it would: days of a portal's life, judged twice, poll by poll."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asked import Asked, readings_of

from monitor.core.calm import QUARTER, calm_until, calmly
from monitor.core.desk import Context, judge
from monitor.core.expiries import TOKEN
from monitor.core.incident import Audience
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import ChannelKey, Failure, Reason, State
from monitor.core.plugin import View
from monitor.core.policy import CanaryRule, ChannelPolicy, Expiry, Guarantee, Maintenance, Policy
from monitor.core.reading import (
    ConnectorsSeen,
    Finding,
    FlagSeen,
    LicenceSeen,
    LinesSeen,
    ProviderSeen,
    Reading,
    ScopesSeen,
    StaffSeen,
)
from monitor.core.recall import Recall
from monitor.core.receivers import Receiver
from monitor.core.shared_cause import Outage
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.life import Habit, Life
from monitor.sandbox.presets import CONNECTORS, furnished

START = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)  # a Thursday, 7:00 in Moscow
MINUTE = timedelta(minutes=1)
MAX = ChannelKey(1, "max")
POLICY = Policy(
    portal="acme",
    url="https://acme.bitrix24.ru",
    timezone="Europe/Moscow",
    maintenance=(Maintenance(start=START + timedelta(days=2), end=START + timedelta(days=2, minutes=95)),),
    expiries=(Expiry(subject="licence", at=START + timedelta(days=16, seconds=-30)),),
    guarantee=Guarantee(
        option="messengers",
        start=START - timedelta(days=300),
        end=START + timedelta(days=33, seconds=-30),
        checks=("crm_notified",),
    ),
    receivers=(Receiver(name="head", type="bitrix24_notify", audience=Audience.HEAD),),
)


def polls(seed: int, days: int) -> Iterator[tuple[datetime, list[Reading], PortalState, Judgement]]:
    """(now, readings, state before, judgement) of each minute, every one judged in full."""
    luck, clock = random.Random(seed), SandboxClock(START, rate=0.0)
    world = furnished(clock, connectors=3)
    habits = dict.fromkeys((12, 15, 18), Habit(8)) | {24: Habit(30, silent=0.06, closes_unanswered=0.06)}
    channels = tuple((connector, 1) for connector, _ in CONNECTORS[:3])
    before = START - timedelta(days=9)
    life = Life(world=world, seed=seed, start=before, per_day=9.0, channels=channels, habits=habits)
    life.advance(START)
    call, state, recall = Asked(life), PortalState(portal="acme"), Recall()
    down: datetime | None = None
    loop = asyncio.new_event_loop()
    for number in range(days * 1440):
        now = START + number * MINUTE
        clock.advance(now - clock.now())
        life.advance(now)
        if luck.random() < 1 / 700:
            life.world.set_error("max", 1, error=luck.random() < 0.4)
        if luck.random() < 1 / 1200:
            down = now + timedelta(minutes=luck.randint(1, 40))
        call.broken = down is not None and now < down
        view = View(policy=POLICY, state=state, now=now, clock=lambda now=now: now, recall=recall)  # type: ignore[misc]
        readings = loop.run_until_complete(readings_of(call, view, furniture=number % 60 == 0))
        judged = judge(replace(state, calm_until=None), readings, POLICY, Context(), now=now, real_now=now)
        yield now, readings, state, judged
        state = judged.state
    loop.close()


STANDING = {"streak", "well", "flag_at"}  # of a channel: how long its flag has said the same


def remembered(state: PortalState) -> dict[str, Any]:
    """But for the end of the tokens, half a year after the last good poll: it goes on by itself."""
    return {
        subject: replace(one, until=None, began=None) if subject == TOKEN else one  # type: ignore[arg-type]
        for subject, one in state.reminders.items()
    }


def same(one: Judgement, other: Judgement) -> None:
    """But for the streaks of channels that are well."""
    for field in fields(Judgement):
        if field.name != "state":
            assert getattr(one, field.name) == getattr(other, field.name)
    for field in fields(PortalState):
        if field.name == "reminders":
            assert remembered(one.state) == remembered(other.state)
        elif field.name not in {"channels", "calm_until"}:
            assert getattr(one.state, field.name) == getattr(other.state, field.name), field.name
    for key, memory in one.state.channels.items():
        is_well = (memory.hidden or memory.diagnosis).state is State.CONNECTED
        for field in fields(memory):
            if field.name not in STANDING or not is_well:
                assert getattr(memory, field.name) == getattr(other.state.channels[key], field.name), (key, field.name)


@pytest.mark.long
def test_days_with_calm_polls_are_the_days_judged_in_full() -> None:
    """A weekend at the end; a maintenance, a licence that ends, a dead channel, a portal out of reach."""
    state, calm, total = PortalState(portal="acme"), 0, 0
    opened: set[str] = set()
    for now, readings, before, whole in polls(1, 3):
        quiet = replace(state, judged_by=before.judged_by)  # the same objects judge them
        judged = judge(quiet, readings, POLICY, Context(), now=now, real_now=now)
        same(judged, whole)
        is_calm = calmly(quiet, readings, POLICY, {}, now) is not None
        calm, total = calm + is_calm, total + 1
        state = judged.state
        opened |= {one.kind.value for one in whole.opened}
    assert 0.1 < calm / total < 0.97
    assert {"slow_reply", "no_reply", "portal_unreachable", "expiry_soon"} <= opened
    assert opened & {"channel_down", "qr_rescan_required"}


@pytest.fixture(scope="module")
def calm() -> tuple[datetime, list[Reading], PortalState]:
    """A poll that is calm, and the state before it."""
    state = PortalState(portal="acme")
    for now, readings, before, _ in polls(3, 3):
        quiet = replace(state, judged_by=before.judged_by)
        if calmly(quiet, readings, POLICY, {}, now) is not None:
            return now, readings, quiet
        state = judge(quiet, readings, POLICY, Context(), now=now, real_now=now).state
    raise AssertionError("no poll of three days was calm")


Calm = tuple[datetime, list[Reading], PortalState]


def changed(readings: Sequence[Reading], probe: str, **changes: Any) -> list[Reading]:
    return [replace(one, **changes) if one.probe == probe else one for one in readings]


def test_a_calm_poll_moves_the_clocks_on_and_nothing_else(calm: Calm) -> None:
    now, readings, state = calm
    after = calmly(state, readings, POLICY, {}, now)
    assert after is not None
    assert after.memory.last_success == now
    assert after.memory.good == state.memory.good + 1
    assert after.channels is state.channels
    assert after.sessions is state.sessions
    assert after.turns is state.turns


def test_news_of_any_kind_is_judged(calm: Calm) -> None:
    now, readings, state = calm
    flag = next(finding for one in readings for finding in one.findings if isinstance(finding, FlagSeen))
    word = ProviderSeen(provider="w", account="a", state=State.CONNECTED, raw="active")
    failure = Failure(reason=Reason.TIMEOUT)
    for told in (
        changed(readings, "connector_status", findings=(replace(flag, error=True),)),
        changed(readings, "connector_status", findings=(replace(flag, key=ChannelKey(9, "new")),)),
        changed(readings, "connector_status", findings=(word,)),
        changed(readings, "connector_status", failure=failure),
        changed(readings, "portal_health", failures=(failure,)),
        changed(readings, "portal_health", news=("a word",)),
        [one for one in readings if one.probe != "dialogs"],
        [*readings, Reading(probe="queue_audit", source="bitrix24", at=now)],
    ):
        assert calmly(state, told, POLICY, {}, now) is None


def furniture(state: PortalState) -> tuple[LinesSeen, ConnectorsSeen, StaffSeen]:
    """As it is known."""
    staff = StaffSeen(managers=tuple(state.managers.values()), departments=tuple(state.departments.values()))
    return (
        LinesSeen(lines=tuple(state.lines.values())),
        ConnectorsSeen(connectors=tuple(state.connectors.items())),
        staff,
    )


def seen(now: datetime, *findings: Finding) -> Reading:
    return Reading(probe="discovery", source="bitrix24", at=now, findings=findings)


def test_furniture_as_it_is_known_is_no_news_and_its_time_is_kept(calm: Calm) -> None:
    now, readings, state = calm
    nowhere = FlagSeen(key=ChannelKey(1, "viber"), error=False, configured=False, status=False)
    after = calmly(state, [*readings, seen(now, *furniture(state), nowhere)], POLICY, {}, now)
    assert after is not None
    assert after.cursor.discovered == now
    dialogs_apart = [one for one in readings if one.probe != "dialogs"]
    assert calmly(state, [*dialogs_apart, seen(now, *furniture(state))], POLICY, {}, now) is None


def test_rights_and_licence_as_they_are_known_are_no_news(calm: Calm) -> None:
    now, readings, state = calm
    licence = LicenceSeen(licence="ru_pro100", installed=True, payment_expired=False, days_left=None)
    scopes = ScopesSeen(granted=frozenset({"im"}), missing=frozenset({"crm", "user_brief"}))
    known = replace(state, memory=replace(state.memory, licence=licence, missing_scopes=("crm", "user_brief")))

    def told(*findings: Finding) -> list[Reading]:
        return [*readings, Reading(probe="portal_rights", source="bitrix24", at=now, findings=findings)]

    assert calmly(known, told(licence, scopes), POLICY, {}, now) is not None
    for other in (replace(licence, payment_expired=True), replace(scopes, missing=frozenset())):
        assert calmly(known, told(other), POLICY, {}, now) is None


def test_furniture_that_has_changed_is_judged(calm: Calm) -> None:
    now, readings, state = calm
    lines, connectors, staff = furniture(state)
    renamed = replace(lines.lines[0], name="another")
    gone = replace(staff.managers[0], active=False)
    connected = FlagSeen(key=ChannelKey(1, "viber"), error=False, configured=True, status=True)
    for told in (
        (replace(lines, lines=(renamed, *lines.lines[1:])), connectors, staff),
        (replace(lines, lines=lines.lines[1:]), connectors, staff),
        (lines, replace(connectors, connectors=connectors.connectors[1:]), staff),
        (lines, connectors, replace(staff, managers=(gone, *staff.managers[1:]))),
        (lines, connectors, replace(staff, departments=())),
        (lines, connectors, staff, connected),
    ):
        assert calmly(state, [*readings, seen(now, *told)], POLICY, {}, now) is None


def test_what_else_could_change_the_judgement_is_judged(calm: Calm) -> None:
    now, readings, state = calm
    outage = Outage(provider="wazzup", since=now, portals=5, crowded=now)
    assert calmly(state, readings, replace(POLICY), {}, now) is None  # the configuration was read again
    assert calmly(state, readings, POLICY, {"wazzup": outage}, now) is None
    assert state.calm_until is not None
    assert calmly(state, readings, POLICY, {}, state.calm_until) is None
    assert calmly(state, readings, POLICY, {}, now - timedelta(hours=1)) is None  # our clock went back
    assert calmly(replace(state, calm_until=None), readings, POLICY, {}, now) is None


def test_calm_ends_with_the_quarter_of_an_hour(calm: Calm) -> None:
    now, _, state = calm
    until = calm_until(state, POLICY, now)
    assert until is not None
    assert now < until <= now + QUARTER
    assert until.minute % 15 == until.second == 0


def test_calm_ends_when_a_silence_would_begin_to_say_something(calm: Calm) -> None:
    now, _, state = calm
    key, memory = next(iter(state.channels.items()))
    assert memory.patience is not None
    soon = replace(memory, patience=replace(memory.patience, after=now + timedelta(seconds=40)))
    assert calm_until(replace(state, channels={**state.channels, key: soon}), POLICY, now) == soon.patience.after  # type: ignore[union-attr]
    over = replace(memory, patience=replace(memory.patience, after=now - MINUTE))
    assert calm_until(replace(state, channels={**state.channels, key: over}), POLICY, now) is None


def test_where_something_is_under_way_nothing_is_calm(calm: Calm) -> None:
    now, _, state = calm
    key, memory = next(iter(state.channels.items()))
    number, session = next(iter(state.sessions.items()))
    window = Maintenance(start=now - MINUTE, end=now + MINUTE)
    canary = CanaryRule(through="p", to="t")
    assert calm_until(state, replace(POLICY, maintenance=(window,)), now) is None
    assert calm_until(state, replace(POLICY, channels={key: ChannelPolicy(canary=canary)}), now) is None
    for other in (
        replace(state, channels={key: replace(memory, flips=(now,))}),
        replace(state, channels={key: replace(memory, well=1)}),
        replace(state, sessions={number: replace(session, due=True)}),
        replace(state, sessions={number: replace(session, unconfirmed=(5,))}),
        replace(state, cursor=replace(state.cursor, holes=((5, now),))),
        replace(state, cursor=replace(state.cursor, settled=False)),
        replace(state, memory=replace(state.memory, failed=1)),
        replace(state, memory=replace(state.memory, denied=1)),
        replace(state, memory=replace(state.memory, good=1)),
    ):
        assert calm_until(other, POLICY, now) is None
