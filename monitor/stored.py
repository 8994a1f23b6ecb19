"""One portal as the store holds it, for the commands that read beside the daemon."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from monitor.config import Config, PortalConfig
from monitor.core.memory import PortalState
from monitor.shell.store import Store, StoreError
from monitor.terminal import plain


class Refused(Exception):
    """Why a command cannot do it, in a sentence, and its exit code: 64 bad usage, 1 nothing is known."""

    def __init__(self, why: str, code: int = 64) -> None:
        super().__init__(why)
        self.code = code

    def told(self) -> int:
        click.echo(plain(str(self)), err=True)
        return self.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """`now`: the last good poll; what is told stands as of then."""

    store: Store
    state: PortalState
    wish: PortalConfig
    now: datetime


@asynccontextmanager
async def stored(config: Config, portal: str) -> AsyncIterator[Stored]:
    """Refused where the portal or the store is not known."""
    known = {one.name: one for one in config.portals}
    if portal not in known:
        raise Refused(f"--portal: expected one of {', '.join(sorted(known))}, got {portal}")
    try:
        store = await Store.open(config.store_url, shared=True, existing=True, key=config.store_key)
    except StoreError as error:
        raise Refused(str(error), 1) from None
    try:
        state = await store.load_portal(portal)
        if state is None:
            raise Refused(f"{portal}: nothing is stored yet; let `run` poll it once", 1)
        now = state.memory.last_success or datetime.now(UTC)
        yield Stored(store=store, state=state, wish=known[portal], now=now)
    finally:
        await store.close()
