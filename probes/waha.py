"""WAHA: every session of a self-hosted gateway in one call; stopped ones are shown only with all=true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import Reading
from probes._words import (
    FINE,
    Meaning,
    is_refusal,
    malformed,
    meaning,
    reading,
    rejected,
    revoked,
    rows,
    seen,
    taken,
    text,
)

_SCAN = Meaning(
    state=State.QR_REQUIRED,
    action_ru="Отсканировать QR или подтвердить ключ доступа",
    action_en="Scan the QR code or confirm the passkey",
)
WORDS = {
    "WORKING": FINE,
    "STARTING": Meaning(state=State.CONNECTING, action_ru="Подождать", action_en="Wait"),
    "SCAN_QR_CODE": _SCAN,
    "PASSKEY_REQUIRED": _SCAN,
    "PASSKEY_CONFIRMATION_REQUIRED": _SCAN,
    "STOPPED": Meaning(state=State.MISCONFIGURED, action_ru="Запустить сессию", action_en="Start the session"),
    "FAILED": Meaning(
        state=State.QR_REQUIRED,
        action_ru="Перезапустить сессию; не помогло: выйти и отсканировать QR",
        action_en="Restart the session; if it persists log out and rescan",
    ),
}
GONE = Meaning(state=State.MISCONFIGURED, action_ru="Проверить имя сессии", action_en="Check the session's name")


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    headers = {"X-Api-Key": account.secrets["api_key"]}
    return await get("/api/sessions", headers=headers, params={"all": "true"})


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    status, body = answers
    if is_refusal(status, body):
        return revoked(account, now, raw=status)
    if status != 200:
        return rejected(account, now, status)
    if not isinstance(body, list):
        return malformed(account, now, "the list of sessions is no list")
    found = [
        seen(
            account,
            text(row.get("name")),
            meaning(WORDS, row.get("status")),
            row.get("status"),
            messenger=Messenger.WHATSAPP,
        )
        for row in rows(body)
        if text(row.get("name"))
    ]
    missing = set(account.accounts) - {one.account for one in found}
    return reading(account, now, [*found, *(seen(account, one, GONE, "404") for one in sorted(missing))])


async def send(get: Get, account: Account, *, sender: str, to: str, text: str) -> None:
    headers = {"X-Api-Key": account.secrets["api_key"]}
    body = {"session": sender, "chatId": to, "text": text}
    status, answer = await get("/api/sendText", headers=headers, post=body)
    taken(status, isinstance(answer, dict) and "error" not in answer)


PROBE = ProviderProbe(type="waha", default_url="", required=("api_key",), ask=ask, read=read, send=send)
