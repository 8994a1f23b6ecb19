"""WhatsApp Cloud API: the phone number's status, its health, its quality (Graph API)."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Any

from monitor.core.model import CallFailed, Failure, Messenger, Reason, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import Reading
from probes._words import (
    FINE,
    Meaning,
    expiring,
    malformed,
    mapping,
    meaning,
    moment,
    reading,
    rejected,
    revoked,
    rows,
    seen,
    subjects,
    text,
)

CORE = "display_phone_number,verified_name,status,quality_rating,name_status,code_verification_status,account_mode"
ALL = f"{CORE},platform_type,health_status"
VERSION = "v23.0"
Answers = dict[str, tuple[int, Any] | None]

NEW_TOKEN = Meaning(
    state=State.TOKEN_REVOKED,
    action_ru="Выпустить постоянный токен системного пользователя",
    action_en="Issue a permanent system-user token",
)
RIGHTS = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Проверить права приложения и phone_number_id",
    action_en="Check the app's permissions and phone_number_id",
)
UNPAID = Meaning(
    state=State.UNPAID, action_ru="Обновить способ оплаты Meta", action_en="Fix the payment method at Meta"
)
BANNED = Meaning(
    state=State.BANNED,
    action_ru="Апелляция в Business Support Home",
    action_en="Appeal in Business Support Home",
)
LIMITED = Meaning(
    state=State.RESTRICTED,
    action_ru="Снизить рассылки; пройти верификацию бизнеса",
    action_en="Cut bulk sends; complete the business verification",
)
BLOCKED = Meaning(
    state=State.RESTRICTED,
    action_ru="Прочитать в кабинете Meta, что предлагается сделать, и сделать это",
    action_en="Follow the possible_solution that Meta shows",
)
COMPLAINTS = Meaning(
    state=State.RESTRICTED,
    reason="quality_red",
    action_ru="Проверить шаблоны и жалобы",
    action_en="Review the templates and complaints",
)
WARNED = Meaning(
    state=State.CONNECTED,
    reason="quality_yellow",
    action_ru="Проверить шаблоны и жалобы",
    action_en="Review the templates and complaints",
)
PROFILE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Исправить имя, код или режим в WhatsApp Manager",
    action_en="Fix the name, code or mode in WhatsApp Manager",
)
REGISTER = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Зарегистрировать номер в Cloud API заново",
    action_en="Register the number on Cloud API again",
)
REVIEW = Meaning(
    state=State.CONNECTING,
    action_ru="Завершить регистрацию или ждать проверки",
    action_en="Finish the registration or wait for the review",
)
WORDS = {
    "CONNECTED": FINE,
    **dict.fromkeys(("PENDING", "LINKED"), REVIEW),
    **dict.fromkeys(("DISCONNECTED", "UNLINKED", "DELETED", "MIGRATED", "UNVERIFIED", "OFFLINE"), REGISTER),
    **dict.fromkeys(("FLAGGED", "RESTRICTED", "RATE_LIMITED", "PAUSED"), LIMITED),
    "BANNED": BANNED,
}
WABA = {"PENDING": REVIEW, "RESTRICTED": LIMITED, "DISABLED": BANNED}
HEALTH = {"141006": UNPAID, "141014": BANNED, "141010": LIMITED}


async def ask(get: Get, account: Account) -> Answers:
    number = await _number(get, account)
    if number[0] != 200:
        return {"number": number, "waba": None, "token": None}
    return {"number": number, "waba": await _waba(get, account), "token": await _token(get, account)}


async def _number(get: Get, account: Account) -> tuple[int, Any]:
    """All fields, or the core ones where an optional one is refused (error 100)."""
    path = f"/{VERSION}/{account.settings['phone_number_id']}"
    answer = await get(path, headers=_headers(account), params={"fields": ALL})
    if _code(answer[1]) == "100":
        return await get(path, headers=_headers(account), params={"fields": CORE})
    return answer


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.secrets['token']}"}


async def _waba(get: Get, account: Account) -> tuple[int, Any] | None:
    waba = account.settings.get("waba_id")
    if not waba:
        return None
    return await _optional(get(f"/{VERSION}/{waba}", headers=_headers(account), params={"fields": "status"}))


async def _token(get: Get, account: Account) -> tuple[int, Any] | None:
    """Whether and how long the token is good: only the application itself may ask that."""
    app, secret = account.settings.get("app_id"), account.secrets.get("app_secret")
    if not app or not secret:
        return None
    params = {"input_token": account.secrets["token"], "access_token": f"{app}|{secret}"}
    return await _optional(get("/debug_token", params=params))


async def _optional(asked: Awaitable[tuple[int, Any]]) -> tuple[int, Any] | None:
    """What is only told beside the number must not cost us the number."""
    try:
        return await asked
    except CallFailed:
        return None


def _code(body: Any) -> str:
    return text(mapping(mapping(body).get("error")).get("code"))


def read(answers: Answers, account: Account, now: datetime) -> Reading:
    status, body = answers["number"] or (0, None)
    own, code = account.settings["phone_number_id"], _code(body)
    if code == "4":  # told with a 400
        return reading(account, now, failure=Failure(reason=Reason.THROTTLED, code="4"))
    if code in {"190", "104"} or (status in {401, 403} and not code):
        return revoked(account, now, own, NEW_TOKEN, f"error {code or status}")
    if code in {"10", "200", "100"}:
        return reading(account, now, [seen(account, one, RIGHTS, f"error {code}") for one in subjects(account, own)])
    if status != 200:
        return rejected(account, now, status)
    told = mapping(body)
    if not isinstance(told.get("status"), str):
        return malformed(account, now, "the phone number has no status")
    meant, raw = _of_waba(answers["waba"]) or judge(told)
    key = mapping(mapping((answers["token"] or (0, None))[1]).get("data"))
    if key.get("is_valid") is False:
        meant, raw = NEW_TOKEN, "is_valid=false"
    until = _ends(key)
    meant = expiring(meant, until, now, "Обновить токен до даты", "Renew the token before the date")
    found = [
        seen(account, one, meant, raw, messenger=Messenger.WHATSAPP, valid_until=until)
        for one in subjects(account, own)
    ]
    return reading(account, now, found)


def _of_waba(answer: tuple[int, Any] | None) -> tuple[Meaning, str] | None:
    word = text(mapping(answer[1]).get("status")).upper() if answer is not None else ""
    meant = WABA.get(word)
    return (meant, f"WABA {word}") if meant is not None else None


def _ends(key: dict[str, Any]) -> datetime | None:
    """The token's own end or that of its access to data, whichever is first; 0 = never."""
    ends = [at for at in (moment(key.get("expires_at")), moment(key.get("data_access_expires_at"))) if at is not None]
    return min(ends, default=None)


def judge(told: dict[str, Any]) -> tuple[Meaning, str]:
    """The worst of what the number's fields say, with the word that says it."""
    status = text(told.get("status"))
    meant = meaning(WORDS, status)
    if meant is not FINE:
        return meant, status
    health = mapping(told.get("health_status"))
    for code in _health_codes(health):
        if code in HEALTH:
            return HEALTH[code], f"health {code}"
    can_send = text(health.get("can_send_message")).upper()
    if can_send in {"LIMITED", "BLOCKED"}:
        return (LIMITED if can_send == "LIMITED" else BLOCKED), f"can_send_message {can_send}"
    return _profile(told)


def _health_codes(health: dict[str, Any]) -> list[str]:
    errors = [error for entity in rows(health.get("entities")) for error in rows(entity.get("errors"))]
    return sorted(text(error.get("error_code")) for error in errors)


def _profile(told: dict[str, Any]) -> tuple[Meaning, str]:
    words = {name: text(told.get(name)).upper() for name in ("name_status", "account_mode", "quality_rating")}
    verification = text(told.get("code_verification_status")).upper()
    if words["name_status"] == "PENDING_REVIEW":
        return REVIEW, "name_status PENDING_REVIEW"
    if words["name_status"] in {"DECLINED", "EXPIRED"} or words["account_mode"] == "SANDBOX":
        return PROFILE, f"name_status {words['name_status']}, account_mode {words['account_mode']}"
    if verification in {"EXPIRED", "UNVERIFIED", "NOT_VERIFIED"}:
        return PROFILE, f"code_verification_status {verification}"
    if text(told.get("platform_type")).upper() not in {"", "CLOUD_API"}:
        return REGISTER, f"platform_type {told['platform_type']}"
    if words["quality_rating"] == "RED":
        return COMPLAINTS, "quality_rating RED"
    return (WARNED, "quality_rating YELLOW") if words["quality_rating"] == "YELLOW" else (FINE, "CONNECTED")


PROBE = ProviderProbe(
    type="whatsapp_cloud",
    default_url="https://graph.facebook.com",
    required=("token", "phone_number_id"),
    optional=("waba_id", "app_id", "app_secret"),
    ask=ask,
    read=read,
)
