"""A support bundle from a living system full of canaries: none of them may fly out with it."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ops_parts import command, config_file, eventually, free_port, portal_of, running_daemon, secret

from monitor.bundle_masks import OPEN_KEYS, Aliases, masked_metrics, masked_tree
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.presets import furnished
from monitor.sandbox.server import Sandbox

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
