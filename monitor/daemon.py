"""The running daemon: everything built from one configuration, changed by difference when another one comes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import msgspec
import structlog

from monitor import __version__, progress
from monitor.account import AccountWatch
from monitor.building import build_account, build_watch
from monitor.canaries import CanaryRounds
from monitor.common_causes import causes_of
from monitor.config import Config, PortalConfig, ProviderConfig
from monitor.context import context_of
from monitor.core.memory import PortalMemory, PortalState
from monitor.core.policy import Policy
from monitor.core.reading import Reading
from monitor.core.recall import Recall
from monitor.core.routed import Routed, routed_notices
from monitor.core.shared_cause import Outage
from monitor.courier import Courier
from monitor.fleet import Fleet
from monitor.in_hand import accounts_in_hand, names_in_hand, neighbours, portals_in_hand
from monitor.logs import configure
from monitor.outcome import Outcome
from monitor.pruning import Pruning
from monitor.reloading import read_again
from monitor.reviewing import Reviewing
from monitor.shell.alertmanager import Pusher
from monitor.shell.board import Neighbour, Reloaded
from monitor.shell.clock import Clock
from monitor.shell.exposition import Exposition
from monitor.shell.fence import Fence
from monitor.shell.heartbeat import Heartbeat, Progress
from monitor.shell.metrics import Registry
from monitor.shell.news import News
from monitor.shell.outbox import Outbox
from monitor.shell.portal import Portal
from monitor.shell.rest import free
from monitor.shell.store import Store
from monitor.shell.watch import Watch

if TYPE_CHECKING:
    from monitor.sharing import Sharing  # its job queue is loaded where portals are shared

log = structlog.get_logger()


class Runs(Protocol):
    async def run(self) -> None: ...


class Daemon:
    """Built once; `adopt` makes it serve a configuration."""

    def __init__(
        self,
        *,
        config: Config,
        clock: Clock,
        store: Store,
        http: aiohttp.ClientSession,
        group: asyncio.TaskGroup,
        path: Path | None = None,
        fence: Fence | None = None,
    ) -> None:
        self.language = config.language
        self.registry = Registry()
        self.exposition = Exposition(self.registry)
        self._clock, self._store, self.http, self._path = clock, store, http, path
        self._fence, self._shards = fence, frozenset[int]()
        self.sharing: Sharing | None = None
        self._context = context_of(config, clock.now())
        self.pusher = self._pusher(config.alertmanager_url)
        self.news = News()
        self.causes, self._recall = (
            causes_of(self, store=store, fence=fence, clock=clock),
            Recall(loads=msgspec.json.decode),
        )
        self._outcome = Outcome(
            registry=self.registry,
            pusher=self.pusher,
            clock=clock,
            context=self._context,
            news=self.news,
            causes=self.causes,
        )
        self._portals: Fleet[PortalConfig, Watch] = Fleet(
            group=group, clock=clock, build=self._watch, every=lambda wish: wish.policy.poll
        )
        self._accounts: Fleet[ProviderConfig, AccountWatch] = Fleet(
            group=group, clock=clock, build=self._account, every=lambda wish: wish.poll
        )
        self.pruning = Pruning(store=store, clock=clock)
        self.heartbeat = Heartbeat(http=http, clock=clock, progress=self.progress)
        self.outbox = Outbox(store)
        self.courier = Courier(outbox=self.outbox, registry=self.registry, clock=clock, watches=self._watched)
        self.canaries = CanaryRounds(
            clock=clock,
            watches=self._watched,
            accounts=lambda: {name: kept.run for name, kept in self._accounts.kept.items()},
        )
        self.reviewing = Reviewing(store=store, clock=clock, watches=self._watched)
        self._config = config
        self._reloading = asyncio.Lock()

    def _pusher(self, url: str | None) -> Pusher:
        mine = self._fence.allows if self._fence is not None else None
        return Pusher(url=url, http=self.http, keeper=self._store, registry=self.registry, clock=self._clock, mine=mine)

    async def adopt(self, config: Config) -> None:
        """Build what is new, then swap by difference; what did not change goes on undisturbed."""
        self._context = replace(context_of(config, self._clock.now()), outages=self.causes.outages)
        self._outcome.adopt(self._context)
        for watch in self.watches():
            watch.context = self._context
        await self._adopt_shares(config)
        for name in self._config_names(self._config) - self._config_names(config):
            self._outcome.forget(name)
        self._config, self.language = config, config.language
        self.pusher.adopt(config.alertmanager_url)
        self.heartbeat.adopt(config.heartbeat)
        self.courier.adopt(config.receivers)
        self._store.adopt_key(config.store_key)
        self.pruning.adopt(config.retention)
        self.registry.set_gauge("messenger_monitor_build_info", (__version__,), 1)
        self._taken(well=True)

    async def _adopt_shares(self, config: Config) -> None:
        portals = portals_in_hand(config, self._fence, self._shards)
        accounts = accounts_in_hand(config, self._fence, self._shards, portals)
        before = set(self._portals.kept)
        await self._portals.adopt({one.name: one for one in portals})
        self.causes.settle(self._clock.now())
        if gone := before - self._portals.kept.keys():
            self._recall.let_go(gone)
        await self._accounts.adopt({one.account.name: one for one in accounts})

    async def share(self, shards: frozenset[int]) -> None:
        """From now on these shards are ours: what went is let go as it is, what came goes on where it was left."""
        async with self._reloading:
            before = names_in_hand(self._config, self._fence, self._shards)
            self._shards, names = shards, names_in_hand(self._config, self._fence, shards)
            await self.pusher.restore(names - before)
            await self._adopt_shares(self._config)
            for name in before - names:
                self.registry.drop(name)
                self.causes.forget(name, self._clock.now())
            await self.pusher.release(before - names)
            self.registry.set_gauge("messenger_monitor_shards", (), len(shards))

    def spread(self, outages: Mapping[str, Outage]) -> None:
        """Every portal's next judgement knows of them."""
        self._context = replace(self._context, outages=outages)
        for watch in self.watches():
            watch.context = replace(watch.context, outages=outages)

    @staticmethod
    def _config_names(config: Config) -> set[str]:
        return {one.name for one in config.portals}

    def _taken(self, *, well: bool) -> None:
        self.registry.set_gauge("messenger_monitor_config_last_reload_successful", (), float(well))
        if well:
            name = "messenger_monitor_config_last_reload_success_timestamp_seconds"
            self.registry.set_gauge(name, (), self._clock.now().timestamp())

    def parts(self) -> Iterable[Runs]:
        """What runs beside the polls for as long as the daemon does."""
        beside = (self.heartbeat, self.pruning, self.courier, self.reviewing, self.canaries, self.causes)
        return (*beside, self.pusher)

    async def stop(self) -> None:
        """Stop polling; what is being judged is finished or left undone as a whole."""
        await self._accounts.adopt({})
        await self._portals.adopt({})

    async def restore_alerts(self) -> None:
        await self.pusher.restore(self._config_names(self._config))

    async def reload(self) -> Reloaded:
        """Read the file again. On any problem the old configuration stays; what takes a restart is named."""
        async with self._reloading:
            config, done = read_again(self._path, self._config)
            if done.problems:
                self._taken(well=False)
                return done
            configure(config.log.format, config.log.level, config.secrets)
            await self.adopt(config)
            for kept in self._portals.kept.values():
                _client(kept.run).retry_now()
                kept.run.ask_again()
            self._portals.wake()
            for rested in [kept for kept in self._accounts.kept.values() if kept.run.ask_again()]:
                rested.rhythm.wake()
            log.info("config.reloaded", portals=len(config.portals))
            return done

    # --- what is built ------------------------------------------------------------------------------

    async def _watch(self, wish: PortalConfig) -> Watch:
        state = await self._state(wish)
        views = (self._store, self._outcome)
        watch = build_watch(
            wish,
            state,
            self._context,
            http=self.http,
            store=self._store,
            clock=self._clock,
            views=views,
            permit=partial(self._fence.permit, wish.name) if self._fence is not None else free,
            recall=self._recall,
        )
        self.causes.take_up(state, wish.policy)
        self._outcome.show(state, wish.policy)
        return watch

    async def _state(self, wish: PortalConfig) -> PortalState:
        if wish.name in self._portals.kept:  # as it was kept: a poll may have been stopped before it was shown
            return await self._store.load_portal(wish.name) or self._portals[wish.name].state
        stored = await self._store.load_portal(wish.name)
        if stored is None:
            return PortalState(portal=wish.name, memory=PortalMemory(webhook_only=wish.policy.webhook_only))
        self.registry.restore(await self._store.totals(wish.name))
        return stored

    async def _account(self, wish: ProviderConfig) -> AccountWatch:
        return build_account(wish, self._bound_to, http=self.http, clock=self._clock)

    def _bound_to(self, provider: str) -> list[Watch]:
        watches = [kept.run for kept in self._portals.kept.values()]
        return [one for one in watches if any(wish.provider == provider for wish in one.policy.channels.values())]

    # --- what the pages look at ---------------------------------------------------------------------

    @property
    def config(self) -> Config:
        return self._config

    def portals(self) -> Mapping[str, tuple[PortalState, Policy]]:
        return {name: (kept.run.state, kept.run.policy) for name, kept in self._portals.kept.items()}

    def _watched(self) -> Mapping[str, Watch]:
        return {name: kept.run for name, kept in self._portals.kept.items()}

    def watches(self) -> Iterable[Watch]:
        return [kept.run for kept in self._portals.kept.values()]

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Other processes as of the last beat."""
        if self.sharing is None or self._fence is None:
            return ()
        return neighbours([one.name for one in self._config.portals], self.sharing, self._fence.shards)

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Ill when polls that should have ended long ago have not."""
        return progress.health(self._portals.kept, self._accounts.kept, self._clock)

    def progress(self) -> Progress:
        """What the dead-man's switch may vouch for."""
        told = progress.progress(self._portals.kept, self._accounts.kept, self.pusher, self._clock)
        return progress.shared(told, self.sharing) if self.sharing is not None else told

    def is_ready(self) -> bool:
        begun = bool(self._portals.kept) or (self.sharing is not None and self.sharing.beaten)  # it may get no shard
        return begun and all(kept.run.polled_at for kept in self._portals.kept.values())

    def accounts_told(self) -> list[Reading]:
        """What each provider account said of all its channels."""
        return [kept.run.told for kept in self._accounts.kept.values() if kept.run.told is not None]

    async def routed(self, alerts: Sequence[Routed]) -> int:
        """Keep what Alertmanager routes to people, also for portals that another process watches: it delivers."""
        kept = 0
        for one in self._config.portals:
            mine = [alert for alert in alerts if alert.portal == one.name]
            if mine:
                kept += await self.outbox.put(one.name, routed_notices(mine, one.policy.receivers, self._clock.now()))
        return kept

    async def hear(self, provider: str, key: str, body: object) -> bool:
        """A word that a vendor sent by himself; False = he does not know the key."""
        kept = self._accounts.kept.get(provider)
        return kept is not None and await kept.run.hear(key, body)


def _client(watch: Watch) -> Portal:
    assert isinstance(watch.call, Portal)  # noqa: S101 - _watch builds it so
    return watch.call
