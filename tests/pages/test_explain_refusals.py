"""What `explain` says where it cannot explain: one sentence that names what is known, and no JSON on a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from aiohttp.test_utils import TestServer
from click.testing import CliRunner
from pages_parts import TOKEN, PageBoard, busy

from monitor.ask_daemon import address, explain
from monitor.cli import app
from monitor.config import load
from monitor.secret import Secret
from monitor.shell.store import Store
from monitor.shell.visitors import Access
from monitor.shell.web import make_app

KNOWN = "line and connector: expected one of 1/"


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"portal": "acme", "line": "1", "connector": "telegram"}, KNOWN),
        ({"portal": "acme", "line": "1"}, "a channel is named by its line and its connector together"),
        ({"portal": "acme", "dialog": "987654"}, "dialog: none of this chat id is kept"),
        ({"portal": "acmee"}, "portal: expected one of acme"),
    ],
)
async def test_a_sentence_names_what_is_known(
    wanted: dict[str, str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked(wanted, TOKEN, tmp_path) == 1
    said = capsys.readouterr().err
    assert said.startswith(told)
    assert "{" not in said


async def test_a_token_that_the_daemon_does_not_know_is_not_asked_for_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asked({"portal": "acme"}, "another-token-of-some-length-01", tmp_path) == 1
    assert capsys.readouterr().err.startswith("the daemon refuses this token: web.token_file is another one")


async def asked(wanted: dict[str, str], token: str, folder: Path) -> int:
    store = await Store.open(f"sqlite:///{folder / 'state.db'}")
    (folder / "token").write_text(token)
    (folder / "hook").write_text("https://acme.bitrix24.ru/rest/1/0123456789abcdef/")
    try:
        board = PageBoard(store, Access(token=Secret(TOKEN)))
        await board.add(busy("acme"))
        async with TestServer(make_app(board), host="127.0.0.1") as server:
            path = folder / "monitor.yaml"
            portal = {"name": "acme", "url": "https://acme.bitrix24.ru", "auth": {"webhook_url_file": "hook"}}
            web = {"listen": f"127.0.0.1:{server.port}", "token_file": "token"}
            path.write_text(yaml.safe_dump({"web": web, "portals": [portal]}))
            return await explain(load(path), wanted, as_json=False)
    finally:
        await store.close()


def test_a_runbook_that_is_nearly_named_is_meant() -> None:
    told = CliRunner().invoke(app, ["runbook", "qr_rescan"], standalone_mode=False)
    assert told.return_value == 64
    assert told.stderr == "NAME: got qr_rescan: did you mean qr_rescan_required?\n"


@pytest.mark.parametrize(
    ("listen", "asked"),
    [
        ("127.0.0.1:9460", "127.0.0.1"),
        ("0.0.0.0:9460", "localhost"),
        ("[::1]:9460", "[::1]"),
        ("[::]:9460", "localhost"),
    ],
)
def test_the_daemon_is_asked_where_it_listens_also_at_an_address_of_ipv6(
    listen: str, asked: str, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "hook").write_text("https://acme.bitrix24.ru/rest/1/0123456789abcdef/")
    portal = {"name": "acme", "url": "https://acme.bitrix24.ru", "auth": {"webhook_url_file": "hook"}}
    path = tmp_path / "monitor.yaml"
    path.write_text(yaml.safe_dump({"web": {"listen": listen, "token_file": "token"}, "portals": [portal]}))
    assert address(load(path), "/explain")[0] == f"http://{asked}:9460/explain"
