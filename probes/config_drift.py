"""Audit: the lines are as they were handed over; what changed is said in words, who vanished from which queue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.core.drift import drift
from monitor.core.model import Failure
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import AuditFact, AuditSeen, Reading
from probes._audits import reading, untold
from probes._lines import line_of
from probes.discovery import ask_lines

CHECK = "config_drift"


async def ask(call: Call, view: View) -> Any:
    """Without a snapshot there is nothing to compare with, and nothing is asked."""
    return await ask_lines(call, view) if view.state.handed_over else []


def read(answers: Any, view: View, now: datetime) -> Reading:
    if isinstance(answers, Failure):
        return untold("config_drift", now, answers)
    lines = {line.id: line for line in map(line_of, answers) if line is not None}
    seen = []
    for number, was in sorted(view.state.handed_over.items()):
        if number not in lines and number in view.state.lines:
            continue  # an answer cut short is no line gone: the discovery has to miss it, too
        facts = drift(was, lines.get(number), view.state.managers)
        same = (AuditFact(what="as_handed_over"),)
        seen.append(AuditSeen(check=CHECK, line=number, holds=not facts, facts=facts or same))
    return reading("config_drift", now, seen)


PROBE = PortalProbe(name="config_drift", ask=ask, read=read, audits=(CHECK,))
PROBES = (PROBE,)
