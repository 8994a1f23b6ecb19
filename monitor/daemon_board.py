"""The daemon as its pages see it: what it watches, what the store keeps of it, and how it is itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from monitor import __version__
from monitor.config import Config
from monitor.config_types import safe_address
from monitor.core.binding import unbound_accounts
from monitor.core.incident import Incident
from monitor.core.memory import Flip, PortalState
from monitor.core.model import ChannelKey
from monitor.core.past_reviews import KeptReview
from monitor.core.plugin import Account
from monitor.core.policy import Policy
from monitor.core.reading import Acknowledged, HandOver, Reading
from monitor.core.routed import Routed
from monitor.core.turn import Turn, TurnEvent
from monitor.daemon import Daemon
from monitor.shell.board import Neighbour, PollFacts, Reloaded, SelfFacts
from monitor.shell.clock import Clock
from monitor.shell.lag import Lag
from monitor.shell.metrics import Registry
from monitor.shell.store import Store
from monitor.shell.store_engine import place
from monitor.shell.store_expiry_links import ExpiryLink
from monitor.shell.store_expiry_links import found as found_link
from monitor.shell.store_reviews import kept_reviews, paper
from monitor.shell.store_web import Note
from monitor.shell.visitors import Access
from monitor.shell.web_hooks import knows, passed_on

_SEEN = "messenger_poll_last_success_timestamp_seconds"
COUNT_EVERY = 60.0  # real seconds
_RELOADED = "messenger_monitor_config_last_reload_successful"


class DaemonBoard:
    """A Board over the running daemon."""

    def __init__(self, daemon: Daemon, *, store: Store, clock: Clock, lag: Lag) -> None:
        self.news = daemon.news
        self._daemon, self._store, self._clock, self._lag = daemon, store, clock, lag
        self._started = clock.real_now()
        self._rows: Mapping[str, int] = {}
        self._counted = float("-inf")

    @property
    def language(self) -> str:
        return self._daemon.language

    @property
    def access(self) -> Access:
        return self._daemon.config.web.access

    def now(self) -> datetime:
        return self._clock.now()

    def portals(self) -> Mapping[str, tuple[PortalState, Policy]]:
        return self._daemon.portals()

    def neighbours(self) -> tuple[Neighbour, ...]:
        return self._daemon.neighbours()

    def health(self) -> tuple[bool, dict[str, Any]]:
        return self._daemon.health()

    def is_ready(self) -> bool:
        return self._daemon.is_ready()

    async def metrics(self, *, openmetrics: bool) -> str:
        self._daemon.registry.set_gauge("messenger_monitor_loop_lag_seconds", (), self._lag.worst)
        if self._store.commit_seconds is not None:
            name = "messenger_monitor_store_commit_seconds"
            self._daemon.registry.set_gauge(name, (), self._store.commit_seconds)
        return await self._daemon.exposition.render(openmetrics=openmetrics)

    async def reload(self) -> Reloaded:
        return await self._daemon.reload()

    # --- what the store keeps -----------------------------------------------------------------------

    async def past_incidents(self, portal: str | None) -> tuple[tuple[str, Incident], ...]:
        return await self._store.incidents(portal, limit=200)

    async def incident(self, number: str) -> tuple[str, Incident] | None:
        return await self._store.incident(number)

    async def kept_of(self, portal: str, chat: int) -> tuple[tuple[Turn, ...], tuple[TurnEvent, ...]]:
        """What the store holds of one chat: its turns, and the ledger's rows."""
        return await self._store.turns(portal, chat=chat), await self._store.turn_events(portal, chat)

    async def turns(self, portal: str, since: datetime) -> tuple[Turn, ...]:
        return await self._store.turns(portal, since=since)

    async def flips(self, portal: str, since: datetime) -> tuple[Flip, ...]:
        return await self._store.flips(portal, since=since)

    async def channel_flips(self, portal: str, key: ChannelKey, since: datetime) -> tuple[Flip, ...]:
        return await self._store.channel_flips(portal, key, since=since)

    async def notes(self, incident: str) -> tuple[Note, ...]:
        return await self._store.notes(incident)

    async def acknowledge(self, portal: str, incident: str, author: str, text: str) -> None:
        """The note first: an incident that closes meanwhile has it all the same."""
        await self._store.add_note(incident, Note(at=self._clock.now(), author=author, text=text))
        for watch in self._daemon.watches():
            if watch.policy.portal == portal:
                await watch.acknowledge(incident, text)
        self.news.tell(portal)

    async def acknowledge_expiry(self, portal: str, subject: str) -> str:
        """No more reminders of an expiry's present date. "" = done, else what is wrong with the wish."""
        watch = next((one for one in self._daemon.watches() if one.policy.portal == portal), None)
        known = watch.state.reminders if watch is not None else {}
        if watch is None or subject not in known:
            wanted, got = (sorted(known), subject) if watch is not None else (sorted(self._daemon.portals()), portal)
            return f"expected one of {', '.join(wanted) or 'none'}, got {got[:64]}"
        findings = (Acknowledged(subject=subject),)
        await watch.take([Reading(probe="acknowledge", source="person", at=self._clock.now(), findings=findings)])
        return ""

    async def hand_over(self, portal: str) -> str:
        """The lines as they are now are as they are handed over. "" = done, else what is wrong with the wish."""
        watch = next((one for one in self._daemon.watches() if one.policy.portal == portal), None)
        if watch is None:
            return f"expected one of {', '.join(sorted(self._daemon.portals())) or 'none'}, got {portal[:64]}"
        if not watch.state.lines:
            return "no line has been read yet: wait for the first discovery and try again"
        said = Reading(probe="hand_over", source="person", at=self._clock.now(), findings=(HandOver(),))
        await watch.take([said])
        return ""

    def unbound(self) -> Mapping[str, tuple[str, ...]]:
        """Accounts of providers that no channel is bound to, by the provider's name."""
        return unbound_accounts(self._daemon.accounts_told(), [policy for _, policy in self.portals().values()])

    async def reviews(self, portal: str) -> tuple[KeptReview, ...]:
        return await self._store.transaction(partial(kept_reviews, portal=portal))

    async def review_page(self, portal: str, number: int) -> str | None:
        found = await self._store.transaction(partial(paper, portal=portal, number=number))
        return found.page if found is not None else None

    async def routed(self, alerts: Sequence[Routed]) -> int:
        return await self._daemon.routed(alerts)

    def is_hook_key(self, provider: str, key: str) -> bool:
        return any(one.name == provider and knows(one, key) for one in self._accounts())

    async def hear(self, provider: str, key: str, body: object, *, alone: bool) -> bool:
        """`alone`: another process of ours has passed it on."""
        taken = await self._daemon.hear(provider, key, body)
        others = () if alone else self._daemon.neighbours()
        if not others or not self.is_hook_key(provider, key):
            return taken
        return await passed_on(self._daemon.http, others, provider, key, body) or taken

    def _accounts(self) -> list[Account]:
        """Of the whole configuration, also those that other processes ask."""
        return [one.account for one in self._daemon.config.providers]

    async def expiry_of_link(self, digest: str) -> ExpiryLink | None:
        return await self._store.transaction(partial(found_link, digest=digest))

    async def portal_of_link(self, digest: str) -> str | None:
        """None also for a portal that is not watched any more, here or by a neighbour."""
        portal = await self._store.portal_of_link(digest)
        known = {name for one in self.neighbours() for name in one.portals} | self._daemon.portals().keys()
        return portal if portal in known else None

    # --- how the daemon is itself -------------------------------------------------------------------

    async def facts(self) -> SelfFacts:
        rows, took = await self._sizes()
        return replace(
            _told(self._daemon.config, self._daemon.registry, set(self._daemon.portals()), self._started),
            well=self.health()[0],
            late=tuple(self.health()[1].get("late_portals", ())),
            lag=self._lag.recent,
            worst_lag=self._lag.worst,
            store_seconds=took,
            rows=rows,
            delivery_failing_since=self._daemon.pusher.failing_since,
            outbox=await self._daemon.outbox.backlog(),
            listeners=self.news.listeners,
        )

    async def _sizes(self) -> tuple[Mapping[str, int], float]:
        """Counted at most once a minute: an open page asks after every poll. And how long the store took now."""
        started = self._clock.monotonic()
        if started >= self._counted + COUNT_EVERY:
            self._rows, self._counted = await self._store.sizes(), started
            started = self._clock.monotonic()
        await self._store.known_portals()
        return self._rows, self._clock.monotonic() - started


def _told(config: Config, registry: Registry, portals: set[str], started: datetime) -> SelfFacts:
    """What stands in the configuration and in the numbers."""
    return SelfFacts(
        version=__version__,
        well=True,
        started=started,
        polls=polls_of(registry, portals),
        store=place(config.store_url),
        delivery=safe_address(config.alertmanager_url) if config.alertmanager_url else "",
        delivered=_delivered(registry),
        reloaded_well=bool(registry.own.get(_RELOADED, {}).get((), 1.0)),
    )


def polls_of(registry: Registry, portals: set[str]) -> tuple[PollFacts, ...]:
    """A row a portal and source that was ever asked; a portal that never answered has its row, too."""
    seen = {(labels[0], labels[1]) for labels in registry.own.get(_SEEN, {})}
    failed = {(labels[0], labels[1]) for labels in registry.counters["messenger_poll_failures_total"]}
    asked = {*seen, *failed, *((portal, "bitrix24") for portal in portals)}
    return tuple(_poll(registry, portal, source) for portal, source in sorted(asked))


def _poll(registry: Registry, portal: str, source: str) -> PollFacts:
    last = registry.own.get(_SEEN, {}).get((portal, source))
    failures = registry.counters["messenger_poll_failures_total"]
    own = source == "bitrix24"
    return PollFacts(
        portal=portal,
        source=source,
        last_success=datetime.fromtimestamp(last, UTC) if last else None,
        failures={key[2]: int(count) for key, count in sorted(failures.items()) if key[:2] == (portal, source)},
        requests=int(registry.counters["messenger_api_requests_total"].get((portal,), 0)) if own else 0,
        commands=int(registry.counters["messenger_api_commands_total"].get((portal,), 0)) if own else 0,
        operating=_operating(registry, portal) if own else {},
    )


def _operating(registry: Registry, portal: str) -> dict[str, float]:
    spent = registry.own.get("messenger_api_operating_seconds", {})
    return {labels[1]: seconds for labels, seconds in spent.items() if labels[0] == portal}


def _delivered(registry: Registry) -> dict[str, int]:
    counted: dict[str, int] = {}
    for (_, _, result), count in registry.counters["messenger_notifications_total"].items():
        counted[result] = counted.get(result, 0) + int(count)
    return counted
