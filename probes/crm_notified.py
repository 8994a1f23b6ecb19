"""Audit: a new dialog raises a CRM activity within minutes (G7): the setting, and the fact with its n.

A dialog is known by its own history; without an activity of the same session nobody in the CRM heard of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.core.memory import SessionMemory
from monitor.core.model import Failure, Line, Session
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import AuditFact, AuditSeen, Reading
from probes._asking import total_failure
from probes._audits import reading, unknown, untold, watched, why
from probes._lately import PAGE, ask_newest, newest
from probes._lines import line_of
from probes.discovery import ask_lines

CHECK = "crm_notified"
WITHIN = timedelta(minutes=10)
SHARE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    lines: list[Any] | Failure
    activities: Any


async def ask(call: Call, view: View) -> Answers:
    async with asyncio.TaskGroup() as group:
        lines = group.create_task(ask_lines(call, view))
        activities = group.create_task(ask_newest(call, view))
    return Answers(lines=lines.result(), activities=activities.result())


def read(answers: Answers, view: View, now: datetime) -> Reading:
    parts = (answers.lines, answers.activities)
    if (failure := total_failure(parts)) is not None:
        return untold("crm_notified", now, failure)
    failures = [part for part in parts if isinstance(part, Failure)]
    if isinstance(answers.lines, Failure) or isinstance(answers.activities, Failure):
        lines = watched(view.state.lines.values(), view)
        return reading("crm_notified", now, [unknown(CHECK, line.id, why(failures[0])) for line in lines], parts)
    lines = watched(filter(None, map(line_of, answers.lines)), view)
    told = newest(answers.activities)
    return reading("crm_notified", now, [_notified(line, told, view, now) for line in lines], parts)


def _notified(line: Line, told: list[Session], view: View, now: datetime) -> AuditSeen:
    if not line.crm:
        return AuditSeen(check=CHECK, line=line.id, holds=False, facts=(AuditFact(what="crm_off"),))
    by_session = {session.id: session for session in told}
    since = min(by_session, default=0) if len(told) >= PAGE else 0
    dialogs = [one for one in view.state.sessions.values() if _is_judged(one, line, since, now)]
    missing = [one.session.id for one in dialogs if not _has_activity(one, by_session)]
    late = [one.session.id for one in dialogs if _is_late(one, by_session, view)]
    n = len(dialogs)
    well = n - len(missing) - len(late)
    facts = [AuditFact(what="notified", n=well, of=n)]
    if missing:
        facts.append(AuditFact(what="not_notified", items=tuple(map(str, missing)), n=len(missing)))
    if late:
        facts.append(AuditFact(what="late_notified", items=tuple(map(str, late)), n=len(late)))
    return AuditSeen(check=CHECK, line=line.id, holds=not n or well >= SHARE * n, facts=tuple(facts))


def _is_judged(memory: SessionMemory, line: Line, since: int, now: datetime) -> bool:
    """Begun by a customer, long enough ago, and not before the sample of activities begins."""
    session = memory.session
    old_enough = now - session.created >= WITHIN
    return session.line == line.id and session.started_by_customer and session.id >= since and old_enough


def _has_activity(memory: SessionMemory, told: dict[int, Session]) -> bool:
    return memory.session.id in told or memory.session.updated is not None


def _is_late(memory: SessionMemory, told: dict[int, Session], view: View) -> bool:
    """By the dialog's first customer message, where its history is remembered."""
    activity = told.get(memory.session.id)
    opened = [turn.opened for turn in view.state.turns.values() if turn.session == memory.session.id]
    return activity is not None and bool(opened) and activity.created - min(opened) > WITHIN


PROBE = PortalProbe(name="crm_notified", ask=ask, read=read, audits=(CHECK,))
PROBES = (PROBE,)
