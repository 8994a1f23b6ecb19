"""Evolution API v2: the state of every instance and why it closed; reconnection is not tried after some codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import ProviderSeen, Reading
from probes._words import FINE, NOT_KNOWN, Meaning, malformed, mapping, reading, rejected, revoked, rows, seen, text

RESCAN = Meaning(state=State.QR_REQUIRED, action_ru="Отсканировать QR заново", action_en="Rescan the QR code")
CONNECTING = Meaning(
    state=State.CONNECTING,
    action_ru="Отсканировать QR, если не подключится",
    action_en="Scan the QR code if it does not connect",
)
RECONNECTS = Meaning(
    state=State.CONNECTING, action_ru="Ждать автоподключения", action_en="Wait for the automatic reconnection"
)
BANNED = Meaning(
    state=State.BANNED, action_ru="Проверить блокировку на телефоне", action_en="Check the phone for a ban"
)
ELSEWHERE = Meaning(
    state=State.OPENED_ELSEWHERE,
    action_ru="Остановить второй экземпляр сессии",
    action_en="Stop the second instance of the session",
)
GONE = Meaning(state=State.MISCONFIGURED, action_ru="Проверить имя инстанса", action_en="Check the instance's name")

# Baileys' reasons of a closed connection.
CLOSED = {
    **dict.fromkeys(("401", "411", "500"), RESCAN),
    **dict.fromkeys(("403", "402", "406"), BANNED),
    "440": ELSEWHERE,
}


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    return await get("/instance/fetchInstances", headers={"apikey": account.secrets["api_key"]})


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    status, body = answers
    if status in {401, 403}:
        return revoked(account, now, raw=status)
    if status == 404:
        return reading(account, now, [seen(account, one, GONE, "404") for one in account.accounts])
    if status != 200:
        return rejected(account, now, status)
    if not isinstance(body, list):
        return malformed(account, now, "the list of instances is no list")
    found = [one for one in (_instance(account, row) for row in rows(body)) if one is not None]
    missing = set(account.accounts) - {one.account for one in found}
    return reading(account, now, [*found, *(seen(account, one, GONE, "404") for one in sorted(missing))])


def _instance(account: Account, row: dict[str, Any]) -> ProviderSeen | None:
    """Rows are flat, or inside `instance` in older versions."""
    told = {**row, **mapping(row.get("instance"))}
    name = text(told.get("name")) or text(told.get("instanceName"))
    if not name:
        return None
    state = text(told.get("connectionStatus")) or text(told.get("state"))
    meant, raw = judge(state, text(told.get("disconnectionReasonCode")))
    return seen(account, name, meant, raw, messenger=Messenger.WHATSAPP)


def judge(state: str, code: str) -> tuple[Meaning, str]:
    match state.lower():
        case "open":
            return FINE, "open"
        case "connecting":
            return CONNECTING, "connecting"
        case "refused":
            return RESCAN, "refused"
        case "close" | "closed":
            return CLOSED.get(code, RECONNECTS), f"close {code}".rstrip()
        case "":
            return GONE, "no state"
    return NOT_KNOWN, state


PROBE = ProviderProbe(
    type="evolution", default_url="", required=("api_key",), ask=ask, read=read, fastest=timedelta(seconds=5)
)
