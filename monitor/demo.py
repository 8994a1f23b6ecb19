"""The demo: an emulated portal, the daemon on it, and a day's troubles in two minutes."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import click
import yaml

from monitor.app import run
from monitor.config import Config, load
from monitor.logs import configure
from monitor.sandbox.life import Life
from monitor.sandbox.presets import CONNECTORS, living
from monitor.sandbox.server import Sandbox
from monitor.shell.clock import Clock

MORNING = datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=3)))  # a Monday
WHATSAPP = CONNECTORS[0][0]


async def demo(*, port: int, seconds: int, rate: float) -> int:
    """Runs until interrupted, or for `seconds` of real time."""
    clock = Clock(rate=rate, start=MORNING)
    life = living(clock, seed=7, per_day=10)
    with tempfile.TemporaryDirectory(prefix="messenger-monitor-demo-") as folder:
        async with Sandbox(life.world, clock=clock, life=life) as sandbox:
            config = _config(sandbox, Path(folder), port)
            configure("console", "info", config.secrets)
            ready = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                story = group.create_task(_story(life, ready, config, rate, seconds))
                code = await run(config, clock, None, ready)
                story.cancel()
    return code


def _config(sandbox: Sandbox, folder: Path, port: int) -> Config:
    known = sandbox.credentials
    for name in ("client_secret", "refresh_token"):
        (folder / name).write_text(known[name])
        (folder / name).chmod(0o600)
    auth = {
        "client_id": known["client_id"],
        "client_secret_file": "client_secret",
        "refresh_token_file": "refresh_token",
        "oauth_url": known["oauth_url"],
    }
    portal = {
        "name": "demo",
        "url": known["url"],
        "auth": auth,
        "rate": {"per_second": 50, "burst": 500},
        "history": "3d",
        "guarantee": {"option": "messengers", "start": "2026-03-01", "service_price": 60000},
    }
    tree = {
        "web": {"listen": f"127.0.0.1:{port}"},
        "store": {"url": f"sqlite:///{folder / 'state.db'}"},
        "alertmanager": {"url": None},
        "log": {"format": "console"},
        "portals": [portal],
    }
    path = folder / "demo.yaml"
    path.write_text(yaml.safe_dump(tree))
    return load(path)


async def _story(life: Life, ready: asyncio.Event, config: Config, rate: float, seconds: int) -> None:
    """A lost QR code and its rescan, a customer whom nobody answers until late; then again."""
    await ready.wait()
    _welcome(config, rate)
    if seconds:
        asyncio.get_running_loop().call_later(seconds, signal.raise_signal, signal.SIGTERM)
    world = life.world
    line = 1
    while True:
        await asyncio.sleep(600 / rate)
        _say("the phone of the WhatsApp number was unlinked: its QR code has to be scanned again")
        world.set_error(WHATSAPP, line)
        await asyncio.sleep(300 / rate)
        _say("a customer writes to Telegram, and nobody answers")
        waiting = world.customer_writes("telegrambot", line, world.add_customer("Клиент, который ждёт"))
        await asyncio.sleep(1500 / rate)
        _say("the QR code is scanned")
        world.set_error(WHATSAPP, line, error=False)
        await asyncio.sleep(900 / rate)
        _say("a manager answers at last")
        with suppress(KeyError):
            world.operator_writes(waiting, 12)
        await asyncio.sleep(1800 / rate)


def _welcome(config: Config, rate: float) -> None:
    base = f"http://{config.web.host}:{config.web.port}"
    click.echo(
        f"\n  The daemon watches an emulated portal; its day runs {rate:g} times as fast.\n"
        f"  Pages    {base}/\n  Metrics  {base}/metrics\n  Why      {base}/explain?portal=demo\n"
        "  Within two minutes: a lost QR code, a slow reply, and both put right. Ctrl-C stops it.\n"
    )


def _say(text: str) -> None:
    click.echo(f"  >> {text}")
