"""Where the story of a session may be taken up again, so that a poll tells only what is new in it.

A story follows from its messages, from what it is judged by, and from how its turns were told before. Where its
beginning was told once more and gave the very turns it had given before, it would give them a third time: as long as
all it follows from is the same, it need not be told. A bookmark lies only where nothing depends on the time that
passes: nobody waits, nothing was deleted, nothing waits for its delivery. It is compared with what is told now and
never believed, so it may be lost, be of another state of the portal, or be kept for several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from monitor.core.lately import Lately
from monitor.core.model import Author, Delivery, Message
from monitor.core.turn import Turn, Verdict
from monitor.core.turn_messages import SKEW
from monitor.core.turn_rules import Rules
from monitor.core.turn_wait import Dialog

if TYPE_CHECKING:
    from monitor.core.turn_story import Story

Known = Mapping[int, Turn]  # by the message they began with

MANAGER, ACCEPTED, VOID, MET = Author.MANAGER, Delivery.ACCEPTED, Verdict.VOID, Verdict.MET
PLAIN = frozenset({"campaign", "canned", "helped", "no_phone", "ooh", "other_responsible", "phone", "short"})
_place_of = attrgetter(
    *("chat", "line", "moved", "connector", "customer", "created", "started_by_customer", "owner", "status")
)
_all_but_echoes = attrgetter(*(name for name in Rules.__slots__ if name != "echoed"))


class Bookmark:
    """A beginning of one session, and how things stood after it. `begun`: all turns known of it, in their order;
    `turns`: those that it tells; `void`: those that were taken back."""

    __slots__ = (
        *("assigned", "at", "begun", "has_start", "holder", "holder_spoke", "messages", "people", "place", "rules"),
        *("spoken", "turns", "void"),
    )

    def __init__(self, story: Story, messages: Sequence[Message], begun: list[Turn], before: Bookmark | None) -> None:
        dialog = story.dialog
        self.at, self.messages, self.begun = dialog.now, messages, begun
        self.place, self.people, self.rules = _place_of(dialog.session), dialog.people, dialog.rules
        self.turns, self.assigned = list(story.turns), dict(story.assigned)
        self.holder, self.holder_spoke, self.spoken = story.holder, story.holder_spoke, story.spoken
        self.void = tuple([turn for turn in begun if turn.verdict is VOID]) if len(begun) != len(self.turns) else ()
        passed = len(before.messages) if before is not None else 0
        is_begun = before is not None and before.has_start
        self.has_start: bool = is_begun or "start" in [message.mark for message in messages[passed:]]

    def goes_on(self, dialog: Dialog, messages: Sequence[Message], previous: Sequence[Turn]) -> Known | None:
        """The turns that were told of what comes after it; None = the story has to be told from its beginning."""
        told, known = len(self.messages), len(self.begun)
        if messages[:told] != self.messages or previous[:known] != self.begun:
            return None
        if _place_of(dialog.session) != self.place or dialog.people != self.people:
            return None
        if not self._is_judged_by(dialog.rules) or not self._is_followed_by(messages[told:], dialog.now):
            return None
        return _begun_in(previous[known:], messages[told:])

    def _is_judged_by(self, rules: Rules) -> bool:
        """The same rules, as far as these messages are concerned."""
        if rules is self.rules:
            return True
        if _all_but_echoes(rules) != _all_but_echoes(self.rules):
            return False
        echoes = rules.echoed ^ self.rules.echoed
        if any(message.id in echoes for message in self.messages):
            return False
        self.rules = rules
        return True

    def _is_followed_by(self, new: Sequence[Message], now: datetime) -> bool:
        """Messages in their order, of a time that can be, none of which changes where the session begins."""
        last = self.messages[-1]
        for message in new:
            if message.id <= last.id or message.at < last.at or (message.mark == "start" and not self.has_start):
                return False
            last = message
        return last.at <= now + SKEW


def _begun_in(turns: Sequence[Turn], messages: Sequence[Message]) -> Known | None:
    """By the message they began with; None if that of one is not among them."""
    if not turns:
        return {}
    known = {turn.message: turn for turn in turns}
    return known if known.keys() <= {message.id for message in messages} else None


def rest_of(messages: Sequence[Message], start: int) -> int:
    """How many messages there are up to the last one of an employee, after which nobody may be waiting."""
    for place in range(len(messages), start, -1):
        if messages[place - 1].author is MANAGER:
            return place
    return start


def laid(
    story: Story, messages: Sequence[Message], previous: Sequence[Turn], before: Bookmark | None
) -> Bookmark | None:
    """A bookmark after these messages, which the story has just told, taken up at `before`; None = none can lie."""
    if story.wait is not None or story.dropped is not None or story.problems:
        return None
    passed = len(before.messages) if before is not None else 0
    if not all(map(_lasts, messages[passed:])):
        return None
    new = _begun(story, messages[-1].id, previous, before)
    if new is None:
        return None
    return Bookmark(story, messages, [*before.begun, *new] if before is not None else new, before)


def _lasts(message: Message) -> bool:
    """Whether it says the same whenever it is told."""
    return not message.deleted and (message.author is not MANAGER or message.delivery is ACCEPTED)


def _begun(story: Story, last: int, previous: Sequence[Turn], before: Bookmark | None) -> list[Turn] | None:
    """The turns that will be known of all this when it is told again, beside those that were before the bookmark.

    None where they might be told otherwise: each has to be one that was told again as it was, or one that stands.
    """
    known, told = (len(before.begun), len(before.turns)) if before is not None else (0, 0)
    new = {turn.message: turn for turn in story.turns[told:]}
    if len(new) != len(story.turns) - told:
        return None
    begun = []
    for turn in previous[known:]:
        if turn.message > last:
            continue
        again = new.pop(turn.message, turn if turn.verdict is VOID else None)
        if again is None or "carried" in turn.marks or not (again is turn or _stands(again)):
            return None
        begun.append(again)
    if not all(map(_stands, new.values())):
        return None
    if any(turn.message > last for turn in previous[known : known + len(begun)]):
        return None
    return begun + list(new.values())


def _stands(turn: Turn) -> bool:
    """Whether it would be told again as it is told for the first time: answered in time, and nothing odd about it
    that what is known of it could change."""
    return turn.verdict is MET and turn.proof == 0 and PLAIN.issuperset(turn.marks)


class Bookmarks(Lately[Bookmark]):
    """Of one portal."""

    __slots__ = ()

    def settled(self, session: int, told: Turn, turn: Turn) -> None:
        """A turn was written down as another record than it was told: so it will be known."""
        mark = self.of(session)
        for turns in (mark.begun, mark.turns) if mark is not None else ():
            for place in range(len(turns) - 1, -1, -1):
                if turns[place] is told:
                    turns[place] = turn
                    break
