"""Whether the daemon does what it is for: what /healthz, the systemd watchdog and the dead-man's switch go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol

from monitor import __version__
from monitor.fleet import Kept
from monitor.shell.alertmanager import Pusher
from monitor.shell.clock import Clock
from monitor.shell.heartbeat import Progress
from monitor.shell.scheduler import Rhythm

LATE = 5  # missed ticks after which the daemon calls itself ill
LEAST_LATE = 120.0  # real seconds
MOST_LATE = 600.0  # real seconds beyond one interval: a slow rhythm is no excuse for a poll that hangs
UNHEARD = timedelta(minutes=5)  # after which it counts that Alertmanager does not hear us

Subjects = Mapping[str, Kept[Any, Any]]


def health(portals: Subjects, accounts: Subjects, clock: Clock) -> tuple[bool, dict[str, Any]]:
    """Ill when polls that should have ended long ago have not. A poll that ends in a failure has ended."""
    late = [name for name, kept in portals.items() if is_late(kept.rhythm, clock)]
    silent = [name for name, kept in accounts.items() if is_late(kept.rhythm, clock)]
    well = not late and not silent
    facts = {"late_portals": late, "late_providers": silent, "version": __version__}
    return well, {"status": "ok" if well else "late", **facts}


class Shared(Protocol):
    """What is asked of a process that shares the portals with others."""

    @property
    def beaten(self) -> bool: ...

    def unheard(self) -> float: ...


def shared(alone: Progress, sharing: Shared) -> Progress:
    """Of one process of several: without a portal it does well as long as it is in touch with the database."""
    if sharing.unheard() > 0:
        return Progress(well=False, words="the database has not been heard for longer than a lease")
    return replace(alone, begun=alone.begun or sharing.beaten)


def is_late(rhythm: Rhythm, clock: Clock) -> bool:
    every = rhythm.every.total_seconds() / clock.rate
    patience = max(LEAST_LATE, min(LATE * every, every + MOST_LATE))
    return clock.monotonic() - max(rhythm.last_real or 0.0, rhythm.begun_real) > patience


def progress(portals: Subjects, accounts: Subjects, pusher: Pusher, clock: Clock) -> Progress:
    """What the dead-man's switch may vouch for: polls end in time, and Alertmanager hears us."""
    well, facts = health(portals, accounts, clock)
    if not well:
        names = ", ".join((*facts["late_portals"], *facts["late_providers"]))
        return Progress(well=False, words=f"polls do not end: {names}")
    unheard = pusher.failing_since
    if unheard is not None and clock.real_now() - unheard > UNHEARD:
        return Progress(well=False, words=f"Alertmanager has not heard us since {unheard:%Y-%m-%d %H:%M} UTC")
    begun = any(kept.rhythm.last_real is not None for kept in portals.values())
    return Progress(well=True, words=f"watching {len(portals)} portals", begun=begun)
