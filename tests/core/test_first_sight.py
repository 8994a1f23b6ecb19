"""At first sight a session that no activity tells of may lie between those that are told of, or below all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.core.gaps import BARREN, BARREN_LISTED, DEEPEST, HOLES_FOR
from monitor.core.memory import Cursor
from monitor.core.model import Author, Message, Session
from monitor.core.policy import Policy
from monitor.core.reading import ActivitiesSeen, Finding, HistorySeen, SessionsProbed
from monitor.core.sessions import remember

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")
OLD = NOW - POLICY.history - MINUTE


def session(number: int, created: datetime = NOW, updated: datetime | None = NOW) -> Session:
    return Session(id=number, chat=number, line=1, connector="max", customer=8, created=created, updated=updated)


def told(*numbers: int, old: int = 0) -> ActivitiesSeen:
    rows = [session(number, OLD if number == old else NOW) for number in numbers]
    return ActivitiesSeen(sessions=tuple(rows), watermark=NOW)


def history(number: int, created: datetime = NOW) -> HistorySeen:
    said = Message(id=number, session=number, chat=number, at=NOW, author=Author.CUSTOMER, user=8)
    return HistorySeen(session=session(number, created, None), messages=(said,))


def after(cursor: Cursor, *findings: Finding, now: datetime = NOW) -> Cursor:
    return remember(cursor, {}, findings, now, POLICY)[0]


def asked(cursor: Cursor) -> dict[int, bool]:
    """Holes, and whether they were asked for."""
    return {number: at is not None for number, at in cursor.holes}


def missing(*numbers: int, older: int = 0) -> SessionsProbed:
    return SessionsProbed(highest=0, missing=numbers, older=older)


def descending(descent: int, highest: int = 7000) -> Cursor:
    return Cursor(watermark=NOW, highest_session=highest, settled=True, descent=descent)


def test_gaps_among_the_listed_sessions_are_looked_at_and_what_lies_below_them() -> None:
    cursor = after(Cursor(), told(7001, 7003, 7006))
    assert asked(cursor) == {7002: False, 7004: False, 7005: False}
    assert cursor.descent == 7001


def test_below_a_listed_session_that_is_older_than_what_is_read_nothing_is() -> None:
    cursor = after(Cursor(), told(7001, 7003, 7006, old=7003))
    assert asked(cursor) == {7004: False, 7005: False}
    assert cursor.descent == 0


def test_a_young_portal_has_no_ids_below_one() -> None:
    cursor = after(Cursor(), told(3))
    assert (cursor.holes, cursor.descent) == ((), 3)
    assert after(cursor, missing(2, 1)).descent == 0


def test_where_nothing_is_listed_all_below_the_highest_is_looked_at_once_that_is_known() -> None:
    cursor = after(Cursor(watermark=NOW), SessionsProbed(highest=4096, missing=(8192,), galloped=True))
    assert (cursor.highest_session, cursor.settled, cursor.descent, cursor.holes) == (4096, False, 4097, ())
    cursor = after(cursor, SessionsProbed(highest=6144, missing=(4099,), galloped=True))
    assert (cursor.settled, cursor.descent, cursor.holes) == (False, 6145, ())
    cursor = after(cursor, SessionsProbed(highest=0, missing=(6145, 6146), galloped=True))
    assert (cursor.settled, cursor.descent, cursor.holes) == (True, 6145, ())


def test_it_goes_down_as_far_as_it_was_asked_and_those_who_did_not_answer_are_asked_again_for_a_while() -> None:
    cursor = after(descending(7001), history(7000), missing(6999, 6998, 6996))
    assert (cursor.descent, asked(cursor)) == (6998, {6998: True, 6999: True})
    assert after(cursor, now=NOW + HOLES_FOR).holes == ()


def test_it_ends_where_a_session_began_before_what_is_read() -> None:
    assert after(descending(7001), history(7000), missing(6999, 6998, older=6998)).descent == 0
    assert after(descending(7001), history(7000), history(6999, OLD)).descent == 0
    assert after(descending(7001), missing(7000, 6998, older=6998)).descent == 7000  # the one between was not asked


def test_a_session_without_a_word_does_not_end_it() -> None:
    empty = HistorySeen(session=session(7000, datetime.fromtimestamp(0, UTC), None), messages=())
    assert after(descending(7001), empty).descent == 7000


def test_it_ends_in_a_desert_and_in_the_deep() -> None:
    for other, many in ((told(7000), BARREN_LISTED), (history(7000), BARREN)):
        assert after(descending(7000), other, missing(*range(7000 - many, 7000))).descent == 0
        assert after(descending(7000), other, missing(*range(7001 - many, 7000))).descent == 7001 - many
    assert after(descending(7001 - DEEPEST), missing(7000 - DEEPEST)).descent == 0


def test_a_new_session_meanwhile_is_no_part_of_it() -> None:
    cursor = after(descending(6900), told(7003), missing(6899))
    assert (cursor.highest_session, cursor.descent) == (7003, 6899)
    assert asked(cursor) == {6899: True, 7001: False, 7002: False}


def test_afterwards_only_what_is_passed_over_is_a_gap() -> None:
    known = Cursor(highest_session=7006, watermark=NOW, settled=True)
    cursor = after(known, told(7009))
    assert asked(cursor) == {7007: False, 7008: False}
    assert asked(after(cursor, told(7009), now=NOW + MINUTE)) == {7007: False, 7008: False}
