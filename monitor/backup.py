"""`backup` and `restore`: a copy of the store while the daemon runs, and back again."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from monitor.shell.store_backup import backup_file, restore_file
from monitor.shell.store_dump import dump
from monitor.shell.store_dump import restore as restore_dump
from monitor.shell.store_engine import StoreError

FAILED = 1


def backup(url: str, target: Path) -> int:
    try:
        size = _save(url, target)
    except StoreError as error:
        click.echo(str(error), err=True)
        return FAILED
    click.echo(f"{target}: {size} bytes, whole and readable by its owner alone; it holds tokens")
    return 0


def restore(url: str, source: Path, now: datetime) -> int:
    """`now` names the copy of what is replaced."""
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    try:
        aside, kept = _put_back(url, source, stamp)
    except StoreError as error:
        click.echo(str(error), err=True)
        return FAILED
    click.echo(f"the store is what {source} holds; what it was before is in {aside}")
    if kept:
        click.echo(f"tokens were not put back, the present ones are newer: {', '.join(kept)}")
    click.echo("a running daemon notices with its next poll and ends: systemd or Docker starts it anew")
    return 0


def _save(url: str, target: Path) -> int:
    path = _file(url)
    return backup_file(path, target) if path else dump(url, target)


def _put_back(url: str, source: Path, stamp: str) -> tuple[Path, tuple[str, ...]]:
    path = _file(url)
    if path:
        aside = path.with_name(f"{path.name}.replaced-{stamp}")
        return aside, restore_file(source, path, aside)
    aside = source.with_name(f"{source.name}.replaced-{stamp}")
    dump(url, aside)
    return aside, restore_dump(source, url)


def _file(url: str) -> Path | None:
    address = make_url(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None
