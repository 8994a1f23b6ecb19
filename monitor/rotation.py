"""`rotate-key`: another key for the tokens at rest, while the daemon runs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
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
    """A new key before all present ones in the key's file; every token sealed with it; then it and the former first.

    Until all is sealed no key is dropped: a rotation that fails has perhaps sealed nothing, however often it is tried.
    The former first stays second, for the daemon that has not heard of the new one yet and for backups; the rotation
    after this one drops it. A key from the environment is changed by hand: NEW,OLD; this seals with the first.
    """
    if config.store_key is None:
        return _failed("store.key_file is not set: generate-key makes a key, and the next start seals with it")
    file = key_file(config.source_path)
    keys = split_keys(config.store_key)
    if file is not None:
        keys = [new_key().reveal(), *keys]
        try:
            _write(file, keys)
        except OSError as error:
            return _failed(f"{file}: {error.strerror}: nothing was changed: put NEW OLD there by hand and restart")
    told = await _daemon_knows(config) if file else True
    try:
        count = await _sealed(config.store_url, keys)
    except StoreError as error:
        return _failed(f"{error}\n{_state_of(file)}")
    click.echo(f"{count} portals' tokens are sealed with the new key")
    if not told:
        click.echo("no daemon was told: if one runs, let it read its configuration again (SIGHUP) now", err=True)
    return _dropped(file, keys) if file and len(keys) > 2 else 0


def key_file(config: Path) -> Path | None:
    """Where the configuration says the key lies; None when it comes from the environment."""
    store = read_yaml(config).get("store")
    named = store.get("key_file") if isinstance(store, dict) else None
    return config.parent / expand(named, os.environ) if isinstance(named, str) else None


def _state_of(file: Path | None) -> str:
    if file is None:
        return "not every token is sealed with the first key: keep all the keys and run it again"
    return f"{file} holds a new key and all the former ones, so that no token is lost: leave it so and run it again"


def _dropped(file: Path, keys: Sequence[str]) -> int:
    """What nothing is sealed with any more goes."""
    try:
        _write(file, keys[:2])
    except OSError as error:
        return _failed(
            f"{file}: {error.strerror}: it still holds all the former keys: leave the first two there by hand"
        )
    return 0


def _write(file: Path, keys: Sequence[str]) -> None:
    """Whole or not at all: without its key the store is worth nothing."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w") as part:
            part.write(" ".join(keys) + "\n")
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


async def _sealed(url: str, keys: Sequence[str]) -> int:
    """Opening seals what is not sealed with the first key; it is opened with the former one first here to count."""
    store = await Store.open(url, shared=True, key=Secret(" ".join([*keys[1:], keys[0]])))
    try:
        store.adopt_key(Secret(" ".join(keys)))
        return await store.reseal()
    finally:
        await store.close()


def _failed(problem: str) -> int:
    click.echo(problem, err=True)
    return FAILED
