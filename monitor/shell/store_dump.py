"""Copies of a PostgreSQL store by its own pg_dump and pg_restore. The password never stands in a command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

from monitor.shell.store_engine import StoreError, newest_schema, place, private, translated

_TOKENS = re.compile(r"\bpublic tokens(_pkey| tokens_pkey)?\b")


def dump(url: str, target: Path) -> int:
    """The size of the copy in bytes; one consistent moment of the database, while it is in use."""
    if target.exists():
        raise StoreError(f"backup {target}: it exists already: choose another name")
    part = target.with_name(target.name + ".part")
    try:
        with private():
            _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={part}")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def restore(source: Path, url: str) -> tuple[str, ...]:
    """All tables in one transaction, but for the tokens where the database has some: they are the newer ones."""
    if not source.is_file():
        raise StoreError(f"backup {source}: there is no such file")
    _refuse_newer(source, url)
    kept = _portals_with_tokens(url)
    listed = _run(url, "pg_restore", "--list", str(source)).splitlines()
    wanted = [row for row in listed if not (kept and _TOKENS.search(row))]
    with tempfile.NamedTemporaryFile("w", suffix=".list") as chosen:
        chosen.write("\n".join(wanted))
        chosen.flush()
        options = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
        database = make_url(url).database or ""
        _run(url, "pg_restore", *options, f"--use-list={chosen.name}", f"--dbname={database}", str(source))
    return kept


def _refuse_newer(source: Path, url: str) -> None:
    rows = _run(url, "pg_restore", "--data-only", "--table=alembic_version", "--file=-", str(source))
    schema = next((row for row in rows.splitlines() if re.fullmatch(r"\d{4}", row)), "")
    if not schema:
        raise StoreError(f"backup {source}: it is no backup of messenger-monitor: take another one")
    if schema > newest_schema():
        raise StoreError(
            f"backup {source}: made by a newer messenger-monitor (schema {schema}): upgrade this one first"
        )


def _portals_with_tokens(url: str) -> tuple[str, ...]:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        with translated(url), engine.connect() as connection:
            if connection.execute(text("select to_regclass('public.tokens')")).scalar() is None:
                return ()
            return tuple(connection.execute(text("select portal from tokens order by portal")).scalars())
    finally:
        engine.dispose()


def _run(url: str, program: str, *arguments: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise StoreError(f"{program} is missing here: install PostgreSQL's client programs (postgresql-client)")
    done = subprocess.run(  # noqa: S603 - a list of arguments, no shell, no password
        [found, *arguments], env=_environment(make_url(url)), capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1][:200]
        raise StoreError(f"store {place(url)}: {program}: {last}: look at the server's log")
    return done.stdout


def _environment(address: URL) -> dict[str, str]:
    known = {
        "PGHOST": address.host or str(address.query.get("host", "")),
        "PGPORT": str(address.port or ""),
        "PGUSER": address.username or "",
        "PGPASSWORD": str(address.password or ""),
        "PGDATABASE": address.database or "",
        "PGCONNECT_TIMEOUT": "10",
    }
    return {**os.environ, **{name: value for name, value in known.items() if value}}
