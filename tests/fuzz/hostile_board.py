"""What the pages may look at, where every text is an attack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.shell.board import Neighbour, Reloaded, SelfFacts
from monitor.shell.news import News
from monitor.shell.store_expiry_links import ExpiryLink
from monitor.shell.visitors import Access

XSS = "<script>alert('канарейка')</script>"


class Board:
    """One portal whose every text is an attack."""

    language = "ru"
    reloads = 0
    access = Access()

    def __init__(self) -> None:
        self.news = News()

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def portals(self) -> dict[str, tuple[PortalState, Policy]]:
        return {
            "acme": (
                PortalState(portal="acme", connectors={"wz": XSS}),
                Policy(portal="acme", url="https://a.b", timezone="UTC"),
            )
        }

    def neighbours(self) -> tuple[Neighbour, ...]:
        return ()

    def health(self) -> tuple[bool, dict[str, Any]]:
        return True, {"status": "ok"}

    def is_ready(self) -> bool:
        return True

    async def metrics(self, *, openmetrics: bool) -> str:
        return "x 1\n"

    async def reload(self) -> Reloaded:
        self.reloads += 1
        return Reloaded()

    async def past_incidents(self, portal: str | None) -> tuple[Any, ...]:
        return ()

    async def incident(self, number: str) -> None:
        return None

    async def kept_of(self, portal: str, chat: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return (), ()

    async def turns(self, portal: str, since: datetime) -> tuple[Any, ...]:
        return ()

    async def channel_flips(self, portal: str, key: Any, since: datetime) -> tuple[Any, ...]:
        return ()

    async def notes(self, incident: str) -> tuple[Any, ...]:
        return ()

    async def acknowledge(self, portal: str, incident: str, author: str, text: str) -> None:
        return None

    async def acknowledge_expiry(self, portal: str, subject: str) -> str:
        return "expected one of none"

    async def expiry_of_link(self, digest: str) -> ExpiryLink | None:
        return None

    async def portal_of_link(self, digest: str) -> str | None:
        return None

    def is_hook_key(self, provider: str, key: str) -> bool:
        return (provider, key) == ("pact", "right-key")

    async def hear(self, provider: str, key: str, body: object, *, alone: bool) -> bool:
        return False

    async def hand_over(self, portal: str) -> str:
        return ""

    def unbound(self) -> dict[str, tuple[str, ...]]:
        return {}

    async def facts(self) -> SelfFacts:
        return SelfFacts(version="0", well=True, started=self.now())
