"""The whole product as a user runs it: an emulated portal, the daemon, real Prometheus and Alertmanager."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from e2e_parts import COMMAND, Running, alertmanager, eventually, free_port, launch, running, secret_file, write_config


class Stage:
    """Starts parts on demand and stops all of them at the end of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts = ExitStack()
        self.portal: dict[str, Any] = {}
        self.web = free_port()

    def sandbox(self, *arguments: str) -> dict[str, Any]:
        """An emulated portal as a process; its urls and credentials."""
        log = self.folder / "sandbox.log"
        part = launch([sys.executable, "-m", "monitor.sandbox", *arguments], log, "")
        self.parts.enter_context(running(part))
        line = eventually(lambda: next((x for x in log.read_text().splitlines() if x.startswith("{")), None), within=20)
        self.portal = json.loads(line)
        return self.portal

    def alertmanager(self) -> Running:
        return self.parts.enter_context(alertmanager(self.folder))

    def config(self, **keys: Any) -> Path:
        portal = {
            "name": "acme",
            "url": self.portal["url"],
            "auth": {
                "client_id": self.portal["client_id"],
                "client_secret_file": secret_file(self.folder, "client", self.portal["client_secret"]),
                "refresh_token_file": secret_file(self.folder, "refresh", self.portal["refresh_token"]),
                "oauth_url": self.portal["oauth_url"],
            },
            "rate": {"per_second": 50, "burst": 500},
            **keys.pop("portal", {}),
        }
        return write_config(
            self.folder,
            web={"listen": f"127.0.0.1:{self.web}"},
            store={"url": f"sqlite:///{self.folder / 'state.db'}"},
            **{"alertmanager": {"url": None}, "portals": [portal], **keys},
        )

    def daemon(self, config: Path, *arguments: str) -> Running:
        part = self.start_daemon(config, *arguments)
        self.parts.enter_context(running(part, "/healthz"))
        return part

    def start_daemon(self, config: Path, *arguments: str) -> Running:
        command = [*COMMAND, "run", "-c", str(config), *arguments]
        return launch(command, self.folder / "daemon.log", f"http://127.0.0.1:{self.web}")
