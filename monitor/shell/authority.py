"""Who may speak for us to one portal: one refresher, a new pair kept durably before its first use."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import structlog

from monitor.core.model import CallFailed
from monitor.secret import Secret
from monitor.shell.clock import Clock
from monitor.shell.oauth import TokenServer, is_believed, is_dead_grant, refusal
from monitor.shell.vault import Tokens, Vault
from monitor.shell.wire import host_of

log = structlog.get_logger()

# A refresh token lives 180 days; renewing more often than needed may get the application blocked.
RENEW_AFTER = timedelta(days=150)
ACCESS_LIVES = timedelta(hours=1)
NEW = timedelta(minutes=1)  # no access token that is told to live at all is over by then


def seed_of(token: Secret | None) -> str:
    """Tells whether a pair grew from this refresh token of the config, without holding it."""
    return hashlib.sha256(token.reveal().encode()).hexdigest()[:16] if token else ""


class Authority:
    """The pair of tokens of one portal. Renewals are single-flight; what a renewal gives is stored, then used.

    A crash between the server's answer and our store is forgiven by the server: the old refresh token dies at the
    first use of the new access token, so the stored one still works.
    """

    def __init__(self, *, portal: str, server: TokenServer, vault: Vault, clock: Clock) -> None:
        self._portal, self._server, self._vault, self._clock = portal, server, vault, clock
        self._first = server.keys.refresh_token
        self._tokens: Tokens | None = None
        self._dead: set[Secret] = set()
        self._spurned: Secret | None = None
        self._one_at_a_time = asyncio.Lock()

    async def tokens(self) -> Tokens:
        """The pair in use. CallFailed when there is none to be had."""
        if self._tokens is None or self._is_old(self._tokens):
            return await self.renewed(stale=self._tokens)
        return self._tokens

    async def renewed(self, *, stale: Tokens | None) -> Tokens:
        """A pair other than `stale`: whoever comes second takes what the first one has stored."""
        async with self._one_at_a_time:
            stored = await self._vault.load(self._portal)
            if stored is None or self._is_same(stored, stale) or self._is_old(stored):
                stored = await self._renew(stored)
            self._tokens = stored
            return stored

    async def renewed_where_expired(self, tokens: Tokens) -> Tokens | None:
        """Another pair; None where the portal has called this one expired when it was new: the next would fare alike,
        so it is kept until its time must be over."""
        if tokens.access != self._spurned:
            return await self.renewed(stale=tokens)
        return await self.somebody_elses() or await self.renewed_where_spent(tokens)

    def expired_at_once(self, fresh: Tokens) -> None:
        """The portal says so of a pair that has just been taken up."""
        if fresh.saved is not None and self._clock.now() - fresh.saved < NEW and fresh.access != self._spurned:
            self._spurned = fresh.access
            log.warning("oauth.new_token_expired", portal=self._portal)

    async def renewed_where_spent(self, tokens: Tokens) -> Tokens | None:
        """Another pair, once this one's access token must have expired: who redirects us never says that it has."""
        if tokens.saved is None or self._clock.now() - tokens.saved < ACCESS_LIVES:
            return None
        return await self.renewed(stale=tokens)

    async def somebody_elses(self) -> Tokens | None:
        """A pair that was stored behind our back: a human has run `auth`."""
        async with self._one_at_a_time:
            stored = await self._vault.load(self._portal)
            if stored is None or self._is_same(stored, self._tokens) or stored.refresh in self._dead:
                return None
            self._tokens = stored
            return stored

    async def _renew(self, stored: Tokens | None) -> Tokens:
        """By the stored refresh token; by the config's where there is no other, or a human has put a new one there."""
        if stored is None:
            return await self._from_config()
        try:
            return await self._ask(stored.refresh, stored.seed, stored.server)
        except CallFailed as error:
            if not is_dead_grant(error.failure):
                raise
        self._dead.add(stored.refresh)
        now_stored = await self._vault.load(self._portal)
        if now_stored is not None and now_stored.refresh not in self._dead:
            return now_stored  # another process was faster
        return await self._from_config(grown_from=stored.seed, server=stored.server)

    async def _from_config(self, grown_from: str = "", server: str = "") -> Tokens:
        first = self._first
        if first is None or first in self._dead or seed_of(first) == grown_from:
            word = "invalid_grant" if self._dead else "no_tokens"
            raise CallFailed(refusal(word, f"authorise the portal: messenger-monitor auth --portal {self._portal}"))
        try:
            return await self._ask(first, seed_of(first), server)
        except CallFailed as error:
            if is_dead_grant(error.failure):
                self._dead.add(first)
            raise

    async def _ask(self, refresh: Secret, seed: str, told: str) -> Tokens:
        """`told`: the server that the last pair named."""
        if told and not (is_believed(told) or self._server.keys.oauth_url):
            log.warning("oauth.server_not_believed", portal=self._portal, host=host_of(told), remedy="auth.oauth_url")
        renewed = await self._server.named(told).renew(refresh, self._clock.now())
        fresh = replace(renewed, seed=seed, server=renewed.server or told)
        await self._vault.save(self._portal, fresh)
        return fresh

    def _is_old(self, tokens: Tokens) -> bool:
        return tokens.saved is not None and self._clock.now() - tokens.saved > RENEW_AFTER

    @staticmethod
    def _is_same(stored: Tokens, known: Tokens | None) -> bool:
        return known is not None and stored.access == known.access
