"""Answers of wrong types inside a good batch: one failure for each command, the rest read, nothing forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from counted_parts import LINE, NOW, PEOPLE, Monitor, monitor

from monitor.core.model import Failure, Reason
from monitor.core.plugin import View
from probes.dialogs import Answers, read

DENIED = {"error": "ACCESS_DENIED", "error_description": "no"}
NO_LISTS: tuple[Any, ...] = ("hello", 5, True, None, {"a": 1}, {"x": "secret"}, [1, None, {"ID": []}])
METHODS = ("crm.activity.list", "user.get", "department.get", "imopenlines.config.list.get")


def activity(number: int, **changes: Any) -> dict[str, Any]:
    told = {
        "ID": str(number),
        "PROVIDER_ID": "IMOPENLINES_SESSION",
        "ASSOCIATED_ENTITY_ID": str(number),
        "PROVIDER_TYPE_ID": "1",
        "PROVIDER_PARAMS": {"USER_CODE": f"telegrambot|1|chat|{number}"},
        "CREATED": NOW.isoformat(),
        "LAST_UPDATED": NOW.isoformat(),
        "COMPLETED": "N",
    }
    return {**told, **changes}


async def hour(one: Monitor) -> dict[str, int]:
    """A poll at which all is asked."""
    one.watch.ask_again()
    return await one.poll()


def failures(one: Monitor) -> list[Failure]:
    return [failure for reading in one.watch.readings.values() for failure in reading.failures]


@pytest.mark.parametrize("answer", NO_LISTS, ids=str)
@pytest.mark.parametrize("method", METHODS)
async def test_an_answer_that_is_no_list_is_one_malformed_command(method: str, answer: Any):
    async with monitor() as one:
        before = one.watch.state
        one.fake.results[method] = answer
        assert await hour(one) == {"malformed": 1}
        (failure,) = failures(one)
        assert (failure.reason, failure.detail.partition(":")[0]) == (Reason.MALFORMED, method)
        assert "secret" not in failure.detail
        assert "hello" not in failure.detail
        after = one.watch.state
        assert (after.managers, after.departments, after.lines) == (before.managers, before.departments, before.lines)
        assert after.memory.failed == 0  # the portal is there


@pytest.mark.parametrize("answer", [5, "zz", None, [1], {"telegrambot": {"NAME": "x"}}], ids=str)
async def test_connectors_that_are_no_map_of_titles_are_one_malformed_command(answer: Any):
    async with monitor() as one:
        one.fake.results["imconnector.list"] = answer
        assert await hour(one) == {"malformed": 1}
        assert [failure.detail.partition(":")[0] for failure in failures(one)] == ["imconnector.list"]


async def test_connectors_whose_ids_cannot_be_ids_are_one_malformed_command_and_the_others_stay():
    async with monitor() as one:
        one.fake.results["imconnector.list"] = {"telegrambot": "Telegram", "wz\0x": "T", "y" * 101: "long"}
        assert await hour(one) == {"malformed": 1}
        assert [failure.detail for failure in failures(one)] == ["imconnector.list: 2 of 3 ids cannot be ids"]
        assert one.watch.state.connectors == {"telegrambot": "Telegram"}


@pytest.mark.parametrize("number", [2**63, str(2**63), 10**25], ids=str)
async def test_rows_with_ids_beyond_all_numbers_are_no_rows(number: Any):
    async with monitor() as one:
        before = one.watch.state
        one.fake.results["user.get"] = [*PEOPLE, {"ID": number, "NAME": "Vera", "ACTIVE": True}]
        one.fake.results["imopenlines.config.list.get"] = [LINE, LINE | {"ID": number}]
        one.fake.results["crm.activity.list"] = [activity(1) | {"ASSOCIATED_ENTITY_ID": number}]
        assert await hour(one) == {"malformed": 3}
        assert (one.watch.state.managers, one.watch.state.lines) == (before.managers, before.lines)


@pytest.mark.parametrize("empty", [[], {}], ids=str)
async def test_nothing_is_no_wrong_type(empty: Any):
    async with monitor() as one:
        one.fake.results |= dict.fromkeys((*METHODS, "imconnector.list"), empty)
        assert await hour(one) == {}


@pytest.mark.parametrize("as_map", [False, True])
async def test_of_rows_the_readable_ones_are_read_and_those_we_know_stay(as_map: bool):
    async with monitor() as one:
        rows = [1, {"ID": "20", "NAME": "Vera", "ACTIVE": True}, None, {"ID": []}, PEOPLE[0] | {"NAME": "Alla"}]
        one.fake.results["user.get"] = {str(n): row for n, row in enumerate(rows)} if as_map else rows
        one.fake.results["imopenlines.config.list.get"] = [7, LINE | {"ID": "2"}]
        assert await hour(one) == {"malformed": 2}
        assert {number: who.name for number, who in one.watch.state.managers.items()} == {
            12: "Alla",
            15: "Boris",
            20: "Vera",
        }
        assert set(one.watch.state.lines) == {1, 2}


async def test_each_malformed_command_of_a_poll_counts():
    async with monitor() as one:
        one.fake.results |= dict.fromkeys(METHODS, 5)
        assert await hour(one) == {"malformed": 4}
        assert await hour(one) == {"malformed": 4}


async def test_a_refused_list_of_lines_that_are_read_one_by_one_is_one_failure():
    async with monitor() as one:
        one.fake.results["imopenlines.config.list.get"] = DENIED
        assert await hour(one) == {"denied": 1}
        assert [failure.code for failure in failures(one)] == ["ACCESS_DENIED"]
        assert set(one.watch.state.lines) == {1}


async def test_the_list_of_activities_is_asked_again_from_where_it_could_be_read():
    async with monitor() as one:
        mark = one.watch.state.cursor.watermark
        one.fake.results["server.time"] = (NOW + timedelta(minutes=1)).isoformat()
        for answer in NO_LISTS:
            one.fake.results["crm.activity.list"] = answer
            assert await one.poll() == {"malformed": 1}
            assert one.watch.state.cursor.watermark == mark
        one.fake.results["crm.activity.list"] = [activity(100), 1]
        assert await one.poll() == {"malformed": 1, "rejected": 1}  # the history of the session it could read
        assert one.watch.state.cursor.watermark == mark
        one.fake.results["crm.activity.list"] = []
        await one.poll()
        assert one.watch.state.cursor.watermark != mark


@pytest.mark.parametrize("padding", ["", "x" * 8192], ids=["read", "unread"])
@pytest.mark.parametrize(
    ("row", "counted"),
    [
        (activity(7), 0),
        (activity(7, ASSOCIATED_ENTITY_ID=[]), 1),
        (activity(7, CREATED="yesterday"), 1),
        (activity(7, PROVIDER_ID=None), 1),
        (activity(7, PROVIDER_ID="CRM_EMAIL", ASSOCIATED_ENTITY_ID="0"), 0),
    ],
)
async def test_a_row_without_its_session_is_malformed_and_one_of_another_provider_is_not(
    row: dict[str, Any], counted: int, padding: str
):
    async with monitor() as one:
        mark = one.watch.state.cursor.watermark
        one.fake.results["server.time"] = (NOW + timedelta(minutes=1)).isoformat()
        one.fake.results["crm.activity.list"] = [activity(5), row | {"SUBJECT": padding}]
        for _ in range(2):  # the second time the row is known
            assert (await one.poll()).get("malformed", 0) == counted
        assert one.watch.state.cursor.watermark != mark  # one odd row does not hold up the list for ever


async def test_a_dialog_that_is_no_map_is_malformed():
    async with monitor() as one:
        view = View(policy=one.watch.policy, state=one.watch.state, now=NOW, clock=lambda: NOW)
        told = read(Answers(time=NOW.isoformat(), touched={1: 5, 2: [], 3: {"owner": 1}}), view, NOW)
        assert [failure.detail for failure in told.failures] == [
            "imopenlines.dialog.get: the answer is no map of a chat"
        ]
