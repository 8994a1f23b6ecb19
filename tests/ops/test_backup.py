"""Backup and restore on both databases, with data, while somebody writes, and under a running daemon."""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import sqlite3
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ops_parts import command, config_file, eventually, portal_of, running_daemon

from monitor.backup import backup, restore
from monitor.core.memory import Cursor, Judgement, PortalMemory, PortalState
from monitor.core.model import Manager
from monitor.sandbox.server import Sandbox
from monitor.secret import Secret
from monitor.shell.store import Store, StoreError
from monitor.shell.vault import Tokens

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
EMPTY = PortalState(portal="acme")


def state(number: int) -> PortalState:
    return PortalState(
        portal="acme",
        memory=PortalMemory(up=True, last_success=NOW, good=1),
        cursor=Cursor(watermark=NOW, highest_session=number),
        managers={number: Manager(id=number, name=f"M{number}")},
    )


def pair(word: str) -> Tokens:
    return Tokens(access=Secret(f"a-{word}"), refresh=Secret(f"r-{word}"), saved=NOW)


async def fill(url: str, number: int, word: str) -> None:
    store = await Store.open(url)
    before = await store.load_portal("acme") or EMPTY
    await store.commit("acme", before, Judgement(state=state(number)))
    await store.save("acme", pair(word))
    await store.close()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Debian's PostgreSQL with a password, in a scratch folder."""
    folder = Path(tempfile.mkdtemp(prefix="backup-"))
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    as_user = ["runuser", "-u", user, "--"] if os.geteuid() == 0 else []
    if as_user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    (folder / "pw").write_text("hunter2")
    (folder / "pw").chmod(0o644)

    def run(program: str, *arguments: str) -> None:
        words = [*as_user, str(programs / program), "-D", str(folder / "db"), *arguments]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run("initdb", "-A", "scram-sha-256", f"--pwfile={folder / 'pw'}", "-U", "keeper", "-E", "UTF8", "--locale=C.UTF-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"postgresql://keeper:hunter2@127.0.0.1:{port}/postgres"
    run("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=[pytest.mark.real, pytest.mark.xdist_group("pg")])])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    import psycopg

    at: str = request.getfixturevalue("server")
    name = f"t{abs(hash(request.node.nodeid))}"
    with psycopg.connect(at, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return at.removesuffix("postgres") + name


async def test_what_was_backed_up_comes_back_and_the_newer_tokens_stay(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    await fill(url, 1, "old")
    assert backup(url, copy) == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    await fill(url, 2, "new")
    assert restore(url, copy, NOW) == 0
    assert "tokens were not put back, the present ones are newer: acme" in capsys.readouterr().out
    store = await Store.open(url)
    assert await store.load_portal("acme") == state(1)
    assert await store.load("acme") == pair("new")
    await store.close()


async def test_an_empty_place_gets_everything_of_the_backup_tokens_too(url: str, tmp_path: Path) -> None:
    await fill(url, 1, "old")
    assert backup(url, tmp_path / "copy") == 0
    if url.startswith("sqlite"):
        (tmp_path / "state.db").unlink()
    else:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop schema public cascade; create schema public")
    assert restore(url, tmp_path / "copy", NOW) == 0
    store = await Store.open(url)
    assert (await store.load_portal("acme"), await store.load("acme")) == (state(1), pair("old"))
    await store.close()


async def test_a_store_that_is_open_notices_that_it_was_restored(url: str, tmp_path: Path) -> None:
    await fill(url, 1, "old")
    assert backup(url, tmp_path / "copy") == 0
    store = await Store.open(url)
    before = await store.load_portal("acme") or EMPTY
    later = replace(before, managers={3: Manager(id=3, name="C")})
    await store.commit("acme", before, Judgement(state=later))
    assert restore(url, tmp_path / "copy", NOW) == 0
    with pytest.raises(StoreError, match="it was restored, cleaned or deleted: start anew from what it holds"):
        await store.commit("acme", later, Judgement(state=state(4)))
    await store.close()
    anew = await Store.open(url)
    assert await anew.load_portal("acme") == state(1)
    await anew.close()


async def test_copies_made_while_somebody_writes_are_each_one_moment(tmp_path: Path) -> None:
    """Cursor and managers are written in one transaction: a copy never holds one without the other."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    await fill(url, 0, "x")
    store = await Store.open(url)
    done = False

    async def write() -> None:
        before, number = await store.load_portal("acme") or EMPTY, 0
        while not done:
            number += 1
            await store.commit("acme", before, Judgement(state=state(number)))
            before = state(number)

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        copies = [tmp_path / f"copy{index}" for index in range(8)]
        for copy in copies:
            assert await asyncio.to_thread(backup, url, copy) == 0
        done = True
    await store.close()
    for copy in copies:
        told = await Store.open(f"sqlite:///{copy}")
        kept = await told.load_portal("acme")
        await told.close()
        assert kept is not None
        assert list(kept.managers) == [kept.cursor.highest_session]


async def test_a_damaged_store_is_replaced_and_kept_aside(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    await fill(url, 1, "old")
    assert backup(url, tmp_path / "copy") == 0
    (tmp_path / "state.db").write_bytes(b"rubbish" * 5000)
    assert restore(url, tmp_path / "copy", NOW) == 0
    store = await Store.open(url)
    assert await store.load_portal("acme") == state(1)
    await store.close()
    assert (tmp_path / "state.db.replaced-20260302T090000Z").read_bytes().startswith(b"rubbish")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"rubbish" * 999, "it is no whole backup, take another one"), (None, "there is no such file")],
)
async def test_what_is_no_backup_is_refused_and_the_store_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    await fill(url, 1, "old")
    if content:
        (tmp_path / "copy").write_bytes(content)
    assert restore(url, tmp_path / "copy", NOW) == 1
    assert words in capsys.readouterr().err
    store = await Store.open(url)
    assert await store.load_portal("acme") == state(1)
    await store.close()


async def test_a_backup_of_a_newer_version_is_refused_in_words(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from sqlalchemy import create_engine, text

    await fill(url, 1, "old")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    assert backup(url, tmp_path / "copy") == 0
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '0001'"))
    engine.dispose()
    assert restore(url, tmp_path / "copy", NOW) == 1
    assert "made by a newer messenger-monitor (schema 9999): upgrade this one first" in capsys.readouterr().err


async def test_a_backup_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    await fill(url, 1, "old")
    (tmp_path / "copy").write_text("precious")
    assert backup(url, tmp_path / "copy") == 1
    assert "it exists already: choose another name" in capsys.readouterr().err
    assert (tmp_path / "copy").read_text() == "precious"


@pytest.mark.real
@pytest.mark.xdist_group("pg")
async def test_the_password_stands_in_no_command_line_and_in_no_message(
    server: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from monitor.shell.store_dump import dump

    with pytest.raises(StoreError) as caught:
        dump(server.replace("/postgres", "/absent"), tmp_path / "copy")
    assert "hunter2" not in str(caught.value)
    assert 'database "absent" does not exist' in str(caught.value)


def channels_in(path: Path) -> int:
    """Zero as long as the daemon is still making its store."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            row = database.execute("SELECT count(*) FROM remembered WHERE kind = 'channel'").fetchone()
    except sqlite3.OperationalError:
        return 0
    return int(row[0])


async def test_a_running_daemon_is_backed_up_and_restored_and_goes_on(tmp_path: Path) -> None:
    from monitor.sandbox.clock import SandboxClock
    from monitor.sandbox.presets import furnished

    log, copy = tmp_path / "log", tmp_path / "copy"
    async with Sandbox(furnished(SandboxClock(), hours=False)) as sandbox:
        path = config_file(tmp_path, portal_of(tmp_path, sandbox, poll="1s"))
        async with running_daemon(path, log) as process:
            await eventually(lambda: channels_in(tmp_path / "state.db") > 0, 20)
            code, out, err = await command("backup", "-c", str(path), "--to", str(copy))
            assert (code, err) == (0, "")
            channels = channels_in(copy)
            code, out, err = await command("restore", "-c", str(path), "--from", str(copy))
            assert code == 0, err
            assert "tokens were not put back, the present ones are newer: acme" in out
            sandbox.world.disconnect(*next(iter(sandbox.world.rows)))
            assert await asyncio.wait_for(process.wait(), 30) == 1
        assert "it was restored, cleaned or deleted: start anew from what it holds" in log.read_text()
        assert "Traceback" not in log.read_text()
        renewals = sandbox.oauth.renewals
        async with running_daemon(path, log):
            await eventually(lambda: sandbox.counts["http"] and channels_in(tmp_path / "state.db") == channels, 20)
        assert sandbox.oauth.renewals == renewals
        assert sandbox.oauth.dead_refresh_uses == 0
