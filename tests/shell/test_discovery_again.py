"""What there is on a portal: how its lines are paged, and when it is asked for again where a part was not answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from counted_parts import NOW, monitor

from monitor.core.memory import PortalState
from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.plugin import Params, View
from monitor.core.policy import Policy
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.methods import Methods
from monitor.sandbox.params import from_query
from monitor.sandbox.presets import furnished
from monitor.shell.batch import command
from probes.discovery import LINE_PAGE, ask_lines

POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")
VIEW = View(policy=POLICY, state=PortalState(portal="acme"), now=NOW, clock=lambda: NOW)


class Lines:
    """The list of lines as the portal pages it; `ignores`: it tells the first page whatever offset is asked for."""

    def __init__(self, lines: int, most: int = 200, *, ignores: bool = False) -> None:
        world = furnished(SandboxClock(NOW, rate=0), lines=lines, connectors=1)
        self._methods, self._ignores = Methods(world, most_lines=most), ignores
        self.asked = 0

    async def __call__(self, method: str, params: Params | None = None) -> Any:
        self.asked += 1
        told = from_query(command(method, params).text.partition("?")[2])
        if self._ignores:
            told["PARAMS"].pop("offset")
        return self._methods.lines(told)


@pytest.mark.parametrize("most", [50, 70, 100, 200])
@pytest.mark.parametrize("lines", [1, 49, 50, 51, 70, 99, 100, 101, 150, 230])
async def test_all_lines_are_told_whatever_a_page_holds(lines: int, most: int) -> None:
    call = Lines(lines, most)
    rows = await ask_lines(call, VIEW)
    assert isinstance(rows, list)
    assert [int(row["ID"]) for row in rows] == list(range(1, lines + 1))
    assert call.asked <= 2 + lines // min(most, LINE_PAGE)


@pytest.mark.parametrize("lines", [0, 1, 12, 49])
async def test_a_portal_with_few_lines_is_asked_once(lines: int) -> None:
    call = Lines(lines)
    await ask_lines(call, VIEW)
    assert call.asked == 1


async def test_a_portal_that_tells_the_same_page_again_is_asked_no_more() -> None:
    call = Lines(60, ignores=True)
    rows = await ask_lines(call, VIEW)
    assert isinstance(rows, list)
    assert (len(rows), call.asked) == (60, 2)


async def test_a_failure_half_way_keeps_what_was_told() -> None:
    call = Lines(120, 50)

    async def once(method: str, params: Params | None = None) -> Any:
        if call.asked:
            raise CallFailed(Failure(reason=Reason.TIMEOUT))
        return await call(method, params)

    rows = await ask_lines(once, VIEW)
    assert isinstance(rows, list)
    assert len(rows) == 50


RIGHTS = ("ACCESS_DENIED", "insufficient_scope", "WRONG_AUTH_TYPE", "WRONG_LICENSE", "ERROR_METHOD_NOT_FOUND")
PASSING = ("INTERNAL_SERVER_ERROR", "ERROR_ARGUMENT", "expired_token", "METHOD_CONFIRM_WAITING")


async def minutes_of_failures(code: str, *more: str) -> list[int]:
    """The minutes of two hours in which a refused part of what there is was asked for."""
    async with monitor(known=False) as one:
        for method, word in zip(("imconnector.list", "department.get"), (code, *more), strict=False):
            one.fake.results[method] = {"error": word, "error_description": "no"}
        return [minute for minute in range(121) if await one.poll()]


@pytest.mark.parametrize("code", RIGHTS)
async def test_what_is_refused_twice_for_want_of_a_right_is_asked_again_by_the_hour(code: str) -> None:
    assert await minutes_of_failures(code) == [0, 5, 65]


async def test_a_right_that_was_missing_for_a_moment_is_seen_in_five_minutes() -> None:
    async with monitor(known=False) as one:
        one.fake.results["imconnector.list"] = {"error": "insufficient_scope", "error_description": "no"}
        await one.poll()
        one.fake.results["imconnector.list"] = {"max": "MAX"}
        for _ in range(5):
            await one.poll()
        assert one.watch.state.connectors == {"max": "MAX"}


@pytest.mark.parametrize("code", PASSING)
async def test_what_may_pass_is_asked_again_in_five_minutes(code: str) -> None:
    assert await minutes_of_failures(code) == list(range(0, 121, 5))


async def test_where_one_of_two_may_pass_both_are_asked_again_in_five_minutes() -> None:
    assert await minutes_of_failures("ACCESS_DENIED", "INTERNAL_SERVER_ERROR") == list(range(0, 121, 5))


async def test_a_right_that_was_given_is_seen_at_once_after_a_reload() -> None:
    async with monitor(known=False) as one:
        one.fake.results["imconnector.list"] = {"error": "ACCESS_DENIED", "error_description": "no"}
        await one.poll()
        one.fake.results["imconnector.list"] = {"max": "MAX"}
        one.watch.ask_again()
        await one.poll()
        assert one.watch.state.connectors == {"max": "MAX"}


@pytest.mark.parametrize(("poll", "minutes"), [(60, [0, 15]), (30, [0, 8, 16, 24]), (3600, [0])])
async def test_what_there_is_is_looked_at_every_fifteen_polls_and_each_hour_at_least(
    poll: int, minutes: list[int]
) -> None:
    async with monitor(known=False) as one:
        one.watch.policy = replace(one.watch.policy, poll=timedelta(seconds=poll))
        asked = []
        for minute in range(30):
            told = len(one.fake.batches)
            await one.poll()
            if any("imconnector.list" in text for batch in one.fake.batches[told:] for text in batch.values()):
                asked.append(minute)
    assert asked == minutes
