"""What the pages may look at, where every text is an attack."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.core.memory import PortalState
from monitor.core.policy import Policy

XSS = "<script>alert('канарейка')</script>"


class Board:
    """One portal whose every text is an attack."""

    language = "ru"
    reloads = 0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def portals(self) -> dict[str, tuple[PortalState, Policy]]:
        return {
            "acme": (
                PortalState(portal="acme", connectors={"wz": XSS}),
                Policy(portal="acme", url="https://a.b", timezone="UTC"),
            )
        }

    def health(self) -> tuple[bool, dict[str, Any]]:
        return True, {"status": "ok"}

    def is_ready(self) -> bool:
        return True

    async def metrics(self, *, openmetrics: bool) -> str:
        return "x 1\n"

    async def reload(self) -> tuple[str, ...]:
        self.reloads += 1
        return ()

    async def past_incidents(self, portal: str | None) -> tuple[Any, ...]:
        return ()

    async def incident(self, number: str) -> None:
        return None

    async def story(self, portal: str, dialog: int) -> None:
        return None
