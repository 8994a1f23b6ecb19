"""Who may speak for us to one portal: one refresher, a new pair kept durably before its first use."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp

from monitor.core.model import CallFailed, Failure, Reason
from monitor.secret import Secret
from monitor.shell.clock import Clock
from monitor.shell.oauth import REFUSED, OAuthKeys, oauth_url, renew
from monitor.shell.vault import Tokens, Vault

# A refresh token lives 180 days; renewing more often than needed may get the application blocked.
RENEW_AFTER = timedelta(days=150)


class Authority:
    """The pair of tokens of one portal. Renewals are single-flight; what a renewal gives is stored, then used."""

    def __init__(
        self,
        *,
        name: str,
        url: str,
        keys: OAuthKeys,
        http: aiohttp.ClientSession,
        vault: Vault,
        clock: Clock,
        timeout: timedelta,
    ) -> None:
        self._name, self._keys, self._http, self._vault, self._clock = name, keys, http, vault, clock
        self._oauth, self._timeout = oauth_url(keys, url), timeout
        self._tokens: Tokens | None = None
        self._one_at_a_time = asyncio.Lock()

    async def tokens(self) -> Tokens:
        """The pair in use. CallFailed when there is none to be had."""
        if self._tokens is None or self._is_old(self._tokens):
            return await self.renewed(stale=self._tokens)
        return self._tokens

    async def renewed(self, *, stale: Tokens | None) -> Tokens:
        """A pair other than `stale`: whoever comes second takes what the first one got."""
        async with self._one_at_a_time:
            if self._tokens is not None and self._tokens is not stale:
                return self._tokens
            stored = await self._vault.load(self._name)
            if stored is not None and not self._is_same(stored, stale) and not self._is_old(stored):
                self._tokens = stored
                return stored
            fresh = await self._renew(stored)
            await self._vault.save(self._name, fresh)
            self._tokens = fresh
            return fresh

    async def _renew(self, stored: Tokens | None) -> Tokens:
        """With the stored refresh token; with the config's one where there is no other, or a human pasted a new one."""
        first = self._keys.refresh_token
        if stored is None:
            if first is None:
                detail = f"no tokens yet: run `messenger-monitor auth --portal {self._name}`"
                raise CallFailed(Failure(reason=Reason.DENIED, code=f"{REFUSED}:no_tokens", detail=detail))
            return await self._ask(first)
        try:
            return await self._ask(stored.refresh)
        except CallFailed as error:
            refused = error.failure.code.startswith(REFUSED)
            if not refused or first is None or first == stored.refresh:
                raise
        return await self._ask(first)

    async def _ask(self, refresh: Secret) -> Tokens:
        return await renew(
            self._http,
            self._keys,
            url=self._oauth,
            refresh=refresh,
            timeout=self._timeout,
            now=self._clock.real_now(),
        )

    def _is_old(self, tokens: Tokens) -> bool:
        return tokens.saved is not None and self._clock.real_now() - tokens.saved > RENEW_AFTER

    @staticmethod
    def _is_same(stored: Tokens, stale: Tokens | None) -> bool:
        return stale is not None and stored.access == stale.access
