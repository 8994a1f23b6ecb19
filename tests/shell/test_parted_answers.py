"""A large answer with its rows left unread means what the whole answer means."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.history import parse
from monitor.core.recall import Recall
from monitor.shell import batch
from monitor.shell.parted import parted
from probes._activities import last_id, lasting, session_of, told_rows

PADDING = " " * 8192
UNREAD = [
    batch.command("crm.activity.list", unread=True),
    batch.command("imopenlines.session.history.get", unread=True),
]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


def body(*results: Any, **parts: Any) -> bytes:
    told = {"result": {f"c{index}": value for index, value in enumerate(results)}, "result_error": []} | parts
    return (json.dumps({"result": told, "time": {"operating": 1.5}}, ensure_ascii=False) + PADDING).encode()


def read(value: Any) -> Any:
    """What was left unread, read."""
    if isinstance(value, bytes):
        return json.loads(value)
    return [read(one) for one in value] if isinstance(value, list) else value


@given(JSON, JSON)
def test_read_at_last_it_says_the_same(one: Any, other: Any) -> None:
    whole = body(one, other)
    told = parted(whole, UNREAD)
    assert told is not None
    assert told.parts is not None
    assert batch.operating_of(told.time) == 1.5
    for name, value in (("c0", one), ("c1", other)):
        found = told.parts.result[name]
        if isinstance(value, dict) and "message" in value:
            assert read(found["message"]) in (value["message"], list(value["message"] or ()))
        else:
            assert read(found) == value


def test_rows_are_left_to_who_wants_them_so_alone() -> None:
    rows = [{"ID": "1"}]
    told = parted(body(rows, rows, rows[0]), [batch.command("a", unread=True), batch.command("b")])
    assert told is not None
    assert told.parts is not None
    assert told.parts.result == {"c0": [b'{"ID": "1"}'], "c1": rows}
    assert parted(body(rows), ()) is None


@pytest.mark.parametrize(
    "whole",
    [
        b'{"result": []}' + PADDING.encode(),
        b'{"error": "QUERY_LIMIT_EXCEEDED"}' + PADDING.encode(),
        b'{"result": {"result": {"c0": ' + b"[" * 100_000,
        b"<html>" + PADDING.encode(),
        b'{"result": {"result": {"c0": [1' + PADDING.encode(),
        b'{"result": {"result": {"c0": "\xff"}}}' + PADDING.encode(),
    ],
    ids=["a list", "an error", "a nest", "a page", "cut off", "no text"],
)
def test_what_has_another_shape_is_read_as_a_whole(whole: bytes) -> None:
    assert parted(whole, UNREAD) is None


@pytest.mark.parametrize("meters", [[], None, {}, {"c0": {"operating": 3, "start": 1}}], ids=str)
def test_php_tells_no_meters_and_no_errors_as_an_empty_list(meters: Any) -> None:
    told = parted(body({"ID": 1}, result_error=[], result_time=meters), UNREAD)
    assert told is not None
    assert batch.outcomes(told, 2)[0] == b'{"ID": 1}'


def test_a_batch_of_nothing_but_refusals_is_an_empty_list_of_results() -> None:
    told = parted(b'{"result": {"result": [], "result_error": {"c0": {"error": "X"}}}}', UNREAD[:1])
    assert told is not None
    assert [outcome.code for outcome in batch.outcomes(told, 1)] == ["X"]


ROW = {
    **{"ID": "901", "PROVIDER_ID": "IMOPENLINES_SESSION", "ASSOCIATED_ENTITY_ID": "7001", "COMPLETED": "N"},
    **{"PROVIDER_PARAMS": {"USER_CODE": "max|1|x|800"}, "END_TIME": "2026-03-03T10:00:00+03:00"},
    **{"CREATED": "2026-03-02T10:00:00+03:00", "LAST_UPDATED": "2026-03-02T11:00:00+03:00"},
}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"COMPLETED": "Y"},
        {"ID": 901},
        {"END_TIME": ""},
        {"SUBJECT": '"COMPLETED":"Y","ID":"5"'},
        {"PROVIDER_PARAMS": []},
        {"END_TIME": 'a "quoted" \\ time'},
    ],
    ids=str,
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["tight", "wide"])
def test_a_row_of_bytes_is_the_session_that_the_row_is(changed: dict[str, Any], separators: tuple[str, str]) -> None:
    row = ROW | changed
    told = json.dumps(row, separators=separators).encode()
    assert last_id([told, b"{}"], Recall().read) == last_id([{}, row], Recall().read) == 901
    assert session_of(lasting(told), Recall().read) == session_of(lasting(row)) is not None


def test_the_end_that_an_open_session_is_guessed_to_have_is_no_news() -> None:
    later = ROW | {"END_TIME": "2026-03-04T10:00:00+03:00"}
    assert lasting(json.dumps(ROW).encode()) == lasting(json.dumps(later).encode())
    closed, later = ROW | {"COMPLETED": "Y"}, later | {"COMPLETED": "Y"}
    assert lasting(json.dumps(closed).encode()) != lasting(json.dumps(later).encode())


def test_only_rows_are_rows() -> None:
    assert told_rows([b"{}", {}, "x", None, 5]) == [b"{}", {}]
    assert told_rows({"1": {"ID": 1}}) == [{"ID": 1}]
    assert told_rows("x") == []
    assert last_id([b'{"NAME": "x"}', b"["], Recall().read) == last_id([], Recall().read) == 0


def test_a_history_of_unread_messages_is_the_history() -> None:
    users = {"800": {"id": "800", "name": "\u0410", "connector": True}, "12": {"id": "12", "name": "M"}}
    message = {
        str(number): {
            "id": str(number),
            "senderid": "800" if number % 2 else "12",
            "date": f"2026-03-02T10:00:{number}+03:00",
        }
        | {"text": "x" * number, "params": []}
        for number in range(10, 30)
    }
    told = {"sessionId": 7, "chatId": "17", "message": message, "users": users, "files": [], "openlines": {"x": 1}}
    parts = parted(body([], told), UNREAD)
    assert parts is not None
    assert parts.parts is not None
    unread = parts.parts.result["c1"]
    recall = Recall(loads=msgspec.json.decode)
    for _ in range(2):
        assert parse(unread, recall=recall, portal="acme") == parse(told)
    assert "openlines" not in unread


HISTORIES = [batch.command("imopenlines.session.history.get", {"SESSION_ID": number}, unread=True) for number in (1, 2)]
ROWS = {"5": {"id": "5", "text": "x"}, "6": {"id": "6"}}


@pytest.mark.parametrize(
    "other", [{}, {"message": []}, {"message": None}, [], None, "x", {"message": ROWS, "users": []}], ids=str
)
def test_a_batch_of_histories_is_what_each_of_them_is_alone(other: Any) -> None:
    told = {"sessionId": 7, "chatId": "17", "message": ROWS, "users": {}, "chat": {"17": {}}, "openlines": {"x": 1}}
    together = parted(body(told, other), HISTORIES)
    assert together is not None
    alone = [parted(body([], one), UNREAD) for one in (told, other)]
    assert batch.outcomes(together, 2) == [batch.outcomes(one, 2)[1] for one in alone if one is not None]
    assert batch.outcomes(together, 1)[0] == {
        **{"sessionId": 7, "chatId": "17", "users": {}, "chat": {"17": {}}},
        "message": [json.dumps(row).encode() for row in ROWS.values()],
    }


def test_a_history_that_is_refused_stands_among_those_that_are_told() -> None:
    refused = {"c1": {"error": "ACCESS_DENIED", "error_description": "no"}}
    told = parted(body({"sessionId": 7, "message": ROWS}, result_error=refused), HISTORIES)
    assert told is not None
    history, failure = batch.outcomes(told, 2)
    assert (len(history["message"]), failure.code) == (2, "ACCESS_DENIED")


def test_bytes_that_cannot_be_read_are_no_message() -> None:
    told = {"sessionId": 7, "chatId": "17", "message": [b"{", b"[]", b"\xff"], "users": {}, "files": []}
    assert parse(told).messages == ()
    assert parse(told, recall=Recall(loads=msgspec.json.decode)).messages == ()
