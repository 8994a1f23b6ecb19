"""The turns of a portal by chat: what changes is told by its own size, what does not is shared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.core.turn_book import TurnBook, book_of, unanswered, waiting

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOBODY = TurnBook({}, {})


def turn(chat: int, message: int, verdict: Verdict = Verdict.OPEN, session: int = 1) -> Turn:
    return Turn(
        **{"chat": chat, "message": message, "session": session, "line": 1, "connector": "telegrambot"},
        **{"kind": "first", "opened": AT, "working_from": AT, "target": timedelta(minutes=15), "deadline": AT},
        verdict=verdict,
    )  # type: ignore[arg-type]  # the facts are Turn's fields


TURNS = st.lists(st.builds(turn, st.integers(1, 3), st.integers(1, 4), st.sampled_from(Verdict), st.integers(1, 3)))


@given(st.lists(TURNS, max_size=4))
def test_a_book_amended_again_and_again_is_the_map_of_all_it_was_told(steps: list[list[Turn]]) -> None:
    plain: dict[TurnKey, Turn] = {}
    book = NOBODY
    for step in steps:
        before, known = book, dict(plain)
        book = book.amended(step)
        plain |= {one.key: one for one in step}
        assert before == known  # a book is never changed
        assert book.changes_since(before) == {k: one for k, one in plain.items() if known.get(k) is not one}
    assert book == plain
    assert len(book) == len(plain)
    assert sorted(one.key for one in waiting(book)) == sorted(
        key for key, one in plain.items() if one.verdict is Verdict.OPEN
    )
    lost = {Verdict.OPEN, Verdict.MISSED}
    assert sorted(one.key for one in unanswered(plain)) == sorted(
        key for key, one in plain.items() if one.verdict in lost
    )


@given(TURNS, st.sets(st.integers(1, 3)))
def test_turns_of_forgotten_sessions_leave_the_book(turns: list[Turn], known: set[int]) -> None:
    book = book_of({one.key: one for one in turns})
    left = book.of_sessions(known)
    assert left == {key: one for key, one in book.items() if one.session in known}
    assert {one.key for one in left.unanswered()} == {one.key for one in book.unanswered() if one.session in known}


def test_a_book_without_news_is_the_same_book() -> None:
    book = book_of({one.key: one for one in [turn(1, 1), turn(2, 5)]})
    assert book.amended([]) is book
    assert book.of_sessions({1}) is book
    assert book_of(book) is book


def test_a_chat_that_did_not_move_is_shared_with_the_book_before() -> None:
    book = book_of({one.key: one for one in [turn(1, 1), turn(2, 5)]})
    after = book.amended([turn(1, 2)])
    assert after.of_chat(2) is book.of_chat(2)
    assert set(after.of_chat(1)) == {1, 2}
    assert dict(after.of_chat(9)) == {}


@given(st.lists(TURNS, max_size=4), st.integers(1, 4))
def test_the_last_turn_of_earlier_sessions_is_found_however_the_chat_came_to_be(
    steps: list[list[Turn]], session: int
) -> None:
    book = NOBODY
    for step in steps:
        book = book.amended(step)
        for chat in (1, 2, 3):
            earlier = [
                one for one in book.of_chat(chat).values() if one.session < session and one.verdict is not Verdict.VOID
            ]
            assert book.chat(chat).last_before(session) is max(earlier, key=lambda one: one.message, default=None)
