"""What keeps the OAuth tokens: the contract between the portal client and the store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One pair of a portal. `endpoint` is client_endpoint, `server` server_endpoint (both may be empty).

    `seed` is a digest of the config's refresh token this pair grew from: so that the same one is not tried again.
    """

    access: Secret
    refresh: Secret
    endpoint: str = ""
    server: str = ""
    member_id: str = ""
    saved: datetime | None = None  # by the real clock
    seed: str = ""


class Vault(Protocol):
    """`save` returns only when the pair would survive a power loss."""

    async def load(self, portal: str) -> Tokens | None: ...

    async def save(self, portal: str, tokens: Tokens) -> None: ...
