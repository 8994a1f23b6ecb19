"""Sessions that were closed long ago are forgotten once a quarter of an hour, not looked through at each poll."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.calm import QUARTER, is_new_quarter
from monitor.core.desk import Context, judge
from monitor.core.memory import Cursor, PortalMemory, PortalState, SessionMemory
from monitor.core.model import Session
from monitor.core.policy import Policy
from monitor.core.sessions import REMEMBERED, UNLISTED

NOW = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
CLOSED = NOW - REMEMBERED - timedelta(seconds=1)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")


def known_at(last_success: datetime | None, watermark: datetime | None = NOW, closed: datetime = CLOSED) -> set[int]:
    """Sessions that a poll at NOW still remembers, of one that was closed too long ago."""
    session = Session(id=7, chat=7, line=1, connector="max", customer=8, created=closed, closed=closed)
    state = PortalState(
        portal="acme",
        sessions={7: SessionMemory(session=session, read_at=closed)},
        memory=PortalMemory(last_success=last_success),
        cursor=Cursor(watermark=watermark, settled=True, highest_session=7),
    )
    return set(judge(state, [], POLICY, Context(), now=NOW, real_now=NOW).state.sessions)


def test_it_is_forgotten_with_the_first_poll_of_a_quarter_of_an_hour() -> None:
    assert known_at(NOW - timedelta(minutes=1, seconds=1)) == set()
    assert known_at(NOW - timedelta(seconds=59)) == {7}


def test_it_is_forgotten_with_the_first_poll_of_all() -> None:
    assert known_at(None) == set()


def test_it_is_remembered_while_the_list_may_still_tell_of_it_lest_it_be_counted_twice() -> None:
    assert known_at(None, NOW - timedelta(minutes=1)) == {7}
    assert known_at(None, None) == {7}


def test_a_list_that_fails_for_a_week_is_not_waited_for() -> None:
    assert known_at(None, NOW - timedelta(days=30)) == {7}
    closed = NOW - UNLISTED - REMEMBERED - timedelta(seconds=1)
    assert known_at(None, NOW - timedelta(days=30), closed) == set()


@pytest.mark.parametrize(
    ("before", "is_new"),
    [(timedelta(), False), (timedelta(seconds=59), False), (timedelta(minutes=1), True), (QUARTER, True)],
)
def test_a_quarter_begins_on_the_clock(before: timedelta, is_new: bool) -> None:
    at = datetime(2026, 3, 2, 9, 0, 59, tzinfo=UTC)
    assert is_new_quarter(at - before, at) is is_new


def test_a_clock_that_was_set_back_begins_none() -> None:
    assert not is_new_quarter(NOW + timedelta(hours=1), NOW)
