"""GREEN-API for WhatsApp, Telegram and MAX: the instance's state, its restriction's end, its paid term."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.core.model import Failure, Messenger, Reason, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import Reading
from probes._beside import KEPT, Answer, Beside, Facts, beside
from probes._words import (
    FINE,
    NEW_KEY,
    NOT_KNOWN,
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
Answers = dict[str, Answer]


async def ask(get: Get, account: Account) -> Answers:
    base, token = _base(account), account.secrets["token"]
    state = await get(f"{base}/getStateInstance/{token}", secret_path=True)
    word = text(mapping(state[1]).get("stateInstance"))
    settings: Answer = None
    if word.lower() == "suspended":
        settings = await beside(get(f"{base}/getAccountSettings/{token}", secret_path=True))
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


async def _partner(get: Get, account: Account) -> Answer:
    token = account.secrets.get("partner_token")
    if not token:
        return None
    base = account.settings.get("partner_url", "https://api.green-api.com").rstrip("/")
    return await beside(get(f"{base}/partner/getInstances/{token}", secret_path=True))


def read(answers: Answers, account: Account, now: datetime) -> Reading:
    status, body = answers["state"] if isinstance(answers["state"], tuple) else (0, None)
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
    own, aside = account.settings["instance"], Beside(account)
    row = aside.facts("partner/getInstances", answers["partner"], lambda body: _term(body, own), of=own)
    limits = aside.facts("getAccountSettings", answers["settings"], _limits, of=own)
    meant, until = meaning(WORDS, word), moment(row.get("expirationDate"))
    news = [word] if meant is NOT_KNOWN else []
    raw = word
    if "deleted" in row:
        meant, raw = GONE, _fact("deleted=true", row, "timeDeleted", "expirationDate")
    elif "isExpired" in row:
        meant, raw = UNPAID, _fact("isExpired=true", row, "expirationDate", "term")
    elif meant is FINE and is_soon(until, now):
        meant = EXPIRING
    ends = limits.get("suspendedUntil", "")
    messenger = _MESSENGERS.get(account.settings.get("product", "whatsapp"))
    found = [
        seen(account, one, meant, raw, messenger=messenger, detail=ends, valid_until=until, ends=moment(ends))
        for one in subjects(account, own)
    ]
    failures = tuple(aside.failures)
    return reading(account, now, found, remember=aside.remembered(), news=news, failures=failures)


def _term(body: Any, instance: str) -> Facts | Failure | None:
    """Of the partner's list what it tells of this instance, and no token; its errors stand inside a 200."""
    code = text(mapping(body).get("code"))
    if code:
        return Failure(reason=Reason.DENIED if code in {"401", "403"} else Reason.REJECTED, code=code[:20])
    if not isinstance(body, list):
        return None
    row: dict[str, Any] = next((row for row in rows(body) if text(row.get("idInstance")) == instance), {})
    facts = {name: "true" for name in ("deleted", "isExpired") if row.get(name) is True}
    dates = {name: at.isoformat() for name in ("expirationDate", "timeDeleted") if (at := moment(row.get(name)))}
    if row.get("isPartner") is True and "expirationDate" in dates:  # it renews itself: nobody is to be warned
        dates["term"] = dates.pop("expirationDate")
    return facts | dates


def _limits(body: Any) -> Facts | Failure | None:
    if not isinstance(body, dict):
        return None
    until = text(body.get("suspendedUntil"))[:60]
    return {"suspendedUntil": until} if until else {}


def _fact(what: str, row: Facts, *dates: str) -> str:
    """What decides, with the first of its dates that was told."""
    told = next(((name, row[name]) for name in dates if name in row), None)
    return f"{what}, {'expirationDate' if told[0] == 'term' else told[0]}={told[1]}" if told else what


PROBE = ProviderProbe(
    type="green_api",
    default_url="",
    required=("instance", "token"),
    optional=("product", "partner_token", "partner_url"),
    ask=ask,
    read=read,
    send=send,
    keeps=(KEPT,),
    fastest=timedelta(seconds=30),  # its pages ask to be polled at most every 30 to 60 s
)
