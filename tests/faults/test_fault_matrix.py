"""The fault matrix: each fault by name while life goes on; nothing lost, nothing doubled, well again in time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from all_faults import FAULTS, ORDER, PEOPLE
from fault_list import Fault, cell
from people_faults import addressed, letters, post_office
from postgres_server import served
from reliability import PAGE, SHARED, Row, rows_of, write_page
from stage import START, Outcome, Stage, doubled, lost, outcome, stage, told_besides
from structlog.testing import capture_logs

ORDINARY = frozenset({"incident.opened", "portal.failing"})  # seen as incidents and failures
MAY_BE_TOLD = {"ChannelDown", "PortalUnreachable", "PortalAuthFailed", "SlowReply", "NoReply"}
FLAGS_UNREAD = {  # three polls long: which is told, once for each channel
    "one command of a batch: imconnector.status INTERNAL_SERVER_ERROR",
    "one command of a batch: imconnector.status ACCESS_DENIED",
    "the scope of open lines is taken away",
}
SETTLE = 9  # minutes that every run lasts after its fault
LIVED = 6  # minutes before and during it

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, Row]]:
    rows: dict[str, Row] = {}
    yield rows
    write_page(rows, ORDER)


async def before(one: Stage) -> None:
    assert await one.start()
    one.customer("A")
    one.customer("B", "max")
    for _ in range(3):
        await one.minute()
    if not one.is_well:
        raise NotBegun


class NotBegun(AssertionError):
    """The machine was too slow for the stage's short timeouts, before a fault or beside it: nothing is shown by it."""


async def meanwhile(one: Stage, minute: int) -> None:
    """What goes on at the portal while something is broken."""
    if minute == 0:
        one.customer("C")
        one.answer("A")
    if minute == 1:
        one.lose_qr()
    if minute == 2:
        one.answer("C", 15)
    await one.minute()


async def afterwards(one: Stage) -> int | None:
    """In which minute after the fault all was well again."""
    well_in = None
    for minute in range(1, SETTLE + 1):
        if minute == 2:
            one.answer("B", 18)
        await one.minute()
        if one.is_well and well_in is None:
            well_in = minute
    return well_in


async def lived(folder: Path, fault: Fault | None) -> tuple[Stage, Outcome, int | None]:
    for attempt in ("first", "second"):
        again = folder / attempt
        again.mkdir()
        with suppress(NotBegun):
            return await _noted(again, fault)
    last = folder / "last"
    last.mkdir()
    return await _noted(last, fault)


async def _noted(folder: Path, fault: Fault | None) -> tuple[Stage, Outcome, int | None]:
    with capture_logs() as logs:
        one, was, well_in = await _lived(folder, fault)
    for row in logs:
        if row["log_level"] in {"warning", "error"} and row["event"] not in ORDINARY:
            detail = row.get("problem") or row.get("answer") or row.get("detail") or row.get("code") or ""
            one._note(f"log: {row['event']} {detail}".strip())
    return one, was, well_in


async def _lived(folder: Path, fault: Fault | None) -> tuple[Stage, Outcome, int | None]:
    with ExitStack() as stack:
        server = stack.enter_context(served()) if fault is not None and fault.on_postgres else None
        async with stage(folder, postgres=server) as one:
            await before(one)
            if fault is not None:
                await fault.begin(one)
            for minute in range(3):
                await meanwhile(one, minute)
                if fault is not None and minute + 1 == fault.lasts:
                    await fault.end(one)
            well_in = await afterwards(one)
            if fault is not None and fault.area == "Alertmanager" and _was_slow(one):
                raise NotBegun
            return one, await outcome(one), well_in


def _was_slow(one: Stage) -> bool:
    """The machine let the portal's answer wait so long that nothing was to be told while the fault lasted."""
    return any(text.startswith("failure timeout") for text in one.seen)


@pytest.fixture(scope="module")
def meant(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The same life without a fault."""
    _, undisturbed, well_in = asyncio.run(lived(tmp_path_factory.mktemp("meant"), None))
    assert well_in == 1
    assert undisturbed.alerts == undisturbed.beginnings == 1
    assert len(undisturbed.turns) == 3
    return undisturbed


async def told_by(folder: Path, fault: Fault | None) -> tuple[Stage, dict[str, int], int | None]:
    """The same life, of which two people are told: a notification in the portal, and a letter."""
    with capture_logs() as logs, post_office() as office:
        async with stage(folder, post=office, told=addressed(office, folder)) as one:
            await before(one)
            if fault is not None:
                await fault.begin(one)
            for minute in range(3):
                await meanwhile(one, minute)
            if fault is not None:
                await fault.end(one)
            for _ in range(SETTLE):
                if all(letters(one).values()):
                    break
                await one.minute()
            well_in = round((one.clock.at - START).total_seconds() / 60) - LIVED
            for _ in range(30):
                await one.minute()  # nobody is told a second time
            told = letters(one)
    for row in logs:
        if row["log_level"] in {"warning", "error"} and row["event"].startswith("notice."):
            one._note(f"log: {row['event']} {row.get('problem', '')}".strip())
    return one, told, max(1, well_in)


@pytest.mark.parametrize("fault", PEOPLE, ids=[fault.name for fault in PEOPLE])
async def test_people_are_told_once_whatever_becomes_of_the_way_to_them(
    fault: Fault, tmp_path: Path, table: dict[str, Row]
) -> None:
    one, told_to, well_in = await told_by(tmp_path, fault)
    gone = [name for name, count in told_to.items() if count < 1]
    twice = [name for name, count in told_to.items() if count > 1]
    table[fault.name] = Row(
        area=fault.area,
        name=fault.name,
        seen=told(fault, one),
        lost=cell(fault, gone),
        doubled=cell(fault, twice),
        recovery=timedelta(minutes=well_in) if well_in and not gone else None,
        hand=fault.hand,
    )
    assert [name for name in (*gone, *twice) if name not in fault.allows] == []
    for wanted in fault.seen:
        assert any(re.search(wanted, text) for text in one.seen), one.seen


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{fault.area}: {fault.name}" for fault in FAULTS])
async def test_a_fault_loses_nothing_doubles_nothing_and_is_seen(
    fault: Fault, tmp_path: Path, meant: Outcome, table: dict[str, Row]
) -> None:
    one, was, well_in = await lived(tmp_path, fault)
    row = Row(
        area=fault.area,
        name=fault.name,
        seen=told(fault, one),
        lost=cell(fault, lost(was, meant)),
        doubled=cell(fault, doubled(was, meant)),
        besides=", ".join(told_besides(was, meant)) or "nothing",
        recovery=timedelta(minutes=well_in) if well_in else None,
        hand=fault.hand,
    )
    table[fault.name] = row
    assert [one for one in (*lost(was, meant), *doubled(was, meant)) if one not in fault.allows] == []
    assert well_in is not None
    assert well_in <= fault.within
    assert set(told_besides(was, meant)) - MAY_BE_TOLD == ({"ChannelDegraded"} if fault.name in FLAGS_UNREAD else set())
    for wanted in fault.seen:
        assert any(re.search(wanted, text) for text in one.seen), one.seen


def told(fault: Fault, one: Stage) -> str:
    """The sentences that are about the fault, the most telling first."""
    mine = [text for text in one.seen if "qr_rescan" not in text and "_reply" not in text]
    picked = [text for text in mine if any(re.search(wanted, text) for wanted in fault.seen)]
    others = [text for text in mine if text.startswith(("incident", "log"))]
    ended = ["the process ended and was started again"] if one.deaths else []
    return "; ".join(dict.fromkeys((*picked, *others, *ended))) or "no word of it: nothing is amiss"


def test_the_page_has_a_row_for_every_fault_and_none_for_another() -> None:
    rows = rows_of(PAGE.read_text().partition(SHARED)[0])
    assert list(rows) == [name.replace("|", "/") for name in in_order()]


def in_order() -> list[str]:
    """The areas stand in the order of their first fault."""
    areas = list(dict.fromkeys(area for area, _ in ORDER))
    return [name for area in areas for place, name in ORDER if place == area]
