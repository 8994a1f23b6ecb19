"""The pages of the real daemon: signed in with a password, by a head's link made while it runs, with a note kept."""

from __future__ import annotations

import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
import yaml
from e2e_parts import COMMAND, PATIENCE, eventually, post_json, secret_file
from e2e_stage import Stage

WHATSAPP = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
FAST = {"poll": "1s", "settle": "2s", "targets": {"first": "4s", "next": "4s"}}
TOKEN = "a-token-of-some-length-0123456789"
PASSWORD = "correct horse battery"

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("e2e")]


class Visitor:
    """Somebody with cookies of his own."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str) -> str:
        return self._open(urllib.request.Request(self.base + path, headers={"Accept": "text/html"}))

    def post(self, path: str, **form: str) -> str:
        body = urllib.parse.urlencode(form).encode()
        return self._open(urllib.request.Request(self.base + path, data=body, headers={"Accept": "text/html"}))

    def status(self, path: str) -> int:
        try:
            self.get(path)
        except urllib.error.HTTPError as error:
            return error.code
        return 200

    def _open(self, request: urllib.request.Request) -> str:
        with self._opener.open(request, timeout=10 * PATIENCE) as answer:
            return str(answer.read().decode())


def run(*arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], input=given, capture_output=True, text=True, check=True, timeout=60 * PATIENCE
    )
    return done.stdout.strip()


def guarded(stage: Stage, **keys: Any) -> Path:
    """The stage's configuration with a token and two people."""
    path = stage.config(defaults=FAST, **keys)
    tree = yaml.safe_load(path.read_text())
    hash_file = secret_file(stage.folder, "hash", run("hash-password", given=f"{PASSWORD}\n"))
    tree["web"] |= {
        "token_file": secret_file(stage.folder, "token", TOKEN),
        "users": [
            {"name": "olga", "role": "integrator", "password_hash_file": hash_file},
            {"name": "irina", "role": "head", "portals": ["acme"], "password_hash_file": hash_file},
        ],
    }
    path.write_text(yaml.safe_dump(tree))
    return path


def test_the_daemons_pages_are_signed_in_to_noted_at_and_shown_to_a_head(stage: Stage) -> None:
    stage.sandbox()
    config = guarded(stage)
    base = stage.daemon(config).url
    olga = Visitor(base)
    assert "Пароль" in olga.get("/portals/acme")
    olga.post("/sign-in", name="olga", password=PASSWORD, next="/")
    eventually(lambda: "Telegram" in olga.get("/portals/acme"), within=20)
    assert "bitrix24" in olga.get("/monitor")

    post_json(f"{stage.portal['url']}/_control/set_error", {"connector": WHATSAPP, "line": 1})
    found = eventually(lambda: re.search(r"/incidents/([0-9a-f]{12})", olga.get("/portals/acme")), within=20)
    page = olga.get(found[0])
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    olga.post(f"{found[0]}/acknowledge", csrf=csrf[1], note="Звоню клиенту, сканируем")
    noted = olga.get(found[0])
    assert "Звоню клиенту, сканируем" in noted
    assert "olga" in noted
    assert "принято к сведению" in olga.get("/portals/acme")

    channel = olga.get(f"/portals/acme/channels/1/{WHATSAPP}")
    assert "нужен QR-код" in channel
    assert 'class="strip"' in channel
    assert "работает →" in channel

    link = run("link", "-c", str(config), "--portal", "acme")
    head = Visitor(base)
    assert "acme" in head.get(link.removeprefix(base))
    assert head.status("/monitor") == 403
    assert head.status("/metrics") == 403
    assert run("link", "-c", str(config), "--portal", "acme", "--revoke") == "acme: 1 links revoked"
    assert "Пароль" in head.get("/portals/acme")
    output = (stage.folder / "daemon.log").read_text()
    assert link.rpartition("/")[2] not in output
    assert PASSWORD not in output


def test_a_note_outlives_a_restart_and_sessions_do_not(stage: Stage) -> None:
    stage.sandbox()
    config = guarded(stage)
    daemon = stage.daemon(config)
    olga = Visitor(daemon.url)
    olga.get(f"/?token={TOKEN}")
    post_json(f"{stage.portal['url']}/_control/set_error", {"connector": WHATSAPP, "line": 1})
    found = eventually(lambda: re.search(r"/incidents/([0-9a-f]{12})", olga.get("/portals/acme")), within=20)
    csrf = re.search(r'name="csrf" value="([^"]+)"', olga.get(found[0]))
    assert csrf
    olga.post(f"{found[0]}/acknowledge", csrf=csrf[1], note="Уже едем")
    assert daemon.stop() == 0

    stage.daemon(config)
    assert "Пароль" in olga.get("/")
    olga.get(f"/?token={TOKEN}")
    eventually(lambda: "Уже едем" in olga.get(found[0]), within=10, why="the portals are watched again")
    assert "принято к сведению" in eventually(lambda: olga.get("/portals/acme"), within=10)
