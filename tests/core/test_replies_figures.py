"""Figures of a period: shares without survivors, percentiles by rank, each manager's own beside the team's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replies_parts import IN_OFFICE, MINUTE, RULES, at, judged, turns

from monitor.core.parity import Why, compare, parity
from monitor.core.replies import Waited, by_key, by_manager, in_period, of_team, spread
from monitor.core.turn import Turn

NOW = at("23:00")
SPAN = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3))


def several(*stories: str, **more: object) -> list[Turn]:
    return [turn for story in stories for turn in turns(story, **more)]


def test_case_12_and_24_who_was_never_answered_stands_in_the_share_and_in_the_percentiles() -> None:
    told = several("10:00 c; 10:05 m12", "10:00 c; 10:30 m12", "10:00 c; 11:00 end", "10:00 c", "22:55 c")
    figures = of_team(told, NOW)
    assert (figures.met, figures.late, figures.missed, figures.overdue, figures.waiting) == (1, 1, 1, 1, 1)
    assert (figures.n, figures.share) == (4, 0.25)
    assert figures.team.p50 == Waited(15 * MINUTE, at_least=True)
    assert figures.calendar.worst == Waited(13 * 60 * MINUTE, at_least=True)


def test_case_49_a_turn_belongs_to_the_period_of_its_deadline_and_to_no_other() -> None:
    (turn,) = turns("23:50 c", now="23:55")
    months = [in_period([turn], at("1/00:00"), at("2/00:00")), in_period([turn], at("2/00:00"), at("3/00:00"))]
    assert [len(month) for month in months] == [0, 1]


def test_case_50_nobody_is_rated_by_fewer_than_ten_turns() -> None:
    told = several("10:00 c; 10:30 m12") * 9
    assert not of_team(told, NOW).is_rated
    assert of_team([*told, told[0]], NOW).is_rated
    assert of_team([], NOW).share is None


def test_met_and_late_are_the_answerers_and_what_nobody_answered_is_the_holders() -> None:
    told = several("10:00 c; 10:01 n12; 10:05 m15", "10:00 c; 10:01 n12; 11:00 end", "10:00 c; 11:00 end")
    figures = by_manager(told, NOW)
    assert (figures[15].met, figures[15].helped) == (1, 1)
    assert (figures[12].missed, figures[12].met) == (1, 0)
    assert figures[0].missed == 1


def test_the_teams_response_and_the_managers_own_are_told_apart() -> None:
    told = several("10:00 c; 10:10 n12; 10:14 m12")
    mine = by_manager(told, NOW)[12]
    assert (mine.team.p50, mine.own.p50) == (Waited(14 * MINUTE), Waited(4 * MINUTE))


def test_each_holder_has_his_own_seconds_and_the_team_has_them_all() -> None:
    told = several("10:00 c; 10:02 n12; 10:10 n12>15; 10:14 m15")
    figures = by_manager(told, NOW)
    assert (figures[12].held, figures[15].held, of_team(told, NOW).held) == (8 * MINUTE, 4 * MINUTE, 14 * MINUTE)


def test_what_games_the_figures_is_counted_by_name() -> None:
    told = several("10:00 c; 10:01 n12; 10:05 end12", "10:00 c; 10:00 n12; 10:05 n15; 10:08 m15")
    told += several("10:00 c; 10:01 n12; 10:05 end12", status=65)
    figures = by_manager(told, NOW)[12]
    assert (figures.closed_unanswered, figures.skipped, figures.spam) == (1, 1, 1)
    assert by_manager(told, NOW)[15].skipped == 0


def test_what_was_closed_while_nobody_had_it_stands_in_the_queues_row_so_that_rows_add_up_to_the_team() -> None:
    told = several("10:00 c; 10:05 end", "10:00 c; 10:01 n12; 10:05 end12", "10:00 c; 10:01 n12; 10:05 end")
    told += several("10:00 c; 10:05 end", status=65)
    rows = by_manager(told, NOW)
    assert {user: one.closed_unanswered for user, one in rows.items()} == {0: 1, 12: 2}
    for name in ("closed_unanswered", "spam", "waved_off"):
        assert sum(getattr(one, name) for one in rows.values()) == getattr(of_team(told, NOW), name)


def test_a_queue_that_nothing_is_told_of_has_no_row() -> None:
    assert set(by_manager(several("10:00 c; 10:01 n12; 10:05 m12"), NOW)) == {12}


def test_blame_of_late_turns_is_told_by_whose_fault_they_are() -> None:
    told = several("10:00 c; 10:01 n12; 10:40 m12", "10:00 c; 10:40 n12; 10:41 m12", "10:00 c")
    assert of_team(told, NOW).blame == {"manager": 1, "routing": 2}


def test_figures_by_line_are_team_figures() -> None:
    told = several("10:00 c; 10:05 m12") + several("10:00 c; 10:50 m12", line=2)
    lines = by_key(told, lambda turn: turn.line, NOW)
    assert {line: one.share for line, one in lines.items()} == {1: 1.0, 2: 0.0}


def test_an_excused_turn_is_in_no_share() -> None:
    rules = replace(RULES, outages=((at("10:00"), at("10:40")),))
    figures = of_team(several("10:00 c; 10:41 m12", rules=rules), NOW)
    assert (figures.excused, figures.n) == (1, 0)


@given(st.lists(st.builds(Waited, SPAN, st.booleans()), min_size=1, max_size=60))
def test_percentiles_are_waits_that_were_and_split_them_as_they_say(waits: list[Waited]) -> None:
    told = spread(waits)
    assert told.p50 is not None
    assert told.p90 is not None
    assert {told.p50, told.p90} <= set(waits)
    for percent, value in ((50, told.p50), (90, told.p90)):
        assert sum(one <= value for one in waits) * 100 >= percent * len(waits)
        assert sum(one < value for one in waits) * 100 < percent * len(waits)


@pytest.mark.parametrize(
    ("story", "portal", "ours", "why"),
    [
        ("10:00 c; 10:05 m12", 5, 5, Why.SAME),
        ("03:00 c; 09:10 m12", 370, 10, Why.NIGHTS),
        ("10:00 c; 10:05 end12", 5, None, Why.CLOSED),
        ("10:00 c; 10:02 m12 failed; 10:20 m12", 2, 20, Why.NO_ANSWER),
        ("10:00 c; 10:00 n90; 10:01 b90; 10:20 n90>12; 10:30 m12", 30, 10, Why.BOT),
        ("10:00 c", 780, None, Why.OPEN),
    ],
)
def test_the_portals_own_number_stands_beside_ours_with_the_reason(
    story: str, portal: float, ours: float | None, why: Why
) -> None:
    told = compare(judged(story, rules=IN_OFFICE).turns[0], NOW)
    assert told is not None
    assert (told.portal / MINUTE, told.why) == (portal, why)
    assert (told.ours / MINUTE if told.ours is not None else None) == ours


def test_a_bots_own_dialog_is_in_neither_number() -> None:
    assert parity(turns("10:00 c; 10:00 n90; 10:01 b90; 12:00 end"), NOW).n == 0


def test_the_difference_of_a_period_is_the_sum_of_its_reasons() -> None:
    told = several("10:00 c; 10:05 m12", "03:00 c; 09:10 m12", "10:00 c; 10:05 end12", rules=IN_OFFICE)
    outcome = parity(told, NOW)
    assert (outcome.n, outcome.portal_mean, outcome.ours_mean) == (3, 380 * MINUTE / 3, 15 * MINUTE / 2)
    apart = sum((span for _, span in outcome.by_reason.values()), timedelta())
    assert apart == 380 * MINUTE - 15 * MINUTE
