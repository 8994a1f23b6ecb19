"""What there is on the portal: lines with their hours and queues, connectors and where they are plugged in, staff."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from sys import intern
from typing import Any, TypeVar

from monitor.core.connectors import BUILT_IN, connector_id
from monitor.core.history import integer
from monitor.core.model import PASSING, ChannelKey, Department, Failure, Line, Manager, Reason
from monitor.core.plugin import Call, Params, PortalProbe, Question, View
from monitor.core.reading import ConnectorsSeen, Finding, FlagSeen, LinesSeen, Reading, StaffSeen
from probes._asking import Answering, asking, one, total_failure
from probes._lines import line_of
from probes._rows import NUMBERED, Gaps, entries, is_numbered, malformed, misshapen, one_line
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
    """`furniture`: what lines, connectors and staff come to; it is all there is where they were told word by word like
    this before."""

    lines: list[Any] | Failure
    connectors: Any
    users: list[Any] | Failure
    departments: list[Any] | Failure
    statuses: list[tuple[ChannelKey, Any]]
    gaps: Gaps = field(default_factory=Gaps)
    furniture: tuple[Finding, ...] = ()


def lines_after(offset: int) -> Question:
    """A page of all lines with their queues."""
    params = {"order": {"ID": "ASC"}, "limit": LINE_PAGE, "offset": offset}
    return LINES, {"PARAMS": params, "OPTIONS": {"QUEUE": "Y", "CONFIG_QUEUE": "Y"}}


def rows_after(method: str, params: Params, start: int) -> Question:
    """A page of 50."""
    return method, {**params, "start": start}


EMPLOYEES: Params = {"FILTER": {"USER_TYPE": "employee"}}
BY_WEBHOOK = (lines_after(0), rows_after(USERS, EMPLOYEES, 0), rows_after(DEPARTMENTS, {}, 0))
BY_APPLICATION = ((CONNECTORS, None), *BY_WEBHOOK)


def first(view: View) -> Sequence[Question]:
    """The first page of each."""
    return BY_WEBHOOK if view.policy.webhook_only else BY_APPLICATION


async def then(call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]) -> Answers:
    """What is told again word by word is not read again, unless more of it stands on further pages."""
    if isinstance(told[0], Failure) and all(one is told[0] for one in told):  # the whole request: no other is worth it
        failed = told[0]
        return Answers(lines=failed, connectors=failed, users=failed, departments=failed, statuses=[])
    place = (view.policy.portal, "furniture")
    known: tuple[Finding, ...] | None = view.recall.of_the_same(place, questions, told)
    if known is not None:
        answers = Answers(lines=[], connectors={}, users=[], departments=[], statuses=[], furniture=known)
    else:
        first_pages = Answering(call, questions, told, view.recall.read)
        answers = await _pages(first_pages, view)
        answers = replace(answers, furniture=tuple(_furniture(answers, view)))
        if first_pages.were_all and not _failures(answers):
            view.recall.keep(place, questions, told, answers.furniture)
    pairs = _pairs(answers.furniture, view)
    return replace(answers, statuses=await ask_for(call, pairs)) if pairs else answers


async def _pages(call: Call, view: View) -> Answers:
    gaps = Gaps()
    async with asyncio.TaskGroup() as group:
        lines = group.create_task(ask_lines(call, view, gaps))
        connectors = group.create_task(_connectors(call, view))
        users = group.create_task(ask_pages(call, USERS, EMPLOYEES, gaps))
        departments = group.create_task(ask_pages(call, DEPARTMENTS, {}, gaps))
    return Answers(
        lines=lines.result(),
        connectors=connectors.result(),
        users=users.result(),
        departments=departments.result(),
        statuses=[],
        gaps=gaps,
    )


async def ask_lines(call: Call, view: View, gaps: Gaps | None = None) -> list[Any] | Failure:
    """All lines with their queues; where the list is refused, the lines we know, one by one.

    `gaps`: takes what was wrong where something is told all the same."""
    rows: list[Any] = []
    gaps, offset = gaps or Gaps(), 0
    for _ in range(MOST_PAGES):
        told, failure = _page_of(LINES, await one(call, *lines_after(offset)))
        if failure is not None and not told and not rows:
            by_one, gone_wrong = await _line_by_line(call, view)
            gaps.failures += [failure] if by_one else []
            gaps.note(LINES, gone_wrong)
            return by_one or failure
        gaps.note(LINES, failure)
        fresh = [row for row in rows_of(told) if all(row.get("ID") != old.get("ID") for old in rows)]
        rows += fresh
        offset += len(told)  # a portal may tell fewer at a time than were asked for
        if len(told) < PAGE or not fresh:
            break
    return rows


async def _line_by_line(call: Call, view: View) -> tuple[list[Any], Failure | None]:
    """And why one of them may have said nothing for the moment: it is not gone for that."""
    known = sorted({*view.state.lines, *view.policy.lines, *(key.line for key in view.policy.channels)})
    answers = [await one(call, "imopenlines.config.get", {"CONFIG_ID": number}) for number in known]
    failures = [answer for answer in answers if isinstance(answer, Failure) and answer.reason in PASSING]
    return [answer for answer in answers if isinstance(answer, dict)], next(iter(failures), None)


async def _connectors(call: Call, view: View) -> Any:
    return {} if view.policy.webhook_only else await one(call, CONNECTORS)


async def ask_pages(call: Call, method: str, params: Params, gaps: Gaps | None = None) -> list[Any] | Failure:
    """Offset pages of 50: staff and departments hardly move while they are read. `gaps`: see ask_lines."""
    rows: list[Any] = []
    gaps = gaps or Gaps()
    for page in range(MOST_PAGES):
        told, failure = _page_of(method, await one(call, *rows_after(method, params, page * PAGE)))
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


def _pairs(furniture: Iterable[Finding], view: View) -> list[ChannelKey]:
    """Every pair that may be a channel and is none yet."""
    if view.policy.webhook_only:
        return []
    numbers, ids = set(view.state.lines), set(BUILT_IN)
    for finding in furniture:
        if isinstance(finding, LinesSeen):
            numbers = {line.id for line in finding.lines}
        elif isinstance(finding, ConnectorsSeen):
            ids = {name for name, _ in finding.connectors}
    pairs = {ChannelKey(number, name) for number in numbers for name in ids}
    pairs |= set(view.policy.channels)
    pairs |= {ChannelKey(one.session.line, one.session.connector) for one in view.state.sessions.values()}
    known = {key for key, memory in view.state.channels.items() if not memory.gone}
    return sorted(pair for pair in pairs - known if pair.line and pair.connector)


def read(answers: Answers, view: View, now: datetime) -> Reading:
    del view
    parts = [answers.lines, answers.users, answers.departments]
    failure = total_failure(parts)
    if failure is not None:
        beside = [] if isinstance(answers.connectors, Failure) else [part for part in parts[1:] if _is_malformed(part)]
        failures = tuple(part for part in beside if isinstance(part, Failure))
        return Reading(probe="discovery", source="bitrix24", at=now, failure=failure, failures=failures)
    flags = [flag_of(key, answer) for key, answer in answers.statuses]
    return Reading(
        probe="discovery",
        source="bitrix24",
        at=now,
        findings=(*answers.furniture, *(flag for flag in flags if isinstance(flag, FlagSeen))),
        failures=(*_failures(answers), *(flag for flag in flags if isinstance(flag, Failure))),
    )


def _failures(answers: Answers) -> tuple[Failure, ...]:
    parts = (answers.lines, answers.users, answers.departments, _connectors_failure(answers.connectors))
    return tuple(part for part in (*parts, *answers.gaps.failures) if isinstance(part, Failure))


def _is_malformed(part: Any) -> bool:
    return isinstance(part, Failure) and part.reason is Reason.MALFORMED


def _connectors_failure(answer: Any) -> Failure | None:
    if isinstance(answer, Failure):
        return answer
    is_map = isinstance(answer, dict) and all(isinstance(title, str | None) for title in answer.values())
    if not is_map:
        return None if answer == [] else malformed(CONNECTORS, "the answer is no map of titles")
    wrong = sum(not connector_id(name) for name in answer)
    return malformed(CONNECTORS, f"{wrong} of {len(answer)} ids cannot be ids") if wrong else None


def _furniture(answers: Answers, view: View) -> list[Finding]:
    findings: list[Finding] = []
    cut = answers.gaps.cut
    if not isinstance(answers.lines, Failure):
        lines = tuple(filter(None, map(line_of, answers.lines)))
        findings.append(LinesSeen(lines=_whole(lines, view.state.lines, cut=LINES in cut)))
    titles = _titles(answers.connectors)
    if titles:
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


def _titles(answer: Any) -> tuple[tuple[str, str], ...]:
    """Connectors by their ids; what cannot be an id is none."""
    told = answer if isinstance(answer, dict) else {}
    named = [(connector_id(name), title if isinstance(title, str) else name) for name, title in told.items()]
    return tuple(sorted([(intern(name), intern(one_line(title))) for name, title in named if name]))


def _whole(told: tuple[T, ...], known: Mapping[int, T], *, cut: bool) -> tuple[T, ...]:
    """With those we know where rows could not be read: nobody said that they are gone. What says the same as before is
    the record we have: a portal's people are not kept twice."""
    missing = sorted(set(known) - {one.id for one in told}) if cut else []
    return tuple([_known(one, known) for one in told] + [known[number] for number in missing])


def _known(told: T, known: Mapping[int, T]) -> T:
    before = known.get(told.id)
    return before if before is not None and before == told else told


def manager_of(row: dict[str, Any]) -> Manager | None:
    number = integer(row.get("ID"))
    if number is None:
        return None
    name = one_line(" ".join(str(row[part]) for part in ("NAME", "LAST_NAME") if row.get(part)))
    departments = row.get("UF_DEPARTMENT")
    return Manager(
        id=number,
        name=name or f"#{number}",
        active=row.get("ACTIVE") in (True, "Y", "1", "true"),
        departments=tuple(filter(None, map(integer, departments))) if isinstance(departments, list) else (),
        position=one_line(row.get("WORK_POSITION")),
    )


def department_of(row: dict[str, Any]) -> Department | None:
    number = integer(row.get("ID"))
    if number is None:
        return None
    parent, head = integer(row.get("PARENT")), integer(row.get("UF_HEAD"))
    return Department(id=number, name=one_line(row.get("NAME")), parent=parent, head=head or None)


PROBE = PortalProbe(
    name="discovery",
    ask=asking(first, then),
    read=read,
    every=timedelta(hours=1),
    polls=POLLS,
    first=first,
    then=then,
)
PROBES = (PROBE,)
