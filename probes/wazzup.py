"""Wazzup24: every channel of the account in one call (GET /v3/channels, User API v3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import ProviderSeen, Reading
from probes._words import (
    FINE,
    Meaning,
    is_refusal,
    malformed,
    mapping,
    meaning,
    reading,
    rejected,
    revoked,
    rows,
    seen,
    text,
)

_LOG_IN = Meaning(
    state=State.QR_REQUIRED,
    action_ru="Нажать «Авторизовать» в кабинете Wazzup и войти заново",
    action_en="Press Authorize in Wazzup and log in again",
)
_RESCAN = Meaning(
    state=State.QR_REQUIRED,
    action_ru="Отсканировать QR в кабинете Wazzup",
    action_en="Scan the QR code in Wazzup",
)
_BANNED = Meaning(
    state=State.BANNED,
    action_ru="Написать в поддержку Wazzup, подать апелляцию, готовить другой номер",
    action_en="Contact Wazzup support, appeal, prepare another number",
)

WORDS = {
    "active": FINE,
    "init": Meaning(
        state=State.CONNECTING,
        action_ru="Подождать 10 минут, затем поддержка Wazzup",
        action_en="Wait 10 minutes, then Wazzup support",
    ),
    "qr": _RESCAN,
    "qridle": _RESCAN,
    "waitForPassword": Meaning(
        state=State.QR_REQUIRED,
        reason="2fa",
        action_ru="Ввести пароль двухфакторной защиты",
        action_en="Enter the two-factor password",
    ),
    "phoneUnavailable": Meaning(
        state=State.PHONE_OFFLINE,
        action_ru="Включить телефон, проверить интернет и мессенджер на нём",
        action_en="Power on the phone, check its internet and the app",
    ),
    "openElsewhere": Meaning(
        state=State.OPENED_ELSEWHERE,
        action_ru="Нажать «Использовать здесь» или выйти со всех устройств и отсканировать QR",
        action_en='Press "Use here", or log out everywhere and rescan',
    ),
    "notEnoughMoney": Meaning(
        state=State.UNPAID,
        action_ru="Продлить подписку или пополнить баланс Wazzup",
        action_en="Renew the subscription or top up the balance",
    ),
    "disabled": Meaning(
        state=State.MISCONFIGURED,
        action_ru="Вернуть канал в подписку или включить его",
        action_en="Add the channel back to the subscription or enable it",
    ),
    "foreignphone": Meaning(
        state=State.MISCONFIGURED,
        action_ru="Отсканировать QR с того номера, что указан в канале",
        action_en="Rescan with the number that is set on the channel",
    ),
    "onModeration": Meaning(
        state=State.CONNECTING, action_ru="Ждать проверки Meta", action_en="Wait for the review by Meta"
    ),
    "rejected": Meaning(
        state=State.MISCONFIGURED,
        action_ru="Исправить данные WABA, написать в поддержку",
        action_en="Fix the WABA details, contact support",
    ),
    "blocked": _BANNED,
    "banned": _BANNED,
}
_TOKEN = Meaning(
    state=State.TOKEN_REVOKED,
    action_ru="Нажать «Авторизовать» в кабинете Wazzup и войти заново",
    action_en="Press Authorize in Wazzup and log in again",
)
_MESSENGERS = {
    "whatsapp": Messenger.WHATSAPP,
    "wapi": Messenger.WHATSAPP,
    "tgapi": Messenger.TELEGRAM,
    "telegram": Messenger.TELEGRAM,
    "max": Messenger.MAX,
    "maxbot": Messenger.MAX,
}
_BY_PHONE = frozenset({"whatsapp", "tgapi", "max"})  # a personal account logs in with its phone
_GONE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Канала нет в аккаунте Wazzup: проверить channelId в настройках",
    action_en="The Wazzup account has no such channel: check the channelId in the configuration",
)


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    return await get("/v3/channels", headers={"Authorization": f"Bearer {account.secrets['api_key']}"})


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    status, body = answers
    if is_refusal(status, body) or (status == 403 and body is None):  # Wazzup may leave the body empty
        return revoked(account, now, raw=status)
    if status != 200:
        return rejected(account, now, status)
    if not isinstance(body, list):
        return malformed(account, now, "the list of channels is no list")
    found = [_channel(account, row) for row in rows(body) if text(row.get("channelId"))]
    missing = set(account.accounts) - {one.account for one in found}
    return reading(account, now, [*found, *(seen(account, one, _GONE, "not in the list") for one in sorted(missing))])


def _channel(account: Account, row: dict[str, Any]) -> ProviderSeen:
    raw, transport = mapping(row).get("state"), text(row.get("transport")).lower()
    meant = meaning(WORDS, raw)
    if str(raw).lower() == "unauthorized":
        meant = _LOG_IN if transport in _BY_PHONE else _TOKEN
    return seen(account, text(row["channelId"]), meant, raw, messenger=_MESSENGERS.get(transport, Messenger.OTHER))


PROBE = ProviderProbe(
    type="wazzup",
    default_url="https://api.wazzup24.com",
    required=("api_key",),
    ask=ask,
    read=read,
)
