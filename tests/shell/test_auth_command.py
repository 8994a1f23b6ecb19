"""`messenger-monitor auth` as an operator runs it: a process, a configuration, a store that a daemon may own."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from portal_parts import CLIENT_ID, CLIENT_SECRET, FakePortal, fake_portal

from monitor.authorise import authorise
from monitor.config import load
from monitor.shell.store import Store

INFO = {"app.info": {"LICENSE": "ru_pro100"}, "scope": ["imopenlines", "crm", "im", "user_brief", "department"]}


@dataclass(frozen=True)
class Told:
    code: int | None
    out: str
    err: str


def configured(folder: Path, fake: FakePortal) -> Path:
    (folder / "client").write_text(CLIENT_SECRET)
    (folder / "refresh").write_text("refresh-canary-0\n")
    auth = {"client_id": CLIENT_ID, "client_secret_file": str(folder / "client"), "oauth_url": fake.url}
    hook = {"webhook_url_file": str(folder / "hook")}
    (folder / "hook").write_text(f"{fake.url}/rest/7/hook-canary/")
    portals = [{"name": "acme", "url": fake.url, "auth": auth}, {"name": "hooked", "url": fake.url, "auth": hook}]
    file = folder / "monitor.yaml"
    file.write_text(yaml.safe_dump({"store": {"url": f"sqlite:///{folder / 'state.db'}"}, "portals": portals}))
    return file


async def auth(file: Path, *words: str, typed: str = "") -> Told:
    command = [sys.executable, "-m", "monitor", "auth", "-c", str(file), *words]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    out, err = await process.communicate(typed.encode())
    assert b"canary" not in out + err
    return Told(process.returncode, out.decode(), err.decode())


async def test_a_token_in_a_file_becomes_tokens_in_the_store_of_a_running_daemon(tmp_path: Path):
    async with fake_portal(results=INFO) as fake:
        file = configured(tmp_path, fake)
        daemons = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
        told = await auth(file, "--portal", "acme", "--refresh-token-file", str(tmp_path / "refresh"))
        assert (told.code, told.out) == (
            0,
            "acme: the portal at 127.0.0.1 lets us in; the tokens are in the store\n",
        ), told.err
        kept = await daemons.load("acme")
        await daemons.close()
        assert kept is not None
        assert kept.refresh.reveal() == "refresh-canary-1"


async def test_a_code_that_is_typed_becomes_tokens(tmp_path: Path):
    async with fake_portal(results=INFO) as fake:
        told = await auth(configured(tmp_path, fake), "--portal", "acme", typed="https://x.example/?code=code-canary\n")
        assert told.code == 0, told.err
        assert f"{fake.url}/oauth/authorize/?client_id={CLIENT_ID}" in told.out


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["--portal", "acne"], 64, "--portal: expected one of acme, hooked, got acne"),
        (["--portal", "hooked"], 1, "portal hooked uses a webhook, which needs no tokens"),
        (["--portal", "acme", "--listen", "8090:"], 1, "--listen: expected HOST:PORT, got 8090:"),
    ],
)
async def test_a_wrong_question_is_answered_in_one_sentence(words: list[str], code: int, sentence: str, tmp_path: Path):
    async with fake_portal() as fake:
        told = await auth(configured(tmp_path, fake), *words)
        assert (told.code, told.err) == (code, f"{sentence}\n")


@pytest.mark.parametrize("allowed", [[], ["169.254.7.7"]])
async def test_a_link_local_portal_is_asked_only_where_the_configuration_says_so(allowed: list[str], tmp_path: Path):
    async with fake_portal() as fake:
        file = configured(tmp_path, fake)
        tree = yaml.safe_load(file.read_text())
        tree["portals"][0]["auth"]["oauth_url"] = "http://169.254.7.7:9"
        tree["portals"][0]["timeout"] = "1s"
        tree |= {"allow_link_local": ["169.254.7.7"], "allow_plain_http": ["169.254.7.7"]}
        file.write_text(yaml.safe_dump(tree))
        config = replace(load(file), allow_link_local=frozenset(allowed))
        said: list[str] = []
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("click.echo", lambda text, **_: said.append(text))
            assert await authorise(config, "acme", listen=None, file=tmp_path / "refresh") == 1
    assert ("not asked" in " ".join(said)) != bool(allowed)
