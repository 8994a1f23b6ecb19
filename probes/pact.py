"""Pact: its channels by a poll, their states by the webhook alone: the last word heard of each stands until the next.

The receiver hands each body to `hear`; a poll repeats what was heard, and tells a dead key and an unpaid plan.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    missing,
    reading,
    rejected,
    revoked,
    rows,
    seen,
    subjects,
    text,
)

_SCAN = Meaning(
    state=State.QR_REQUIRED,
    action_ru="Отсканировать QR или подключить канал заново",
    action_en="Scan the QR code or reconnect the channel",
)
WORDS = {
    **dict.fromkeys(("authorized", "phone online", "synchronized"), FINE),
    "phone offline": Meaning(
        state=State.PHONE_OFFLINE,
        action_ru="Включить телефон и интернет на нём",
        action_en="Bring the phone online",
    ),
    "unavailable": Meaning(
        state=State.OPENED_ELSEWHERE,
        action_ru="Закрыть WhatsApp Web на других устройствах",
        action_en="Close WhatsApp Web on the other devices",
    ),
    "trying_resume_work": Meaning(state=State.CONNECTING, action_ru="Подождать", action_en="Wait"),
    **dict.fromkeys(("disabled", "qr_code new", "IG was set DISABLED"), _SCAN),
}
UNPAID = Meaning(state=State.UNPAID, action_ru="Оплатить тариф Pact", action_en="Pay for the Pact plan")
EXISTS = Meaning(
    state=State.UNKNOWN,
    reason="exists",
    action_ru="Состояние придёт вебхуком Pact; до тех пор смотреть кабинет",
    action_en="The state comes by the webhook of Pact; until then see its console",
)
GONE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Канала нет в аккаунте Pact: проверить его номер в настройках",
    action_en="The Pact account has no such channel: check its number in the configuration",
)
_MESSENGERS = {"whatsapp": Messenger.WHATSAPP, "telegram": Messenger.TELEGRAM, "max": Messenger.MAX}
PAGES = 20


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    """Every page of the company's channels as one list, or the first answer that is no page."""
    headers = {"X-Private-Api-Token": account.secrets["token"]}
    path = f"/p1/companies/{account.settings['company_id']}/channels"
    params: dict[str, str] = {}
    found: list[Any] = []
    for _ in range(PAGES):
        status, body = await get(path, headers=headers, params=params)
        told = mapping(mapping(body).get("data"))
        if status != 200 or not isinstance(told.get("channels"), list):
            return status, body
        found += told["channels"]
        if not text(told.get("next_page")):
            break
        params = {"from": text(told["next_page"])}
    return 200, {"data": {"channels": found}}


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    status, body = answers
    if is_refusal(status, body):
        return revoked(account, now, raw=status)
    if status == 402:
        return reading(account, now, [seen(account, one, UNPAID, "402") for one in subjects(account)])
    if status != 200:
        return rejected(account, now, status)
    listed = mapping(mapping(body).get("data")).get("channels")
    if not isinstance(listed, list):
        return malformed(account, now, "the list of channels is no list")
    found = [_channel(account, row) for row in rows(listed) if text(row.get("external_id"))]
    return reading(account, now, [*found, *missing(account, found, GONE, "not in the list")])


def hear(body: Any, account: Account, now: datetime) -> Reading | None:
    """What one webhook of Pact tells of a channel; None where it tells of messages and other things."""
    told = mapping(body)
    data = mapping(told.get("data"))
    if told.get("type") == "qr_code":
        return _heard(account, now, text(told.get("channel_id")), f"qr_code {text(told.get('event'))}")
    if told.get("type") != "system" or text(mapping(data.get("details")).get("entity")) != "channel":
        return None
    return _heard(account, now, text(mapping(data["details"]).get("entity_id")), text(data.get("message")))


def _heard(account: Account, now: datetime, channel: str, word: str) -> Reading | None:
    if not channel or not word:
        return None
    words = {**_words(account), channel: word[:100]}
    return reading(account, now, [seen(account, channel, meaning(WORDS, word), word)], remember={"heard": words})


def _words(account: Account) -> Mapping[str, str]:
    return mapping(account.memory.get("heard"))


def _channel(account: Account, row: dict[str, Any]) -> ProviderSeen:
    channel, kind = text(row["external_id"]), text(row.get("provider")).lower()
    messenger = next((one for word, one in _MESSENGERS.items() if word in kind), Messenger.OTHER)
    word = _words(account).get(channel)
    meant = meaning(WORDS, word) if word else EXISTS
    return seen(account, channel, meant, word or "exists", messenger=messenger)


PROBE = ProviderProbe(
    type="pact",
    default_url="https://api.pact.im",
    required=("token", "company_id"),
    optional=("hook_key",),
    ask=ask,
    read=read,
    hear=hear,
    keeps=("heard",),
)
