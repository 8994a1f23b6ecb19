"""Tells systemd how we are: datagrams to NOTIFY_SOCKET, nothing where there is none."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from datetime import timedelta


class Notifier:
    """READY, RELOADING, WATCHDOG, STATUS, STOPPING of sd_notify(3)."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        told = os.environ if env is None else env
        self._address = told.get("NOTIFY_SOCKET", "")
        period = told.get("WATCHDOG_USEC", "")
        self._watchdog = int(period) if period.isdecimal() else 0

    @property
    def beat(self) -> timedelta | None:
        """How often the watchdog wants to hear of progress: half of its patience. None = it does not listen."""
        return timedelta(microseconds=self._watchdog / 2) if self._watchdog and self._address else None

    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={status}")

    def reloading(self) -> None:
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def alive(self, status: str) -> None:
        self._send(f"WATCHDOG=1\nSTATUS={status}")

    def _send(self, text: str) -> None:
        """A lost word to systemd must not stop the daemon: the watchdog is there for that."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK  # nobody may read it just now
        with socket.socket(socket.AF_UNIX, kind) as line:
            try:
                line.sendto(text.encode(), address)
            except OSError:
                return
