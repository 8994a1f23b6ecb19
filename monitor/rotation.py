"""`rotate-key`: another key for the tokens at rest, while the daemon runs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import aiohttp
import click

from monitor.ask_daemon import reload
from monitor.config import Config
from monitor.config_secrets import expand
from monitor.config_yaml import read_yaml
from monitor.secret import Secret
from monitor.shell.store import Store, StoreError
from monitor.shell.store_seal import new_key, split_keys

FAILED = 1


async def rotate(config: Config) -> int:
    """A new key before the present one in the key's file; then every token sealed with it.

    The present key stays second, for the daemon that has not heard of it yet and for backups; the rotation after
    this one drops it. A key from the environment is changed by hand: NEW,OLD; this seals with the first.
    """
    if config.store_key is None:
        return _failed("store.key_file is not set: generate-key makes a key, and the next start seals with it")
    file = key_file(config.source_path)
    try:
        keys = _turned(config.store_key, file) if file else config.store_key
        told = await _daemon_knows(config) if file else True
        count = await _sealed(config.store_url, keys)
    except StoreError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{file}: {error.strerror}: nothing was changed: put NEW OLD there by hand and restart")
    click.echo(f"{count} portals' tokens are sealed with the new key")
    if not told:
        click.echo("no daemon was told: if one runs, let it read its configuration again (SIGHUP) now", err=True)
    return 0


def key_file(config: Path) -> Path | None:
    """Where the configuration says the key lies; None when it comes from the environment."""
    store = read_yaml(config).get("store")
    named = store.get("key_file") if isinstance(store, dict) else None
    return config.parent / expand(named, os.environ) if isinstance(named, str) else None


def _turned(present: Secret, file: Path) -> Secret:
    keys = Secret(f"{new_key().reveal()} {split_keys(present)[0]}")
    _write(file, keys)
    return keys


def _write(file: Path, keys: Secret) -> None:
    """Whole or not at all: without its key the store is worth nothing."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as part:
            part.write(keys.reveal() + "\n")
            part.flush()
            os.fchmod(part.fileno(), file.stat().st_mode & 0o777)
            os.fchown(part.fileno(), file.stat().st_uid, file.stat().st_gid)
            os.fsync(part.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


async def _daemon_knows(config: Config) -> bool:
    try:
        return await reload(config)
    except (aiohttp.ClientError, TimeoutError):
        return False


async def _sealed(url: str, keys: Secret) -> int:
    """Opening seals what is not sealed with the first key; it is opened with the old ones here to count."""
    store = await Store.open(url, shared=True, key=Secret(" ".join(reversed(split_keys(keys)))))
    try:
        store.adopt_key(keys)
        return await store.reseal()
    finally:
        await store.close()


def _failed(problem: str) -> int:
    click.echo(problem, err=True)
    return FAILED
