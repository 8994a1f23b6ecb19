"""The portal's OAuth: which host, how a pair is got and renewed, what a refusal means (bitrix24-api.md 1.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp

from monitor.core.model import CallFailed, Failure, Reason
from monitor.secret import Secret
from monitor.shell import failures
from monitor.shell.credentials import OAuthKeys
from monitor.shell.vault import Tokens
from monitor.shell.wire import MIB, Limits, host_of, request

# Portals of these regions are served by the Russian OAuth host [module source].
_TECH_ZONES = frozenset({"ru", "by", "kz", "am", "az", "ge", "kg", "uz"})
_TECH, _INFO = "oauth.bitrix24.tech", "oauth.bitrix.info"
SERVERS = frozenset({_TECH, _INFO})  # Bitrix24's own [module source]: no customer's portal has a name of these domains
_REFUSED = "refresh_refused"


def oauth_url(keys: OAuthKeys, portal_url: str) -> str:
    """The config's word, else by the region of the portal's name: until the portal's tokens name another server."""
    if keys.oauth_url:
        return keys.oauth_url.rstrip("/")
    zone = host_of(portal_url).rpartition(".")[2]
    return f"https://{_TECH if zone in _TECH_ZONES else _INFO}"


def is_believed(server: str) -> bool:
    """Whether a server_endpoint names an OAuth server of Bitrix24. It came in an answer, and our client_secret goes
    where it leads: any other host has to be named by the config."""
    return host_of(server) in SERVERS


def refusal(code: str, detail: str = "") -> Failure:
    """The tokens are worth nothing any more: a human has to authorise us again."""
    return Failure(reason=Reason.DENIED, code=f"{_REFUSED}:{code}", detail=detail)


def is_refused(failure: Failure) -> bool:
    return failure.code.startswith(_REFUSED)


def is_dead_grant(failure: Failure) -> bool:
    """The refresh token itself was refused, not the application."""
    return failure.code.lower() == f"{_REFUSED}:invalid_grant"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenServer:
    """The OAuth host as one application sees it. CallFailed: `refresh_refused:<code>` where a human has to act."""

    http: aiohttp.ClientSession
    url: str
    keys: OAuthKeys
    limits: Limits

    def named(self, told: str) -> TokenServer:
        """The one that a stored pair names (its server_endpoint): a portal's region is not always that of its name.
        The config's word goes first."""
        if self.keys.oauth_url or not is_believed(told):
            return self
        return replace(self, url=f"https://{host_of(told)}")

    async def renew(self, refresh: Secret, now: datetime) -> Tokens:
        """A new pair for a refresh token."""
        return await self._pair(now, grant_type="refresh_token", refresh_token=refresh.reveal())

    async def exchange(self, code: Secret, now: datetime) -> Tokens:
        """The first pair for an authorisation code, which lives 30 s."""
        return await self._pair(now, grant_type="authorization_code", code=code.reveal())

    async def _pair(self, now: datetime, **grant: str) -> Tokens:
        keys = {"client_id": self.keys.client_id, "client_secret": self.keys.client_secret.reveal()}
        url = f"{self.url}/oauth/token/?{urlencode({**keys, **grant})}"
        try:
            answer = await request(self.http, "GET", url, replace(self.limits, max_answer=MIB))
            body = answer.json()
            told = failures.error_of(body)
            if told is None:
                return tokens_of(body, now)
            sent = (keys["client_secret"], grant.get("refresh_token", ""), grant.get("code", ""))
            failed = _refused(failures.without(failures.by_error(*told, answer.status), sent), answer.status)
        except CallFailed as error:
            failed = error.failure
        raise CallFailed(replace(failed, server=host_of(self.url)))  # lest somebody look for it at the portal


def _refused(failure: Failure, status: int) -> Failure:
    """The vendor's descriptions may repeat what was sent, so they are not passed on."""
    if failure.reason in {Reason.DENIED, Reason.REJECTED} and status < 500:
        return refusal(failure.code)
    reason = Reason.UNREACHABLE if failure.reason is Reason.REJECTED else failure.reason
    return replace(failure, reason=reason, detail="the OAuth server failed")


def tokens_of(body: Any, now: datetime) -> Tokens:
    """The pair of a token answer or of an install event's `auth`. CallFailed (malformed) where there is none."""
    access = body.get("access_token") if isinstance(body, dict) else None
    refresh = body.get("refresh_token") if isinstance(body, dict) else None
    if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
        raise CallFailed(failures.malformed("there is no pair of tokens in the answer"))
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
