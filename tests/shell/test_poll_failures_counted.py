"""What counts in messenger_poll_failures_total: each refusal of the portal once, and nothing that was never sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from counted_parts import MINUTE, NOW, Monitor, good, monitor
from portal_parts import LOST, answering, error

from monitor.core.incident import IncidentKind
from monitor.core.model import Failure, Reason
from monitor.core.reading import Reading
from monitor.outcome import counted
from monitor.shell.exposition import Exposition
from monitor.shell.holds import SLOW_RETRY

BLOCKED = {"error": "OPERATION_TIME_LIMIT", "error_description": "Method is blocked due to operation time limit."}
FULL = error("QUERY_LIMIT_EXCEEDED", 503)


def reading(*failures: Failure, whole: Failure | None = None) -> Reading:
    return Reading(probe="any", source="bitrix24", at=NOW, failure=whole, failures=failures)


def test_a_failed_request_is_one_failure_for_all_its_commands_and_a_failed_command_one_each():
    request, one, two = (Failure(reason=Reason.THROTTLED) for _ in range(3))
    assert counted([reading(request, request), reading(request)]) == [Reason.THROTTLED]
    assert counted([reading(whole=request), reading(whole=one), reading(request)]) == [Reason.THROTTLED]
    assert counted([reading(one, two)]) == [Reason.THROTTLED] * 2


def test_of_a_run_that_was_refused_in_every_command_each_one_counts_in_a_good_poll_and_the_run_in_a_failed_one():
    one, two, request = (Failure(reason=Reason.DENIED) for _ in range(3))
    refused, lost = reading(one, two, whole=one), reading(request, request, whole=request)
    assert counted([refused, reading()], poll_failed=False) == [Reason.DENIED] * 2
    assert counted([refused, reading(request)], poll_failed=True) == [Reason.DENIED] * 2
    assert counted([lost, reading(request)], poll_failed=False) == [Reason.DENIED]
    assert counted([reading(whole=one), refused, lost], poll_failed=False) == [Reason.DENIED] * 3
    assert counted([reading(whole=one), refused, lost], poll_failed=True) == [Reason.DENIED]


async def test_flags_that_are_all_refused_in_a_good_poll_count_one_each():
    async with monitor() as one:
        one.fake.results["imconnector.list"] = {"telegrambot": "Telegram", "wz_a": "Wazzup"}
        one.watch.ask_again()
        assert await one.poll() == {}
        assert len(one.watch.state.channels) == 2
        one.fake.results["imconnector.status"] = {"error": "ACCESS_DENIED", "error_description": "no"}
        assert [await one.poll() for _ in range(2)] == [{"denied": 2}, {"denied": 2}]


def test_what_was_held_back_is_no_new_failure():
    held = Failure(reason=Reason.THROTTLED, retry_at=NOW, held=True)
    denied = Failure(reason=Reason.DENIED)
    assert counted([reading(whole=held), reading(held)]) == []
    assert counted([reading(held, denied)]) == [Reason.DENIED]
    assert held == Failure(reason=Reason.THROTTLED, retry_at=NOW)  # it is the same refusal


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("code", ["OVERLOAD_LIMIT", "OPERATION_TIME_LIMIT"])
async def test_a_refused_request_is_one_failure_and_none_while_it_holds(code: str, known: bool):
    async with monitor(known=known) as one:
        one.fake.faults = [error(code, 503)] * 20
        asked = _requests(one)
        assert await one.poll() == {"throttled": 1}
        assert asked() == 1
        while one.watch.call._holds.of("any") is not None:  # type: ignore[attr-defined]
            failed = one.watch.state.memory.failed
            assert await one.poll() == {}
            assert one.watch.state.memory.failed == failed + 1  # it is a failed poll all the same
        one.watch.call.retry_now()  # type: ignore[attr-defined]
        assert await one.poll() == {"throttled": 1}


def _requests(one: Monitor) -> Callable[[], int]:
    usage = one.watch.call.usage  # type: ignore[attr-defined]
    before = usage.requests
    return lambda: usage.requests - before


@pytest.mark.parametrize("known", [True, False])
async def test_a_bucket_that_stays_full_is_one_failed_poll(known: bool):
    async with monitor(known=known) as one:
        one.fake.faults = [FULL] * 100
        assert await one.poll() == {"throttled": 1}
        assert await one.poll() == {"throttled": 1}
        one.fake.faults = []
        assert await one.poll() == {}


@pytest.mark.parametrize("times", [1, 2])
async def test_a_full_bucket_that_was_waited_out_is_one_failure_for_each_refused_request(times: int):
    async with monitor() as one:
        one.fake.faults = [FULL] * times
        assert await one.poll() == {"throttled": times}
        assert one.watch.state.memory.failed == 0


async def test_a_used_up_method_is_one_failure_when_the_portal_said_so():
    async with monitor() as one:
        one.clock.at = NOW + timedelta(minutes=7)
        one.fake.results["crm.activity.list"] = BLOCKED
        one.fake.times = {"crm.activity.list": {"operating_reset_at": int((one.clock.at + 5 * MINUTE).timestamp())}}
        assert await one.poll() == {"throttled": 1}
        hold = one.watch.call._holds  # type: ignore[attr-defined]
        hold._methods = {name: (told, one.clock.at + 3 * MINUTE) for name, (told, _) in hold._methods.items()}
        assert [await one.poll() for _ in range(3)] == [{}, {}, {}]
        one.fake.results["crm.activity.list"] = []
        assert await one.poll() == {}


async def test_a_long_retry_after_is_one_failure_until_it_is_over():
    async with monitor() as one:
        one.fake.faults = [answering("<html>", 429, {"Retry-After": "120"})]
        assert [await one.poll() for _ in range(3)] == [{"throttled": 1}, {}, {}]


async def test_a_refused_command_in_a_good_batch_is_one_failure_at_each_poll():
    async with monitor() as one:
        one.fake.results["crm.activity.list"] = {"error": "ACCESS_DENIED", "error_description": "no"}
        assert [await one.poll() for _ in range(2)] == [{"denied": 1}, {"denied": 1}]


def _looks_ahead(one: Monitor) -> None:
    """Session 100 is the newest that is known, so ids beyond it are asked for at each poll."""
    cursor = replace(one.watch.state.cursor, highest_session=100, settled=True)
    one.watch.state = replace(one.watch.state, cursor=cursor)


def _asked_ahead(one: Monitor) -> int:
    return sum("imopenlines.session.history.get" in command for command in one.fake.batches[-1].values())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (BLOCKED, "throttled"),
        ({"error": "INTERNAL_SERVER_ERROR", "error_description": "no"}, "unreachable"),
        ("hello", "malformed"),
        ({"chatId": 7}, "malformed"),
        (None, "malformed"),
        (LOST, "malformed"),
    ],
    ids=["blocked", "failed", "a text", "no session", "nothing", "in no part of the answer"],
)
async def test_of_ids_that_are_looked_for_each_failed_command_counts_one(answer: Any, reason: str):
    async with monitor() as one:
        _looks_ahead(one)
        one.fake.results["imopenlines.session.history.get"] = answer
        told = await one.poll()
        assert told == {reason: _asked_ahead(one)}
        assert one.watch.state.memory.failed == 0
        assert one.watch.state.cursor.highest_session == 100


async def test_of_ids_that_are_looked_for_a_blocked_method_is_no_new_failure_until_it_may_be_asked():
    async with monitor() as one:
        _looks_ahead(one)
        one.fake.results["imopenlines.session.history.get"] = BLOCKED
        assert (await one.poll())["throttled"] > 0
        hold = one.watch.call._holds  # type: ignore[attr-defined]
        hold._methods = {name: (told, one.clock.at + 3 * MINUTE) for name, (told, _) in hold._methods.items()}
        assert [await one.poll() for _ in range(3)] == [{}, {}, {}]


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "ACCESS_DENIED", "error_description": "no"},
        {"error": "INVALID_SESSION_ID", "error_description": "no"},
        {"error": "", "error_description": "Session not found"},
        [],
        {},
        False,
    ],
    ids=str,
)
async def test_an_id_that_is_looked_for_and_is_no_session_or_not_ours_is_no_failure(answer: Any):
    async with monitor() as one:
        _looks_ahead(one)
        one.fake.results["imopenlines.session.history.get"] = answer
        assert [await one.poll() for _ in range(2)] == [{}, {}]
        assert _asked_ahead(one) > 0


async def test_two_commands_refused_in_the_same_words_are_two_failures():
    async with monitor() as one:
        for method in ("imconnector.list", "department.get"):
            one.fake.results[method] = {"error": "ACCESS_DENIED", "error_description": "no"}
        one.watch.ask_again()
        assert await one.poll() == {"denied": 2}


async def test_with_all_but_the_clock_denied_no_reading_is_shown_as_fresh():
    """The channel breaks meanwhile: nobody could see it."""
    async with monitor() as one:
        last = one.clock.at - MINUTE
        denied = {"error": "insufficient_scope", "error_description": "no"}
        for method in one.fake.results:
            if method not in {"server.time", "app.info"}:
                one.fake.results[method] = denied
        polls = [await one.poll() for _ in range(80)]
        assert all(set(told) == {"denied"} for told in polls)
        page = await Exposition(one.registry).render()
        assert f'last_success_timestamp_seconds{{portal="acme",source="bitrix24"}} {last.timestamp():.0f}' in page
        assert 'messenger_portal_up{portal="acme"} 1' in page
        assert 'messenger_portal_auth_ok{portal="acme"} 0' in page
        assert "messenger_channel_up{" not in page
        assert [incident.kind for incident in one.watch.state.incidents.values()] == [IncidentKind.PORTAL_AUTH_FAILED]
        one.fake.results |= good()
        assert await one.poll() == {}
        page = await Exposition(one.registry).render()
        assert 'messenger_portal_auth_ok{portal="acme"} 1' in page
        assert f'source="bitrix24"}} {(one.clock.at - MINUTE).timestamp():.0f}' in page


def test_the_slow_retry_is_longer_than_a_poll():
    assert SLOW_RETRY > MINUTE
