"""Ids that were passed over: how long they are looked for, how many of them, and where the ids are thought to end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from monitor.core.gaps import HOLES_FOR, MOST_HOLES, NEAR, with_holes, with_probes
from monitor.core.memory import Cursor, PortalState
from monitor.core.reading import SessionsProbed
from monitor.core.restored import Restored, forgotten

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KNOWN = Cursor(watermark=NOW, highest_session=7000, settled=True)


def holes(before: Cursor, after: Cursor, *missing: int, now: datetime = NOW) -> dict[int, datetime | None]:
    probed = [SessionsProbed(highest=0, missing=missing)] if missing else []
    return dict(with_holes(before, after, {}, probed, NOW - 14 * DAY, now).holes)


def cursor(highest: int = 7000, **more: object) -> Cursor:
    return Cursor(watermark=NOW, highest_session=highest, settled=True, **more)  # type: ignore[arg-type]  # named by the tests


def test_a_hole_ages_from_when_it_was_first_asked_for() -> None:
    waiting = cursor(holes=((6990, None), (6991, None)))
    assert holes(waiting, waiting, now=NOW + DAY) == {6990: None, 6991: None}
    asked = cursor(holes=tuple(holes(waiting, waiting, 6990).items()))
    assert asked.holes == ((6990, NOW), (6991, None))
    assert holes(asked, asked, 6990, now=NOW + 9 * MINUTE) == {6990: NOW, 6991: None}
    assert holes(asked, asked, 6990, now=NOW + HOLES_FOR) == {6991: None}


def test_one_that_was_asked_for_when_it_was_passed_over_has_begun_to_age() -> None:
    assert holes(cursor(), cursor(7003), 7001) == {7001: NOW, 7002: None}


def test_of_more_than_can_be_asked_for_the_newest_are() -> None:
    found = holes(cursor(), cursor(9000))
    assert len(found) == MOST_HOLES
    assert (min(found), max(found)) == (9000 - MOST_HOLES, 8999)
    again = holes(cursor(holes=tuple(found.items()), highest=9000), cursor(9003, holes=tuple(found.items())))
    assert (len(again), max(again)) == (MOST_HOLES, 9002)


@pytest.mark.parametrize(("step", "is_settled"), [(0, True), (1, True), (NEAR, True), (NEAR + 1, False), (64, False)])
def test_the_end_is_known_where_nothing_far_ahead_answered(step: int, is_settled: bool) -> None:
    found = SessionsProbed(highest=7000 + step if step else 0, missing=(), galloped=True)
    for settled in (True, False):
        after = with_probes(Cursor(watermark=NOW, highest_session=7000, settled=settled), found)
        assert (after.highest_session, after.settled) == (7000 + step, is_settled)


def test_one_that_answers_just_ahead_does_not_unsettle_and_the_first_of_all_does() -> None:
    assert with_probes(KNOWN, SessionsProbed(highest=7020, missing=())).settled
    assert not with_probes(Cursor(settled=True), SessionsProbed(highest=7020, missing=())).settled
    assert with_probes(Cursor(settled=True), SessionsProbed(highest=0, missing=(1, 2))).settled


def test_numbers_that_are_given_a_second_time_end_the_looking_below() -> None:
    state = PortalState(portal="acme", cursor=cursor(descent=6000))
    assert forgotten(state, Restored(reused=6900, continued={})).cursor.descent == 0


def test_what_was_kept_before_holes_could_wait_is_read() -> None:
    kept = b'{"highest_session":7,"settled":true,"holes":[[5,"2026-03-02T09:00:00Z"]]}'
    assert msgspec.json.decode(kept, type=Cursor).holes == ((5, NOW),)
    waiting = cursor(holes=((5, None),), descent=3)
    assert msgspec.json.decode(msgspec.json.encode(waiting), type=Cursor) == waiting
