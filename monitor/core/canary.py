"""A test message through a second account of the integrator's: when one is due, whether it arrived, whether it is lost.

A customer's message proves as much, so one is sent only where none has come for a while. It is told before it is sent:
of one that was not taken by the sender's provider, or of which that is not known, nothing follows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.history import digest
from monitor.core.model import Author, ChannelKey, Message
from monitor.core.policy import CanaryRule
from monitor.core.replacing import replace

KEPT = 6
ENOUGH = 2  # lost in a row: one alone may be the sender's or the messenger's own
CLOCKS = timedelta(minutes=5)  # how far the portal's clock may be behind ours

_TEXT = {
    "ru": "Проверка связи № {number}. Это сообщение прислал монитор каналов, отвечать на него не нужно.",
    "en": "Connection test No. {number}. The channel monitor has sent this message, no answer is needed.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One test message. `taken`: when the sender's provider took it; `problem`: why it did not; `digest` of its text,
    by which it is known again."""

    number: str
    digest: str
    sent: datetime
    taken: datetime | None = None
    arrived: datetime | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canaries:
    """Of one channel, ascending. `customers`: the user ids under which the portal knows our second account."""

    sent: tuple[Canary, ...] = ()
    customers: tuple[int, ...] = ()


NO_CANARIES = Canaries()


def prepared(portal: str, key: ChannelKey, language: str, now: datetime) -> tuple[Canary, str]:
    """The next one, and its text."""
    mark = f"{portal}|{key.line}|{key.connector}|{now.isoformat()}"
    number = hashlib.blake2s(mark.encode(), digest_size=4).hexdigest().upper()
    text = _TEXT[language].format(number=number)
    return Canary(number=number, digest=digest(text), sent=now), text


def with_sent(known: Canaries, canary: Canary) -> Canaries:
    if any(one.number == canary.number for one in known.sent):
        return known
    return replace(known, sent=(*known.sent, canary)[-KEPT:])


def with_taken(known: Canaries, number: str, at: datetime, problem: str) -> Canaries:
    """What the sender's provider said of it."""
    told = {"problem": problem} if problem else {"taken": at}
    return replace(known, sent=tuple(replace(one, **told) if one.number == number else one for one in known.sent))


def with_heard(known: Canaries, customer: int, messages: Iterable[Message]) -> Canaries:
    """After one history of the channel: whose dialog it is, which of them it holds."""
    waiting = {one.digest: one for one in known.sent if one.arrived is None}
    if not waiting:
        return known
    arrived = {
        message.digest: message.at
        for message in messages
        if message.author is Author.CUSTOMER and message.digest in waiting and _is_later(message, waiting)
    }
    if not arrived:
        return known
    sent = tuple(replace(one, arrived=arrived.get(one.digest, one.arrived)) for one in known.sent)
    return replace(known, sent=sent, customers=tuple(sorted({*known.customers, *((customer,) if customer else ())})))


def _is_later(message: Message, waiting: dict[str, Canary]) -> bool:
    return message.at >= waiting[message.digest].sent - CLOCKS


def last_arrival(known: Canaries) -> datetime | None:
    return max((one.arrived for one in known.sent if one.arrived), default=None)


def is_due(known: Canaries, rule: CanaryRule, last_inbound: datetime | None, now: datetime) -> bool:
    """Of a channel that counts as working, in its hours."""
    last = known.sent[-1] if known.sent else None
    heard = max((at for at in (last_inbound, last_arrival(known)) if at), default=None)
    if last is not None and last.arrived is None:
        if now < (last.taken or last.sent) + rule.wait:
            return False  # on its way, or not to be pressed
        if len(lost(known, rule, heard, now)) == 1:
            return True  # a second one settles whether it was chance
    tried = last.sent if last is not None and last.taken is not None else None
    return all(at is None or now - at >= rule.every for at in (heard, tried))


def lost(known: Canaries, rule: CanaryRule, heard: datetime | None, read_until: datetime) -> tuple[Canary, ...]:
    """Those taken after the last sign of life that should be there by now; dialogs are read to `read_until`."""
    return tuple(
        one
        for one in known.sent
        if one.taken is not None
        and one.arrived is None
        and one.taken + rule.wait <= read_until
        and (heard is None or one.taken > heard)
    )
