"""The OAuth server of the sandbox: pairs rotate, the old refresh token dies at the first use of the new access."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.sandbox.refusal import Refusal


@dataclass
class Oauth:
    """`dies_at_once`: the stricter way of older manuals. Times are real: tokens are not part of the portal's day."""

    client_id: str
    client_secret: str
    endpoint: str = ""
    access_ttl: float = 3600.0
    dies_at_once: bool = False
    monotonic: Callable[[], float] = time.monotonic
    refuses: str = ""  # an OAuth error on demand
    renewals: int = 0
    dead_refresh_uses: int = 0
    _refresh: set[str] = field(default_factory=set)
    _dead: set[str] = field(default_factory=set)
    _access: dict[str, float] = field(default_factory=dict)
    _pending: dict[str, str] = field(default_factory=dict)
    _codes: dict[str, float] = field(default_factory=dict)

    def first_refresh(self) -> str:
        """A refresh token as an installation gives it."""
        token = secrets.token_hex(28)
        self._refresh.add(token)
        return token

    def code(self) -> str:
        """An authorisation code: it lives 30 seconds."""
        code = secrets.token_hex(16)
        self._codes[code] = self.monotonic() + 30
        return code

    def token(self, query: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer of /oauth/token/: status and body."""
        if self.refuses:
            return 400, {"error": self.refuses}
        if "client_id" not in query or "grant_type" not in query:
            return 400, {"error": "invalid_request"}
        if query["client_id"] != self.client_id:
            return 200, {"error": "wrong_client"}
        if query.get("client_secret") != self.client_secret:
            return 400, {"error": "invalid_client"}
        if query["grant_type"] == "authorization_code":
            alive = self._codes.pop(query.get("code", ""), 0.0) > self.monotonic()
            return (200, self._pair("")) if alive else (400, {"error": "invalid_grant"})
        return self._renewed(query.get("refresh_token", ""))

    def _renewed(self, old: str) -> tuple[int, dict[str, Any]]:
        if old not in self._refresh:
            self.dead_refresh_uses += old in self._dead
            return 400, {"error": "invalid_grant"}
        if self.dies_at_once:
            self._kill(old)
        self.renewals += 1
        return 200, self._pair(old)

    def _pair(self, old: str) -> dict[str, Any]:
        access = secrets.token_hex(28)
        self._access[access] = self.monotonic() + self.access_ttl
        if old:
            self._pending[access] = old
        return {
            "access_token": access,
            "expires": int(time.time() + self.access_ttl),
            "expires_in": int(self.access_ttl),
            "scope": "imopenlines,imconnector,crm,im,user_brief,department",
            "domain": "oauth.bitrix24.tech",
            "server_endpoint": self.endpoint,
            "client_endpoint": self.endpoint,
            "status": "L",
            "member_id": "0f3c5a7e9b1d2c4e6a8b0c2d4e6f8a1b",
            "user_id": 1,
            "refresh_token": self.first_refresh(),
        }

    def _kill(self, refresh: str) -> None:
        self._refresh.discard(refresh)
        self._dead.add(refresh)

    def check(self, access: str) -> None:
        """Refusal 401 for no, unknown or old tokens. The first use of a new one kills its predecessor's refresh."""
        if not access:
            raise Refusal(401, "NO_AUTH_FOUND", "Wrong authorization data")
        if access not in self._access:
            raise Refusal(401, "invalid_token", "Unable to get application by token")
        if self.monotonic() > self._access[access]:
            raise Refusal(401, "expired_token", "The access token provided has expired.")
        if old := self._pending.pop(access, ""):
            self._kill(old)

    def expire_all(self) -> None:
        self._access = dict.fromkeys(self._access, 0.0)
