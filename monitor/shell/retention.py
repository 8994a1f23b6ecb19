"""How long the store keeps what is over, as the file gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long what is over is kept; longer than a guarantee's year unless said otherwise.

    `turns` of replies, `ledger` the append-only rows about replies and channels, `incidents` since their end."""

    turns: timedelta = timedelta(days=400)
    ledger: timedelta = timedelta(days=400)
    incidents: timedelta = timedelta(days=400)
