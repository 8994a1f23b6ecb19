"""A runbook for every alert there can be, in both languages, whole, open to who is not signed in, and linked."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pages_parts import TOKEN, PageBoard, busy

from monitor.cli import app
from monitor.core.alerts import alerts
from monitor.core.incident import IncidentKind
from monitor.secret import Secret
from monitor.shell.runbooks import names, runbook
from monitor.shell.store import Store
from monitor.shell.visitors import Access
from monitor.shell.web import make_app

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "monitor" / "runbooks"
RULES = [
    rule
    for path in sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yml"))
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
KINDS = {kind.value for kind in IncidentKind}
SECTIONS = {
    "en": ["What it means", "How to see it", "What to do", "How it ends", "What not to do"],
    "ru": ["Что это значит", "Как увидеть", "Что делать", "Чем кончится", "Чего не делать"],
}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_there_is_one_for_every_incident_kind_and_every_rule_and_no_other(language: str) -> None:
    found = {path.stem for path in (FOLDER / language).glob("*.md")}
    assert found == KINDS | {rule["alert"] for rule in RULES}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("name", names())
def test_each_says_what_to_do_at_three_in_the_morning(name: str, language: str) -> None:
    text = (FOLDER / language / f"{name}.md").read_text()
    assert re.fullmatch(r"# .+", text.splitlines()[0])
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS[language]
    assert all(len(told.strip()) >= 4 for told in parts[2::2])
    assert language != "ru" or all(re.search("[а-я]", told) for told in parts[2::2])


@pytest.mark.parametrize("language", ["en", "ru"])
def test_what_a_runbook_tells_to_type_can_be_typed(language: str) -> None:
    told = "\n".join(path.read_text() for path in sorted((FOLDER / language).glob("*.md")))
    typed = re.findall(r"`messenger-monitor ([a-z-]+)([^`]*)`", told)
    assert len(typed) >= 10
    for command, rest in typed:
        options = {option for parameter in app.commands[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (command, rest)


def test_every_rule_links_its_own_and_speaks_both_languages() -> None:
    for rule in RULES:
        told = rule["annotations"]
        assert told["runbook_url"] == f"http://127.0.0.1:9460/runbooks/{rule['alert']}"
        for name in ("summary", "description", "recommendation"):
            assert (name in told) == (f"{name}_ru" in told), rule["alert"]
            assert re.search("[а-я]", told.get(f"{name}_ru", "я")), rule["alert"]


def test_every_alert_of_the_daemon_links_its_own() -> None:
    state, policy = busy("acme")[:2]
    posted = alerts(state.incidents.values(), replace(policy, pages="https://m.example/")).values()
    assert posted
    for one in posted:
        kind = next(kind for kind in IncidentKind if kind.alertname == dict(one.labels)["alertname"])
        assert dict(one.annotations)["runbook"] == f"https://m.example/runbooks/{kind.value}"


async def test_they_are_read_without_a_sign_in_in_the_readers_language_and_tell_of_no_portal(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path / 'runbooks.db'}")
    board = PageBoard(store, Access(token=Secret(TOKEN)))
    await board.add(busy("acme"))
    async with TestClient[web.Request, web.Application](TestServer(make_app(board))) as client:
        for name in names():
            for language in ("ru", "en"):
                answer = await client.get(f"/runbooks/{name}?lang={language}")
                text = await answer.text()
                assert answer.status == 200
                known = runbook(name, language)
                assert known is not None
                assert f"<h1>{known.title}</h1>" in text.replace("&#39;", "'").replace("&#34;", '"')
                assert text.count("<h2>") == 5
                assert "acme" not in text
        by_alert = await client.get("/runbooks/QrRescanRequired?lang=en")
        assert "A QR code has to be scanned again" in await by_alert.text()
        assert (await client.get("/runbooks")).status == 200
        for strange in ("nothing", "..%2f..%2ftemplates%2fbase", "%00", "QR_RESCAN_REQUIRED"):
            assert (await client.get(f"/runbooks/{strange}")).status == 404, strange
    await store.close()


def test_they_are_told_in_a_terminal_when_the_daemon_is_down() -> None:
    def told(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "monitor", "runbook", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert told("MessengerMonitorDown").stdout.startswith("# The monitor itself does not answer\n")
    assert told("NoReply", "--lang", "ru").stdout.startswith("# Клиент ждёт втрое дольше договорённого\n")
    assert len(told().stdout.splitlines()) == len(names())
    wrong = told("nothing")
    assert (wrong.returncode, wrong.stdout) == (64, "")
    assert "got nothing" in wrong.stderr
