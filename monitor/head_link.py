"""The head's link: made and revoked beside the running daemon. The store keeps its hash alone."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

import click

from monitor.config import Config
from monitor.shell.clock import Clock
from monitor.shell.sign_in import digest
from monitor.shell.store import Store, StoreError


async def make(config: Config, portal: str) -> int:
    """Prints the link. 1 where the store cannot be used."""
    key = secrets.token_urlsafe(32)

    async def keep(store: Store) -> None:
        await store.keep_link(portal, digest(key), Clock().real_now())
        click.echo(f"{config.web.external_url.rstrip('/')}/h/{key}")

    code = await _with_store(config, keep)
    if code == 0 and config.web.access.is_open:
        click.echo("there is neither a token nor a user: whoever reaches the daemon sees everything anyway", err=True)
    return code


async def revoke_all(config: Config, portal: str) -> int:
    """Prints how many there were; a page that is open by one of them is closed at its next request."""

    async def end(store: Store) -> None:
        click.echo(f"{portal}: {await store.revoke_links(portal)} links revoked")

    return await _with_store(config, end)


async def _with_store(config: Config, act: Callable[[Store], Awaitable[None]]) -> int:
    try:
        store = await Store.open(config.store_url, shared=True, existing=True, key=config.store_key)
    except StoreError as error:
        click.echo(str(error), err=True)
        return 1
    try:
        await act(store)
    except StoreError as error:
        click.echo(str(error), err=True)
        return 1
    finally:
        await store.close()
    return 0
