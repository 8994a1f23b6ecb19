"""What a history comes to beside its turns: worked out of what is new in it and of what its beginning came to before.

Messages that are told again are compared with those before by value; where one is unlike, all are looked through.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime

from monitor.core.lately import Lately
from monitor.core.memory import Spoken
from monitor.core.model import Author, Delivery, Message
from monitor.core.reading import HistorySeen
from monitor.core.replacing import maker

CUSTOMER, MANAGER, ACCEPTED, PENDING = Author.CUSTOMER, Author.MANAGER, Delivery.ACCEPTED, Delivery.PENDING
SPOKEN_KEPT = 3
NOTHING: Set[str] = frozenset()
NEVER: datetime | None = None
_said = maker(Spoken)


class Gist:
    """Of one history. `texts`: what employees said, by digest; `last_heard`: of the newest word of the customer;
    `last_well`: of the newest message of an employee that arrived; `is_well`: all of them did; `unconfirmed`: those
    that nobody has confirmed; `spoken`: the last that did arrive."""

    __slots__ = ("at", "is_well", "last_heard", "last_well", "messages", "spoken", "texts", "unconfirmed")

    def __init__(self, messages: Sequence[Message], at: datetime, before: Gist | None) -> None:
        self.messages, self.at = messages, at
        self.is_well: bool = True
        self.texts, self.last_heard, self.last_well = NOTHING, NEVER, NEVER
        self.unconfirmed: tuple[int, ...] = ()
        self.spoken: tuple[Spoken, ...] = ()
        if before is not None:
            self.is_well, self.texts, self.last_heard = before.is_well, before.texts, before.last_heard
            self.last_well, self.unconfirmed, self.spoken = before.last_well, before.unconfirmed, before.spoken
        self._look_through(messages[len(before.messages) :] if before is not None else messages)

    def _look_through(self, messages: Sequence[Message]) -> None:
        said = []
        for one in messages:
            if one.author is CUSTOMER:
                if self.last_heard is None or one.at > self.last_heard:
                    self.last_heard = one.at
            elif one.author is MANAGER:
                said.append(one)
        if said:
            self.texts = self.texts | {one.digest for one in said if one.digest}
            self._look_whether_it_arrived(said)

    def _look_whether_it_arrived(self, said: Sequence[Message]) -> None:
        well = [one for one in said if one.delivery is ACCEPTED and not one.deleted]
        if well:
            last = max([one.at for one in well])
            self.last_well = last if self.last_well is None or last > self.last_well else self.last_well
            new = [_said(user=one.user, at=one.at, message=one.id, digest=one.digest) for one in well[-SPOKEN_KEPT:]]
            self.spoken = (*self.spoken, *new)[-SPOKEN_KEPT:]
        if len(well) < len(said):
            self.unconfirmed += tuple([one.id for one in said if one.delivery is PENDING])
            self.is_well = self.is_well and all(one.deleted or one.delivery is ACCEPTED for one in said)


Gists = Lately[Gist]


def gist_of(history: HistorySeen, gists: Gists, now: datetime) -> Gist:
    """`gists`: of the histories that were told lately; what is made here is kept with them."""
    messages, before = history.messages, gists.of(history.session.id)
    if before is not None:
        if before.messages is messages:
            return before
        if messages[: len(before.messages)] != before.messages:
            before = None
    made = Gist(messages, now, before)
    gists.keep(history.session.id, made)
    return made


def new_words(history: HistorySeen, gists: Gists, since: datetime) -> list[Message]:
    """What the customer wrote after a moment."""
    messages, before = history.messages, gists.of(history.session.id)
    if before is not None and (before.last_heard is None or before.last_heard <= since):
        told = len(before.messages)
        messages = messages[told:] if messages[:told] == before.messages else messages
    return [one for one in messages if one.at > since and one.author is CUSTOMER]
