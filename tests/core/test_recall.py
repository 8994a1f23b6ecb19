"""Rows told again word by word are not understood again, and that is never to be noticed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.history import parse
from monitor.core.model import Failure, Reason
from monitor.core.recall import Recall

ROWS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.lists(ROWS, max_size=5)), max_size=6))
def test_what_is_recalled_is_what_understanding_anew_would_tell(steps: list[tuple[int, int, list[Any]]]) -> None:
    recall = Recall(most=6)
    for place, ground, rows in steps:

        def understand(row: Any, ground: int = ground) -> str:
            return f"{ground}: {row!r}"

        assert recall.understood(place, ground, deepcopy(rows), understand) == [understand(row) for row in rows]
        assert len(recall) <= 6


def test_a_row_told_again_is_not_understood_again() -> None:
    recall, asked = Recall(), []
    for rows in ([{"id": 1}, {"id": 2}], [{"id": 2}, {"id": 3}], [{"id": 1}]):
        recall.understood("place", None, rows, asked.append)
    assert asked == [{"id": 1}, {"id": 2}, {"id": 3}, {"id": 1}]  # what was left out once is forgotten


def test_the_places_not_told_of_for_the_longest_time_go_first() -> None:
    recall, asked = Recall(most=3), []
    for place in ("a", "b", "a", "c", "b"):
        recall.understood(place, None, [place, f"{place}{place}"], asked.append)
    assert asked == ["a", "aa", "b", "bb", "a", "aa", "c", "cc", "b", "bb"]
    assert len(recall) == 2


def test_what_will_not_be_told_again_is_forgotten() -> None:
    recall, asked = Recall(), []
    recall.understood("a", None, ["x", "y"], asked.append)
    recall.understood("b", None, ["z"], asked.append)
    recall.forget(["a", "nobody"])
    assert len(recall) == 1
    recall.understood("a", None, ["x"], asked.append)
    assert asked == ["x", "y", "z", "x"]


def test_of_a_portal_that_is_watched_no_more_nothing_is_kept() -> None:
    recall, ground, asked = Recall(), object(), []
    made = {portal: recall.once((portal, "flags"), ground, object) for portal in ("acme", "acme-2")}
    for portal in made:
        recall.understood((portal, 7), None, [portal], asked.append)
    recall.let_go({"acme"})
    assert len(recall) == 1
    assert recall.once(("acme-2", "flags"), ground, object) is made["acme-2"]
    assert recall.once(("acme", "flags"), ground, object) is not made["acme"]
    recall.understood(("acme-2", 7), None, ["acme-2"], asked.append)
    assert asked == ["acme", "acme-2"]


def test_what_rests_on_the_same_ground_is_made_once() -> None:
    recall, ground = Recall(most=2), object()
    made = [recall.once("place", ground, object) for _ in range(2)]
    assert made[0] is made[1]
    assert recall.once("place", object(), object) is not made[0]
    for place in ("b", "c", "d"):
        recall.once(place, ground, object)
    assert recall.once("d", ground, object) is recall.once("d", ground, object)


def test_answers_told_again_word_by_word_come_to_what_they_came_to() -> None:
    recall, ground = Recall(), object()
    told: list[Any] = [b'{"STATUS":true}', [b"{}", b'{"ID":"1"}'], "2026-03-02T10:00:00+03:00", None]
    made = recall.told_again("place", ground, told, object)
    assert recall.told_again("place", ground, [bytes(told[0]), list(told[1]), *told[2:]], object) is made
    assert recall.of_the_same("place", ground, told) is made
    assert recall.of_the_same("elsewhere", ground, told) is None
    assert recall.of_the_same("place", object(), told) is None
    for other in ([b'{"STATUS":false}', *told[1:]], [told[0], [b"{}"], *told[2:]], told[:3], [*told[:3], 0]):
        assert recall.of_the_same("place", ground, other) is None


@pytest.mark.parametrize("odd", [{"STATUS": True}, [{"ID": "1"}], Failure(reason=Reason.TIMEOUT)], ids=str)
def test_what_is_read_already_and_what_failed_is_no_word_told_again(odd: Any) -> None:
    recall, ground = Recall(), object()
    made = recall.told_again("place", ground, [b"{}", odd], object)
    assert recall.told_again("place", ground, [b"{}", odd], object) is not made


def history(*messages: dict[str, Any], connector: bool = True) -> dict[str, Any]:
    users = {"800": {"id": "800", "name": "Анна", "connector": connector}}
    rows = {row["id"]: row for row in messages}
    return {"sessionId": 7, "chatId": "17", "message": rows, "users": users, "files": []}


def said(number: int, text: str, **params: Any) -> dict[str, Any]:
    at = f"2026-03-02T10:00:{number:02}+03:00"
    return {"id": str(number), "senderid": "800", "date": at, "text": text, "params": params}


@pytest.mark.parametrize(
    "after",
    [
        history(said(1, "здравствуйте"), said(2, "а вот ещё вопрос")),
        history(said(1, "здравствуйте, исправлено")),
        history(said(1, "здравствуйте", isDeleted="Y")),
        history(said(1, "здравствуйте"), connector=False),
        history(said(1, "здравствуйте")) | {"chatId": "18"},
        history(said(1, "здравствуйте", fileId=[5])) | {"files": [{"id": 5, "type": "image"}]},
        history(),
    ],
    ids=["one more", "an edit", "a deletion", "another author", "another chat", "a file", "nothing left"],
)
def test_whatever_changes_in_a_dialog_is_seen(after: dict[str, Any]) -> None:
    recall = Recall()
    parse(history(said(1, "здравствуйте")), recall=recall, portal="acme")
    assert parse(after, recall=recall, portal="acme") == parse(after)
