"""What has changed on a line since it was handed over to the customer, in facts: who vanished from which queue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from monitor.core.memory import HandedOver, PortalState
from monitor.core.model import Line, Manager, WorkTime
from monitor.core.reading import AuditFact

# Settings that people or the portal itself move in the ordinary course of work.
_RESTLESS = frozenset({"LINE_NAME", "ACTIVE", "DATE_CREATE", "MODIFY_USER_ID", "SESSION_ID", "ID", "XML_ID"})


def handed_over(state: PortalState, now: datetime) -> PortalState:
    """The state with its lines as they are now kept as the hand-over."""
    kept = {
        line.id: HandedOver(line=line, people=_names(line.queue, state.managers), at=now)
        for line in state.lines.values()
    }
    return replace(state, handed_over=kept)


def _names(users: tuple[int, ...], managers: Mapping[int, Manager]) -> tuple[tuple[int, str], ...]:
    return tuple((user, managers[user].name if user in managers else f"#{user}") for user in users)


def drift(was: HandedOver, line: Line | None, managers: Mapping[int, Manager]) -> tuple[AuditFact, ...]:
    """Every difference; nothing where the line is as it was handed over."""
    if line is None:
        return (AuditFact(what="line_gone", items=(was.line.name,)),)
    return (*_queue(was, line, managers), *_settings(was.line, line))


def _queue(was: HandedOver, line: Line, managers: Mapping[int, Manager]) -> Iterator[AuditFact]:
    before, after = was.line.queue, line.queue
    left = tuple(name for user, name in was.people if user not in after)
    joined = tuple(name for _, name in _names(tuple(user for user in after if user not in before), managers))
    if left:
        yield AuditFact(what="left_queue", people=left, n=len(left))
    if joined:
        yield AuditFact(what="joined_queue", people=joined, n=len(joined))
    if not left and not joined and before != after and line.queue_type != "all":
        yield AuditFact(what="queue_order")
    gone, come = (
        set(was.line.queue_departments) - set(line.queue_departments),
        set(line.queue_departments) - set(was.line.queue_departments),
    )
    if gone:
        yield AuditFact(what="left_department", n=len(gone))
    if come:
        yield AuditFact(what="joined_department", n=len(come))


def _settings(was: Line, line: Line) -> Iterator[AuditFact]:
    if was.active and not line.active:
        yield AuditFact(what="line_off")
    if was.worktime != line.worktime:
        yield AuditFact(what="worktime", items=(_hours(was.worktime), _hours(line.worktime)))
    before, after = dict(was.settings), dict(line.settings)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name] and name not in _RESTLESS and not name.startswith("WORKTIME_"):
            yield AuditFact(what="setting", items=(f"{name}: {before[name] or '-'} -> {after[name] or '-'}",))


def _hours(worktime: WorkTime | None) -> str:
    if worktime is None:
        return "24/7"
    opens, closes = divmod(worktime.opens, 60), divmod(worktime.closes, 60)
    return f"{opens[0]:02}:{opens[1]:02}-{closes[0]:02}:{closes[1]:02}"
