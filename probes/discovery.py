"""What there is on the portal: lines with their hours and queues, connectors and where they are plugged in, staff."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from monitor.core.connectors import BUILT_IN
from monitor.core.history import integer
from monitor.core.model import ChannelKey, Department, Failure, Line, Manager, Reason
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import ConnectorsSeen, Finding, FlagSeen, LinesSeen, Reading, StaffSeen
from probes._asking import one, total_failure
from probes._lines import line_of
from probes._rows import NUMBERED, Gaps, entries, is_numbered, malformed, misshapen
from probes.connector_status import ask_for, flag_of

PAGE = 50
MOST_PAGES = 200
POLLS = 15  # after so many a new channel is found and a vanished one leaves its series
LINE_PAGE = 100
LINES, CONNECTORS = "imopenlines.config.list.get", "imconnector.list"
USERS, DEPARTMENTS = "user.get", "department.get"
T = TypeVar("T", Line, Manager, Department)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    lines: list[Any] | Failure
    connectors: Any
    users: list[Any] | Failure
    departments: list[Any] | Failure
    statuses: list[tuple[ChannelKey, Any]]
    gaps: Gaps = field(default_factory=Gaps)


async def ask(call: Call, view: View) -> Answers:
    gaps = Gaps()
    async with asyncio.TaskGroup() as group:
        lines = group.create_task(ask_lines(call, view, gaps))
        connectors = group.create_task(_connectors(call, view))
        users = group.create_task(ask_pages(call, USERS, {"FILTER": {"USER_TYPE": "employee"}}, gaps))
        departments = group.create_task(ask_pages(call, DEPARTMENTS, {}, gaps))
    pairs = _pairs(lines.result(), connectors.result(), view)
    return Answers(
        lines=lines.result(),
        connectors=connectors.result(),
        users=users.result(),
        departments=departments.result(),
        statuses=await ask_for(call, pairs) if pairs else [],
        gaps=gaps,
    )


async def ask_lines(call: Call, view: View, gaps: Gaps | None = None) -> list[Any] | Failure:
    """All lines with their queues; where the list is refused, the lines we know, one by one.

    `gaps`: takes what was wrong where something is told all the same."""
    rows: list[Any] = []
    gaps, offset = gaps or Gaps(), 0
    for _ in range(MOST_PAGES):
        params = {
            "PARAMS": {"order": {"ID": "ASC"}, "limit": LINE_PAGE, "offset": offset},
            "OPTIONS": {"QUEUE": "Y", "CONFIG_QUEUE": "Y"},
        }
        told, failure = _page_of(LINES, await one(call, LINES, params))
        if failure is not None and not told and not rows:
            by_one = await _line_by_line(call, view)
            gaps.failures += [failure] if by_one else []
            return by_one or failure
        gaps.note(LINES, failure)
        fresh = [row for row in rows_of(told) if all(row.get("ID") != old.get("ID") for old in rows)]
        rows += fresh
        offset += len(told)  # a portal may tell fewer at a time than were asked for
        if len(told) < PAGE or not fresh:
            break
    return rows


async def _line_by_line(call: Call, view: View) -> list[Any]:
    known = sorted({*view.state.lines, *view.policy.lines, *(key.line for key in view.policy.channels)})
    answers = [await one(call, "imopenlines.config.get", {"CONFIG_ID": number}) for number in known]
    return [answer for answer in answers if isinstance(answer, dict)]


async def _connectors(call: Call, view: View) -> Any:
    return {} if view.policy.webhook_only else await one(call, CONNECTORS)


async def ask_pages(call: Call, method: str, params: dict[str, Any], gaps: Gaps | None = None) -> list[Any] | Failure:
    """Offset pages of 50: staff and departments hardly move while they are read. `gaps`: see ask_lines."""
    rows: list[Any] = []
    gaps = gaps or Gaps()
    for page in range(MOST_PAGES):
        told, failure = _page_of(method, await one(call, method, {**params, "start": page * PAGE}))
        if failure is not None and not told and not rows:
            return failure
        gaps.note(method, failure)
        rows += rows_of(told)
        if len(told) < PAGE:
            break
    return rows


def _page_of(method: str, answer: Any) -> tuple[list[Any], Failure | None]:
    """All that a page holds, nothing where no row of it can be read, and what is wrong with it."""
    if isinstance(answer, Failure):
        return [], answer
    told = entries(answer) or []
    return told if any(map(is_numbered, told)) else [], misshapen(method, answer, is_numbered, NUMBERED)


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
        beside = [] if isinstance(answers.connectors, Failure) else [part for part in parts[1:] if _is_malformed(part)]
        failures = tuple(part for part in beside if isinstance(part, Failure))
        return Reading(probe="discovery", source="bitrix24", at=now, failure=failure, failures=failures)
    flags = [flag_of(key, answer) for key, answer in answers.statuses]
    told = (*parts, _connectors_failure(answers.connectors), *flags, *answers.gaps.failures)
    failures = tuple(part for part in told if isinstance(part, Failure))
    return Reading(
        probe="discovery",
        source="bitrix24",
        at=now,
        findings=(*_furniture(answers, view), *(flag for flag in flags if isinstance(flag, FlagSeen))),
        failures=failures,
    )


def _is_malformed(part: Any) -> bool:
    return isinstance(part, Failure) and part.reason is Reason.MALFORMED


def _connectors_failure(answer: Any) -> Failure | None:
    if isinstance(answer, Failure):
        return answer
    is_map = isinstance(answer, dict) and all(isinstance(title, str | None) for title in answer.values())
    return None if is_map or answer == [] else malformed(CONNECTORS, "the answer is no map of titles")


def _furniture(answers: Answers, view: View) -> list[Finding]:
    findings: list[Finding] = []
    cut = answers.gaps.cut
    if not isinstance(answers.lines, Failure):
        lines = tuple(filter(None, map(line_of, answers.lines)))
        findings.append(LinesSeen(lines=_whole(lines, view.state.lines, cut=LINES in cut)))
    if isinstance(answers.connectors, dict) and answers.connectors:
        titles = tuple(
            sorted(
                (str(name).lower(), title if isinstance(title, str) else str(name))
                for name, title in answers.connectors.items()
            )
        )
        findings.append(ConnectorsSeen(connectors=titles))
    if not isinstance(answers.users, Failure):
        departments = tuple(view.state.departments.values())
        if not isinstance(answers.departments, Failure):
            departments = tuple(filter(None, map(department_of, answers.departments)))
            departments = _whole(departments, view.state.departments, cut=DEPARTMENTS in cut)
        managers = tuple(filter(None, map(manager_of, answers.users)))
        managers = _whole(managers, view.state.managers, cut=USERS in cut)
        findings.append(StaffSeen(managers=managers, departments=departments))
    return findings


def _whole(told: tuple[T, ...], known: Mapping[int, T], *, cut: bool) -> tuple[T, ...]:
    """With those we know where rows could not be read: nobody said that they are gone."""
    missing = sorted(set(known) - {one.id for one in told}) if cut else []
    return told + tuple([known[number] for number in missing])


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


PROBE = PortalProbe(name="discovery", ask=ask, read=read, every=timedelta(hours=1), polls=POLLS)
PROBES = (PROBE,)
