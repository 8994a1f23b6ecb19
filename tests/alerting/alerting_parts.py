"""Debian's Alertmanager on the configuration that is delivered, its examples filled in with addresses of a test."""

from __future__ import annotations

import json
import re
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import yaml
from aiosmtpd.controller import Controller

from tests.e2e.e2e_parts import binary, free_port, launch, running

FOLDER = Path(__file__).parents[2] / "deploy" / "alertmanager"
FILE = FOLDER / "alertmanager.yml"
BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def filled_in() -> dict[str, Any]:
    """The file with its examples as its reader would have them: lines with a single # are uncommented."""
    tree: dict[str, Any] = yaml.safe_load(re.sub(r"^(\s*)# ", r"\1", FILE.read_text(), flags=re.MULTILINE))
    return tree


@contextmanager
def alertmanager(folder: Path, tree: dict[str, Any]) -> Iterator[str]:
    """Its URL. Waits and intervals are those of a test."""
    for route in (tree["route"], *tree["route"]["routes"]):
        route.update(group_wait="200ms", group_interval="1s")
    shutil.copytree(FOLDER / "templates", folder / "templates")
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(tree, allow_unicode=True))
    url = f"http://127.0.0.1:{free_port()}"
    command = [binary("prometheus-alertmanager"), f"--config.file={folder / 'alertmanager.yml'}"]
    command += [f"--storage.path={folder / 'am'}", f"--web.listen-address={url[7:]}", "--cluster.listen-address="]
    with running(launch(command, folder / "log", url), "/-/ready"):
        yield url


def alert(name: str, *, over: bool = False, **labels: str) -> dict[str, Any]:
    """As the daemon posts it; `annotations` and `generatorURL` can be set on what comes back."""
    now = datetime.now(UTC)
    ends = now if over else now + timedelta(minutes=5)
    return {
        "labels": {"alertname": name, **labels},
        "annotations": {},
        "startsAt": BEGAN.isoformat(),
        "endsAt": ends.isoformat(),
        "generatorURL": "http://127.0.0.1:9460/incidents/7f3a",
    }


def post(url: str, alerts: list[dict[str, Any]]) -> None:
    body = json.dumps(alerts).encode()
    request = urllib.request.Request(f"{url}/api/v2/alerts", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()


def known(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v2/alerts", timeout=5) as answer:
        rows: list[dict[str, Any]] = json.load(answer)
    return rows


@contextmanager
def bot_server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Telegram's Bot API as far as Alertmanager uses it: its URL, and what was sent."""
    sent: list[dict[str, Any]] = []

    class Bot(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = b'{"ok": true, "result": {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "group"}}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = HTTPServer(("127.0.0.1", 0), Bot)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def mail_server() -> Iterator[tuple[str, list[EmailMessage]]]:
    """HOST:PORT of an SMTP server, and the letters that it took."""
    letters: list[EmailMessage] = []

    class Box:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # as aiosmtpd calls it
            letter = message_from_bytes(envelope.content, policy=modern)
            assert isinstance(letter, EmailMessage)
            letters.append(letter)
            return "250 taken"

    controller = Controller(Box(), hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield f"127.0.0.1:{controller.port}", letters
    finally:
        controller.stop()
