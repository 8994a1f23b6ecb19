"""What there is on the portal: lines with their hours and queues, connectors and where they are plugged in, staff."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.core.connectors import BUILT_IN
from monitor.core.history import integer
from monitor.core.model import ChannelKey, Department, Failure, Manager
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import ConnectorsSeen, Finding, FlagSeen, LinesSeen, Reading, StaffSeen
from probes._asking import one, total_failure
from probes._lines import line_of
from probes.connector_status import ask_for, flag_of

PAGE = 50
MOST_PAGES = 200
LINE_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    lines: list[Any] | Failure
    connectors: Any
    users: list[Any] | Failure
    departments: list[Any] | Failure
    statuses: list[tuple[ChannelKey, Any]]


async def ask(call: Call, view: View) -> Answers:
    async with asyncio.TaskGroup() as group:
        lines = group.create_task(ask_lines(call, view))
        connectors = group.create_task(_connectors(call, view))
        users = group.create_task(ask_pages(call, "user.get", {"FILTER": {"USER_TYPE": "employee"}}))
        departments = group.create_task(ask_pages(call, "department.get", {}))
    pairs = _pairs(lines.result(), connectors.result(), view)
    return Answers(
        lines=lines.result(),
        connectors=connectors.result(),
        users=users.result(),
        departments=departments.result(),
        statuses=await ask_for(call, pairs) if pairs else [],
    )


async def ask_lines(call: Call, view: View) -> list[Any] | Failure:
    """All lines with their queues; where the list is refused, the lines we know, one by one."""
    rows: list[Any] = []
    for page in range(MOST_PAGES):
        params = {
            "PARAMS": {"order": {"ID": "ASC"}, "limit": LINE_PAGE, "offset": page * LINE_PAGE},
            "OPTIONS": {"QUEUE": "Y", "CONFIG_QUEUE": "Y"},
        }
        answer = await one(call, "imopenlines.config.list.get", params)
        if isinstance(answer, Failure):
            return rows or await _line_by_line(call, view) or answer
        fresh = [row for row in rows_of(answer) if all(row.get("ID") != old.get("ID") for old in rows)]
        rows += fresh
        if len(rows_of(answer)) < PAGE or not fresh:
            break
    return rows


async def _line_by_line(call: Call, view: View) -> list[Any]:
    known = sorted({*view.state.lines, *view.policy.lines, *(key.line for key in view.policy.channels)})
    answers = [await one(call, "imopenlines.config.get", {"CONFIG_ID": number}) for number in known]
    return [answer for answer in answers if isinstance(answer, dict)]


async def _connectors(call: Call, view: View) -> Any:
    return {} if view.policy.webhook_only else await one(call, "imconnector.list")


async def ask_pages(call: Call, method: str, params: dict[str, Any]) -> list[Any] | Failure:
    """Offset pages of 50: staff and departments hardly move while they are read."""
    rows: list[Any] = []
    for page in range(MOST_PAGES):
        answer = await one(call, method, {**params, "start": page * PAGE})
        if isinstance(answer, Failure):
            return rows or answer
        rows += rows_of(answer)
        if len(rows_of(answer)) < PAGE:
            break
    return rows


def rows_of(answer: Any) -> list[dict[str, Any]]:
    values = answer.values() if isinstance(answer, dict) else answer if isinstance(answer, list) else ()
    return [row for row in values if isinstance(row, dict)]


def _pairs(lines: list[Any] | Failure, connectors: Any, view: View) -> list[ChannelKey]:
    """Every pair that may be a channel and is none yet."""
    if view.policy.webhook_only:
        return []
    numbers = set(view.state.lines)
    if not isinstance(lines, Failure):
        numbers = {number for row in lines if (number := integer(row.get("ID"))) and row.get("TEMPORARY") != "Y"}
    ids = {str(name).lower() for name in connectors} if isinstance(connectors, dict) and connectors else set(BUILT_IN)
    pairs = {ChannelKey(number, name) for number in numbers for name in ids}
    pairs |= set(view.policy.channels)
    pairs |= {ChannelKey(one.session.line, one.session.connector) for one in view.state.sessions.values()}
    known = {key for key, memory in view.state.channels.items() if not memory.gone}
    return sorted(pair for pair in pairs - known if pair.line and pair.connector)


def read(answers: Answers, view: View, now: datetime) -> Reading:
    parts = [answers.lines, answers.users, answers.departments]
    failure = total_failure(parts)
    if failure is not None:
        return Reading(probe="discovery", source="bitrix24", at=now, failure=failure)
    flags = [flag_of(key, answer) for key, answer in answers.statuses]
    failures = [part for part in (*parts, answers.connectors, *flags) if isinstance(part, Failure)]
    return Reading(
        probe="discovery",
        source="bitrix24",
        at=now,
        findings=(*_furniture(answers, view), *(flag for flag in flags if isinstance(flag, FlagSeen))),
        failures=tuple(failures),
    )


def _furniture(answers: Answers, view: View) -> list[Finding]:
    findings: list[Finding] = []
    if not isinstance(answers.lines, Failure):
        lines = (line_of(row) for row in answers.lines)
        findings.append(LinesSeen(lines=tuple(line for line in lines if line is not None)))
    if isinstance(answers.connectors, dict) and answers.connectors:
        titles = tuple(sorted((str(name).lower(), str(title)) for name, title in answers.connectors.items()))
        findings.append(ConnectorsSeen(connectors=titles))
    if not isinstance(answers.users, Failure):
        departments = tuple(view.state.departments.values())
        if not isinstance(answers.departments, Failure):
            departments = tuple(filter(None, map(department_of, answers.departments)))
        managers = tuple(filter(None, map(manager_of, answers.users)))
        findings.append(StaffSeen(managers=managers, departments=departments))
    return findings


def manager_of(row: dict[str, Any]) -> Manager | None:
    number = integer(row.get("ID"))
    if number is None:
        return None
    name = " ".join(str(row[part]) for part in ("NAME", "LAST_NAME") if row.get(part))
    departments = row.get("UF_DEPARTMENT")
    return Manager(
        id=number,
        name=name or f"#{number}",
        active=row.get("ACTIVE") in (True, "Y", "1", "true"),
        departments=tuple(filter(None, map(integer, departments))) if isinstance(departments, list) else (),
        position=str(row.get("WORK_POSITION") or ""),
    )


def department_of(row: dict[str, Any]) -> Department | None:
    number = integer(row.get("ID"))
    if number is None:
        return None
    parent, head = integer(row.get("PARENT")), integer(row.get("UF_HEAD"))
    return Department(id=number, name=str(row.get("NAME") or ""), parent=parent, head=head or None)


PROBE = PortalProbe(name="discovery", ask=ask, read=read, every=timedelta(hours=1))
PROBES = (PROBE,)
