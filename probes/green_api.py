"""GREEN-API for WhatsApp, Telegram and MAX: the instance's state, its restriction's end, its paid term."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.core.model import CallFailed, Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import Reading
from probes._words import (
    FINE,
    NEW_KEY,
    Meaning,
    is_refusal,
    is_soon,
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
    taken,
    text,
)

_CODE = Meaning(
    state=State.QR_REQUIRED,
    reason="2fa",
    action_ru="Ввести пароль двухфакторной защиты или код",
    action_en="Submit the two-factor password or the code",
)
WORDS = {
    "authorized": FINE,
    "notAuthorized": Meaning(
        state=State.QR_REQUIRED,
        action_ru="Авторизовать инстанс: QR или код",
        action_en="Authorise the instance (QR or code)",
    ),
    "pendingPassword": _CODE,
    "pendingCode": _CODE,
    "starting": Meaning(
        state=State.CONNECTING,
        action_ru="Дольше 5 минут: перезапустить инстанс, затем поддержка",
        action_en="Over 5 minutes: reboot the instance, then support",
    ),
    "sleepMode": Meaning(
        state=State.PHONE_OFFLINE,
        action_ru="Включить телефон, подождать 5 минут",
        action_en="Turn the phone on, wait 5 minutes",
    ),
    "yellowCard": Meaning(
        state=State.RESTRICTED,
        action_ru="Остановить рассылки, перезапустить инстанс (очередь хранится 24 часа)",
        action_en="Stop bulk sends, reboot the instance (the queue is kept 24 hours)",
    ),
    "suspended": Meaning(
        state=State.RESTRICTED,
        action_ru="Писать только сохранённым контактам, пока не кончится ограничение",
        action_en="Write only to saved contacts until the restriction ends",
    ),
    "blocked": Meaning(
        state=State.BANNED,
        action_ru="Подать апелляцию в мессенджере или сменить номер",
        action_en="Appeal in the messenger or change the number",
    ),
}
UNPAID = Meaning(state=State.UNPAID, action_ru="Оплатить инстанс", action_en="Pay for the instance")
GONE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Проверить idInstance, создать инстанс заново",
    action_en="Check idInstance, recreate the instance",
)
EXPIRING = Meaning(
    state=State.CONNECTED,
    reason="expiring",
    action_ru="Продлить инстанс заранее",
    action_en="Renew the instance before the date",
)
_MESSENGERS = {"whatsapp": Messenger.WHATSAPP, "telegram": Messenger.TELEGRAM, "max": Messenger.MAX}
Answers = dict[str, tuple[int, Any] | None]


async def ask(get: Get, account: Account) -> Answers:
    base, token = _base(account), account.secrets["token"]
    state = await get(f"{base}/getStateInstance/{token}", secret_path=True)
    word = text(mapping(state[1]).get("stateInstance"))
    settings = None
    if word.lower() == "suspended":
        settings = await _optional(get, f"{base}/getAccountSettings/{token}")
    return {"state": state, "settings": settings, "partner": await _partner(get, account)}


async def send(get: Get, account: Account, *, sender: str, to: str, text: str) -> None:  # noqa: ARG001 - one
    """One instance is one account. A message is queued even where the instance is not authorised [green-api.com,
    SendMessage], so it says nothing unless the state was read beside."""
    path = f"{_base(account)}/sendMessage/{account.secrets['token']}"
    status, body = await get(path, secret_path=True, post={"chatId": to, "message": text})
    taken(status, bool(mapping(body).get("idMessage")))


def _base(account: Account) -> str:
    """MAX has a tree of its own [green-api.com/v3/docs]."""
    prefix = "/v3" if account.settings.get("product") == "max" else ""
    return f"{prefix}/waInstance{account.settings['instance']}"


async def _optional(get: Get, path: str) -> tuple[int, Any] | None:
    """What is only told beside the state must not cost us the state."""
    try:
        return await get(path, secret_path=True)
    except CallFailed:
        return None


async def _partner(get: Get, account: Account) -> tuple[int, Any] | None:
    token = account.secrets.get("partner_token")
    if not token:
        return None
    base = account.settings.get("partner_url", "https://api.green-api.com").rstrip("/")
    return await _optional(get, f"{base}/partner/getInstances/{token}")


def read(answers: Answers, account: Account, now: datetime) -> Reading:
    status, body = answers["state"] or (0, None)
    own = account.settings["instance"]
    if is_refusal(status, body):
        return revoked(account, now, own, NEW_KEY, status)
    told = mapping(body)
    if text(told.get("code")) in {"401", "403"}:  # an error inside a 200
        return revoked(account, now, own, NEW_KEY, told["code"])
    if text(told.get("code")) == "404":
        return reading(account, now, [seen(account, one, GONE, "404") for one in subjects(account, own)])
    word = told.get("stateInstance") if status == 200 else _refusal_word(status, body)
    if status != 200 and word is None:
        return rejected(account, now, status)
    if not isinstance(word, str):
        return malformed(account, now, "the answer has no stateInstance")
    return _judged(answers, account, now, word)


def _refusal_word(status: int, body: Any) -> str | None:
    """A 400 may tell the state in a sentence, in JSON or plain [green-api/docs, common-errors]."""
    said = (text(mapping(body).get("message")) or text(body)).lower() if status == 400 else ""
    if "starting process" in said:
        return "starting"
    return "notAuthorized" if "not authorized" in said else None


def _judged(answers: Answers, account: Account, now: datetime, word: str) -> Reading:
    row = _instance(answers["partner"], account.settings["instance"])
    meant, until = meaning(WORDS, word), None
    if row is not None:
        until = moment(row.get("expirationDate")) if row.get("isPartner") is not True else None  # it renews itself
        if row.get("deleted") is True:
            meant = GONE
        elif row.get("isExpired") is True:
            meant = UNPAID
        elif meant is FINE and is_soon(until, now):
            meant = EXPIRING
    detail = text(mapping((answers["settings"] or (0, None))[1]).get("suspendedUntil"))
    messenger = _MESSENGERS.get(account.settings.get("product", "whatsapp"))
    found = [
        seen(account, one, meant, word, messenger=messenger, detail=detail, valid_until=until)
        for one in subjects(account, account.settings["instance"])
    ]
    return reading(account, now, found)


def _instance(partner: tuple[int, Any] | None, instance: str) -> dict[str, Any] | None:
    listed = rows(partner[1]) if partner is not None else []
    return next((row for row in listed if text(row.get("idInstance")) == instance), None)


PROBE = ProviderProbe(
    type="green_api",
    default_url="",
    required=("instance", "token"),
    optional=("product", "partner_token", "partner_url"),
    ask=ask,
    read=read,
    send=send,
    fastest=timedelta(seconds=30),  # its pages ask to be polled at most every 30 to 60 s
)
