"""The portal's OAuth: which host, how a pair is renewed, what a refusal means (bitrix24-api.md 1.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp

from monitor.core.model import CallFailed, Failure, Reason
from monitor.secret import Secret
from monitor.shell import failures
from monitor.shell.http import request
from monitor.shell.vault import Tokens

# Portals of these regions are served by the Russian OAuth host [module source].
_TECH_ZONES = frozenset({"ru", "by", "kz", "am", "az", "ge", "kg", "uz"})
REFUSED = "refresh_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthKeys:
    """A local application's keys. `refresh_token` is the first one; later ones live in the store."""

    client_id: str
    client_secret: Secret
    refresh_token: Secret | None = None
    oauth_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An incoming webhook's whole address, secret included. It cannot see connectors."""

    url: Secret


Credentials = OAuthKeys | Webhook


def oauth_url(keys: OAuthKeys, portal_url: str) -> str:
    """The config's word, else by the portal's region."""
    if keys.oauth_url:
        return keys.oauth_url.rstrip("/")
    zone = (urlsplit(portal_url).hostname or "").rpartition(".")[2]
    return "https://oauth.bitrix24.tech" if zone in _TECH_ZONES else "https://oauth.bitrix.info"


async def renew(
    http: aiohttp.ClientSession,
    keys: OAuthKeys,
    *,
    url: str,
    refresh: Secret,
    timeout: timedelta,  # noqa: ASYNC109 - handed to the request
    now: datetime,
) -> Tokens:
    """A new pair for a refresh token. CallFailed: `refresh_refused:<code>` when a human has to authorise again."""
    grant = {"grant_type": "refresh_token", "refresh_token": refresh.reveal()}
    return await _token(http, keys, url=url, grant=grant, timeout=timeout, now=now)


async def exchange(
    http: aiohttp.ClientSession,
    keys: OAuthKeys,
    *,
    url: str,
    code: str,
    timeout: timedelta,  # noqa: ASYNC109 - handed to the request
    now: datetime,
) -> Tokens:
    """The first pair for an authorisation code (it lives 30 s)."""
    grant = {"grant_type": "authorization_code", "code": code}
    return await _token(http, keys, url=url, grant=grant, timeout=timeout, now=now)


async def _token(
    http: aiohttp.ClientSession,
    keys: OAuthKeys,
    *,
    url: str,
    grant: dict[str, str],
    timeout: timedelta,  # noqa: ASYNC109 - handed to the request
    now: datetime,
) -> Tokens:
    query = urlencode({"client_id": keys.client_id, "client_secret": keys.client_secret.reveal(), **grant})
    answer = await request(http, "GET", f"{url}/oauth/token/?{query}", timeout=timeout, max_answer=1_048_576)
    body = answer.json()
    error = failures.error_of(body)
    if error is not None:
        raise CallFailed(_refusal(failures.by_error(error[0], error[1], answer.status)))
    return _pair(body, now)


def _refusal(failure: Failure) -> Failure:
    """The vendor's descriptions may repeat what was sent, so they are not passed on."""
    if failure.reason in {Reason.DENIED, Reason.REJECTED}:
        return replace(failure, reason=Reason.DENIED, code=f"{REFUSED}:{failure.code}", detail="")
    return replace(failure, detail="")


def _pair(body: Any, now: datetime) -> Tokens:
    access = body.get("access_token") if isinstance(body, dict) else None
    refresh = body.get("refresh_token") if isinstance(body, dict) else None
    if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
        raise CallFailed(failures.malformed("the OAuth server's answer has no pair of tokens"))
    return Tokens(
        access=Secret(access),
        refresh=Secret(refresh),
        endpoint=_text(body.get("client_endpoint")),
        server=_text(body.get("server_endpoint")),
        member_id=_text(body.get("member_id")),
        saved=now,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
