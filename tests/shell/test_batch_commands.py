"""How commands are written, split into batches and told apart again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from portal_parts import pairs

from monitor.core.model import Failure, Reason
from monitor.shell import batch
from monitor.shell.batch import HISTORY, Command
from monitor.shell.parted import parted


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


@given(st.text(alphabet="aZ09_.~:+- /%ж٣"))
def test_a_value_is_written_as_the_standard_library_writes_it(value: str) -> None:
    assert batch.command("m", {"q": value}).text == f"m?q={quote(value, safe='')}"
    assert batch.command("m", {"f": {"q": value}}).text == f"m?f[q]={quote(value, safe='')}"


@pytest.mark.parametrize("number", [0, 7, -1, 10**12])
def test_a_number_is_written_as_it_is_wherever_it_stands(number: int) -> None:
    assert batch.command(HISTORY, {"SESSION_ID": number}).text == f"{HISTORY}?SESSION_ID={number}"
    assert batch.command("m", {"start": number, "f": {">ID": number}}).text == f"m?start={number}&f[%3EID]={number}"
    assert batch.command("m", {"f": {">ID": number == 0}}).text == f"m?f[%3EID]={int(number == 0)}"


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


def outcomes(answer: Any, count: int) -> list[Any]:
    return batch.outcomes(batch.enveloped(answer), count)


def answer(**parts: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        name: [] for name in ("result", "result_error", "result_total", "result_next", "result_time")
    }
    return {"result": {**empty, **parts}}


@pytest.mark.parametrize("value", [False, 0, [], "", None, {}])
def test_an_empty_result_is_a_result(value: Any):
    (outcome,) = outcomes(answer(result={"c0": value}), 1)
    assert outcome == value


def test_an_empty_error_code_is_an_error():
    (outcome,) = outcomes(answer(result_error={"c0": {"error": "", "error_description": "no right"}}), 1)
    assert outcome == Failure(reason=Reason.REJECTED, code="", detail="no right")


def test_a_failed_command_leaves_its_neighbours_alone():
    told = answer(result={"c1": {"ID": "1"}}, result_error={"c0": {"error": "ACCESS_DENIED", "error_description": "x"}})
    first, second = outcomes(told, 2)
    assert isinstance(first, Failure)
    assert first.reason is Reason.DENIED
    assert second == {"ID": "1"}


def test_a_command_that_stands_in_no_part_is_malformed():
    (outcome,) = outcomes(answer(result={"c9": 1}), 1)
    assert isinstance(outcome, Failure)
    assert outcome.reason is Reason.MALFORMED


@pytest.mark.parametrize("told", [{"result": []}, {"result": None}, {"result": {"result_error": []}}, [], "x", {}])
def test_an_answer_of_another_shape_is_malformed_for_everyone(told: Any):
    assert [outcome.reason for outcome in outcomes(told, 2) if isinstance(outcome, Failure)] == [Reason.MALFORMED] * 2


METERS = [
    ({"operating": 0.41, "operating_reset_at": 1790000600}, 0.41, datetime.fromtimestamp(1790000600, UTC)),
    ({"operating": 2}, 2.0, None),
    ({"operating": "x", "operating_reset_at": 1e300}, None, None),
    ({"operating": 10**400, "operating_reset_at": 10**400}, None, None),
    ([], None, None),
    (None, None, None),
]


@pytest.mark.parametrize(("told", "operating", "reset_at"), METERS, ids=lambda told: str(told)[:40])
def test_the_meter_stands_beside_the_result(told: Any, operating: float | None, reset_at: datetime | None) -> None:
    whole = answer(result={"c0": [1]}, result_total={"c0": "x"}, result_time={"c0": told})
    in_parts = parted(json.dumps(whole).encode(), [batch.command("m", unread=True)])
    for one in filter(None, (batch.enveloped(whole), in_parts)):
        assert batch.outcomes(one, 1) == [[1]]
        assert one.parts is not None
        meter = one.parts.time.get("c0")
        assert (batch.operating_of(meter), batch.reset_at(meter)) == (operating, reset_at)
