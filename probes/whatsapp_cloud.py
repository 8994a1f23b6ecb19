"""WhatsApp Cloud API: the phone number's status, its health, its quality (Graph API)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Iterator
from datetime import datetime
from typing import Any

from monitor.core.model import Failure, Messenger, Reason, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import WARNING, Reading
from probes._beside import KEPT, Answer, Beside, Facts, beside
from probes._words import (
    FINE,
    NOT_KNOWN,
    Meaning,
    expiring,
    is_refusal,
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
Answers = dict[str, Answer]
_NO_RIGHT = frozenset({"190", "104", "10", "200"})  # codes of Graph

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
    reason=WARNING,
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
WELL = {  # words that need no meaning: all others are told as unknown
    "waba": {"ACTIVE"},
    "can_send_message": {"AVAILABLE", "LIMITED", "BLOCKED"},
    "name_status": {"APPROVED", "AVAILABLE_WITHOUT_REVIEW", "NONE"},
    "account_mode": {"LIVE"},
    "code_verification_status": {"VERIFIED"},
    "quality_rating": {"GREEN", "NA", "UNKNOWN"},
}
PROFILES = {
    "name_status": {"PENDING_REVIEW": REVIEW, "DECLINED": PROFILE, "EXPIRED": PROFILE},
    "account_mode": {"SANDBOX": PROFILE},
    "code_verification_status": dict.fromkeys(("EXPIRED", "UNVERIFIED", "NOT_VERIFIED"), PROFILE),
    "quality_rating": {"RED": COMPLAINTS, "YELLOW": WARNED},
}
_WORST = (
    *(State.BANNED, State.UNPAID, State.MISCONFIGURED, State.RESTRICTED),
    *(State.UNKNOWN, State.CONNECTING),
)


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


async def _waba(get: Get, account: Account) -> Answer:
    waba = account.settings.get("waba_id")
    if not waba:
        return None
    return await _optional(get(f"/{VERSION}/{waba}", headers=_headers(account), params={"fields": "status"}))


async def _token(get: Get, account: Account) -> Answer:
    """Whether and how long the token is good: only the application itself may ask that."""
    app, secret = account.settings.get("app_id"), account.secrets.get("app_secret")
    if not app or not secret:
        return None
    params = {"input_token": account.secrets["token"], "access_token": f"{app}|{secret}"}
    return await _optional(get("/debug_token", params=params))


async def _optional(asked: Awaitable[tuple[int, Any]]) -> Answer:
    """Graph tells in a code of its own why it does not answer."""
    answer = await beside(asked)
    code = _code(answer[1]) if isinstance(answer, tuple) else ""
    if not code:
        return answer
    reason = Reason.THROTTLED if code == "4" else Reason.DENIED if code in _NO_RIGHT else Reason.REJECTED
    return Failure(reason=reason, code=code[:20])


def _code(body: Any) -> str:
    return text(mapping(mapping(body).get("error")).get("code"))


def read(answers: Answers, account: Account, now: datetime) -> Reading:
    status, body = answers["number"] if isinstance(answers["number"], tuple) else (0, None)
    own, code = account.settings["phone_number_id"], _code(body)
    if code == "4":  # told with a 400
        return reading(account, now, failure=Failure(reason=Reason.THROTTLED, code="4"))
    if code in {"190", "104"} or (is_refusal(status, body) and not code):
        return revoked(account, now, own, NEW_TOKEN, f"error {code or status}")
    if code in {"10", "200", "100"}:
        return reading(account, now, [seen(account, one, RIGHTS, f"error {code}") for one in subjects(account, own)])
    if status != 200:
        return rejected(account, now, status)
    told = mapping(body)
    if not isinstance(told.get("status"), str):
        return malformed(account, now, "the phone number has no status")
    aside = Beside(account)
    waba = aside.facts("WABA status", answers["waba"], _waba_word, of=account.settings.get("waba_id", ""))
    key = aside.facts("debug_token", answers["token"], _token_word, of=_print_of(account))
    meant, raw = judge(told, waba.get("status", ""))
    if key.get("is_valid") == "false":
        meant, raw = NEW_TOKEN, "is_valid=false"
    until = _ends(key)
    meant = expiring(meant, until, now, "Обновить токен до даты", "Renew the token before the date")
    found = [
        seen(account, one, meant, raw, messenger=Messenger.WHATSAPP, valid_until=until)
        for one in subjects(account, own)
    ]
    news = _unknown(told, waba.get("status", ""))
    return reading(account, now, found, news=news, remember=aside.remembered(), failures=tuple(aside.failures))


def _waba_word(body: Any) -> Facts | None:
    """The business account's word."""
    word = mapping(body).get("status")
    return {"status": word[:60]} if isinstance(word, str) else None


def _token_word(body: Any) -> Facts | None:
    data = mapping(mapping(body).get("data"))
    valid = data.get("is_valid")
    if not isinstance(valid, bool):
        return None
    ends = {name: at.isoformat() for name in ("expires_at", "data_access_expires_at") if (at := moment(data.get(name)))}
    return {"is_valid": str(valid).lower(), **ends}


def _print_of(account: Account) -> str:
    """Tells one token from another, and nothing of it."""
    return hashlib.sha256(account.secrets["token"].encode()).hexdigest()[:12]


def _unknown(told: dict[str, Any], waba: str) -> list[str]:
    """Words that are on no page of Meta's; those of fields other than the status with the field's name."""
    can_send = mapping(told.get("health_status")).get("can_send_message")
    fields = {"WABA": ("waba", waba), "can_send_message": ("can_send_message", can_send)}
    fields |= {name: (name, told.get(name)) for name in PROFILES}
    foreign = [f"{name} {text(word).upper()}"[:100] for name, (key, word) in fields.items() if _is_foreign(key, word)]
    return [told["status"][:100], *foreign] if meaning(WORDS, told["status"]) is NOT_KNOWN else foreign


def _is_foreign(field: str, word: Any) -> bool:
    known = WELL[field] | (WABA.keys() if field == "waba" else PROFILES.get(field, {}).keys())
    return bool(text(word)) and text(word).upper() not in known


def _ends(key: Facts) -> datetime | None:
    """The token's own end or that of its access to data, whichever is first; 0 = never."""
    ends = [at for at in (moment(key.get("expires_at")), moment(key.get("data_access_expires_at"))) if at is not None]
    return min(ends, default=None)


def judge(told: dict[str, Any], waba: str = "") -> tuple[Meaning, str]:
    """The worst of what the number's fields and its business account say, with the word that says it; of equals the
    first."""
    status = text(told.get("status"))
    is_told = waba.upper() in WABA or _is_foreign("waba", waba)
    of_waba = [(meaning(WABA, waba), f"WABA {waba.upper()}")] if is_told else []
    said = [(meaning(WORDS, status), status), *of_waba, *_health(told), *_profile(told)]
    return min(said, key=lambda one: _rank(one[0]))


def _rank(meant: Meaning) -> int:
    """The worst first. What only warns stands behind all that stops or limits the number, a foreign word behind what
    is known to be wrong."""
    if meant.reason == WARNING:
        return len(_WORST)
    return _WORST.index(meant.state) if meant.state in _WORST else len(_WORST) + (1 if meant.reason else 2)


def _health(told: dict[str, Any]) -> Iterator[tuple[Meaning, str]]:
    """By the codes we know; without one by what is left of sending."""
    health = mapping(told.get("health_status"))
    errors = [error for entity in rows(health.get("entities")) for error in rows(entity.get("errors"))]
    known = sorted({text(error.get("error_code")) for error in errors} & HEALTH.keys())
    yield from ((HEALTH[code], f"health {code}") for code in known)
    can_send = text(health.get("can_send_message")).upper()
    if not known and can_send in {"LIMITED", "BLOCKED"}:
        yield (LIMITED if can_send == "LIMITED" else BLOCKED), f"can_send_message {can_send}"
    if _is_foreign("can_send_message", can_send):
        yield NOT_KNOWN, f"can_send_message {can_send}"


def _profile(told: dict[str, Any]) -> Iterator[tuple[Meaning, str]]:
    for field, words in PROFILES.items():
        word = text(told.get(field)).upper()
        if word in words:
            yield words[word], f"{field} {word}"
    platform = text(told.get("platform_type")).upper()
    if platform not in {"", "CLOUD_API"}:
        yield REGISTER, f"platform_type {platform}"


PROBE = ProviderProbe(
    type="whatsapp_cloud",
    default_url="https://graph.facebook.com",
    required=("token", "phone_number_id"),
    optional=("waba_id", "app_id", "app_secret"),
    ask=ask,
    read=read,
    keeps=(KEPT,),
)
