"""What was said in other dialogs is found by its digest, as going through all of them would find it."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.last_words import SPARE, LastWords
from monitor.core.memory import SessionMemory, Spoken
from monitor.core.model import Session

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DIGESTS = ["", "aaaa", "bbbb", "cccc"]
SAID = st.lists(
    st.builds(Spoken, user=st.just(12), at=st.just(AT), message=st.integers(1, 99), digest=st.sampled_from(DIGESTS)),
    max_size=3,
)


def memory(number: int, said: list[Spoken]) -> SessionMemory:
    session = Session(id=number, chat=number, line=1, connector="max", customer=8, created=AT)
    return SessionMemory(session=session, spoken=tuple(said))


def plainly(sessions: dict[int, SessionMemory], digest: str) -> list[tuple[int, int]]:
    return sorted((n, one.message) for n, known in sessions.items() for one in known.spoken if one.digest == digest)


def found(lately: LastWords, sessions: dict[int, SessionMemory], digest: str) -> list[tuple[int, int]]:
    return sorted((known.session.id, one.message) for known, one in lately.of(digest, sessions))


@given(st.dictionaries(st.integers(1, 6), SAID), st.lists(st.dictionaries(st.integers(1, 6), SAID), max_size=4))
def test_sessions_that_move_and_go_are_told_as_they_are_now(
    first: dict[int, list[Spoken]], polls: list[dict[int, list[Spoken]]]
) -> None:
    sessions = {number: memory(number, said) for number, said in first.items()}
    lately = LastWords()
    for poll in polls:
        sessions |= {number: memory(number, said) for number, said in poll.items()}
        if poll:
            sessions.pop(min(sessions))  # forgotten
        lately.hear(sessions, {number: sessions[number].spoken for number in poll if number in sessions})
        for digest in DIGESTS[1:]:
            assert found(lately, sessions, digest) == plainly(sessions, digest)


def test_forgotten_sessions_do_not_stay_for_ever() -> None:
    lately = LastWords()
    for number in range(1, 3 * SPARE):
        said = [Spoken(user=12, at=AT, message=number, digest=f"{number:08x}")]
        lately.hear({number: memory(number, said)}, {number: said})
    assert len(lately) <= SPARE + 10
