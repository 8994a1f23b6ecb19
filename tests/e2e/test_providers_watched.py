"""A daemon that watches two providers beside the portal: their words, their failures, and a webhook."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
from typing import Any

import pytest
from e2e_parts import COMMAND, PATIENCE, Running, eventually, free_port, get, launch, post_json, running, secret_file
from e2e_stage import Stage

WHATSAPP = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
WAZZUP = "0b8f2f0e-5a1c-4f0d-9a77-2f6f6d7c1a10"
HOOK_KEY = "hook-canary-81"

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("e2e")]


def vendor(stage: Stage, type_: str) -> Running:
    port = free_port()
    command = [sys.executable, "-m", "monitor.sandbox.vendors", "--type", type_, "--port", str(port)]
    part = launch(command, stage.folder / f"{type_}.log", f"http://127.0.0.1:{port}")
    return stage.parts.enter_context(running(part, "/control"))


def told(stage: Stage, line: str) -> bool:
    return line in get(f"http://127.0.0.1:{stage.web}/metrics")


def watched(stage: Stage) -> tuple[Running, Running, Running]:
    stage.sandbox()
    wazzup, pact = vendor(stage, "wazzup"), vendor(stage, "pact")
    key = {"poll": "1s", "timeout": "2s"}
    entries: list[dict[str, Any]] = [
        {
            "name": "wz",
            "type": "wazzup",
            "url": wazzup.url,
            "api_key_file": secret_file(stage.folder, "wz", "sandbox-key"),
        },
        {
            "name": "pact",
            "type": "pact",
            "url": pact.url,
            "company_id": "17",
            "token_file": secret_file(stage.folder, "pact", "sandbox-key"),
            "hook_key_file": secret_file(stage.folder, "hook", HOOK_KEY),
        },
    ]
    bound = [
        {"connector": WHATSAPP, "line": 1, "provider": "wz", "account": WAZZUP},
        {"connector": "telegrambot", "line": 1, "provider": "pact", "account": "399"},
    ]
    config = stage.config(
        portal={"channels": bound}, providers=[{**key, **entry} for entry in entries], defaults={"poll": "1s"}
    )
    return stage.daemon(config), wazzup, pact


def checked(stage: Stage) -> set[tuple[str, str, str]]:
    command = [*COMMAND, "check", "-c", str(stage.folder / "monitor.yaml"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60 * PATIENCE, check=False)
    return {(row["portal"], row["subject"], row["state"]) for row in json.loads(done.stdout)["rows"]}


def test_two_providers_are_heard_and_a_failing_one_changes_nothing(stage: Stage) -> None:
    daemon, wazzup, pact = watched(stage)
    failed = 'messenger_poll_failures_total{portal="acme",source="wazzup",reason="malformed"}'
    page = eventually(lambda: (text := get(f"{daemon.url}/metrics")) and 'source="pact"' in text and text, within=40)
    assert f'connector="{WHATSAPP}"' in page

    post_json(f"{wazzup.url}/control", {"account": WAZZUP, "set": {"state": "phoneUnavailable"}})
    eventually(lambda: lines_of(stage, WHATSAPP, "phone_offline") == ["1.0"], within=40)
    post_json(f"{wazzup.url}/control", {"fault": {"kind": "html"}})
    eventually(lambda: told(stage, failed), within=40)
    assert lines_of(stage, WHATSAPP, "phone_offline") == ["1.0"]

    hook = f"{daemon.url}/hooks/pact"
    details = {"entity": "channel", "entity_id": 399}
    body = {"type": "system", "severity": "critical", "data": {"message": "unavailable", "details": details}}
    with pytest.raises(urllib.error.HTTPError, match="404"):
        post_json(f"{hook}/wrong-key", body)
    assert post_json(f"{hook}/{HOOK_KEY}", body) == {"taken": True}
    eventually(lambda: lines_of(stage, "telegrambot", "opened_elsewhere") == ["1.0"], within=20)

    post_json(f"{pact.url}/control", {"account": 400, "set": {"provider": "whatsapp"}})
    outcome = checked(stage)
    assert ("", "pact 400", "unbound") in outcome
    assert ("acme", "whatsappbyedna line 1", "unwatched") in outcome
    assert ("acme", f"{WHATSAPP} line 1", "unwatched") not in outcome
    assert "<code>whatsappbyedna</code>" in get(f"{daemon.url}/portals/acme").partition("<details")[2]
    assert HOOK_KEY not in daemon.output()
    assert "sandbox-key" not in daemon.output()


def test_what_a_webhook_told_stands_after_the_daemon_was_killed(stage: Stage) -> None:
    daemon, _, _ = watched(stage)
    polled = 'messenger_poll_last_success_timestamp_seconds{portal="acme",source="pact"}'
    eventually(lambda: polled in get(f"{daemon.url}/metrics"), within=40)
    details = {"entity": "channel", "entity_id": 399}
    body = {"type": "system", "severity": "critical", "data": {"message": "unavailable", "details": details}}
    assert post_json(f"{daemon.url}/hooks/pact/{HOOK_KEY}", body) == {"taken": True}
    daemon.kill()
    stage.daemon(stage.folder / "monitor.yaml")
    eventually(lambda: told(stage, polled), within=40)
    assert lines_of(stage, "telegrambot", "opened_elsewhere") == ["1.0"]


def lines_of(stage: Stage, connector: str, word: str) -> list[str]:
    page = get(f"http://127.0.0.1:{stage.web}/metrics").splitlines()
    marks = ("messenger_channel_state{", f'connector="{connector}"', 'line="1"', f'state="{word}"')
    return [line.rpartition(" ")[2] for line in page if all(mark in line for mark in marks)]
