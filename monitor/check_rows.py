"""What `check` tells: a row for each thing looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing looked at. `verdict`: ok, wrong or unknown; `actor`: who has to act."""

    portal: str
    subject: str
    verdict: str
    state: str
    detail: str = ""
    since: str = ""
    actor: str = ""
    action: str = ""
