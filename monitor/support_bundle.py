"""`support-bundle`: what someone who helps has to know, in one file, without a secret and without a name."""

from __future__ import annotations

import json
import platform
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import distributions
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import click
from sqlalchemy import func, select

from monitor import __version__
from monitor.ask_daemon import fetched
from monitor.bundle_masks import Aliases, introduce, masked_metrics, masked_tree
from monitor.config import Config
from monitor.config_yaml import read_yaml
from monitor.doctor import examine
from monitor.doctor_host import store_path
from monitor.shell.clock import Clock
from monitor.shell.store import Store, StoreError
from monitor.shell.store_engine import private
from monitor.shell.store_look import look
from monitor.shell.store_tables import METADATA

FAILED = 1
ABOUT = """A support bundle of messenger-monitor.

about.json    versions and the machine
config.json   the shape of the configuration: names, addresses and secrets are struck out
doctor.json   what `messenger-monitor doctor` says
health.json   what the running daemon says of itself
metrics.txt   its metrics under other names
store.json    how much is stored, nothing of what

Look through it before you send it. Logs hold no secrets and no messages; send those of the day in question too:
journalctl -u messenger-monitor --since yesterday
"""


async def bundle(config: Config, out: Path) -> int:
    """0 and a zip file for its owner alone, else 1 and one sentence."""
    if _exists(out):
        click.echo(f"{out}: it exists already: choose another name", err=True)
        return FAILED
    parts = await _parts(config, Clock())
    try:
        _write(out, parts)
    except OSError as error:
        click.echo(f"{out}: {error.strerror}: choose another place", err=True)
        return FAILED
    click.echo(f"{out}: {len(parts)} parts; look through it before you send it")
    return 0


async def _parts(config: Config, clock: Clock) -> dict[str, str]:
    aliases = Aliases()
    introduce(config, aliases)
    lines = [asdict(line) for line in await examine(config, clock)]
    health, metrics = await _from_daemon(config, "/healthz"), await _from_daemon(config, "/metrics")
    return {
        "README.txt": ABOUT,
        "about.json": _json(_about(clock.real_now())),
        "config.json": _json(masked_tree(read_yaml(config.source_path))),
        "doctor.json": aliases.within(_json(lines)),
        "health.json": aliases.within(health),
        "metrics.txt": masked_metrics(metrics, aliases),
        "store.json": aliases.within(_json(await _store_facts(config))),
    }


def _about(now: datetime) -> dict[str, Any]:
    return {
        "made": now.isoformat(timespec="seconds"),
        "version": __version__,
        "python": sys.version,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": dict(sorted((one.metadata["Name"], one.version) for one in distributions())),
    }


async def _from_daemon(config: Config, path: str) -> str:
    try:
        return await fetched(config, path)
    except (aiohttp.ClientError, TimeoutError):
        return "# no daemon answered\n"


async def _store_facts(config: Config) -> Mapping[str, Any]:
    """Rows by table: how much there is, nothing of what it is."""
    path = store_path(config.store_url)
    if path is not None and not _exists(path):
        return {"problem": "there is no store yet"}
    try:
        facts = look(config.store_url)
        store = await Store.open(config.store_url, shared=True, existing=True, key=config.store_key)
        try:
            counts = {table.name: await store.transaction(_count(table)) for table in METADATA.sorted_tables}
        finally:
            await store.close()
    except StoreError as error:
        return {"problem": str(error)}
    return {**asdict(facts), "kind": config.store_url.partition(":")[0], "rows": counts}


def _exists(path: Path) -> bool:
    return path.exists()


def _count(table: Any) -> Any:
    return lambda connection: connection.execute(select(func.count()).select_from(table)).scalar()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _write(out: Path, parts: Mapping[str, str]) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    with private():
        out.write_bytes(packed.getvalue())
