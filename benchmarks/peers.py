"""The same facts fetched by our client, by fast_bitrix24 and by the vendor's b24pysdk: requests, CPU, wall.

The facts are those of one busy poll: 12 connector statuses, 50 activities, 10 histories of 20 messages, each client
given the same commands as batches. All speak TLS over kept connections where they keep them: the vendor's SDK
speaks nothing else. Retries and waits for a bucket are not part of it: each client is told not to pace itself.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import ssl
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import uvloop
from b24pysdk import BitrixWebhook
from fast_bitrix24 import BitrixAsync

from benchmarks.canned import FIRST, SESSIONS
from benchmarks.measure import Row, canned, cpu, middle, show
from benchmarks.poll import StepClock, build
from monitor.logs import configure
from monitor.secret import Secret
from monitor.shell.credentials import Webhook
from monitor.shell.http import session
from monitor.shell.pacer import Rate
from monitor.shell.portal import Portal
from monitor.shell.store import Store
from monitor.shell.wire import trust

ROUNDS, FETCHES = 5, 10
Commands = dict[str, str]
Fetch = Callable[[], Awaitable[Any]]


def certificate(folder: Path) -> Path:
    """A certificate for loopback with its key in one file."""
    both = folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(both), "-out", str(folder / "cert.pem")]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(both.read_text() + (folder / "cert.pem").read_text())
    return both


async def commands_of(folder: Path) -> list[Commands]:
    """The batches of a busy poll as the daemon asks them."""
    with canned() as url:
        clock = StepClock()
        store = await Store.open(f"sqlite:///{folder}/state.db")
        async with session() as http:
            watch = build(url, "busy", http, store, clock)
            for _ in range(8):
                clock.at = clock.at.fromtimestamp(clock.at.timestamp() + 60, clock.at.tzinfo)
                await watch.poll()
            async with http.get(f"{url}/recorded/busy") as answer:
                bodies = json.loads(await answer.read())
        await store.close()
    return [{key: text for key, text in json.loads(body)["cmd"].items() if _is_there(text)} for body in bodies[-3:]]


def _is_there(command: str) -> bool:
    """Sessions to come are looked for by us alone: fast_bitrix24 takes one that is not there for the end."""
    _, is_history, number = command.partition("history.get?SESSION_ID=")
    return not is_history or FIRST <= int(number) < FIRST + SESSIONS


def questions(batch: Commands) -> list[tuple[str, dict[str, Any]]]:
    """(method, parameters with their bracketed names) of each command."""
    told = [text.partition("?") for text in batch.values()]
    return [(method, _params(query)) for method, _, query in told]


def _params(query: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.endswith("[]"):
            found.setdefault(name[:-2], []).append(value)
        else:
            found[name] = value
    return found


def ours(url: str, http: aiohttp.ClientSession, batches: list[Commands], ca_file: Path) -> Fetch:
    portal = Portal(
        name="busy",
        url=url,
        credentials=Webhook(url=Secret(f"{url}/busy-ours/rest/1/secret")),
        http=http,
        vault=None,  # type: ignore[arg-type]  # a webhook needs no vault
        clock=StepClock(),
        rate=Rate(per_second=1e6, burst=10**6),
        trusted=trust(ca_file),
    )
    asked = [questions(batch) for batch in batches]

    async def fetch() -> None:
        for batch in asked:
            await asyncio.gather(*(portal(method, params) for method, params in batch), return_exceptions=True)

    return fetch


def community(url: str, http: aiohttp.ClientSession, batches: list[Commands]) -> Fetch:
    client = BitrixAsync(
        f"{url}/busy-community/rest/1/secret/",
        verbose=False,
        request_pool_size=10**6,
        requests_per_second=1e6,
        operating_time_limit=10**6,
        client=http,
    )

    async def fetch() -> None:
        for batch in batches:
            await client.call_batch({"halt": 0, "cmd": batch})

    return fetch


def vendors(url: str, batches: list[Commands]) -> Fetch:
    token = BitrixWebhook(domain=url.removeprefix("https://") + "/busy-vendor", webhook_token="1/secret")
    asked = [questions(batch) for batch in batches]

    async def fetch() -> None:
        for batch in asked:
            token.call_batch(batch)

    return fetch


async def cost(fetch: Fetch) -> tuple[float, float]:
    """(CPU, wall) seconds of one fetch, the middle of the rounds."""
    await fetch()
    spent, taken = [], []
    for _ in range(ROUNDS):
        started, begun = cpu(), time.perf_counter()
        for _ in range(FETCHES):
            await fetch()
        spent.append((cpu() - started) / FETCHES)
        taken.append((time.perf_counter() - begun) / FETCHES)
    return middle(spent), middle(taken)


async def measure(folder: Path) -> list[Row]:
    batches = await commands_of(folder)
    both = certificate(folder)
    ca_file = both.with_name("cert.pem")
    os.environ["REQUESTS_CA_BUNDLE"] = str(ca_file)
    plain = ssl.create_default_context(cafile=ca_file)
    rows = []
    with canned("--certificate", str(both)) as address:
        url = address.replace("http:", "https:")
        async with session() as http, aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=plain)) as other:
            clients = {
                "ours": ours(url, http, batches, ca_file),
                "community": community(url, other, batches),
                "vendor": vendors(url, batches),
            }
            told = {name: await cost(fetch) for name, fetch in clients.items()}
            async with other.get(f"{url}/asked") as answer:
                asked = json.loads(await answer.read())
    base = told["ours"][0]
    titles = {"ours": "our client", "community": "fast_bitrix24", "vendor": "b24pysdk"}
    for name, (spent, wall) in told.items():
        requests = asked[f"busy-{name}"] / (1 + ROUNDS * FETCHES)
        rows.append(
            Row(
                what=f"the facts of a busy poll by {titles[name]}",
                figure=f"{spent * 1000:.2f} ms CPU",
                floor=f"wall {wall * 1000:.1f} ms",
                ratio=spent / base,
                goal=f"{requests:.1f} requests",
                well=None,
            )
        )
    return rows


def main() -> None:
    configure("text", "error", [])
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        show(runner.run(measure(Path(folder))))


if __name__ == "__main__":
    main()
