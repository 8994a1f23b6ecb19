"""At first sight a session that no activity tells of may lie between those that are told of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.core.memory import Cursor
from monitor.core.model import Session
from monitor.core.policy import Policy
from monitor.core.reading import ActivitiesSeen
from monitor.core.sessions import BEFORE_FIRST, HOLES_FOR, remember

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")


def told(*numbers: int) -> ActivitiesSeen:
    rows = [
        Session(id=number, chat=0, line=1, connector="max", customer=8, created=NOW, updated=NOW) for number in numbers
    ]
    return ActivitiesSeen(sessions=tuple(rows), watermark=NOW)


def holes(cursor: Cursor) -> list[int]:
    return [number for number, _ in cursor.holes]


def test_gaps_below_the_highest_id_are_looked_at_for_a_while() -> None:
    cursor, known, _ = remember(Cursor(), {}, [told(7001, 7003, 7006)], NOW, POLICY)
    assert holes(cursor) == [*range(7006 - BEFORE_FIRST + 1, 7001), 7002, 7004, 7005]
    later, _, _ = remember(cursor, known, [told()], NOW + HOLES_FOR, POLICY)
    assert later.holes == ()


def test_a_young_portal_has_no_ids_below_one() -> None:
    cursor, _, _ = remember(Cursor(), {}, [told(3)], NOW, POLICY)
    assert holes(cursor) == [1, 2]


def test_afterwards_only_what_is_passed_over_is_a_gap() -> None:
    cursor, known, _ = remember(
        Cursor(highest_session=7006, watermark=NOW, settled=True), {}, [told(7009)], NOW, POLICY
    )
    assert holes(cursor) == [7007, 7008]
    again, _, _ = remember(cursor, known, [told(7009)], NOW + timedelta(minutes=1), POLICY)
    assert holes(again) == [7007, 7008]
