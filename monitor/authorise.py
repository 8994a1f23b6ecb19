"""The `auth` command: first tokens of a portal, by the way the operator has at hand, into the store."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import click

from monitor.auth import Applicant, AuthFailed, Authorised, by_code, by_install, by_refresh_token
from monitor.config import Config, PortalConfig
from monitor.secret import Secret
from monitor.shell.credentials import OAuthKeys
from monitor.shell.http import session
from monitor.shell.store import Store, StoreError
from monitor.shell.wire import trust

FAILED = 1


async def authorise(config: Config, portal: str, *, listen: str | None, file: Path | None) -> int:
    """0 when tokens are stored and the portal took them; else 1 and one sentence."""
    try:
        wish, allowed = _wish(config, portal), config.allow_link_local
        store = await Store.open(config.store_url, shared=True, key=config.store_key)
        try:
            done = await _by(wish, store, allowed, listen=listen, file=file)
        finally:
            await store.close()
    except (AuthFailed, StoreError) as error:
        click.echo(str(error), err=True)
        return FAILED
    click.echo(f"{portal}: the portal at {done.host} lets us in; the tokens are in the store")
    if done.missing_scopes:
        click.echo(
            f"missing scopes: {', '.join(done.missing_scopes)}: tick them in the application and authorise again"
        )
    return 0


def _wish(config: Config, portal: str) -> PortalConfig:
    found = next((one for one in config.portals if one.name == portal), None)
    if found is None:
        known = ", ".join(one.name for one in config.portals)
        raise AuthFailed(f"--portal: expected one of {known}, got {portal}")
    return found


async def _by(
    wish: PortalConfig, store: Store, allowed: Collection[str], *, listen: str | None, file: Path | None
) -> Authorised:
    keys = wish.credentials
    if not isinstance(keys, OAuthKeys):
        raise AuthFailed(f"portal {wish.name} uses a webhook, which needs no tokens")
    async with session(allowed=allowed) as http:
        applicant = Applicant(
            portal=wish.name,
            url=wish.url,
            keys=keys,
            http=http,
            vault=store,
            timeout=wish.timeout,
            trusted=trust(str(wish.ca_file) if wish.ca_file else None),
        )
        if file is not None:
            return await by_refresh_token(applicant, _token_in(file))
        if listen:
            host, _, port = listen.rpartition(":")
            if not port.isdecimal():
                raise AuthFailed(f"--listen: expected HOST:PORT, got {listen}")
            return await by_install(applicant, host or "127.0.0.1", int(port), click.echo)
        return await by_code(applicant, _paste)


def _token_in(file: Path) -> Secret:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise AuthFailed(f"--refresh-token-file {file}: {type(error).__name__}: name a readable file") from None
    if not text:
        raise AuthFailed(f"--refresh-token-file {file}: expected a token, got an empty file")
    return Secret(text)


async def _paste(url: str) -> str:
    click.echo(f"Open this address as a portal administrator, let the application in:\n\n  {url}\n")
    prompt = "Paste the code, or the address you were sent to (within 30 seconds)"
    return await asyncio.to_thread(click.prompt, prompt, type=str, hide_input=False)
