"""What all benchmarks share: one row of the table, CPU seconds counted, a server of one's own for a while."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure. `ratio` to the floor of the same run, where the goal is one; `well` None = told, not judged."""

    what: str
    figure: str
    floor: str = ""
    ratio: float | None = None
    goal: str = ""
    well: bool | None = None

    def text(self) -> str:
        ratio = f"{self.ratio:.2f}x" if self.ratio is not None else ""
        verdict = {True: "ok", False: "MISSED", None: ""}[self.well]
        return f"{self.what:<58} {self.figure:>16} {self.floor:>16} {ratio:>7} {self.goal:>18} {verdict}".rstrip()


HEADING = f"{'what':<58} {'figure':>16} {'floor':>16} {'ratio':>7} {'goal':>18}"


def show(rows: list[Row]) -> None:
    """For people on stdout; one JSON line per row where the table is put together by another program."""
    as_json = "--json" in sys.argv
    if not as_json:
        print(HEADING)
    for row in rows:
        fields = {name: getattr(row, name) for name in ("what", "figure", "floor", "ratio", "goal", "well")}
        print(json.dumps(fields) if as_json else row.text(), flush=True)


def cpu() -> float:
    """CPU seconds of this process so far, all threads, user and system."""
    return time.process_time()


def middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def canned(*options: str) -> Iterator[str]:
    """A canned portal in its own process; its address."""
    command = [sys.executable, "-m", "benchmarks.canned", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        finally:
            process.terminate()
