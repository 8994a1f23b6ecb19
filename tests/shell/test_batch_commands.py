"""How commands are written, split into batches and told apart again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portal_parts import pairs

from monitor.core.model import Failure, Reason
from monitor.shell import batch
from monitor.shell.batch import HISTORY, Answered, Command


def test_nested_parameters_are_written_in_bracket_style():
    params = {"filter": {">=LAST_UPDATED": "2026-09-21T10:00:00+03:00", "PROVIDER_ID": "IMOPENLINES_SESSION"}}
    assert pairs(batch.command("crm.activity.list", params).text) == [
        ("filter[>=LAST_UPDATED]", "2026-09-21T10:00:00+03:00"),
        ("filter[PROVIDER_ID]", "IMOPENLINES_SESSION"),
    ]


def test_list_values_repeat_their_name():
    assert pairs(batch.command("m", {"select": ["ID", "END_TIME"]}).text) == [
        ("select[]", "ID"),
        ("select[]", "END_TIME"),
    ]


def test_lists_of_maps_keep_what_belongs_together():
    text = batch.command("m", {"rows": [{"a": 1, "b": 2}, {"a": 3}]}).text
    assert pairs(text) == [("rows[0][a]", "1"), ("rows[0][b]", "2"), ("rows[1][a]", "3")]


def test_a_parameter_without_value_is_not_sent():
    assert batch.command("server.time", {"x": None}).text == "server.time"


def test_values_are_encoded_once_and_survive():
    value = "100% & more=+ [x] ж\n"
    command = batch.command("m", {"q": value})
    assert pairs(command.text) == [("q", value)]
    assert "%25" in command.text
    assert "%2525" not in command.text


@given(st.dictionaries(st.text(alphabet="ABC_>=<!%@ж", min_size=1), st.text(), max_size=4))
def test_any_filter_arrives_as_it_was_meant(given_filter: dict[str, str]):
    text = batch.command("m", {"filter": given_filter}).text
    assert pairs(text) == [(f"filter[{name}]", value) for name, value in given_filter.items()]


@given(st.lists(st.sampled_from([HISTORY, "imconnector.status"]), max_size=180))
def test_batches_hold_all_commands_within_both_limits(methods: list[str]):
    batches = batch.split([Command(method=method, query="") for method in methods])
    assert sorted(index for indices in batches for index in indices) == list(range(len(methods)))
    for indices in batches:
        assert 0 < len(indices) <= 50
        assert sum(methods[index] == HISTORY for index in indices) <= 10


def test_fifty_commands_need_one_batch_and_one_more_a_second():
    commands = [Command(method="imconnector.status", query="")] * 51
    assert [len(indices) for indices in batch.split(commands)] == [50, 1]


def test_the_keys_of_a_batch_are_never_numeric():
    assert set(batch.body([Command(method="a", query=""), Command(method="b", query="x=1")])["cmd"]) == {"c0", "c1"}


def answer(**parts: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        name: [] for name in ("result", "result_error", "result_total", "result_next", "result_time")
    }
    return {"result": {**empty, **parts}}


@pytest.mark.parametrize("value", [False, 0, [], "", None, {}])
def test_an_empty_result_is_a_result(value: Any):
    (outcome,) = batch.outcomes(answer(result={"c0": value}), 1)
    assert outcome == Answered(result=value)


def test_an_empty_error_code_is_an_error():
    (outcome,) = batch.outcomes(answer(result_error={"c0": {"error": "", "error_description": "no right"}}), 1)
    assert outcome == Failure(reason=Reason.REJECTED, code="", detail="no right")


def test_a_failed_command_leaves_its_neighbours_alone():
    told = answer(result={"c1": {"ID": "1"}}, result_error={"c0": {"error": "ACCESS_DENIED", "error_description": "x"}})
    first, second = batch.outcomes(told, 2)
    assert isinstance(first, Failure)
    assert first.reason is Reason.DENIED
    assert second == Answered(result={"ID": "1"})


def test_a_command_that_stands_in_no_part_is_malformed():
    (outcome,) = batch.outcomes(answer(result={"c9": 1}), 1)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.MALFORMED


@pytest.mark.parametrize("told", [{"result": []}, {"result": None}, {"result": {"result_error": []}}, [], "x", {}])
def test_an_answer_of_another_shape_is_malformed_for_everyone(told: Any):
    assert [outcome.reason for outcome in batch.outcomes(told, 2) if isinstance(outcome, Failure)] == [
        Reason.MALFORMED
    ] * 2


def test_totals_and_costs_stand_beside_the_result():
    told = answer(
        result={"c0": [1]},
        result_total={"c0": 80},
        result_next={"c0": 50},
        result_time={"c0": {"operating": 0.41, "operating_reset_at": 1790000600}},
    )
    (outcome,) = batch.outcomes(told, 1)
    reset = datetime.fromtimestamp(1790000600, UTC)
    assert isinstance(outcome, Answered)
    assert (outcome.result, outcome.total, outcome.next) == ([1], 80, 50)
    assert (outcome.operating, outcome.reset_at) == (0.41, reset)


def test_nonsense_beside_the_result_is_nothing():
    told = answer(
        result={"c0": 1}, result_total={"c0": "x"}, result_time={"c0": {"operating": "x", "operating_reset_at": 1e300}}
    )
    (outcome,) = batch.outcomes(told, 1)
    assert isinstance(outcome, Answered)
    assert outcome[:3] == (1, None, None)
    assert (outcome.operating, outcome.reset_at) == (None, None)
