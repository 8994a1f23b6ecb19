"""MAX Bot API: does the token live, and is our webhook still subscribed (MAX drops it after 8 hours of failures)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import Reading
from probes._words import (
    FINE,
    Meaning,
    baseline,
    is_refusal,
    malformed,
    mapping,
    reading,
    rejected,
    revoked,
    rows,
    seen,
    subjects,
    text,
)

NEW_TOKEN = Meaning(
    state=State.TOKEN_REVOKED,
    action_ru="Скопировать токен на business.max.ru, проверить блокировку по правилам",
    action_en="Copy the token from business.max.ru, check for a rules violation",
)
NO_RECEIVER = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Восстановить вебхук: MAX отписывает после 8 часов ошибок",
    action_en="Restore the webhook: MAX removes it after 8 hours of failures",
)
TAKEN = Meaning(
    state=State.OPENED_ELSEWHERE,
    action_ru="Убрать чужую подписку, подключить бота заново",
    action_en="Remove the foreign subscription, connect the bot again",
)
Answers = tuple[tuple[int, Any], tuple[int, Any]]


async def ask(get: Get, account: Account) -> Answers:
    headers = {"Authorization": account.secrets["token"]}
    me = await get("/me", headers=headers)
    return me, await get("/subscriptions", headers=headers) if me[0] == 200 else me


def read(answers: Answers, account: Account, now: datetime) -> Reading:
    (status, me), (listed_status, listed) = answers
    if status == 200:  # a token may die between the two questions
        status, me = listed_status, me if listed_status == 200 else listed
    code = text(mapping(me).get("code"))
    if is_refusal(status, me) or code == "verify.token":
        return revoked(account, now, "", NEW_TOKEN, code or status)
    if status != 200:
        return rejected(account, now, status)
    subscribed = mapping(listed).get("subscriptions")
    if not isinstance(subscribed, list) or not all(_is_subscription(row) for row in subscribed):
        return malformed(account, now, "/subscriptions has no list")
    hosts = sorted({urlsplit(text(row.get("url"))).hostname or "" for row in rows(subscribed)} - {""})
    own = text(mapping(me).get("username"))
    known = baseline(account, own) or (hosts[0] if hosts else "")
    meant = FINE if known in hosts else TAKEN if hosts else NO_RECEIVER
    raw = f"subscribed: {', '.join(hosts)}" if hosts else "no subscriptions"
    told = [seen(account, one, meant, raw, messenger=Messenger.MAX) for one in subjects(account, own)]
    return reading(account, now, told, remember={"bot": own, "host": known})


def _is_subscription(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("url"), str)


PROBE = ProviderProbe(
    type="max_bot",
    default_url="https://platform-api2.max.ru",
    required=("token",),
    optional=("webhook_host",),
    ask=ask,
    read=read,
    keeps=("bot", "host"),
)
