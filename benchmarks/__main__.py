"""All benchmarks, one table: `make bench`. `--markdown` writes it as docs/performance.md shows it."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from benchmarks.measure import HEADING, Row

# The quiet ones first: each in a process of its own, so that none inherits another's memory.
NAMES = ("poll", "exposition", "store", "sharing", "curve", "peers", "delay", "fleet")


def rows_of(name: str) -> list[Row]:
    """A benchmark that breaks is a row that says so."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = [Row(**json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not rows:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        rows.append(Row(what=f"{name}: {last[:40]}", figure="broke", well=False))
    return rows


def markdown(row: Row) -> str:
    ratio = f"{row.ratio:.2f}x" if row.ratio is not None else ""
    verdict = {True: "ok", False: "**missed**", None: ""}[row.well]
    return f"| {row.what} | {row.figure} | {row.floor} | {ratio} | {row.goal} | {verdict} |"


def main() -> None:
    as_markdown = "--markdown" in sys.argv
    print(
        "| what | figure | floor | ratio | goal | |\n|---|---|---|---|---|---|" if as_markdown else HEADING, flush=True
    )
    begun = time.monotonic()
    for name in NAMES:
        for row in rows_of(name):
            print(markdown(row) if as_markdown else row.text(), flush=True)
    print(f"\nIn {time.monotonic() - begun:.0f} s.", flush=True)


if __name__ == "__main__":
    main()
