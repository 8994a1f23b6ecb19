"""What runs for one portal and for one provider account, built from their configuration."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from functools import cache

import aiohttp

import probes
from monitor.account import AccountWatch
from monitor.config import Config, PortalConfig, ProviderConfig, provider_probes
from monitor.core.accounts import newest
from monitor.core.desk import Context
from monitor.core.memory import PortalState
from monitor.core.plugin import PortalProbe
from monitor.core.recall import Recall
from monitor.shell.clock import Clock
from monitor.shell.http import ProviderHttp, session
from monitor.shell.portal import Portal
from monitor.shell.rest import free
from monitor.shell.store import Store
from monitor.shell.vault import Vault
from monitor.shell.watch import Keeper, Onlooker, Watch
from monitor.shell.wire import trust


@cache
def portal_probes() -> tuple[PortalProbe, ...]:
    """Every portal probe: the constants PROBES of the files of `probes`."""
    names = sorted(module.name for module in pkgutil.iter_modules(probes.__path__) if not module.name.startswith("_"))
    found = (getattr(importlib.import_module(f"probes.{name}"), "PROBES", ()) for name in names)
    return tuple(probe for several in found for probe in several if isinstance(probe, PortalProbe))


def build_session(config: Config) -> aiohttp.ClientSession:
    """The daemon's one HTTP session, with the exceptions that the configuration makes."""
    name = config.cluster.name if config.cluster else ""
    return session(allowed=config.allow_link_local, name=name)


def build_client(
    wish: PortalConfig, http: aiohttp.ClientSession, vault: Vault, clock: Clock, permit: Callable[[], None] = free
) -> Portal:
    """One portal's REST."""
    return Portal(
        name=wish.name,
        url=wish.url,
        credentials=wish.credentials,
        rate=wish.rate,
        timeout=wish.timeout,
        http=http,
        vault=vault,
        clock=clock,
        trusted=trust(str(wish.ca_file) if wish.ca_file else None),
        permit=permit,
    )


def build_watch(
    wish: PortalConfig,
    state: PortalState,
    context: Context,
    *,
    http: aiohttp.ClientSession,
    store: Store,
    clock: Clock,
    views: tuple[Keeper, Onlooker],
    permit: Callable[[], None] = free,
    recall: Recall | None = None,
) -> Watch:
    """One portal's watch with its client. `views`: what keeps and what shows its judgements."""
    client = build_client(wish, http, store, clock, permit)
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


def providers_of(portal: PortalConfig) -> Iterable[str | None]:
    """The provider entries that its channels need: those that tell of them, those that send test messages to them."""
    for wish in portal.policy.channels.values():
        yield wish.provider
        yield wish.canary.through if wish.canary else None


def build_account(
    wish: ProviderConfig,
    watches: Callable[[str], Iterable[Watch]],
    *,
    http: aiohttp.ClientSession,
    clock: Clock,
) -> AccountWatch:
    """One provider account's watch with its HTTP. It goes on with what the portals of its channels kept of it."""
    get = ProviderHttp(
        wish.account.url,
        http=http,
        clock=clock,
        timeout=wish.timeout,
        trusted=trust(str(wish.ca_file) if wish.ca_file else None),
    )
    kept = [watch.state.accounts.get(wish.account.name) for watch in watches(wish.account.name)]
    return AccountWatch(
        account=replace(wish.account, memory=newest(kept, wish.account.type)),
        probe=provider_probes()[wish.account.type],
        get=get,
        watches=watches,
        clock=clock,
        deadline=3 * wish.timeout,
    )
