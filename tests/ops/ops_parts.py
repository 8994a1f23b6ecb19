"""A configuration file for an emulated portal, and the commands as a person runs them."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from monitor.sandbox.server import Sandbox


def secret(folder: Path, name: str, value: str) -> str:
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)
    return str(path)


def portal_of(folder: Path, sandbox: Sandbox, **keys: Any) -> dict[str, Any]:
    known = sandbox.credentials
    auth = {
        "client_id": known["client_id"],
        "client_secret_file": secret(folder, "client", known["client_secret"]),
        "refresh_token_file": secret(folder, "refresh", known["refresh_token"]),
        "oauth_url": known["oauth_url"],
    }
    return {"name": "acme", "url": known["url"], "auth": auth, "rate": {"per_second": 50, "burst": 500}, **keys}


def config_file(folder: Path, portal: dict[str, Any], **keys: Any) -> Path:
    path = folder / "monitor.yaml"
    tree = {
        "web": {"listen": "127.0.0.1:0"},
        "store": {"url": f"sqlite:///{folder / 'state.db'}"},
        "alertmanager": {"url": None},
        "portals": [portal],
        **keys,
    }
    path.write_text(yaml.safe_dump(tree, allow_unicode=True))
    path.chmod(0o600)
    return path


async def command(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """(exit code, standard output, standard error)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "monitor",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def eventually(what: Callable[[], object], within: float = 10.0) -> None:
    """Returns once `what` is true."""
    async with asyncio.timeout(within):
        while not what():  # noqa: ASYNC110 - what is looked at lives in another process or tells nobody
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running_daemon(path: Path, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as out:
        words = [sys.executable, "-m", "monitor", "run", "-c", str(path)]
        process = await asyncio.create_subprocess_exec(*words, stdout=out, stderr=out)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
