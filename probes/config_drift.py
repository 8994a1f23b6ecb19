"""Audit: the lines are as they were handed over; what changed is said in words, who vanished from which queue.

Where nobody has told of a hand-over, the lines as this audit first finds them are kept as it (monitor/core/drift.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.drift import CHECK, drift
from monitor.core.model import Failure
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import AuditFact, AuditSeen, Reading
from probes._audits import reading, untold
from probes._lines import line_of
from probes.discovery import ask_lines


async def ask(call: Call, view: View) -> Any:
    return await ask_lines(call, view)


def read(answers: Any, view: View, now: datetime) -> Reading:
    if isinstance(answers, Failure):
        return untold("config_drift", now, answers)
    lines = {line.id: line for line in map(line_of, answers) if line is not None}
    known = view.state.handed_over
    if not known:
        fact = AuditFact(what="no_snapshot", items=(_day(now, view),))
        return reading("config_drift", now, [_seen(number, (), fact) for number in sorted(lines)])
    seen = []
    for number, was in sorted(known.items()):
        if number not in lines and number in view.state.lines:
            continue  # an answer cut short is no line gone: the discovery has to miss it, too
        facts = drift(was, lines.get(number), view.state.managers)
        word = "own_snapshot" if was.by_itself else "snapshot"
        seen.append(
            _seen(number, facts, AuditFact(what=word if facts else f"as_in_{word}", items=(_day(was.at, view),)))
        )
    return reading("config_drift", now, seen)


def _seen(line: int, facts: tuple[AuditFact, ...], against: AuditFact) -> AuditSeen:
    return AuditSeen(check=CHECK, line=line, holds=not facts, facts=(*facts, against))


def _day(at: datetime, view: View) -> str:
    return at.astimezone(ZoneInfo(view.policy.timezone)).strftime("%d.%m.%Y")


PROBE = PortalProbe(name="config_drift", ask=ask, read=read, audits=(CHECK,))
PROBES = (PROBE,)
