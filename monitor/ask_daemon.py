"""Asks the running daemon over its own HTTP: for `explain`, and to read its configuration again."""

from __future__ import annotations

import json
import sys

import aiohttp
import click

from monitor.config import Config
from monitor.config_values import own_address
from monitor.shell.http import session
from monitor.terminal import plain


async def explain(config: Config, wanted: dict[str, str], *, as_json: bool) -> int:
    """Prints the daemon's explanation. 2 when there is no daemon, 1 when it knows nothing of it."""
    url, headers = address(config, "/explain")
    try:
        async with (
            session() as http,
            http.get(url, params=wanted | ({"format": "json"} if as_json else {}), headers=headers) as answer,
        ):
            text = await answer.text()
            status = answer.status
    except aiohttp.ClientError:
        click.echo(f"no daemon answers at {config.web.host}:{config.web.port}: start it with `run` first", err=True)
        return 2
    told = text if status == 200 else _refusal(text, status)
    click.echo(plain(told).rstrip(), file=sys.stdout if status == 200 else sys.stderr)
    return 0 if status == 200 else 1


def _refusal(text: str, status: int) -> str:
    """A sentence for the terminal of what is told to programs as JSON."""
    if status == 401:
        return "the daemon refuses this token: web.token_file is another one than it was started with"
    try:
        return str(json.loads(text)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the daemon answered {status}"


async def reload(config: Config) -> bool:
    """Whether a daemon answered and took its configuration anew. aiohttp.ClientError where none answers."""
    url, headers = address(config, "/-/reload")
    patience = aiohttp.ClientTimeout(total=30)
    async with session() as http, http.post(url, headers=headers, timeout=patience) as answer:
        return answer.status == 200


async def acknowledge(config: Config, portal: str, subject: str) -> int:
    """No more reminders of this date. 2 when there is no daemon, 1 when it knows nothing of the subject."""
    done = f"{portal}: {subject}: no more reminders of this date"
    return await _tell(config, "/-/acknowledge", {"portal": portal, "subject": subject}, done)


async def snapshot(config: Config, portal: str) -> int:
    """The lines as they are now are as they were handed over. 2 when there is no daemon, 1 when it cannot."""
    return await _tell(config, "/-/snapshot", {"portal": portal}, f"{portal}: the lines are kept as they are now")


async def _tell(config: Config, path: str, body: dict[str, str], done: str) -> int:
    url, headers = address(config, path)
    patience = aiohttp.ClientTimeout(total=30)
    try:
        async with session() as http, http.post(url, json=body, headers=headers, timeout=patience) as answer:
            told = await answer.json()
            status = answer.status
    except (aiohttp.ClientError, ValueError):
        click.echo(f"no daemon answers at {config.web.host}:{config.web.port}: start it with `run` first", err=True)
        return 2
    click.echo(plain(str(told.get("error") or done)), err=status != 200)
    return 0 if status == 200 else 1


def address(config: Config, path: str) -> tuple[str, dict[str, str]]:
    headers = {"Authorization": f"Bearer {config.web.token.reveal()}"} if config.web.token else {}
    return f"{own_address(config.web.host, config.web.port)}{path}", headers


async def fetched(config: Config, path: str) -> str:
    """The daemon's answer as text, whatever its status. aiohttp.ClientError where none answers."""
    url, headers = address(config, path)
    async with session() as http, http.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=30)) as answer:
        return await answer.text()
