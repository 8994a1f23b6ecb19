"""The commands of the pages' door, and the people of the configuration."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from monitor.config import load
from monitor.shell import passwords
from monitor.shell.sign_in import digest
from monitor.shell.store import Store
from monitor.shell.visitors import Role

PASSWORD = "correct horse battery"
ENV = {"SECRET": "canary-secret", "HASH": passwords.hashed(PASSWORD)}


def command(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **ENV},
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    tree = {
        "web": {
            "external_url": "https://monitor.example",
            "users": [
                {"name": "olga", "role": "integrator", "password_hash": "${HASH}"},
                {"name": "Ирина", "role": "head", "portals": ["acme"], "password_hash": "${HASH}"},
            ],
        },
        "store": {"url": f"sqlite:///{tmp_path / 'state.db'}"},
        "portals": [
            {"name": "acme", "url": "http://127.0.0.1:9", "auth": {"client_id": "x", "client_secret": "${SECRET}"}}
        ],
    }
    path = tmp_path / "monitor.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True))
    return path


def test_the_people_of_the_configuration_have_their_roles_and_portals(config: Path) -> None:
    web = load(config, ENV).web
    olga, irina = web.access.users
    assert (olga.role, olga.portals) == (Role.INTEGRATOR, None)
    assert (irina.role, irina.portals) == (Role.HEAD, frozenset({"acme"}))
    assert passwords.matches(PASSWORD, irina.password_hash.reveal())
    assert not web.access.is_open
    assert "scrypt" not in repr(web)


def test_a_password_is_hashed_from_a_pipe_and_never_shown() -> None:
    done = command("hash-password", given=f"{PASSWORD}\n")
    assert done.returncode == 0
    assert passwords.matches(PASSWORD, done.stdout.strip())
    assert PASSWORD not in done.stdout + done.stderr


def test_a_short_password_is_refused() -> None:
    done = command("hash-password", given="short\n")
    assert done.returncode == 64
    assert "expected a password of 10 characters or more, got 5" in done.stderr


async def test_a_link_is_made_known_by_its_hash_and_revoked(config: Path) -> None:
    await (await Store.open(f"sqlite:///{config.parent / 'state.db'}")).close()
    made = command("link", "-c", str(config), "--portal", "acme")
    found = re.fullmatch(r"https://monitor\.example/h/([A-Za-z0-9_-]{43})\n", made.stdout)
    assert found
    assert made.stderr == ""
    store = await Store.open(f"sqlite:///{config.parent / 'state.db'}")
    assert await store.portal_of_link(digest(found[1])) == "acme"
    await store.close()
    assert command("link", "-c", str(config), "--portal", "acme", "--revoke").stdout == "acme: 1 links revoked\n"


def test_a_link_of_an_unknown_portal_is_refused(config: Path) -> None:
    done = command("link", "-c", str(config), "--portal", "akme")
    assert done.returncode == 64
    assert "--portal: expected one of acme, got akme" in done.stderr
