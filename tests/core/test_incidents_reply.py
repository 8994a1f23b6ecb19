"""Waiting customers as stories: slow at one target, unanswered at three."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from judgement_parts import BOT, ERROR, MINUTE, OK, START, World, ended, make_turn

from monitor.core.incident import Audience, IncidentKind, Severity
from monitor.core.policy import Guarantee, Maintenance
from monitor.core.turn import Turn, Verdict

SLOW, NO = IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY


def waiting(turn: Turn | None = None, **wishes: object) -> World:
    world = World(**wishes)
    world.dialog(turn or make_turn())
    return world


def after(world: World, minutes: int) -> list[IncidentKind]:
    world.now = START + (minutes - 1) * MINUTE
    world.poll()
    return world.kinds()


def test_at_the_deadline_nobody_is_slow_and_a_minute_later_it_is_the_heads_business() -> None:
    world = waiting()
    assert after(world, 15) == []
    assert after(world, 16) == [SLOW]
    incident = world.incident()
    assert (incident.subject, incident.severity, incident.audience) == ("1777/90101", Severity.WARNING, Audience.HEAD)
    assert (incident.since, incident.opened) == (START, START + 16 * MINUTE)
    assert dict(incident.labels) == {
        "line": "1",
        "connector": "wz_whatsapp_0a1b",
        "messenger": "whatsapp",
        "manager": "12",
    }


def test_at_three_targets_no_reply_is_told_beside_the_slow_reply_which_stays_open() -> None:
    world = waiting()
    assert after(world, 45) == [SLOW]
    assert after(world, 46) == [NO, SLOW]
    assert {one.kind: one.severity for one in world.state.incidents.values()}[NO] is Severity.CRITICAL
    assert world.closed == []


def test_a_turn_found_past_three_targets_opens_both_at_once() -> None:
    world = waiting()
    assert after(world, 50) == [NO, SLOW]


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (Verdict.LATE, "answered"),
        (Verdict.MET, "answered"),
        (Verdict.MISSED, "closed"),
        (Verdict.EXCUSED, "excused"),
        (Verdict.WAIVED, "excused"),
        (Verdict.VOID, "excused"),
        (Verdict.BOT_ONLY, "excused"),
    ],
)
def test_the_incident_ends_with_the_turn_and_says_how(verdict: Verdict, reason: str) -> None:
    world = waiting()
    after(world, 20)
    world.dialog(ended(make_turn(), verdict, world.now))
    assert SLOW not in after(world, 21)
    assert [one.close_reason for one in world.closed] == [reason]


def test_a_turn_that_is_not_remembered_any_more_takes_its_incident_along() -> None:
    world = waiting()
    after(world, 20)
    world.state = replace(world.state, turns={})
    after(world, 21)
    assert [one.close_reason for one in world.closed] == ["gone"]


def test_an_answered_turn_opens_nothing() -> None:
    assert after(waiting(ended(make_turn(), Verdict.LATE, START)), 60) == []


def test_nobody_is_slow_while_the_portal_does_not_answer() -> None:
    world = waiting()
    world.now = START + 14 * MINUTE
    world.fail(times=2)
    assert world.kinds() == []
    world.poll()
    assert world.kinds() == [SLOW]


def test_an_open_slow_reply_stays_as_it_is_while_the_portal_does_not_answer() -> None:
    world = waiting()
    after(world, 20)
    before = world.incident()
    world.now = START + 60 * MINUTE
    world.fail(times=2)
    assert world.incident() is before


def test_a_dialog_that_was_not_looked_at_since_its_deadline_opens_nothing() -> None:
    world = waiting()
    world.dialog(make_turn(), read_at=START + 15 * MINUTE)
    assert after(world, 16) == []
    world.dialog(make_turn(), read_at=START + 16 * MINUTE)
    assert after(world, 17) == [SLOW]
    assert after(world, 60) == [SLOW]
    world.dialog(make_turn(), read_at=START + 60 * MINUTE)
    assert after(world, 61) == [NO, SLOW]


def test_a_dialog_that_moved_and_is_not_read_yet_opens_nothing() -> None:
    world = waiting()
    world.dialog(make_turn(), read_at=START + 20 * MINUTE, due=True)
    assert after(world, 21) == []


def test_the_manager_label_follows_the_holder() -> None:
    world = waiting(make_turn(holder=0))
    after(world, 20)
    assert dict(world.incident().labels)["manager"] == "queue"
    world.dialog(make_turn(holder=12))
    after(world, 21)
    assert dict(world.incident().labels)["manager"] == "12"
    assert [one.id for one in world.last.updated] == [world.opened[0].id]


@pytest.mark.parametrize(("hours", "opens"), [(47, True), (48, False), (200, False)])
def test_of_what_was_overdue_at_first_sight_only_the_younger_is_news(hours: int, opens: bool) -> None:
    opened = START - timedelta(hours=hours)
    world = waiting(make_turn(opened))
    world.state = replace(world.state, cursor=replace(world.state.cursor, first_sight=START))
    assert after(world, 1) == ([NO, SLOW] if opens else [])


def test_what_became_overdue_after_first_sight_is_news_however_old() -> None:
    opened = START - timedelta(hours=100)
    turn = make_turn(opened, deadline=START + 5 * MINUTE, no_reply_at=START + 99 * MINUTE)
    world = waiting(turn)
    world.state = replace(world.state, cursor=replace(world.state.cursor, first_sight=START))
    assert after(world, 6) == [SLOW]


def test_what_was_due_at_the_very_first_sight_was_not_overdue_then() -> None:
    turn = make_turn(START - timedelta(hours=100), deadline=START, no_reply_at=START + 99 * MINUTE)
    world = waiting(turn)
    world.state = replace(world.state, cursor=replace(world.state.cursor, first_sight=START))
    assert after(world, 1) == [SLOW]


def test_each_waiting_dialog_is_an_incident_of_its_own() -> None:
    world = waiting()
    world.dialog(make_turn(START + MINUTE, message=90102))
    assert after(world, 30) == [SLOW, SLOW]


def test_people_who_do_not_answer_are_not_covered_by_the_guarantee() -> None:
    world = waiting(guarantee=Guarantee(option="messengers", start=START, end=START + timedelta(days=365)))
    after(world, 20)
    assert world.incident().guaranteed is False


def test_a_maintenance_hides_waiting_customers_and_hands_nothing_over() -> None:
    window = Maintenance(start=START + 20 * MINUTE, end=START + 60 * MINUTE)
    world = waiting(maintenance=(window,))
    assert after(world, 19) == [SLOW]
    assert after(world, 50) == [SLOW]
    assert after(world, 85) == [SLOW]
    assert after(world, 86) == [NO, SLOW]
    begins = Maintenance(start=START + 16 * MINUTE, end=START + 60 * MINUTE)
    assert after(waiting(maintenance=(begins,)), 16) == []


def test_a_channel_that_is_down_does_not_hide_those_who_wait_on_another() -> None:
    world = waiting(make_turn(connector=BOT.connector))
    world.poll(OK, ERROR, ERROR)
    assert after(world, 20) == [IncidentKind.QR_RESCAN_REQUIRED, SLOW]


def test_out_of_the_lines_hours_nobody_is_called_and_at_the_opening_he_is() -> None:
    world = waiting()
    world.is_open = lambda _line, _at: False
    assert after(world, 16) == []
    world.is_open = lambda _line, _at: True
    assert after(world, 17) == [SLOW]
    world.is_open = lambda _line, _at: False
    assert after(world, 18) == [SLOW]
    assert after(world, 50) == [SLOW]


def test_what_became_late_before_the_line_closed_is_late_though_the_next_poll_comes_after() -> None:
    world, closing = waiting(), START + 15 * MINUTE + timedelta(seconds=20)
    world.is_open = lambda _, at: at < closing
    assert after(world, 16) == [SLOW]
    assert after(world, 50) == [SLOW]


def test_what_became_late_at_night_is_nobodys_business_until_the_line_opens() -> None:
    world = waiting()
    world.is_open = lambda _, at: at < START + 15 * MINUTE
    assert after(world, 60) == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"ended_by": 90105, "blame": "channel"}, "answered"),
        ({"blame": "channel"}, "closed"),
        ({"blame": "us"}, "closed"),
        ({"cause": "spam"}, "excused"),
    ],
)
def test_an_excuse_makes_no_answer_of_a_close_and_no_close_of_an_answer(facts: dict[str, Any], reason: str) -> None:
    world = waiting()
    after(world, 20)
    world.dialog(ended(make_turn(**facts), Verdict.EXCUSED, world.now))
    after(world, 21)
    assert [one.close_reason for one in world.closed] == [reason]
