"""What systemd hears, over a real datagram socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from monitor.shell.systemd import Notifier


@pytest.fixture(params=["path", "abstract"])
def line(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    told = str(tmp_path / "notify") if request.param == "path" else f"@messenger-monitor-{tmp_path.name}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(told.replace("@", "\0", 1) if told.startswith("@") else told)
        listening.settimeout(2)
        yield listening, told


def heard(listening: socket.socket) -> list[str]:
    return listening.recv(4096).decode().split("\n")


def test_each_word_arrives_as_systemd_expects_it(line: tuple[socket.socket, str]) -> None:
    listening, told = line
    notifier = Notifier({"NOTIFY_SOCKET": told})
    notifier.ready("watching 3 portals")
    assert heard(listening) == ["READY=1", "STATUS=watching 3 portals"]
    notifier.alive("ok")
    assert heard(listening) == ["WATCHDOG=1", "STATUS=ok"]
    notifier.reloading()
    word, moment = heard(listening)
    assert word == "RELOADING=1"
    assert int(moment.removeprefix("MONOTONIC_USEC=")) > 0
    notifier.stopping()
    assert heard(listening) == ["STOPPING=1"]


def test_the_watchdog_is_told_twice_within_its_patience() -> None:
    notifier = Notifier({"NOTIFY_SOCKET": "@nobody", "WATCHDOG_USEC": "60000000"})
    assert notifier.beat == timedelta(seconds=30)


@pytest.mark.parametrize("env", [{}, {"NOTIFY_SOCKET": "@nobody"}, {"WATCHDOG_USEC": "1000000"}])
def test_without_a_listening_watchdog_there_is_no_beat(env: dict[str, str]) -> None:
    assert Notifier(env).beat is None


def test_a_systemd_that_does_not_listen_stops_nobody(tmp_path: Path) -> None:
    Notifier({}).ready("alone")
    unheard = Notifier({"NOTIFY_SOCKET": str(tmp_path / "absent"), "WATCHDOG_USEC": "2000000"})
    unheard.ready("unheard")
    assert unheard.beat == timedelta(seconds=1), "it goes on beating: systemd may come back"
    assert list(tmp_path.iterdir()) == []


def test_a_systemd_that_does_not_read_holds_nobody_up(line: tuple[socket.socket, str]) -> None:
    _, told = line
    notifier = Notifier({"NOTIFY_SOCKET": told})
    words = Thread(target=lambda: [notifier.alive("ok") for _ in range(2000)], daemon=True)
    words.start()
    words.join(10)
    assert not words.is_alive()
