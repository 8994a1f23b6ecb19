"""What the pages may look at and ask for: the daemon as its own web server sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from monitor.core.incident import Incident
from monitor.core.memory import Flip, PortalState
from monitor.core.model import ChannelKey
from monitor.core.past_reviews import KeptReview
from monitor.core.policy import Policy
from monitor.core.routed import Routed
from monitor.core.turn import Turn, TurnEvent
from monitor.shell.news import News
from monitor.shell.store_expiry_links import ExpiryLink
from monitor.shell.store_outbox import Backlog
from monitor.shell.store_web import Note
from monitor.shell.visitors import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class PollFacts:
    """One portal's polls as the daemon counts them. `failures` by source and reason, `operating` by method."""

    portal: str
    source: str
    last_success: datetime | None
    failures: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0
    commands: int = 0
    operating: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfFacts:
    """The daemon's own state. Spans are real seconds; `store_seconds` what one question to the store took."""

    version: str
    well: bool
    started: datetime
    late: tuple[str, ...] = ()
    polls: tuple[PollFacts, ...] = ()
    lag: float = 0.0
    worst_lag: float = 0.0
    store: str = ""
    store_seconds: float = 0.0
    rows: Mapping[str, int] = field(default_factory=dict)
    delivery: str = ""  # Alertmanager's address without its password, "" = alerts are not posted
    delivery_failing_since: datetime | None = None
    delivered: Mapping[str, int] = field(default_factory=dict)  # by result
    outbox: tuple[Backlog, ...] = ()
    listeners: int = 0
    reloaded_well: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What came of reading the configuration again. With `problems` the former one stays as a whole; otherwise it is
    in force but for the keys of `needs_restart`."""

    problems: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another process that watches a part of the portals. `url` "" = its pages cannot be reached from here."""

    name: str
    url: str
    portals: frozenset[str]


class Board(Protocol):
    """What the pages may look at."""

    news: News

    @property
    def language(self) -> str: ...

    @property
    def access(self) -> Access: ...

    def now(self) -> datetime: ...

    def portals(self) -> Mapping[str, tuple[PortalState, Policy]]: ...

    def neighbours(self) -> tuple[Neighbour, ...]: ...

    def health(self) -> tuple[bool, dict[str, Any]]: ...

    def is_ready(self) -> bool: ...

    async def metrics(self, *, openmetrics: bool) -> str: ...

    async def reload(self) -> Reloaded: ...

    async def past_incidents(self, portal: str | None) -> tuple[tuple[str, Incident], ...]: ...

    async def incident(self, number: str) -> tuple[str, Incident] | None: ...

    async def kept_of(self, portal: str, chat: int) -> tuple[tuple[Turn, ...], tuple[TurnEvent, ...]]: ...

    async def turns(self, portal: str, since: datetime) -> tuple[Turn, ...]: ...

    async def flips(self, portal: str, since: datetime) -> tuple[Flip, ...]: ...

    async def channel_flips(self, portal: str, key: ChannelKey, since: datetime) -> tuple[Flip, ...]: ...

    async def notes(self, incident: str) -> tuple[Note, ...]: ...

    async def acknowledge_expiry(self, portal: str, subject: str) -> str: ...

    async def hand_over(self, portal: str) -> str: ...

    def unbound(self) -> Mapping[str, tuple[str, ...]]: ...

    async def reviews(self, portal: str) -> tuple[KeptReview, ...]: ...

    async def review_page(self, portal: str, number: int) -> str | None:
        """The page as it was made, or None."""
        ...

    async def routed(self, alerts: Sequence[Routed]) -> int:
        """What Alertmanager wants to be brought to people: how many notices were new."""
        ...

    def is_hook_key(self, provider: str, key: str) -> bool:
        """Whether it opens `/hooks/` of that account, in whichever process the account is asked."""

    async def hear(self, provider: str, key: str, body: object, *, alone: bool) -> bool: ...

    async def acknowledge(self, portal: str, incident: str, author: str, text: str) -> None: ...

    async def expiry_of_link(self, digest: str) -> ExpiryLink | None: ...

    async def portal_of_link(self, digest: str) -> str | None: ...

    async def facts(self) -> SelfFacts: ...
