"""Numbers that are given a second time: when it is believed, and what is forgotten then."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judgement_parts import WAZZUP

from monitor.core.memory import Cursor, PortalState, SessionMemory
from monitor.core.model import Author, Message, Session
from monitor.core.reading import HistorySeen
from monitor.core.restored import Restored, forgotten, in_words, restored

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CURSOR = Cursor(watermark=NOW, highest_session=20, settled=True, holes=((18, NOW),))


def session(number: int, at: datetime = NOW - HOUR) -> Session:
    return Session(
        id=number, chat=number, line=1, connector=WAZZUP.connector, customer=9, created=at, updated=at + MINUTE
    )


def known(number: int, last: int = 300, at: datetime = NOW - HOUR) -> SessionMemory:
    return SessionMemory(session=session(number, at), read_at=NOW, last_message=last, counted=last)


def told(number: int, *messages: tuple[int, datetime]) -> HistorySeen:
    said = tuple(
        Message(id=one, session=number, chat=number, at=at, author=Author.CUSTOMER, user=9) for one, at in messages
    )
    return HistorySeen(session=session(number, messages[0][1] if messages else NOW), messages=said)


LATER = NOW + 5 * MINUTE


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (told(15, (299, NOW - HOUR), (301, LATER)), "a dialog that goes on"),
        (told(21, (301, LATER)), "a new one"),
        (told(18, (301, LATER)), "a young hole that was filled"),
        (told(12, (301, NOW - HOUR), (302, LATER)), "one that was forgotten, or hidden, and speaks again"),
        (told(15), "one without messages"),
        (
            told(15, (298, NOW - HOUR), (299, NOW + timedelta(seconds=1))),
            "one whose newest message was deleted",
        ),
    ],
)
def test_usual_dialogs_are_no_sign_of_it(history: HistorySeen, why: str) -> None:
    assert restored(CURSOR, {15: known(15)}, [history]) is None, why


def test_a_dialog_of_this_minute_is_not_young_under_an_old_number() -> None:
    fresh = known(20, last=300, at=NOW - MINUTE)
    assert restored(CURSOR, {20: fresh}, [told(20, (300, NOW - MINUTE), (301, NOW + MINUTE))]) is None


def test_a_young_dialog_under_an_old_number_is() -> None:
    found = restored(CURSOR, {15: known(15), 17: known(17)}, [told(17, (290, LATER)), told(15, (301, LATER))])
    assert found == Restored(reused=15, continued={})
    assert restored(CURSOR, {}, [told(12, (290, LATER))]) == Restored(reused=12, continued={})
    assert in_words(Restored(reused=12, continued={}))[0].startswith("replies.ids_went_back session=12: ")


def test_a_young_dialog_that_could_not_be_read_before_a_younger_one_was_is_none() -> None:
    """The list has failed for a while, so our last look is long ago; numbers rise with time all the same."""
    younger = {17: known(17, at=LATER + MINUTE)}
    assert restored(CURSOR, younger, [told(12, (301, LATER))]) is None
    older = {17: known(17, at=LATER - HOUR)}
    assert restored(CURSOR, {**younger, **older}, [told(12, (301, LATER))]) == Restored(reused=12, continued={})


def test_a_lower_number_of_a_later_message_is_too() -> None:
    history = told(15, (290, NOW - HOUR), (295, LATER))
    assert restored(CURSOR, {15: known(15)}, [history]) == Restored(continued={15: 290})


def test_before_the_first_look_nothing_is_old() -> None:
    history = told(15, (301, LATER))
    assert restored(replace(CURSOR, watermark=None), {15: known(15)}, [history]) is None
    assert restored(replace(CURSOR, settled=False), {15: known(15)}, [history]) is None


def test_what_is_no_more_is_forgotten_and_the_highest_number_is_sought_anew() -> None:
    state = PortalState(portal="acme", cursor=CURSOR, sessions={number: known(number) for number in (14, 15, 20)})
    after = forgotten(state, Restored(reused=15, continued={14: 290}))
    assert after.sessions.keys() == {14}
    assert (after.sessions[14].counted, after.sessions[14].due) == (290, True)
    assert (after.cursor.highest_session, after.cursor.settled, after.cursor.holes) == (14, False, ())
    kept = forgotten(state, Restored(continued={15: 290}))
    assert kept.sessions.keys() == {14, 15, 20}
    assert (kept.cursor.highest_session, kept.cursor.settled) == (15, False)
