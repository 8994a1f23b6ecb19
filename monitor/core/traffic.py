"""A channel's traffic: who wrote last, and how many messages went each way."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import datetime

from monitor.core.memory import ChannelMemory
from monitor.core.model import Author, Message
from monitor.core.replacing import replace

OUTBOUND = frozenset({Author.MANAGER, Author.BOT, Author.AUTOMATIC})


def fold_traffic(
    memory: ChannelMemory, messages: Iterable[Message], phone_users: Container[int] = frozenset()
) -> ChannelMemory:
    """Messages not counted before: who wrote last, and how many went each way.

    `phone_users`: under whose names a connector shows what was typed on the phone. Nothing else tells it: a reply that
    was confirmed looks the same (bitrix24-api.md 5).
    """
    told = tuple(messages)
    inbound = [message.at for message in told if message.author is Author.CUSTOMER]
    outbound = [message.at for message in told if message.author in OUTBOUND]
    return replace(
        memory,
        last_inbound=_latest(memory.last_inbound, inbound),
        last_outbound=_latest(memory.last_outbound, outbound),
        received=memory.received + len(inbound),
        sent=memory.sent + len(outbound),
        echoes_phone=memory.echoes_phone or any(one.mirrored and one.user in phone_users for one in told),
    )


def _latest(known: datetime | None, moments: Sequence[datetime]) -> datetime | None:
    return max([*moments, *([known] if known else [])], default=None)
