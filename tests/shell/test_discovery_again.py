"""What there is on a portal: how its lines are paged, and when it is asked for again where a part was not answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from counted_parts import LINE, NOW, Monitor, monitor
from portal_parts import answering

from monitor.core.calm import EACH_POLL
from monitor.core.memory import PortalState
from monitor.core.model import CallFailed, ChannelKey, Failure, Line, Reason
from monitor.core.plugin import Params, View
from monitor.core.policy import Policy
from monitor.core.reading import LinesSeen, StaffSeen
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.methods import Methods
from monitor.sandbox.params import from_query
from monitor.sandbox.presets import furnished
from monitor.shell.batch import command
from probes import discovery
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


async def test_a_line_that_could_not_be_asked_for_where_the_list_is_refused_is_not_gone() -> None:
    known = {number: Line(id=number, name=f"Линия {number}") for number in (1, 2, 3)}
    gone = Failure(reason=Reason.REJECTED, code="ERROR_NOT_FOUND")
    told = {1: {"ID": "1", "LINE_NAME": "Линия 1"}, 2: Failure(reason=Reason.TIMEOUT), 3: gone}

    async def call(method: str, params: Params | None = None) -> Any:
        one = told[(params or {})["CONFIG_ID"]] if method == "imopenlines.config.get" else {}
        if isinstance(one, Failure) or not one:
            raise CallFailed(one or Failure(reason=Reason.DENIED, code="insufficient_scope"))
        return one

    view = replace(VIEW, state=replace(VIEW.state, lines=known))
    reading = discovery.PROBE.read(await discovery.PROBE.ask(call, view), view, NOW)
    (lines,) = [finding.lines for finding in reading.findings if isinstance(finding, LinesSeen)]
    assert {line.id for line in lines} == {1, 2, 3}
    told[2] = gone
    reading = discovery.PROBE.read(await discovery.PROBE.ask(call, view), view, NOW)
    (lines,) = [finding.lines for finding in reading.findings if isinstance(finding, LinesSeen)]
    assert {line.id for line in lines} == {1}


async def quarter(one: Monitor) -> int:
    """Polls until what there is was looked at again; how many batches the last of them sent."""
    before = 0
    for _ in range(15):
        before = len(one.fake.batches)
        await one.poll()
    return len(one.fake.batches) - before


async def test_what_is_told_again_word_by_word_is_asked_in_one_piece_and_not_read_again() -> None:
    async with monitor() as one:
        first = one.watch.readings["discovery"]
        assert await quarter(one) == 1
        second = one.watch.readings["discovery"]
        assert second.at > first.at
        assert len(second.findings) == 3
        assert all(now is was for now, was in zip(second.findings, first.findings, strict=False))


async def test_lines_and_people_that_say_the_same_as_before_are_not_kept_twice() -> None:
    async with monitor() as one:
        one.fake.results["imopenlines.config.list.get"] = [LINE, {"ID": "2", "LINE_NAME": "Service"}]
        await quarter(one)
        before = one.watch.state
        one.fake.results["imopenlines.config.list.get"] = [LINE, {"ID": "2", "LINE_NAME": "Stock"}]
        await quarter(one)
        lines, _, staff = one.watch.readings["discovery"].findings[:3]
        assert isinstance(lines, LinesSeen)
        assert isinstance(staff, StaffSeen)
        assert lines.lines[0] is before.lines[1]
        assert (lines.lines[1].name, before.lines[2].name) == ("Stock", "Service")
        assert all(now is before.managers[now.id] for now in staff.managers)
        assert all(now is before.departments[now.id] for now in staff.departments)


async def test_what_is_told_otherwise_is_seen_at_the_next_look() -> None:
    async with monitor() as one:
        one.fake.results["user.get"] = [{"ID": "12", "NAME": "Anna", "ACTIVE": True}]
        one.fake.results["imconnector.list"] = {"telegrambot": "Telegram", "max": "MAX"}
        await quarter(one)
        state = one.watch.state
        assert list(state.managers) == [12]
        assert state.connectors == {"telegrambot": "Telegram", "max": "MAX"}
        assert ChannelKey(1, "max") in state.channels


async def test_who_stands_on_a_further_page_is_seen_to_leave_while_the_first_page_says_the_same() -> None:
    second = "user.get?FILTER[USER_TYPE]=employee&start=50"
    async with monitor() as one:
        people = [{"ID": str(number), "NAME": "Anna", "ACTIVE": True} for number in range(1, 61)]
        one.fake.results["user.get"], one.fake.results[second] = people[:50], people[50:]
        await quarter(one)
        assert one.watch.state.managers[60].active
        one.fake.results[second] = [*people[50:59], {**people[59], "ACTIVE": False}]
        await quarter(one)
        assert not one.watch.state.managers[60].active


async def test_a_portal_out_of_reach_is_asked_once_a_poll_however_many_lines_are_known() -> None:
    async with monitor() as one:
        one.fake.results["imopenlines.config.list.get"] = [{"ID": str(number)} for number in range(1, 31)]
        await quarter(one)
        one.fake.faults = [answering("<html>", 502)] * 99
        one.watch.ask_again()
        assert await one.poll() == {"unreachable": 1}
        assert len(one.fake.faults) == 98


async def _never(release: asyncio.Event, _: web.Request) -> web.StreamResponse:
    await release.wait()
    return web.Response()


async def test_a_look_at_what_there_is_that_takes_too_long_costs_nothing_that_is_asked_at_each_poll() -> None:
    async with monitor() as one:
        await quarter(one)
        one.fake.results["imconnector.list"] = {"telegrambot": "Telegram", "max": "MAX"}  # whose flag is asked for then
        release = asyncio.Event()

        async def as_usual(request: web.Request) -> web.StreamResponse:
            """The next one is not answered."""
            answer = await one.fake.rest(request)
            one.fake.faults = [partial(_never, release)]
            return answer

        one.fake.faults = [as_usual]
        one.watch.ask_again()
        one.watch._deadline = timedelta(seconds=0.3)
        assert await one.poll() == {"timeout": 1}
        release.set()
        failed = {name for name, reading in one.watch.readings.items() if reading.failure is not None}
        assert "discovery" in failed
        assert not failed & EACH_POLL


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
