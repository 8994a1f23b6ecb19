"""The command line where nobody reads, the disk is full, or a standard stream is closed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PORTAL = "portals:\n  - {name: acme, url: 'http://127.0.0.1:9', auth: {client_id: x, client_secret: '${SECRET}'}}\n"
FULL = "the output could not be written: No space left on device\n"


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "monitor.yaml"
    file.write_text(PORTAL + f"store: {{url: 'sqlite:///{tmp_path}/state.db'}}\nalertmanager: null\n")
    return str(file)


@contextmanager
def unread() -> Iterator[int]:
    """A pipe whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def full() -> Iterator[int]:
    number = os.open("/dev/full", os.O_WRONLY)
    yield number
    os.close(number)


def run(*words: str, out: int = subprocess.PIPE, redirection: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "monitor", *words]
    if redirection:
        command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command]
    return subprocess.run(
        command,
        stdout=out,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SECRET": "canary-secret"},
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [(["check", "-c"], 2), (["check", "--json", "-c"], 2), (["config", "check"], 0), (["doctor", "-c"], 1)],
    ids=("check", "check --json", "config check", "doctor"),
)
def test_what_was_found_out_is_the_exit_code_also_where_it_cannot_be_printed(
    words: list[str], code: int, config: str
) -> None:
    heard = run(*words, config)
    assert heard.returncode == code, heard.stdout
    with unread() as pipe:
        done = run(*words, config, out=pipe)
    assert (done.returncode, done.stderr) == (code, heard.stderr)
    with full() as device:
        done = run(*words, config, out=device)
    assert (done.returncode, done.stderr) == (code, heard.stderr + FULL)


def test_a_list_that_could_not_be_printed_is_no_success(tmp_path: Path) -> None:
    with full() as device:
        done = run("runbook", out=device)
    assert (done.returncode, done.stderr) == (1, FULL)
    with unread() as pipe:
        done = run("runbook", out=pipe)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [(["check", "-c"], 2), (["config", "check"], 0)], ids=("check", "config"))
def test_a_closed_stream_stops_nobody(words: list[str], code: int, redirection: str, config: str) -> None:
    done = run(*words, config, redirection=redirection)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_a_port_that_is_none_is_bad_usage(port: str) -> None:
    done = run("demo", "--port", port, "--seconds", "1")
    assert done.returncode == 64
    assert "Error: Invalid value for '--port'" in done.stderr
