"""The doctor's look at this machine: the configuration's file, the store's file, its schema, the disk under it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

from monitor.config import Config
from monitor.doctor_lines import Line, Verdict, unknown, well, wrong
from monitor.shell.store_engine import StoreError
from monitor.shell.store_look import damaged_rows, look

MIB = 1024 * 1024
LEAST_FREE = 500 * MIB
LEAST_SHARE = 0.05
RESTORE = "restore it: messenger-monitor restore --from BACKUP"


def host_lines(config: Config) -> Iterator[Line]:
    yield from _file_lines(config)
    yield from _store_lines(config.store_url)
    sealed = "encrypted with store.key_file" if config.store_key else "in plain; store.key_file would encrypt them"
    yield well("tokens at rest", sealed)
    yield from _disk_lines(_folder(config.store_url))


def store_path(url: str) -> Path | None:
    """The store's file; None where the store is a server."""
    address = make_url(url)
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


def _folder(url: str) -> Path:
    path = store_path(url)
    return path.absolute().parent if path else Path.cwd()


def _file_lines(config: Config) -> Iterator[Line]:
    path = config.source_path
    if path.stat().st_mode & stat.S_IWOTH:
        yield wrong("config", f"{path} may be written by everybody", f"chmod o-w {path}")
    for warning in config.warnings:
        found, _, remedy = warning.rpartition(": ")
        yield wrong("config", found or warning, remedy if found else "mend it in the configuration")
    yield well("config", f"{path} is valid: {len(config.portals)} portals, {len(config.providers)} providers")


def _store_lines(url: str) -> Iterator[Line]:
    path = store_path(url)
    if path is not None and not path.exists():
        yield _absent(path)
        return
    if path is not None:
        yield from _permission_lines(path)
    try:
        facts = look(url)
        is_whole = facts.schema == facts.newest and not facts.damage
        rows = damaged_rows(url) if is_whole else ()
    except StoreError as error:
        yield store_refused(error)
        return
    if facts.damage:
        yield wrong("store", f"damaged: {facts.damage}", RESTORE)
    elif rows:
        yield from (wrong("store", row, RESTORE) for row in rows)
    elif is_whole:
        yield well("store", f"schema {facts.schema}, {facts.size // MIB} MiB, no damage found")
    elif facts.is_newer:
        remedy = "upgrade messenger-monitor, or restore a backup made by this version"
        yield wrong("store", f"made by a newer messenger-monitor (schema {facts.schema})", remedy)
    else:
        yield unknown(
            "store", f"schema {facts.schema}; this version writes {facts.newest}", "it is brought up at the next start"
        )


def store_refused(error: StoreError) -> Line:
    """Its sentence begins with the store and ends with the remedy."""
    found, _, remedy = str(error).removeprefix("store ").rpartition(": ")
    return wrong("store", found, remedy)


def _absent(path: Path) -> Line:
    folder = path.absolute().parent
    if not folder.is_dir():
        return wrong("store", f"the folder {folder} does not exist", "create it or change store.url")
    if not os.access(folder, os.W_OK | os.X_OK):
        return wrong("store", f"{folder} may not be written", "run as the daemon's user, or give it the folder")
    found = f"{path.absolute()} does not exist yet, or the daemon runs in another folder"
    return unknown("store", found, "it is created at the first start")


def _permission_lines(path: Path) -> Iterator[Line]:
    facts = path.stat()
    if facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield wrong("permissions", f"{path} is open to other users and holds tokens", f"chmod 600 {path}")
    elif not is_ours(path):
        yield unknown(
            "permissions", f"{path} belongs to user {facts.st_uid}", "run the doctor as that user: sudo -u ..."
        )
    elif not os.access(path.absolute().parent, os.W_OK | os.X_OK):
        yield wrong("permissions", f"the folder of {path} may not be written", "give the daemon the right to")
    else:
        yield well("permissions", f"{path} is for its owner alone")


def is_ours(path: Path) -> bool:
    """Whether files that we would leave beside it could be used by the daemon."""
    return path.stat().st_uid == os.geteuid()


def _disk_lines(folder: Path) -> Iterator[Line]:
    try:
        usage, inodes = shutil.disk_usage(folder), os.statvfs(folder)
    except OSError as error:
        yield unknown("disk", f"{folder}: {error.strerror}", "name a folder that exists in store.url")
        return
    if inodes.f_files and inodes.f_favail < inodes.f_files * LEAST_SHARE:
        yield wrong("disk", f"{folder}: {inodes.f_favail} file entries left", "remove small files from this disk")
    short = usage.free < min(LEAST_FREE, usage.total * LEAST_SHARE)
    yield Line(
        about="disk",
        verdict=Verdict.WRONG if short else Verdict.OK,
        found=f"{usage.free // MIB} MiB free of {usage.total // MIB} MiB at {folder}",
        remedy="free some space, or shorten store.retention" if short else "",
    )
