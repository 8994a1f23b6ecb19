"""The running daemon: everything built from one configuration, changed by difference when another one comes."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import structlog

import probes
from monitor import __version__, progress
from monitor.account import AccountWatch
from monitor.config import Config, ConfigProblems, PortalConfig, ProviderConfig, load, provider_probes
from monitor.context import context_of
from monitor.core.desk import Context
from monitor.core.memory import PortalMemory, PortalState
from monitor.core.plugin import PortalProbe
from monitor.core.policy import Policy
from monitor.core.reading import Reading
from monitor.core.recall import Recall
from monitor.core.routed import Routed, routed_notices
from monitor.courier import Courier
from monitor.fleet import Fleet
from monitor.logs import configure
from monitor.outcome import Outcome
from monitor.pruning import Pruning
from monitor.reviewing import Reviewing
from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.exposition import Exposition
from monitor.shell.heartbeat import Heartbeat, Progress
from monitor.shell.http import ProviderHttp
from monitor.shell.metrics import Registry
from monitor.shell.news import News
from monitor.shell.outbox import Outbox
from monitor.shell.portal import Portal
from monitor.shell.store import Store
from monitor.shell.watch import Keeper, Onlooker, Watch
from monitor.shell.wire import trust

log = structlog.get_logger()


@cache
def portal_probes() -> tuple[PortalProbe, ...]:
    """Every portal probe: the constants PROBES of the files of `probes`."""
    names = sorted(module.name for module in pkgutil.iter_modules(probes.__path__) if not module.name.startswith("_"))
    found = (getattr(importlib.import_module(f"probes.{name}"), "PROBES", ()) for name in names)
    return tuple(probe for several in found for probe in several if isinstance(probe, PortalProbe))


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
    ) -> None:
        self.language = config.language
        self.registry = Registry()
        self.exposition = Exposition(self.registry)
        self._clock, self._store, self._http, self._path = clock, store, http, path
        self._context = context_of(config, clock.now())
        self.pusher = self._pusher(config.alertmanager_url)
        self.news = News()
        self._recall = Recall()
        self._outcome = Outcome(
            registry=self.registry, pusher=self.pusher, clock=clock, context=self._context, news=self.news
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
        self.reviewing = Reviewing(store=store, clock=clock, watches=self._watched)
        self._config = config
        self._reloading = asyncio.Lock()

    def _pusher(self, url: str | None) -> Pusher | None:
        if url is None:
            return None
        return Pusher(url=url, http=self._http, keeper=self._store, registry=self.registry, clock=self._clock)

    async def adopt(self, config: Config) -> None:
        """Build what is new, then swap by difference; what did not change goes on undisturbed."""
        self._context = context_of(config, self._clock.now())
        await self._portals.adopt({one.name: one for one in config.portals})
        await self._accounts.adopt({one.account.name: one for one in config.providers})
        for name in self._config_names(self._config) - self._config_names(config):
            self._outcome.forget(name)
        self._config, self.language = config, config.language
        self.heartbeat.adopt(config.heartbeat)
        self.courier.adopt(config.receivers)
        self._store.adopt_key(config.store_key)
        self.pruning.adopt(config.retention)
        self.registry.set_gauge("messenger_monitor_build_info", (__version__,), 1)
        self._taken(well=True)

    @staticmethod
    def _config_names(config: Config) -> set[str]:
        return {one.name for one in config.portals}

    def _taken(self, *, well: bool) -> None:
        self.registry.set_gauge("messenger_monitor_config_last_reload_successful", (), float(well))
        if well:
            name = "messenger_monitor_config_last_reload_success_timestamp_seconds"
            self.registry.set_gauge(name, (), self._clock.real_now().timestamp())

    async def stop(self) -> None:
        """Stop polling; what is being judged is finished or left undone as a whole."""
        await self._accounts.adopt({})
        await self._portals.adopt({})

    async def restore_alerts(self) -> None:
        if self.pusher is not None:
            await self.pusher.restore(self._config_names(self._config))

    async def reload(self) -> tuple[str, ...]:
        """Read the file again. On any problem the old configuration stays."""
        async with self._reloading:
            try:
                config = load(self._path) if self._path else self._config
            except ConfigProblems as error:
                self._taken(well=False)
                for problem in error.problems:
                    log.error("config.problem", problem=problem)
                return error.problems
            configure(config.log.format, config.log.level, config.secrets)
            await self.adopt(config)
            for kept in self._portals.kept.values():
                _client(kept.run).retry_now()
                kept.run.ask_again()
            self._portals.wake()
            log.info("config.reloaded", portals=len(config.portals))
            return ()

    # --- what is built ------------------------------------------------------------------------------

    async def _watch(self, wish: PortalConfig) -> Watch:
        state = await self._state(wish)
        views = (self._store, self._outcome)
        watch = build_watch(
            wish,
            state,
            self._context,
            http=self._http,
            store=self._store,
            clock=self._clock,
            views=views,
            recall=self._recall,
        )
        self._outcome.show(state, wish.policy)
        return watch

    async def _state(self, wish: PortalConfig) -> PortalState:
        if wish.name in self._portals.kept:  # as it was kept: a poll may have been stopped before it was shown
            return await self._store.load_portal(wish.name) or self._portals[wish.name].state
        stored = await self._store.load_portal(wish.name)
        if stored is None:
            return PortalState(portal=wish.name, memory=PortalMemory(webhook_only=wish.policy.webhook_only))
        self.registry.count_turns(wish.name, [turn for turn in await self._store.turns(wish.name) if turn.counted])
        return stored

    async def _account(self, wish: ProviderConfig) -> AccountWatch:
        return build_account(wish, self._bound_to, http=self._http, clock=self._clock)

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

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Ill when polls that should have ended long ago have not."""
        return progress.health(self._portals.kept, self._accounts.kept, self._clock)

    def progress(self) -> Progress:
        """What the dead-man's switch may vouch for."""
        return progress.progress(self._portals.kept, self._accounts.kept, self.pusher, self._clock)

    def is_ready(self) -> bool:
        return bool(self._portals.kept) and all(kept.run.polled_at for kept in self._portals.kept.values())

    def accounts_told(self) -> list[Reading]:
        """What each provider account said of all its channels."""
        return [kept.run.told for kept in self._accounts.kept.values() if kept.run.told is not None]

    async def routed(self, alerts: Sequence[Routed]) -> int:
        """Keep what Alertmanager routes to people; of portals that are not watched nothing."""
        kept = 0
        for name, (_, policy) in self.portals().items():
            mine = [alert for alert in alerts if alert.portal == name]
            kept += await self.outbox.put(name, routed_notices(mine, policy.receivers, self._clock.now()))
        return kept

    async def hear(self, provider: str, key: str, body: object) -> bool:
        """A word that a vendor sent by himself; False = he does not know the key."""
        kept = self._accounts.kept.get(provider)
        return kept is not None and await kept.run.hear(key, body)


def _client(watch: Watch) -> Portal:
    assert isinstance(watch.call, Portal)  # noqa: S101 - _watch builds it so
    return watch.call


def build_watch(
    wish: PortalConfig,
    state: PortalState,
    context: Context,
    *,
    http: aiohttp.ClientSession,
    store: Store,
    clock: Clock,
    views: tuple[Keeper, Onlooker],
    recall: Recall | None = None,
) -> Watch:
    """One portal's watch with its client. `views`: what keeps and what shows its judgements."""
    client = Portal(
        name=wish.name,
        url=wish.url,
        credentials=wish.credentials,
        rate=wish.rate,
        timeout=wish.timeout,
        http=http,
        vault=store,
        clock=clock,
        trusted=trust(str(wish.ca_file) if wish.ca_file else None),
    )
    return Watch(
        policy=wish.policy,
        call=client,
        state=state,
        probes=portal_probes(),
        context=context,
        keeper=views[0],
        onlooker=views[1],
        clock=clock,
        deadline=max(timedelta(seconds=60), 3 * wish.timeout),
        recall=recall,
    )


def build_account(
    wish: ProviderConfig,
    watches: Callable[[str], Iterable[Watch]],
    *,
    http: aiohttp.ClientSession,
    clock: Clock,
) -> AccountWatch:
    """One provider account's watch with its HTTP."""
    get = ProviderHttp(
        wish.account.url,
        http=http,
        clock=clock,
        timeout=wish.timeout,
        trusted=trust(str(wish.ca_file) if wish.ca_file else None),
    )
    return AccountWatch(
        account=wish.account,
        probe=provider_probes()[wish.account.type],
        get=get,
        watches=watches,
        clock=clock,
        deadline=3 * wish.timeout,
    )
