"""Wappi.pro: whether a WhatsApp, Telegram or MAX profile is open and authorised, and how long it is paid for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import Reading
from probes._words import (
    FINE,
    NOT_KNOWN,
    Meaning,
    expiring,
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

SCAN = Meaning(
    state=State.QR_REQUIRED,
    action_ru="Отсканировать QR или войти по коду в Wappi",
    action_en="Scan the QR code or log in by the code in Wappi",
)
WAIT = Meaning(
    state=State.CONNECTING, action_ru="Подождать, перезапустить профиль", action_en="Wait, restart the profile"
)
UNPAID = Meaning(state=State.UNPAID, action_ru="Оплатить профиль", action_en="Pay for the profile")
PATIENCE = timedelta(minutes=10)
_API = {"whatsapp": "api", "telegram": "tapi", "max": "maxapi"}


async def ask(get: Get, account: Account) -> tuple[int, Any]:
    api = _API.get(account.settings.get("product", "whatsapp"), "api")
    headers = {"Authorization": account.secrets["token"]}
    return await get(f"/{api}/sync/get/status", headers=headers, params={"profile_id": account.settings["profile_id"]})


def read(answers: tuple[int, Any], account: Account, now: datetime) -> Reading:
    (status, body), own = answers, account.settings["profile_id"]
    if is_refusal(status, body):
        return revoked(account, now, own, raw=status)
    if status != 200:
        return rejected(account, now, status)
    told = _told(body, account.settings.get("product", "whatsapp"))
    if not isinstance(told.get("authorized"), bool):
        return malformed(account, now, "the profile's answer does not tell whether it is authorised")
    since = moment(account.memory.get("odd_since")) or now
    meant, raw = judge(told, now, lasts=now - since)
    is_odd = told["authorized"] is True and text(told.get("app_status")).lower() != "open"
    until = moment(told.get("payment_expired_at"))
    messenger = Messenger(account.settings.get("product", "whatsapp"))
    found = [seen(account, one, meant, raw, messenger=messenger, valid_until=until) for one in subjects(account, own)]
    kept = {"odd_since": since.isoformat() if is_odd else None}
    return reading(account, now, found, remember=kept, news=[raw] if is_odd else [])


def _told(body: Any, product: str) -> dict[str, Any]:
    """A Telegram profile may tell one word alone, whether it is up: clients read a boolean `status`."""
    told = mapping(body)
    up = told.get("status")
    if product == "telegram" and "authorized" not in told and isinstance(up, bool):
        return {"app_status": "open", **told, "authorized": up}
    return told


def judge(told: dict[str, Any], now: datetime, *, lasts: timedelta) -> tuple[Meaning, str]:
    """`lasts`: how long the application has told another word than `open`; no list of those words is public."""
    until, app = moment(told.get("payment_expired_at")), text(told.get("app_status"))
    if until is not None and until < now:
        return UNPAID, "payment expired"
    if told["authorized"] is False:
        return SCAN, "not authorized"
    if app.lower() != "open":
        return (WAIT if lasts < PATIENCE else NOT_KNOWN), app or "no app_status"
    return expiring(FINE, until, now, "Продлить профиль заранее", "Renew the profile before its end"), "open"


PROBE = ProviderProbe(
    type="wappi",
    default_url="https://wappi.pro",
    required=("token", "profile_id"),
    optional=("product",),
    ask=ask,
    read=read,
    keeps=("odd_since",),
)
