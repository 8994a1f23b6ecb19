"""A portal's turns by chat: a poll looks at the dialogs that moved and at who waits, never at all there ever was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from monitor.core.shelf import Shelf
from monitor.core.turn import Turn, TurnKey, Verdict

UNANSWERED = frozenset({Verdict.OPEN, Verdict.MISSED})

Chat = Mapping[int, Turn]  # by the message that the turn began with
NO_TURNS: Chat = MappingProxyType({})


class TurnBook(Mapping[TurnKey, Turn]):
    """Never changed; what did not change is shared with the book it was made of, and so is its `shelf`."""

    __slots__ = ("_chats", "_unanswered", "shelf")

    def __init__(
        self, chats: Mapping[int, Chat], unanswered: Mapping[TurnKey, Turn], shelf: Shelf | None = None
    ) -> None:
        self._chats, self._unanswered, self.shelf = chats, unanswered, shelf or Shelf()

    def __getitem__(self, key: TurnKey) -> Turn:
        return self._chats[key.chat][key.message]

    def __iter__(self) -> Iterator[TurnKey]:
        return (TurnKey(chat, message) for chat, turns in self._chats.items() for message in turns)

    def __len__(self) -> int:
        return sum(map(len, self._chats.values()))

    def of_chat(self, chat: int) -> Chat:
        return self._chats.get(chat, NO_TURNS)

    def unanswered(self) -> Collection[Turn]:
        """Those that wait, and those that were closed without a word."""
        return self._unanswered.values()

    def amended(self, changed: Iterable[Turn]) -> TurnBook:
        """With turns that are new or have changed."""
        fresh: dict[int, dict[int, Turn]] = {}
        unanswered = dict(self._unanswered)
        for turn in changed:
            key = turn.key
            if key.chat not in fresh:
                fresh[key.chat] = dict(self.of_chat(key.chat))
            fresh[key.chat][key.message] = turn
            unanswered.pop(key, None)
            if turn.verdict in UNANSWERED:
                unanswered[key] = turn
        return TurnBook({**self._chats, **fresh}, unanswered, self.shelf) if fresh else self

    def of_sessions(self, known: Collection[int]) -> TurnBook:
        """Without the turns of all other sessions."""
        mine = [turn for turns in self._chats.values() for turn in turns.values()]
        told = [turn for turn in mine if turn.session in known]
        return self if len(told) == len(mine) else TurnBook({}, {}, self.shelf).amended(told)

    def changes_since(self, before: TurnBook) -> dict[TurnKey, Turn]:
        """What is another record than before, by identity."""
        told = {}
        for chat, turns in self._chats.items():
            known = before.of_chat(chat)
            if turns is not known:
                told.update({turn.key: turn for message, turn in turns.items() if known.get(message) is not turn})
        return told


def book_of(turns: Mapping[TurnKey, Turn]) -> TurnBook:
    """`turns` themselves where they are a book already: as the store tells them, they are none."""
    return turns if isinstance(turns, TurnBook) else TurnBook({}, {}).amended(turns.values())


def changed_turns(before: Mapping[TurnKey, Turn], after: Mapping[TurnKey, Turn]) -> dict[TurnKey, Turn]:
    """What `after` tells by another record; dialogs that did not move are not looked at where both are books."""
    if isinstance(before, TurnBook) and isinstance(after, TurnBook):
        return after.changes_since(before)
    return {key: turn for key, turn in after.items() if before.get(key) is not turn}


def unanswered(turns: Mapping[TurnKey, Turn]) -> Collection[Turn]:
    return book_of(turns).unanswered()


def waiting(turns: Mapping[TurnKey, Turn]) -> list[Turn]:
    """Whose customers nobody has answered yet."""
    return [turn for turn in book_of(turns).unanswered() if turn.verdict is Verdict.OPEN]
