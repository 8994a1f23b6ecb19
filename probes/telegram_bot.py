"""Telegram Bot API: does the token live, and does the right receiver get the updates. Read-only methods alone."""

from __future__ import annotations

from datetime import datetime, timedelta
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
    moment,
    reading,
    rejected,
    revoked,
    seen,
    subjects,
    text,
)

NEW_TOKEN = Meaning(
    state=State.TOKEN_REVOKED,
    action_ru="Взять новый токен у @BotFather и переподключить канал",
    action_en="Get a new token from @BotFather and reconnect",
)
MOVED = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Бот переведён на другой сервер Bot API: вернуть",
    action_en="The bot was moved to another Bot API server: move it back",
)
NO_RECEIVER = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Переподключить бота к открытой линии",
    action_en="Reconnect the bot to the open line",
)
TAKEN = Meaning(
    state=State.OPENED_ELSEWHERE,
    action_ru="Отключить бота в другом сервисе, переподключить к Битрикс24",
    action_en="Unlink the bot from the other service, reconnect it to Bitrix24",
)
DEAF = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Проверить приёмник вебхука",
    action_en="Check the webhook receiver",
)
TROUBLE = Meaning(
    state=State.CONNECTING,
    action_ru="Подождать, сбой на стороне Telegram",
    action_en="Wait, a fault on Telegram's side",
)
POLLING = "polling"  # the config's word for a bot whose integration asks for updates itself
FRESH = timedelta(minutes=10)
Answers = tuple[tuple[int, Any], tuple[int, Any]]


async def ask(get: Get, account: Account) -> Answers:
    token = account.secrets["token"]
    me = _told(await get(f"/bot{token}/getMe", secret_path=True))
    hook = _told(await get(f"/bot{token}/getWebhookInfo", secret_path=True)) if me[0] == 200 else me
    return me, hook


def _told(answer: tuple[int, Any]) -> tuple[int, Any]:
    """A relay may answer 200 to all: then the envelope has the status."""
    status, body = answer
    code = mapping(body).get("error_code") if status == 200 and mapping(body).get("ok") is False else None
    return (code if isinstance(code, int) and 400 <= code < 600 else status), body


def read(answers: Answers, account: Account, now: datetime) -> Reading:
    (status, me), (hook_status, hook) = answers
    if status == 200 and hook_status == 401:
        status = hook_status
    description = text(mapping(me).get("description"))
    if is_refusal(status, me) or (status == 404 and isinstance(me, dict)):
        return revoked(account, now, "", NEW_TOKEN, status)
    if status == 400 and "logged out" in description.lower():
        return reading(account, now, [seen(account, one, MOVED, description) for one in subjects(account)])
    if status != 200:
        return rejected(account, now, status)
    info = mapping(mapping(hook).get("result"))
    if mapping(me).get("ok") is not True or "url" not in info:
        return malformed(account, now, "getMe or getWebhookInfo has no result")
    return _judged(info, mapping(me.get("result")), account, now)


def _judged(info: dict[str, Any], me: dict[str, Any], account: Account, now: datetime) -> Reading:
    own, host = text(me.get("username")), urlsplit(text(info.get("url"))).hostname or ""
    known = baseline(account, own) or host
    pending, failing_from = _backlog(info), _failing_from(info, account, now)
    meant, raw = _meaning(info, host, known, failing_from, now)
    detail = text(info.get("last_error_message")) if meant is DEAF else ""
    found = [
        seen(account, one, meant, raw, messenger=Messenger.TELEGRAM, detail=detail) for one in subjects(account, own)
    ]
    known = "" if known == POLLING else known  # the setting's word alone: without it a host is looked for again
    kept = {"bot": own, "host": known, "pending": pending, "failing_from": failing_from}
    return reading(account, now, found, remember=kept)


def _backlog(info: dict[str, Any]) -> int:
    told = info.get("pending_update_count")
    return told if isinstance(told, int) else 0


def _failing_from(info: dict[str, Any], account: Account, now: datetime) -> int | None:
    """The backlog at which the receiver was first seen failing; None = it is not. `last_error_date` is never cleared:
    it counts only fresh. A backlog that has grown and stands is no recovery until it falls below that."""
    if not _is_fresh(info.get("last_error_date"), now):
        return None
    pending, since, before = _backlog(info), account.memory.get("failing_from"), account.memory.get("pending")
    if isinstance(since, int) and pending >= since:
        return since
    return pending if isinstance(before, int) and pending > before else None


def _meaning(
    info: dict[str, Any], host: str, known: str, failing_from: int | None, now: datetime
) -> tuple[Meaning, str]:
    if not host and known == POLLING:
        return FINE, "polled"
    if not host:
        return NO_RECEIVER, "no webhook"
    if host != known:
        return TAKEN, f"webhook at {host}"
    if failing_from is not None:
        return DEAF, "webhook fails, backlog grows"
    if _is_fresh(info.get("last_synchronization_error_date"), now):
        return TROUBLE, "synchronization error"
    return FINE, f"webhook at {host}"


def _is_fresh(value: Any, now: datetime) -> bool:
    at = moment(value)
    return at is not None and now - at <= FRESH


PROBE = ProviderProbe(
    type="telegram_bot",
    default_url="https://api.telegram.org",
    required=("token",),
    optional=("webhook_host",),
    ask=ask,
    read=read,
    keeps=("bot", "host", "failing_from"),
)
