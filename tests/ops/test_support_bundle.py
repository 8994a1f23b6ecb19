"""A support bundle from a living system full of canaries: none of them may fly out with it."""

from __future__ import annotations

import json
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ops_parts import command, config_file, eventually, free_port, portal_of, running_daemon, secret

from monitor.bundle_masks import OPEN_KEYS, Aliases, introduce, masked_metrics, masked_tree
from monitor.config import load
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.presets import furnished
from monitor.sandbox.server import Sandbox
from monitor.shell.passwords import hashed

CANARIES = ("canary", "Канарейка", "79990001122")


def text_of(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return "\n".join(archive.read(name).decode() for name in archive.namelist())


async def test_no_secret_and_no_name_leaves_with_a_bundle(tmp_path: Path) -> None:
    world = furnished(SandboxClock(), hours=False)
    for user in world.users.values():
        user.name = "Канарейка"
    for line in world.lines.values():
        line["LINE_NAME"] = "Канарейка"
    port = free_port()
    async with Sandbox(world) as sandbox:
        connector, number = next(iter(world.rows))
        world.customer_writes(connector, number, world.add_customer("Канарейка 79990001122"))
        portal: dict[str, Any] = portal_of(
            tmp_path,
            sandbox,
            poll="1s",
            maintenance=[{"from": "2026-12-30T22:00", "to": "2026-12-31T02:00", "reason": "canary, +79990001122"}],
            channels=[{"connector": "canary", "line": 1, "provider": "canary-bot", "account": "79990001122"}],
        )
        path = config_file(
            tmp_path,
            portal | {"name": "canary"},
            web={"listen": f"127.0.0.1:{port}", "token_file": secret(tmp_path, "token", "canary-web-token")},
            heartbeat={"url_file": secret(tmp_path, "ping", "https://127.0.0.1:1/canary-ping"), "every": "1d"},
            providers=[
                {"name": "canary-bot", "type": "telegram_bot", "token_file": secret(tmp_path, "bot", "1:canary")}
            ],
        )
        async with running_daemon(path, tmp_path / "log"):
            await eventually(lambda: sandbox.counts["imopenlines.session.history.get"] > 0, 20)
            code, _, err = await command("support-bundle", "-c", str(path), "--out", str(tmp_path / "bundle.zip"))
    assert (code, err) == (0, "")
    bundle = tmp_path / "bundle.zip"
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    text = text_of(bundle)
    secrets = [sandbox.credentials[name] for name in ("client_secret", "refresh_token", "client_id", "webhook_url")]
    for word in (*CANARIES, *secrets, str(tmp_path)):
        assert word not in text
    assert "messenger_portal_up" in text
    assert "portal-1 tokens" in text
    assert '"status": "ok"' in text


def config_of_names(folder: Path) -> Path:
    """Every key of the file that holds a name or an address, each with one of its own."""
    (folder / "pw").write_text(hashed("a password of some length"))
    portal = {
        "name": "np-portal",
        "url": "https://np-portal-host.example",
        "auth": {
            "client_id": "local.0123456789abcd.12345678",
            "client_secret_file": secret(folder, "client", "np-client-secret"),
            "refresh_token_file": secret(folder, "refresh", "np-refresh-token"),
            "oauth_url": "https://np-oauth-host.example",
        },
        "expiries": [{"subject": "np-expiry", "date": "2026-12-30"}],
    }
    return config_file(
        folder,
        portal,
        web={
            "listen": "127.0.0.1:9460",
            "external_url": "https://np-pages-host.example",
            "users": [
                {
                    "name": "np-user",
                    "role": "integrator",
                    "password_hash_file": secret(folder, "pw", (folder / "pw").read_text()),
                }
            ],
        },
        store={"url": "postgresql://np_role:np-db-password@np-db-host.example/np_database"},
        cluster={"name": "np-process", "shards": 16, "url": "https://np-cluster-host.example"},
        alertmanager={"url": "http://np-alerts-host.example:9093"},
        heartbeat={"url_file": secret(folder, "ping", "https://np-heartbeat-host.example/np-key"), "every": "1m"},
        allow_plain_http=["np-alerts-host.example"],
        allow_link_local=["np-metadata-host.example"],
        allow_literal_secrets=True,
        receivers=[
            {
                "name": "np-receiver",
                "type": "apprise",
                "url_file": secret(folder, "mail", "mailtos://np-name:np-word@np-mail-host.example"),
            }
        ],
        providers=[
            {
                "name": "np-provider",
                "type": "telegram_bot",
                "token_file": secret(folder, "bot", "1:np-bot-token"),
                "url": "https://np-provider-host.example",
            }
        ],
    )


async def test_every_name_and_address_of_the_file_is_called_otherwise_in_every_sentence(tmp_path: Path) -> None:
    path = config_of_names(tmp_path)
    aliases = Aliases()
    introduce(load(path), aliases)
    words = set(re.findall(r"np[-_][\w.-]+", path.read_text()))
    assert len(words) > 15
    for word in words | {"np-heartbeat-host.example", "np-mail-host.example", "1:np-bot-token", str(tmp_path)}:
        told = aliases.within(json.dumps(f"look at {word}, or at {word}:5432/x", ensure_ascii=False))
        assert "np" not in told, told


async def test_a_bundle_of_a_system_where_nothing_answers_names_no_address_either(tmp_path: Path) -> None:
    path, out = config_of_names(tmp_path), tmp_path / "bundle.zip"
    code, _, err = await command("support-bundle", "-c", str(path), "--out", str(out))
    assert (code, err) == (0, "")
    text = text_of(out)
    assert re.findall(r".{0,40}\bnp[-_ ].{0,40}", text) == []
    assert "network portals[0].url (host-" in text
    assert "messenger-monitor" in text


def test_a_short_name_is_replaced_where_it_is_a_word_of_its_own() -> None:
    aliases = Aliases()
    aliases.of("portal", "hq")
    assert aliases.within("hq tokens: hqx is no hq") == "portal-1 tokens: hqx is no portal-1"


async def test_a_bundle_is_made_without_a_daemon_too_and_overwrites_nothing(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        path = config_file(tmp_path, portal_of(tmp_path, sandbox))
        out = tmp_path / "bundle.zip"
        assert (await command("support-bundle", "-c", str(path), "--out", str(out)))[0] == 0
        code, _, err = await command("support-bundle", "-c", str(path), "--out", str(out))
    assert code == 1
    assert "it exists already" in err
    assert "no daemon answered" in text_of(out)


@given(
    st.recursive(
        st.text(min_size=1) | st.integers() | st.booleans(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_text_of_any_tree_passes_but_under_a_key_that_is_known(tree: Any) -> None:
    def texts(value: Any, key: str = "") -> list[str]:
        if isinstance(value, dict):
            return [one for name, part in value.items() for one in texts(part, str(name))]
        if isinstance(value, list):
            return [one for part in value for one in texts(part, key)]
        return [value] if isinstance(value, str) and key not in OPEN_KEYS else []

    assert all(one.startswith("*** (") for one in texts(masked_tree(tree)))


def test_labels_with_escapes_are_renamed_whole() -> None:
    row = 'x{portal="a\\"canary\\\\",state="up",name="кан,ар}"} 1'
    assert masked_metrics(row, Aliases()) == 'x{portal="portal-1",state="up",name="name-1"} 1\n'


def test_the_same_value_has_the_same_name_everywhere() -> None:
    aliases = Aliases()
    assert aliases.of("portal", "acme") == aliases.of("portal", "acme") == "portal-1"
    assert json.loads(aliases.within('["acme is down"]')) == ["portal-1 is down"]
