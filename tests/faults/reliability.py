"""The page that the fault matrix writes: docs/reliability.md, a row a fault, from what was measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
HEAD = """# What breaks, what is seen, what is lost

[По-русски](ru/reliability.md).

Written by `make reliability` from a run of `tests/faults`: a portal on which customers write, managers answer and a
QR code is lost, under the daemon's real parts over HTTP and a real store. Each row is that life with one fault in it,
compared with the same life without. Time to recover is counted from the end of the fault, in polls of a minute.
"Process ends" means exit code 1 with that sentence; systemd or Docker starts it again, and so does the test.

In *Process*, SIGTERM, SIGKILL, SIGSTOP and memory are those of a real process: `messenger-monitor run` at a poll a
second, hit while the other side holds back an answer or a lock, or under a limit of memory (RLIMIT_DATA) that leaves it
nothing. There, time to recover is from its start until it has polled.

- **Lost**: a turn of a reply, a row of the ledger, a counted message or an alert that the undisturbed run has.
- **Doubled**: one of these that it has not, an alert with a second beginning, or the use of a dead refresh token.
- In *People* it is a notification in the portal and a letter that may be lost or doubled.
- **Told besides**: alerts that the undisturbed run did not need. A clock that runs ahead makes replies look late.
"""


COLUMNS = "| fault | seen | lost | doubled | told besides | well again after | by |\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    area: str
    name: str
    seen: str
    lost: str
    doubled: str
    recovery: timedelta | None
    besides: str = "nothing"
    hand: str = ""


SHARED = "## Several processes"
SHARED_HEAD = f"""
{SHARED}

Three real daemons on one real PostgreSQL, each behind a wire of its own, share {{portals}} portals with a lease of
{{lease:.0f}} s (30 s by default) and a poll a second; `tests/sharing` writes this section. Of {{requests:,}} requests
over {{changes}} changes of hands {{trespasses}} came from a process that did not hold the portal by the database's own
record, and {{stale}} of {{rows:,}} rows were written by one. {{dead}} dead refresh tokens were used, each of four
incidents was opened once, people were told once of each, and their alerts kept their beginnings.

| what becomes of one of the three | all portals asked by others after |
|---|---|
"""


def write_shared(spans: Mapping[str, float], **facts: float) -> None:
    """The section of several processes, in the place of the one before; only when asked to."""
    if not os.environ.get("RELIABILITY"):
        return
    lines = "".join(f"| {name} | {seconds:.1f} s |\n" for name, seconds in spans.items())
    before = PAGE.read_text().partition(SHARED)[0].rstrip("\n")
    PAGE.write_text(f"{before}\n{SHARED_HEAD.format(**facts)}{lines}")


def write_page(rows: Mapping[str, Row], order: Sequence[tuple[str, str]]) -> None:
    """What was measured now, only when asked to: `RELIABILITY=1`. What was not stays as it stands; `order`: areas and
    names of all there are."""
    if not os.environ.get("RELIABILITY") or not rows:
        return
    before, mark, shared = PAGE.read_text().partition(SHARED)
    lines = {name: f"{row}\n" for name, row in rows_of(before).items()} | {name: line(rows[name]) for name in rows}
    PAGE.write_text(page(lines, order) + (f"\n{mark}{shared}" if mark else ""))


def rows_of(text: str) -> dict[str, str]:
    """By the fault's name as the page has it."""
    rows = [row for row in text.splitlines() if row.startswith("| ") and row + "\n" != COLUMNS]
    return {row.split(" | ")[0].removeprefix("| "): row for row in rows}


def page(lines: Mapping[str, str], order: Sequence[tuple[str, str]]) -> str:
    parts = [HEAD, f"\n{len(order)} faults.\n"]
    for area in dict.fromkeys(area for area, _ in order):
        parts.append(f"\n## {area[:1].upper()}{area[1:]}\n\n{COLUMNS}")
        parts.append("|---|---|---|---|---|---|---|\n")
        parts += [lines[name] for place, name in order if place == area and name in lines]
    return "".join(parts)


def line(row: Row) -> str:
    cells = (row.name, row.seen, row.lost, row.doubled, row.besides, span(row.recovery), row.hand or "itself")
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |\n"


def span(recovery: timedelta | None) -> str:
    if recovery is None:
        return "not within the run"
    seconds = recovery.total_seconds()
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
