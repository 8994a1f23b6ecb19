"""A mail server on loopback that can be down."""

from __future__ import annotations

from typing import Any

from aiosmtpd.controller import Controller

from tests.e2e.e2e_parts import free_port


class MailServer:
    """`handler`: what takes the letters, as aiosmtpd wants it."""

    def __init__(self, handler: Any) -> None:
        self.port, self._handler = free_port(), handler
        self._server: Controller | None = None

    def up(self) -> None:
        self._server = Controller(self._handler, hostname="127.0.0.1", port=self.port)
        self._server.start()

    def down(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def address(self) -> str:
        return f"mailto://127.0.0.1:{self.port}/?from=monitor@example.org&to=olga@example.org&mode=insecure"
