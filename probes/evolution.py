"""Evolution API v2: the state of every instance and why it closed; reconnection is not tried after some codes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import ProviderSeen, Reading
from probes._words import (
    FINE,
    NOT_KNOWN,
    Meaning,
    is_refusal,
    malformed,
    mapping,
    missing,
    moment,
    reading,
    rejected,
    revoked,
    rows,
    seen,
    taken,
    text,
)

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

LOCKED = Meaning(
    state=State.RESTRICTED,
    action_ru="Не начинать новые чаты, пока не кончится ограничение",
    action_en="Start no new chats until the restriction ends",
)
PATIENCE = timedelta(minutes=10)

# Baileys' reasons of a closed connection.
CLOSED = {
    **dict.fromkeys(("401", "411", "500"), RESCAN),
    **dict.fromkeys(("403", "402", "406"), BANNED),
    "440": ELSEWHERE,
}


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    """The list of all instances, which tells why one closed; where it is not served, each bound one by its name."""
    headers = {"apikey": account.secrets["api_key"]}
    listed = await get("/instance/fetchInstances", headers=headers)
    return await _by_name(get, account, headers) if listed[0] in {404, 405} and account.accounts else listed


async def _by_name(get: Get, account: Account, headers: dict[str, str]) -> tuple[int, Any]:
    """As rows of a list, or the first answer that is none. Of an instance that does not exist there is no row."""
    found = []
    for name in account.accounts:
        status, body = await get(f"/instance/connectionState/{quote(name, safe='')}", headers=headers)
        told = mapping(body).get("instance")
        if status != 404 and (status != 200 or not isinstance(told, dict)):
            return status, None if status == 200 else body
        found += [{**told, "name": name}] if isinstance(told, dict) else []
    return 200, found


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    status, body = answers
    if is_refusal(status, body):
        return revoked(account, now, raw=status)
    if status == 404:
        return reading(account, now, [seen(account, one, GONE, "404") for one in account.accounts])
    if status != 200:
        return rejected(account, now, status)
    if not isinstance(body, list):
        return malformed(account, now, "the list of instances is no list")
    since = _connecting_since(account, rows(body), now)
    found = [one for one in (_instance(account, row, since, now) for row in rows(body)) if one is not None]
    told = [*found, *missing(account, found, GONE, "404")]
    return reading(account, now, told, remember={"connecting": {name: at.isoformat() for name, at in since.items()}})


def _connecting_since(account: Account, listed: list[dict[str, Any]], now: datetime) -> dict[str, datetime]:
    """Since when each instance tells `connecting`: an instance that nobody scans stays in it."""
    before = mapping(account.memory.get("connecting"))
    names = (_name_and_state(row) for row in listed)
    return {name: moment(before.get(name)) or now for name, state in names if state.lower() == "connecting"}


def _name_and_state(row: dict[str, Any]) -> tuple[str, str]:
    """Rows are flat, or inside `instance` in older versions."""
    told = {**row, **mapping(row.get("instance"))}
    name = text(told.get("name")) or text(told.get("instanceName"))
    return name, text(told.get("connectionStatus")) or text(told.get("state"))


def _instance(account: Account, row: dict[str, Any], since: dict[str, datetime], now: datetime) -> ProviderSeen | None:
    told = {**row, **mapping(row.get("instance"))}
    name, state = _name_and_state(row)
    if not name:
        return None
    meant, raw = judge(state, text(told.get("disconnectionReasonCode")))
    lock, ends = mapping(told.get("reachoutTimeLock")), None
    if meant is FINE and lock.get("isActive") is True:
        meant, raw, ends = LOCKED, "reachoutTimeLock", moment(lock.get("timeEnforcementEnds"))
    if meant is CONNECTING and now - since.get(name, now) >= PATIENCE:
        meant = RESCAN
    return seen(account, name, meant, raw, messenger=Messenger.WHATSAPP, ends=ends)


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


async def send(get: Get, account: Account, *, sender: str, to: str, text: str) -> None:
    path = f"/message/sendText/{quote(sender, safe='')}"
    status, answer = await get(path, headers={"apikey": account.secrets["api_key"]}, post={"number": to, "text": text})
    taken(status, "key" in mapping(answer))


PROBE = ProviderProbe(
    type="evolution",
    default_url="",
    required=("api_key",),
    ask=ask,
    read=read,
    keeps=("connecting",),
    send=send,
)
