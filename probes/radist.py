"""Radist.Online: does the key live and does the connection still exist; its state no public method tells."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import ProviderSeen, Reading
from probes._words import Meaning, is_refusal, malformed, mapping, missing, reading, rejected, revoked, rows, seen, text

EXISTS = Meaning(
    state=State.UNKNOWN,
    reason="exists",
    action_ru="Состояние смотреть в кабинете Radist.Online",
    action_en="See the state in the console of Radist.Online",
)
GONE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Создать подключение заново, обновить его номер в настройках",
    action_en="Recreate the connection, update its number in the configuration",
)
_MESSENGERS = {"whatsapp": Messenger.WHATSAPP, "telegram": Messenger.TELEGRAM, "max": Messenger.MAX}


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    """All connections of the company in one call; where the config names no company, of the key's first one."""
    headers = {"X-Api-Key": account.secrets["api_key"]}
    company = account.settings.get("company_id", "")
    if not company:
        answer = await get("/v2/companies/", headers=headers, params={"limit": "100", "offset": "0"})
        listed = rows(mapping(answer[1]).get("companies"))
        if answer[0] != 200 or not listed:
            return answer
        company = text(listed[0].get("id"))
    return await get(f"/v2/companies/{company}/connections/", headers=headers)


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    status, body = answers
    if is_refusal(status, body):
        return revoked(account, now, raw=status)
    if status == 404:
        return reading(account, now, [seen(account, one, GONE, "404") for one in account.accounts or (account.name,)])
    if status != 200:
        return rejected(account, now, status)
    listed = mapping(body).get("connections")
    if not isinstance(listed, list):
        return malformed(account, now, "the list of connections is no list")
    found = [_connection(account, row) for row in rows(listed) if text(row.get("id"))]
    return reading(account, now, [*found, *missing(account, found, GONE, "404")])


def _connection(account: Account, row: dict[str, Any]) -> ProviderSeen:
    kind = text(row.get("type")).lower()
    messenger = next((one for word, one in _MESSENGERS.items() if word in kind), Messenger.OTHER)
    return seen(account, text(row["id"]), EXISTS, "exists", messenger=messenger)


PROBE = ProviderProbe(
    type="radist",
    default_url="https://api.radist.online",
    required=("api_key",),
    optional=("company_id",),
    ask=ask,
    read=read,
)
