"""The doctor against real servers on loopback: what it finds, what it advises, what it tells a script."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from ops_parts import command, config_file, portal_of, secret

from monitor.config import load
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import Line as OpenLine
from monitor.doctor import examine
from monitor.doctor_lines import Line, Verdict, exit_code
from monitor.sandbox.server import Sandbox
from monitor.shell.clock import Clock
from monitor.shell.store import Store


def line(lines: tuple[Line, ...], about: str) -> Line:
    return next(one for one in lines if one.about == about)


async def with_store(folder: Path) -> None:
    store = await Store.open(f"sqlite:///{folder / 'state.db'}")
    await store.close()


async def examined(path: Path) -> tuple[Line, ...]:
    return await examine(load(path), Clock())


@asynccontextmanager
async def daemon(status: int, body: str) -> AsyncIterator[str]:
    """What a daemon answers at /healthz; its address as `web.listen` has it."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"127.0.0.1:{server.port}"


async def test_a_well_set_up_portal_leaves_nothing_to_do(tmp_path: Path) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox, daemon(200, "{}") as listen:
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox), web={"listen": listen}))
    assert [one for one in lines if one.verdict is not Verdict.OK] == []
    assert exit_code(lines) == 0
    assert line(lines, "portal acme tokens").found == "the portal lets us in"


@pytest.mark.parametrize(
    ("status", "verdict", "found"),
    [
        (200, Verdict.OK, "runs, and its polls go on"),
        (503, Verdict.WRONG, 'runs, but is not well: {"status": "late"}'),
        (404, Verdict.WRONG, "another program answers there (status 404)"),
    ],
)
async def test_the_daemon_itself_is_asked(tmp_path: Path, status: int, verdict: Verdict, found: str) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox, daemon(status, '{"status":\n "late"}') as listen:
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox), web={"listen": listen}))
    told = line(lines, f"daemon ({listen})")
    assert (told.verdict, told.found) == (verdict, found)


async def test_a_daemon_that_does_not_run_is_told_with_what_starts_it(tmp_path: Path) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox:
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox)))
    told = line(lines, "daemon (127.0.0.1:0)")
    assert (told.verdict, told.found) == (Verdict.UNKNOWN, "nobody answers: no portal is watched")
    assert "systemctl start messenger-monitor" in told.remedy


async def test_the_command_prints_json_and_exits_2_where_the_store_was_never_made(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        path = config_file(tmp_path, portal_of(tmp_path, sandbox))
        code, out, _ = await command("doctor", "-c", str(path), "--json")
    told = json.loads(out)
    assert code == told["exit_code"] == 2
    absent = next(one for one in told["lines"] if one["about"] == "store")
    assert absent["remedy"] == "it is created at the first start"
    assert not (tmp_path / "state.db").exists()


async def test_a_bad_configuration_exits_64_with_a_line_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text("portals: [{name: acme, url: nothing}]\nwrong: 1\n")
    code, out, _ = await command("doctor", "-c", str(path), "--json")
    lines = json.loads(out)["lines"]
    assert code == 64
    assert len(lines) >= 2
    assert {one["verdict"] for one in lines} == {"wrong"}


async def test_a_refused_token_is_told_with_the_command_that_mends_it(tmp_path: Path) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox:
        sandbox.oauth.refuses = "invalid_grant"
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox)))
    assert line(lines, "portal acme").remedy == "authorise it: messenger-monitor auth --portal acme"
    assert exit_code(lines) == 1


async def test_missing_scopes_are_named(tmp_path: Path) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox:
        sandbox.methods.granted = [one for one in sandbox.methods.granted if one != "imopenlines"]
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox)))
    assert line(lines, "portal acme scopes").found == "missing: imopenlines"


async def test_the_scopes_of_those_who_are_told_inside_the_portal_are_looked_at(tmp_path: Path) -> None:
    await with_store(tmp_path)
    told = [{"name": "head", "type": "bitrix24"}, {"name": "work", "type": "bitrix24", "as": "task"}]
    async with Sandbox() as sandbox:
        sandbox.methods.granted = sorted({*sandbox.methods.granted, "im"} - {"task", "tasks"})
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox), receivers=told))
    assert line(lines, "portal acme receiver head").verdict is Verdict.OK
    assert line(lines, "portal acme receiver work").found == "missing scope: task"


async def test_a_portal_that_is_not_there_is_a_matter_of_the_network(tmp_path: Path) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox:
        path = config_file(tmp_path, portal_of(tmp_path, sandbox))
    lines = await examined(path)
    told = [one for one in lines if one.about.startswith("network ")]
    assert "start what listens there" in told[0].remedy
    assert line(lines, "clock").verdict is Verdict.UNKNOWN


async def test_a_name_that_nobody_knows_is_a_matter_of_dns(tmp_path: Path) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox:
        portal = portal_of(tmp_path, sandbox, url="http://nobody.localhost.invalid")
        lines = await examined(config_file(tmp_path, portal, allow_plain_http=["nobody.localhost.invalid"]))
    assert "DNS" in line(lines, "network portals[0].url (nobody.localhost.invalid:80)").remedy


async def test_every_address_has_a_line_of_its_own_that_names_its_key_and_port(tmp_path: Path) -> None:
    await with_store(tmp_path)
    told = [
        {"name": "duty", "type": "apprise", "url_file": secret(tmp_path, "duty", "jsons://127.0.0.1:1/np-secret")},
        {
            "name": "mail",
            "type": "apprise",
            "url_file": secret(
                tmp_path, "mail", "mailto://np:np-word@127.0.0.1:2?from=np@example.org&to=np@example.org"
            ),
        },
        {"name": "chat", "type": "apprise", "url_file": secret(tmp_path, "chat", "slack://TokenA/TokenB/TokenC")},
        {"name": "typo", "type": "apprise", "url_file": secret(tmp_path, "typo", "malito://np:np-word@127.0.0.1")},
    ]
    async with Sandbox() as sandbox:
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox), receivers=told))
        port = sandbox.credentials["url"].rpartition(":")[2]
    about = [one.about for one in lines]
    assert len(set(about)) == len(about)
    assert f"network portals[0].url (127.0.0.1:{port})" in about
    assert line(lines, "network receivers[0].url_file (127.0.0.1:1)").verdict is Verdict.WRONG
    assert line(lines, "network receivers[1].url_file (127.0.0.1:2)").verdict is Verdict.WRONG
    assert line(lines, "receiver chat").found == "an address of slack that apprise understands"
    assert line(lines, "receiver typo").found == "its address is none that apprise knows"
    assert "np" not in " ".join(one.found + one.remedy for one in lines)


async def test_a_store_that_cannot_be_opened_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database at all" * 100)
    (tmp_path / "state.db").chmod(0o600)
    async with Sandbox() as sandbox:
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox)))
    assert [one.found.startswith(f"{tmp_path}/state.db: ") for one in lines if one.about == "store"] == [True]


async def test_a_wrong_clock_is_seen_by_the_portals_date(tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.Response:
        date = format_datetime(datetime.now(UTC) + timedelta(minutes=7), usegmt=True)
        return web.json_response({"error": "NO_AUTH_FOUND"}, status=401, headers={"Date": date})

    await with_store(tmp_path)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app, host="127.0.0.1") as server, Sandbox() as sandbox:
        portal = portal_of(tmp_path, sandbox, url=f"http://127.0.0.1:{server.port}")
        lines = await examined(config_file(tmp_path, portal))
    told = line(lines, "clock")
    assert "behind the portal's" in told.found
    assert told.remedy == "synchronise this machine's clock: timedatectl set-ntp true"


async def test_what_is_no_alertmanager_is_not_taken_for_one(tmp_path: Path) -> None:
    await with_store(tmp_path)
    async with Sandbox() as sandbox:
        keys: dict[str, Any] = {"alertmanager": {"url": sandbox.url}}
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox), **keys))
    assert line(lines, "alertmanager").found == "what answers there is no Alertmanager (status 404)"


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        ("update portals set memory = '{\"up\": tr' where portal = 'acme'", "PortalMemory"),
        ("update remembered set body = '{' where portal = 'acme'", "Line"),
    ],
)
async def test_a_row_at_which_a_start_would_end_is_told_with_its_portal(tmp_path: Path, damage: str, kind: str) -> None:
    path = tmp_path / "state.db"
    store = await Store.open(f"sqlite:///{path}")
    for portal in ("acme", "other"):
        state = PortalState(portal=portal, lines={1: OpenLine(id=1, name="Sales")})
        await store.commit(portal, PortalState(portal=portal), Judgement(state=state))
    await store.close()
    async with Sandbox() as sandbox:
        config = config_file(tmp_path, portal_of(tmp_path, sandbox))
        assert line(await examined(config), "store").found.endswith("MiB, no damage found")
        with sqlite3.connect(path) as connection:
            connection.execute(damage)
        before = path.read_bytes()
        told = [one for one in await examined(config) if one.about == "store"]
        assert path.read_bytes() == before
    assert [(one.verdict, one.remedy) for one in told] == [
        (Verdict.WRONG, "restore it: messenger-monitor restore --from BACKUP")
    ]
    assert told[0].found.startswith(f"a row of portal acme ({kind}) is damaged: ")


async def test_a_store_open_to_others_and_one_that_is_damaged_are_told(tmp_path: Path) -> None:
    await with_store(tmp_path)
    database = tmp_path / "state.db"
    database.chmod(0o644)
    async with Sandbox() as sandbox:
        path = config_file(tmp_path, portal_of(tmp_path, sandbox))
        lines = await examined(path)
        assert line(lines, "permissions").remedy == f"chmod 600 {database}"
        database.write_bytes(b"no database at all" * 1000)
        lines = await examined(path)
    assert "restore it from a backup" in line(lines, "store").remedy


async def test_a_newer_schema_is_told_without_touching_the_store(tmp_path: Path) -> None:
    await with_store(tmp_path)
    with sqlite3.connect(tmp_path / "state.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    async with Sandbox() as sandbox:
        lines = await examined(config_file(tmp_path, portal_of(tmp_path, sandbox)))
    told = line(lines, "store")
    assert told.verdict is Verdict.WRONG
    assert told.remedy == "upgrade messenger-monitor, or restore a backup made by this version"
