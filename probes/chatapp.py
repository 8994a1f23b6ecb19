"""ChatApp: the paid term of each licence; whether its messenger is online no public method tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.core.model import CallFailed, Failure, Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import OUR_KEY, ProviderSeen, Reading
from probes._words import (
    Meaning,
    is_refusal,
    is_soon,
    malformed,
    mapping,
    missing,
    moment,
    reading,
    refusal,
    rejected,
    revoked,
    rows,
    seen,
    subjects,
    text,
)

LICENSED = Meaning(state=State.CONNECTED, reason="licence_only")
EXPIRING = Meaning(
    state=State.CONNECTED,
    reason="licence_expiring",
    action_ru="Продлить лицензию ChatApp заранее",
    action_en="Renew the ChatApp licence before its end",
)
UNPAID = Meaning(state=State.UNPAID, action_ru="Продлить лицензию ChatApp", action_en="Renew the ChatApp licence")
NOT_KNOWN = Meaning(state=State.UNKNOWN, action_ru="Открыть кабинет ChatApp", action_en="Open the ChatApp console")
RENEWING = Meaning(state=State.CONNECTING, reason="token", action_ru="Подождать", action_en="Wait")
NEW_TOKEN = Meaning(
    state=State.TOKEN_REVOKED,
    reason=OUR_KEY,
    action_ru="Обновить токен, проверить email, пароль и appId",
    action_en="Refresh the token, check the email, the password and the appId",
)
GONE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Проверить licenseId и права доступа",
    action_en="Check the licenseId and the access rights",
)
_DEAD = "apiinvalidtokenerror"
_MESSENGERS = {"whatsapp": Messenger.WHATSAPP, "telegram": Messenger.TELEGRAM, "max": Messenger.MAX}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """An access token lives a day, its refresh token two weeks. Neither is ever shown."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of one round: the licences, or what refused them, and the tokens to go on with."""

    licences: tuple[int, Any] = (0, None)
    refused: bool = False  # neither a refresh nor a log-in gave a token
    failure: Failure | None = None
    tokens: Tokens | None = None


async def ask(get: Get, account: Account) -> Asked:
    """With the kept token; where that one is dead: refreshed, then logged in anew, each once.

    A failure after a log-in keeps the tokens, since ChatApp asks not to mint one at each call.
    """
    tokens: Tokens | None = account.memory.get("tokens") or await _log_in(get, account)
    if tokens is None:
        return Asked(refused=True)
    try:
        answer = await _licences(get, tokens)
        if _is_dead(answer):
            tokens = await _refreshed(get, tokens) or await _log_in(get, account)
            if tokens is None:
                return Asked(refused=True)
            answer = await _licences(get, tokens)
    except CallFailed as error:
        return Asked(failure=error.failure, tokens=tokens)
    return Asked(licences=answer, tokens=tokens)


async def _licences(get: Get, tokens: Tokens) -> tuple[int, Any]:
    return await get("/v1/licenses", headers={"Authorization": tokens.access})


async def _refreshed(get: Get, tokens: Tokens) -> Tokens | None:
    return _tokens(await get("/v1/tokens/refresh", headers={"Refresh": tokens.refresh}, post={}))


async def _log_in(get: Get, account: Account) -> Tokens | None:
    settings = account.settings
    body = {"email": settings["email"], "password": account.secrets["password"], "appId": settings["app_id"]}
    answer = await get("/v1/tokens", post=body)
    if answer[0] in {200, 201, 400, 422} or is_refusal(*answer):
        return _tokens(answer)
    raise CallFailed(refusal(answer[0]))


def _tokens(answer: tuple[int, Any]) -> Tokens | None:
    told = mapping(mapping(answer[1]).get("data"))
    access, refresh = text(told.get("accessToken")), text(told.get("refreshToken"))
    return Tokens(access=access, refresh=refresh) if access else None


def _is_dead(answer: tuple[int, Any]) -> bool:
    return is_refusal(*answer) or _error(answer[1]) == _DEAD


def _error(body: Any) -> str:
    return text(mapping(mapping(body).get("error")).get("code")).lower()


def read(answers: Asked, account: Account, now: datetime) -> Reading:
    kept = {"tokens": answers.tokens}
    if answers.failure is not None:
        return reading(account, now, failure=answers.failure, remember=kept)
    if answers.refused:
        return revoked(account, now, "", NEW_TOKEN, "ApiInvalidTokenError")
    status, body = answers.licences
    if _is_dead(answers.licences):  # with fresh tokens: theirs to settle
        return reading(
            account, now, [seen(account, one, RENEWING, "ApiInvalidTokenError") for one in subjects(account)]
        )
    if status != 200:
        return rejected(account, now, status)
    listed = mapping(body).get("data")
    if not isinstance(listed, list):
        return malformed(account, now, "the list of licences is no list")
    found = [_licence(account, row, now) for row in rows(listed) if text(row.get("licenseId"))]
    return reading(account, now, [*found, *missing(account, found, GONE, "not in the list")], remember=kept)


def _licence(account: Account, row: dict[str, Any], now: datetime) -> ProviderSeen:
    code, until = text(mapping(row.get("status")).get("code")), moment(row.get("licenseTo"))
    meant = LICENSED if code.lower() == "paid" else NOT_KNOWN
    if until is not None and until < now:
        meant = UNPAID
    elif meant is LICENSED and is_soon(until, now):
        meant = EXPIRING
    return seen(account, text(row["licenseId"]), meant, code, messenger=_messenger(row), valid_until=until)


def _messenger(row: dict[str, Any]) -> Messenger:
    """One licence is one line; its messenger is spelled grWhatsApp, telegram and the like."""
    kinds = [text(one.get("type")).lower() for one in rows(row.get("messenger"))]
    return next((kind for word, kind in _MESSENGERS.items() if any(word in one for one in kinds)), Messenger.OTHER)


PROBE = ProviderProbe(
    type="chatapp",
    default_url="https://api.chatapp.online",
    required=("email", "password", "app_id"),
    ask=ask,
    read=read,
)
