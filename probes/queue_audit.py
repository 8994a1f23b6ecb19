"""Audit: the whole department can write from the company's number (G5), and the queue holds people who work.

Rights of roles are not told over REST: permitted is who stands in the queue or whose department does. The head of a
department answers for it and need not stand in the queue. LAST_LOGIN tells who was long absent, but a browser that
stays logged in moves it no more: nobody is called so who was seen online or answered a customer lately, or of whom it
is not told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.core.history import integer, moment
from monitor.core.model import Department, Failure, Line, Manager
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import AuditFact, AuditSeen, OnlineSeen, Reading
from probes._asking import total_failure
from probes._audits import names, reading, unknown, untold, watched, why
from probes._lines import config_queue, line_of
from probes.discovery import ask_lines, ask_pages, department_of, manager_of, rows_of

ABSENT, A_DAY = timedelta(days=14), timedelta(days=1)
WRITE, STAFFED = "department_can_write", "queue_staffed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    lines: list[Any] | Failure
    users: list[Any] | Failure
    departments: list[Any] | Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Everybody by id; `away` are the days since somebody was last seen, where that is long; `staying` are online now
    and logged in on another day."""

    people: Mapping[int, Manager]
    away: Mapping[int, int]
    staying: frozenset[int]

    def works(self, user: int) -> bool:
        return user in self.people and self.people[user].active

    @property
    def named(self) -> dict[int, str]:
        return {number: one.name for number, one in self.people.items()}


async def ask(call: Call, view: View) -> Answers:
    async with asyncio.TaskGroup() as group:
        lines = group.create_task(ask_lines(call, view))
        users = group.create_task(ask_pages(call, "user.get", {"FILTER": {"USER_TYPE": "employee"}}))
        departments = group.create_task(ask_pages(call, "department.get", {}))
    return Answers(lines=lines.result(), users=users.result(), departments=departments.result())


def read(answers: Answers, view: View, now: datetime) -> Reading:
    parts = (answers.lines, answers.users, answers.departments)
    if (failure := total_failure(parts)) is not None:
        return untold("queue_audit", now, failure)
    if isinstance(answers.lines, Failure) or isinstance(answers.users, Failure):
        first = next(part for part in parts if isinstance(part, Failure))
        lines = watched(view.state.lines.values(), view)
        seen = [unknown(check, line.id, why(first)) for line in lines for check in (STAFFED, WRITE)]
        return reading("queue_audit", now, seen, parts)
    staff = _staff(answers.users, view, now)
    rows = {line.id: row for row in answers.lines if (line := line_of(row)) is not None}
    lines = watched(filter(None, map(line_of, answers.lines)), view)
    found = [_staffed(line, rows[line.id], staff) for line in lines]
    found += [_can_write(line, answers.departments, staff, view) for line in lines if _department(view) is not None]
    online = _online([rows[line.id] for line in lines], lines, staff)
    return reading("queue_audit", now, (*found, *online), parts)


def _staff(rows: list[Any], view: View, now: datetime) -> Staff:
    people = {one.id: one for one in map(manager_of, rows_of(rows)) if one is not None}
    busy = {turn.responder for turn in view.state.turns.values()}
    online, away, staying = dict(view.state.memory.online), {}, set()
    for row in rows_of(rows):
        user, login = integer(row.get("ID")), moment(row.get("LAST_LOGIN"))
        if not user or login is None:
            continue
        seen = max(login, online.get(user, login))
        if row.get("IS_ONLINE") == "Y":
            staying |= {user} if now - login >= A_DAY else set()
        elif user not in busy and now - seen >= ABSENT:
            away[user] = (now - seen).days
    return Staff(people=people, away=away, staying=frozenset(staying))


def _online(rows: Iterable[Mapping[str, Any]], lines: Iterable[Line], staff: Staff) -> tuple[OnlineSeen, ...]:
    """Of those in the queues of these lines alone: the others stand nowhere where they could be missed."""
    queues = {user for line, row in zip(lines, rows, strict=True) for user in _members(line, row)}
    users = tuple(sorted(queues & staff.staying))
    return (OnlineSeen(users=users),) if users else ()


def _staffed(line: Line, row: Mapping[str, Any], staff: Staff) -> AuditSeen:
    """Somebody who works is in the queue, and nobody who does not."""
    members = _members(line, row)
    dismissed = [user for user in members if user in staff.people and not staff.works(user)]
    absent = [user for user in members if staff.works(user) and user in staff.away]
    working = [user for user in members if staff.works(user) and user not in staff.away]
    facts = []
    if not working:
        facts.append(AuditFact(what="empty_queue"))
    if dismissed:
        facts.append(AuditFact(what="dismissed", people=names(dismissed, staff.named), n=len(dismissed)))
    if absent:
        days = min(staff.away[user] for user in absent)
        facts.append(AuditFact(what="absent", people=names(absent, staff.named), n=days))
    holds = not facts
    facts = facts or [AuditFact(what="staffed", n=len(working))]
    return AuditSeen(check=STAFFED, line=line.id, holds=holds, facts=tuple(facts))


def _members(line: Line, row: Mapping[str, Any]) -> dict[int, None]:
    _, put_in = config_queue(row.get("CONFIG_QUEUE"))
    return dict.fromkeys([*line.queue, *(user for user in put_in if user)])


def _department(view: View) -> int | None:
    return view.policy.guarantee.department if view.policy.guarantee is not None else None


def _can_write(line: Line, rows: list[Any] | Failure, staff: Staff, view: View) -> AuditSeen:
    """Everybody of the department and of those below it is in the queue, himself or with his department."""
    if isinstance(rows, Failure):
        return unknown(WRITE, line.id, why(rows))
    departments = {one.id: one for one in map(department_of, rows_of(rows)) if one is not None}
    wished = _department(view) or 0
    if not departments:
        return unknown(WRITE, line.id, "department.get")
    if wished not in departments:
        return _broken(line, AuditFact(what="no_department", items=(str(wished),)))
    inside = _below(wished, departments)
    heads = {departments[number].head for number in inside}
    people = [one for one in staff.people.values() if one.active and inside & set(one.departments)]
    asked = [one for one in people if one.id not in heads]
    if not people:
        return _broken(line, AuditFact(what="empty_department", items=(departments[wished].name,)))
    whole = {below for number in line.queue_departments for below in _below(number, departments)}
    missing = [one.name for one in asked if one.id not in line.queue and not whole & set(one.departments)]
    if missing:
        return _broken(line, AuditFact(what="not_permitted", people=tuple(missing), n=len(missing), of=len(asked)))
    fact = AuditFact(what="department_in_queue", n=len(asked))
    return AuditSeen(check=WRITE, line=line.id, holds=True, facts=(fact,))


def _broken(line: Line, fact: AuditFact) -> AuditSeen:
    return AuditSeen(check=WRITE, line=line.id, holds=False, facts=(fact,))


def _below(top: int, departments: Mapping[int, Department]) -> set[int]:
    """A department and all below it."""
    found = {top}
    for _ in departments:
        more = {one.id for one in departments.values() if one.parent in found} - found
        if not more:
            break
        found |= more
    return found


PROBE = PortalProbe(name="queue_audit", ask=ask, read=read, audits=(WRITE, STAFFED))
PROBES = (PROBE,)
