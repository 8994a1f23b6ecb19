"""Waiting notices into messages: one a portal and receiver, each incident told once, no more a day than people read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.notice_words import digest_subject, left_out
from monitor.core.receivers import Notice, Receiver

MOST_TOLD = 10  # notices whose text one message carries


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent as one. `id` is the same whenever it is composed of the same notices."""

    id: str
    portal: str
    subject: str
    text: str
    keys: tuple[str, ...]  # of the notices that it settles
    manager: int = 0


def compose(portal: str, due: Sequence[Notice], receiver: Receiver, pages: str) -> Message | None:
    """The notices that are due, in order, as one message; None of none.

    Of an incident only the last word is told: what began and ended unseen is told as over. Of a customer's wait the
    graver word, until it is over.
    """
    if not due:
        return None
    last = _last_words(due)
    told = sorted(last.values(), key=lambda notice: (not notice.urgent, notice.due, notice.key))
    managers = {notice.manager for notice in told}
    return Message(
        id=message_id(portal, receiver.name, [notice.key for notice in due]),
        portal=portal,
        subject=told[0].subject if len(told) == 1 else digest_subject(portal, len(told), receiver.language),
        text=told[0].text if len(told) == 1 else _listed(told, receiver, f"{pages.rstrip('/')}/incidents"),
        keys=tuple(notice.key for notice in due),
        manager=managers.pop() if len(managers) == 1 else 0,
    )


def _last_words(due: Sequence[Notice]) -> dict[str, Notice]:
    last: dict[str, Notice] = {}
    for notice in due:
        about = notice.about or notice.key
        is_graver = notice.urgent or about not in last or not last[about].urgent
        if is_graver or notice.final or notice.key.endswith("/closed"):
            last[about] = notice
    return last


def _listed(told: Sequence[Notice], receiver: Receiver, link: str) -> str:
    parts = [f"{number}. {notice.subject}\n{notice.text}" for number, notice in enumerate(told[:MOST_TOLD], 1)]
    left = len(told) - MOST_TOLD
    return "\n\n".join([*parts, left_out(left, link, receiver.language)] if left > 0 else parts)


def next_ones(due: Sequence[Notice]) -> Sequence[int]:
    """The places of those that go together as the next message, in their order: a review alone, all else in one."""
    if due[0].alone:
        return [0]
    return [place for place, notice in enumerate(due) if not notice.alone]


def message_id(portal: str, receiver: str, keys: Sequence[str]) -> str:
    return hashlib.blake2s("|".join((portal, receiver, *keys)).encode(), digest_size=6).hexdigest()


def may_be_told(sent_today: int, receiver: Receiver, due: Sequence[Notice]) -> bool:
    """Within the day's number; a digest may always come, since there is one a day of it."""
    return sent_today < receiver.per_day or not any(notice.urgent for notice in due)


def after(failed: int, permanent: bool, began: datetime, now: datetime) -> float | None:
    """Seconds until the next attempt, growing; None = given up, since nobody takes it for a day or for ever."""
    if permanent or (now - began).total_seconds() >= GIVEN_UP_AFTER:
        return None
    return min(FIRST_PAUSE * 2.0 ** min(failed - 1, 20), LONGEST_PAUSE)


FIRST_PAUSE, LONGEST_PAUSE, GIVEN_UP_AFTER = 5.0, 900.0, 86400.0
