"""What has changed on a line since it was handed over to the customer, in facts: who vanished from which queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from monitor.core.memory import HandedOver, PortalState
from monitor.core.model import Line, Manager, WorkTime
from monitor.core.reading import AuditFact, AuditSeen, Finding, HandOver

CHECK = "config_drift"

# Settings that people or the portal itself move in the ordinary course of work.
_RESTLESS = frozenset({"LINE_NAME", "ACTIVE", "DATE_CREATE", "MODIFY_USER_ID", "SESSION_ID", "ID", "XML_ID"})


def with_snapshot(state: PortalState, findings: Iterable[Finding], now: datetime) -> PortalState:
    """Taken when a person says so, and by itself at the first audit that finds none."""
    told = list(findings)
    if any(isinstance(one, HandOver) for one in told):
        return handed_over(state, now)
    is_looked_at = any(isinstance(one, AuditSeen) and one.check == CHECK for one in told)
    return handed_over(state, now, by_itself=True) if is_looked_at and not state.handed_over else state


def handed_over(state: PortalState, now: datetime, *, by_itself: bool = False) -> PortalState:
    """The state with its lines as they are now kept as the hand-over."""
    kept = {
        line.id: HandedOver(line=line, people=_names(line.queue, state.managers), at=now, by_itself=by_itself)
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
    yield from _worktime(was.worktime, line.worktime)
    before, after = dict(was.settings), dict(line.settings)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name] and name not in _RESTLESS and not name.startswith("WORKTIME_"):
            yield AuditFact(what="setting", items=(f"{name}: {before[name] or '-'} -> {after[name] or '-'}",))


def _worktime(was: WorkTime | None, now: WorkTime | None) -> Iterator[AuditFact]:
    """Each part that has changed by itself: the same hours twice would tell nobody of a new day off."""
    if _hours(was) != _hours(now):
        yield AuditFact(what="worktime", items=(_hours(was), _hours(now)))
    if was is None or now is None:
        return
    if was.timezone != now.timezone:
        yield AuditFact(what="timezone", items=(was.timezone or "-", now.timezone or "-"))
    if set(was.days_off) != set(now.days_off):
        yield AuditFact(what="days_off", items=(_days(was), _days(now)))
    if set(was.holidays) != set(now.holidays):
        yield AuditFact(what="holidays", items=(_holidays(was), _holidays(now)))


def _days(worktime: WorkTime) -> str:
    return " ".join(str(day) for day in sorted(worktime.days_off))


def _holidays(worktime: WorkTime) -> str:
    return ", ".join(f"{day:02}.{month:02}" for month, day in sorted(worktime.holidays)) or "no"


def _hours(worktime: WorkTime | None) -> str:
    if worktime is None:
        return "24/7"
    opens, closes = divmod(worktime.opens, 60), divmod(worktime.closes, 60)
    return f"{opens[0]:02}:{opens[1]:02}-{closes[0]:02}:{closes[1]:02}"
