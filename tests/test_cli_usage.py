"""The command line as a person meets it: help, exit codes, sentences instead of traces."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from monitor import __version__

GOOD = "portals:\n  - {name: acme, url: 'http://127.0.0.1:9', auth: {client_id: x, client_secret: '${SECRET}'}}\n"


def command(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SECRET": "canary-secret", **env},
    )


@pytest.fixture
def good(tmp_path: Path) -> str:
    (tmp_path / "monitor.yaml").write_text(GOOD)
    return str(tmp_path / "monitor.yaml")


@pytest.mark.parametrize("words", [[], ["run"], ["check"], ["demo"], ["config"], ["config", "check"], ["auth"]])
def test_every_command_explains_itself(words: list[str]) -> None:
    done = command(*words, "--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout


def test_the_version_is_told() -> None:
    assert command("--version").stdout.strip().endswith(__version__)


def test_who_asks_for_help_waits_for_no_library_of_the_daemon() -> None:
    script = "import sys\nfrom monitor import cli\ntry: cli.main()\nexcept SystemExit: print(*sys.modules)"
    words = [sys.executable, "-c", script, "--help"]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()
    assert "click" in loaded
    assert not {"aiohttp", "sqlalchemy", "pydantic", "structlog", "jinja2", "holidays"} & set(loaded)


@pytest.mark.parametrize(
    "words",
    [
        ["--nonsense"],
        ["walk"],
        ["run"],
        ["check", "--json"],
        ["config", "check"],
        ["run", "-c", "x", "--clock-rate", "fast"],
        ["run", "-c", "x", "--clock-rate", "-1"],
        ["run", "-c", "x", "--clock-start", "2026-03-02T08:00:00"],
        ["run", "-c", "x", "--clock-start", "yesterday"],
        ["run", "-c", "x", "--clock-start", "9999-12-31T23:59:59-12:00"],
    ],
    ids=" ".join,
)
def test_bad_usage_ends_with_64_and_a_sentence(words: list[str]) -> None:
    done = command(*words)
    assert done.returncode == 64
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_good_configuration_is_said_to_be_good(good: str) -> None:
    done = command("config", "check", good)
    assert (done.returncode, done.stdout) == (0, f"{good}: well: 1 portals, 0 providers\n")


def test_the_configuration_to_check_may_be_named_in_each_way_that_other_commands_know(good: str) -> None:
    told = [
        command("config", "check", good),
        command("config", "check", "-c", good),
        command("config", "check", MESSENGER_MONITOR_CONFIG=good),
        command("config", "check", good, MESSENGER_MONITOR_CONFIG="/nowhere"),
    ]
    assert [done.returncode for done in told] == [0] * 4
    assert len({done.stdout for done in told}) == 1
    assert command("config", "check", good, "-c", good).returncode == 64


@pytest.mark.parametrize("words", [["config", "check"], ["run", "-c"], ["check", "-c"]], ids=" ".join)
def test_a_bad_configuration_ends_with_64_and_every_problem_on_its_line(words: list[str], tmp_path: Path) -> None:
    bad = tmp_path / "monitor.yaml"
    bad.write_text("language: de\nportals: []\n")
    done = command(*words, str(bad))
    assert done.returncode == 64
    assert done.stderr.splitlines() == [
        "language: expected ru or en, got de",
        "portals: expected at least 1 entry, got none",
    ]


def test_warnings_of_the_configuration_are_told_but_stop_nobody(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("canary-secret")
    (tmp_path / "secret").chmod(0o644)
    file = tmp_path / "monitor.yaml"
    file.write_text(GOOD.replace("client_secret: '${SECRET}'", "client_secret_file: secret"))
    done = command("config", "check", str(file))
    assert done.returncode == 0
    assert done.stderr.startswith("warning: portals[0].auth.client_secret_file: expected a file that only its owner")
    assert "canary" not in done.stdout + done.stderr


def test_a_portal_out_of_reach_is_something_that_could_not_be_told(good: str, tmp_path: Path) -> None:
    file = tmp_path / "with_store.yaml"
    file.write_text(GOOD + f"store: {{url: 'sqlite:///{tmp_path}/state.db'}}\n")
    done = command("check", "-c", str(file))
    assert done.returncode == 2
    assert "acme" in done.stdout
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["auth"], 1),
        (["explain"], 2),
        (["acknowledge", "--subject", "x"], 2),
        (["snapshot"], 2),
        (["replies"], 1),
        (["link"], 1),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_a_portal_that_is_not_in_the_file_is_bad_usage_and_an_absent_daemon_or_store_is_not(
    words: list[str], code: int, tmp_path: Path
) -> None:
    file = tmp_path / "monitor.yaml"
    file.write_text(GOOD + f"store: {{url: 'sqlite:///{tmp_path}/state.db'}}\nweb: {{listen: 127.0.0.1:9}}\n")
    done = command(*words, "-c", str(file), "--portal", "akme")
    assert (done.returncode, done.stderr) == (64, "--portal: expected one of acme, got akme\n")
    more = ["--refresh-token-file", str(tmp_path / "absent")] if words == ["auth"] else []
    done = command(*words, *more, "-c", str(file), "--portal", "acme")
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
