"""edna Pulse: which channel profiles of the account are active (WhatsApp, MAX bots and others)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import ProviderSeen, Reading
from probes._words import (
    FINE,
    NOT_KNOWN,
    Meaning,
    is_refusal,
    malformed,
    missing,
    reading,
    rejected,
    revoked,
    rows,
    seen,
    text,
)

OFF = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Проверить канал в edna Pulse, написать менеджеру",
    action_en="Check the channel in edna Pulse, contact the manager",
)
GONE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Канала нет в аккаунте edna: проверить subjectId в настройках",
    action_en="The edna account has no such channel: check the subjectId in the configuration",
)
_MESSENGERS = {"whatsapp": Messenger.WHATSAPP, "telegram": Messenger.TELEGRAM, "max": Messenger.MAX}


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    return await get("/api/channel-profile", headers={"X-API-KEY": account.secrets["api_key"]})


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    status, body = answers
    if is_refusal(status, body):
        return revoked(account, now, raw=status)
    if status != 200:
        return rejected(account, now, status)
    if not isinstance(body, list):
        return malformed(account, now, "the list of channel profiles is no list")
    found = [_profile(account, row) for row in rows(body) if text(row.get("subjectId"))]
    return reading(account, now, [*found, *missing(account, found, GONE, "not in the list")])


def _profile(account: Account, row: dict[str, Any]) -> ProviderSeen:
    active, kind = row.get("active"), text(row.get("type")).lower()
    meant = FINE if active is True else OFF if active is False else NOT_KNOWN
    messenger = next((one for word, one in _MESSENGERS.items() if word in kind), Messenger.OTHER)
    return seen(account, text(row["subjectId"]), meant, f"active={str(active).lower()}", messenger=messenger)


PROBE = ProviderProbe(
    type="edna",
    default_url="https://app.edna.ru",
    required=("api_key",),
    ask=ask,
    read=read,
)
