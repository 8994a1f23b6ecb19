"""The dead-man's switch as the file gives it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitor.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """Where the pings go (the address is the secret) and how often, in real time."""

    url: Secret
    every: timedelta = timedelta(seconds=60)
