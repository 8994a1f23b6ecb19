"""Whether what managers write leaves the portal: messages that nobody confirms, on a connector that confirms them.

Bitrix24 marks an outgoing message `sending` until the connector confirms it, and `isDelivered: N` when it failed
(bitrix24-api.md 5). Those that Bitrix24 ships confirm; a custom connector may never confirm anything, so that is learnt
first: a message has to be seen waiting, and confirmed later, a few times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from monitor.core.model import Author, Delivery, Message
from monitor.core.replacing import maker

if TYPE_CHECKING:
    from monitor.core.gist import Gist

CONFIRMED_SEEN = 3  # confirmations after which the connector is known to confirm
WINDOW = timedelta(minutes=5)  # Bitrix24's own patience is 300 seconds
REMEMBERED = timedelta(hours=24)
ENOUGH, SESSIONS = 3, 2  # messages not delivered, in how many dialogs: one customer may have blocked the number
MOST_STUCK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A manager's message that was not confirmed. `failed`: the portal itself says that it was not delivered."""

    message: int
    session: int
    at: datetime
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What became of a channel's outgoing messages. `confirmed`: seen waiting and confirmed later, up to the few that
    are asked for; `last_well`: of the newest message that arrived."""

    confirmed: int = 0
    last_well: datetime | None = None
    stuck: tuple[Stuck, ...] = ()


NOTHING_SENT = Deliveries()
MANAGER, ACCEPTED = Author.MANAGER, Delivery.ACCEPTED
_deliveries = maker(Deliveries)


def with_history(
    known: Deliveries, session: int, waiting: Sequence[int], messages: Iterable[Message], now: datetime
) -> Deliveries:
    """After one history; `waiting`: the messages that its last reading saw unconfirmed."""
    last, confirmed, stuck = known.last_well, known.confirmed, []
    for one in messages:
        if one.author is not MANAGER or one.deleted:
            continue
        if one.delivery is ACCEPTED:
            confirmed += one.id in waiting
            last = one.at if last is None or one.at > last else last
        elif now - one.at < REMEMBERED:
            stuck.append(Stuck(message=one.id, session=session, at=one.at, failed=one.delivery is Delivery.FAILED))
    stuck += [one for one in known.stuck if one.session != session and now - one.at < REMEMBERED]
    kept = sorted((one for one in stuck if last is None or one.at > last), key=lambda one: (one.at, one.message))
    confirmed, left = min(confirmed, CONFIRMED_SEEN), tuple(kept[-MOST_STUCK:])
    if (confirmed, last, left) == (known.confirmed, known.last_well, known.stuck):
        return known
    return _deliveries(confirmed=confirmed, last_well=last, stuck=left)


def with_gist(known: Deliveries, session: int, waiting: Sequence[int], gist: Gist, now: datetime) -> Deliveries:
    """The same where the history tells mostly that all arrived: then its newest message is all there is to know."""
    if waiting or known.stuck or not gist.is_well:
        return with_history(known, session, waiting, gist.messages, now)
    if gist.last_well is None or (known.last_well is not None and gist.last_well <= known.last_well):
        return known
    return _deliveries(confirmed=known.confirmed, last_well=gist.last_well, stuck=())


def undelivered(known: Deliveries, now: datetime, *, confirms: bool = False) -> tuple[Stuck, ...]:
    """The messages that did not arrive, if they are enough to say so; those still on their way do not count.
    `confirms`: the connector is known to do so."""
    confirms = confirms or known.confirmed >= CONFIRMED_SEEN
    late = [
        one for one in known.stuck if now - one.at < REMEMBERED and (one.failed or (confirms and now - one.at > WINDOW))
    ]
    dialogs = {one.session for one in late}
    return tuple(late) if len(late) >= ENOUGH and len(dialogs) >= SESSIONS else ()
