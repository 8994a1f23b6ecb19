"""A portal's turns by chat: a poll looks at the dialogs that moved and at who waits, never at all there ever was."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from monitor.core.shelf import Shelf
from monitor.core.turn import Turn, TurnKey, Verdict

UNANSWERED = frozenset({Verdict.OPEN, Verdict.MISSED})

NO_TURNS: Mapping[int, Turn] = MappingProxyType({})


class Chat:
    """One chat's turns by the message they began with, all together and by session. Only a copy is written in, and
    what it has of each session is shared until then."""

    __slots__ = ("_lasts", "sessions", "turns")

    def __init__(
        self,
        turns: dict[int, Turn],
        sessions: dict[int, Mapping[int, Turn]],
        lasts: Mapping[int, int] = MappingProxyType({}),
    ) -> None:
        self.turns, self.sessions = turns, sessions
        self._lasts = dict(lasts)  # the message that began a session's last turn; of those that were asked for

    def copy(self) -> Chat:
        return Chat(dict(self.turns), dict(self.sessions), self._lasts)

    def put(self, turn: Turn) -> None:
        before = self.turns.get(turn.message)
        if before is not None and before.session != turn.session:
            left = self.sessions[before.session]
            self.sessions[before.session] = {message: one for message, one in left.items() if message != turn.message}
            self._lasts.pop(before.session, None)
        self.turns[turn.message] = turn
        self._lasts.pop(turn.session, None)
        self.sessions[turn.session] = {**self.of_session(turn.session), turn.message: turn}

    def of_session(self, session: int) -> Mapping[int, Turn]:
        return self.sessions.get(session, NO_TURNS)

    def last_before(self, session: int) -> Turn | None:
        """Of the turns of earlier sessions the last one."""
        if len(self.sessions) == 1 and session in self.sessions:
            return None
        last = max([self._last_of(number) for number in self.sessions if number < session], default=0)
        return self.turns[last] if last else None

    def passed_through(self, session: int, first: int) -> Turn | None:
        """The wait that began before this session, whose `first` message that is, and that a later one has by now."""
        if len(self.sessions) < 2 or max(self.sessions) <= session:
            return None
        later = [turn for number, told in self.sessions.items() if number > session for turn in told.values()]
        begun = [turn for turn in later if turn.message < first and turn.verdict is not Verdict.VOID]
        return max(begun, key=lambda turn: turn.message, default=None)

    def _last_of(self, session: int) -> int:
        """0 = it has none; what is void never was."""
        known = self._lasts.get(session)
        if known is None:
            began = [message for message, turn in self.sessions[session].items() if turn.verdict is not Verdict.VOID]
            known = self._lasts[session] = max(began, default=0)
        return known


NO_CHAT = Chat({}, {})


class TurnBook(Mapping[TurnKey, Turn]):
    """Never changed; what did not change is shared with the book it was made of, and so is its `shelf`."""

    __slots__ = ("_chats", "_unanswered", "shelf")

    def __init__(
        self, chats: Mapping[int, Chat], unanswered: Mapping[TurnKey, Turn], shelf: Shelf | None = None
    ) -> None:
        self._chats, self._unanswered, self.shelf = chats, unanswered, shelf or Shelf()

    def __getitem__(self, key: TurnKey) -> Turn:
        return self._chats[key.chat].turns[key.message]

    def __iter__(self) -> Iterator[TurnKey]:
        return (TurnKey(chat, message) for chat, told in self._chats.items() for message in told.turns)

    def __len__(self) -> int:
        return sum(len(chat.turns) for chat in self._chats.values())

    def chat(self, chat: int) -> Chat:
        return self._chats.get(chat, NO_CHAT)

    def of_chat(self, chat: int) -> Mapping[int, Turn]:
        return self.chat(chat).turns

    def unanswered(self) -> Collection[Turn]:
        """Those that wait, and those that were closed without a word."""
        return self._unanswered.values()

    def amended(self, changed: Iterable[Turn]) -> TurnBook:
        """With turns that are new or have changed."""
        fresh: dict[int, Chat] = {}
        told = list(changed)
        for turn in told:
            if turn.chat not in fresh:
                fresh[turn.chat] = self.chat(turn.chat).copy()
            fresh[turn.chat].put(turn)
        return self.rewritten(fresh, told)

    def rewritten(self, chats: Mapping[int, Chat], changed: Iterable[Turn]) -> TurnBook:
        """With other copies of some chats, in which no other turns have changed."""
        if not chats:
            return self
        unanswered = dict(self._unanswered)
        for turn in changed:
            key = turn.key
            unanswered.pop(key, None)
            if turn.verdict in UNANSWERED:
                unanswered[key] = turn
        return TurnBook({**self._chats, **chats}, unanswered, self.shelf)

    def of_sessions(self, known: Collection[int]) -> TurnBook:
        """Without the turns of all other sessions."""
        if all(session in known for chat in self._chats.values() for session, told in chat.sessions.items() if told):
            return self
        mine = (turn for chat in self._chats.values() for turn in chat.turns.values())
        return TurnBook({}, {}, self.shelf).amended(turn for turn in mine if turn.session in known)

    def changes_since(self, before: TurnBook) -> dict[TurnKey, Turn]:
        """What is another record than before, by identity."""
        told = {}
        for chat, after in self._chats.items():
            known = before.chat(chat)
            if after is not known:
                turns = known.turns
                told.update({turn.key: turn for message, turn in after.turns.items() if turns.get(message) is not turn})
        return told


def book_of(turns: Mapping[TurnKey, Turn]) -> TurnBook:
    """`turns` themselves where they are a book already: as the store tells them, they are none."""
    return turns if isinstance(turns, TurnBook) else TurnBook({}, {}).amended(turns.values())


def shelf_of(turns: Mapping[TurnKey, Turn]) -> Shelf:
    """An empty one where they are no book."""
    return turns.shelf if isinstance(turns, TurnBook) else Shelf()


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
