"""What lets us into a portal, as the file gives it (bitrix24-api.md 1)."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.secret import Secret


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
