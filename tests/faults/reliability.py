"""The page that the fault matrix writes: docs/reliability.md, a row a fault, from what was measured."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "reliability.md"
HEAD = """# What breaks, what is seen, what is lost

Written by `make reliability` from a run of `tests/faults`: a portal on which customers write, managers answer and a
QR code is lost, under the daemon's real parts over HTTP and a real store. Each row is that life with one fault in it,
compared with the same life without. Time to recover is counted from the end of the fault, in polls of a minute.
"Process ends" means exit code 1 with that sentence; systemd or Docker starts it again, and so does the test.

- **Lost**: a turn of a reply, a row of the ledger, a counted message or an alert that the undisturbed run has.
- **Doubled**: one of these that it has not, an alert with a second beginning, or the use of a dead refresh token.
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


def write_page(rows: Mapping[str, Row], names: Sequence[str]) -> None:
    """Only where all faults were run, and only when asked to: `RELIABILITY=1`."""
    if not os.environ.get("RELIABILITY") or set(rows) != set(names):
        return
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page([rows[name] for name in names]))


def page(rows: Sequence[Row]) -> str:
    parts = [HEAD, f"\n{len(rows)} faults.\n"]
    for area in dict.fromkeys(row.area for row in rows):
        parts.append(f"\n## {area[:1].upper()}{area[1:]}\n\n{COLUMNS}")
        parts.append("|---|---|---|---|---|---|---|\n")
        parts += [line(row) for row in rows if row.area == area]
    return "".join(parts)


def line(row: Row) -> str:
    minutes = f"{row.recovery.total_seconds() / 60:.0f} min" if row.recovery else "not within the run"
    cells = (row.name, row.seen, row.lost, row.doubled, row.besides, minutes, row.hand or "itself")
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |\n"
