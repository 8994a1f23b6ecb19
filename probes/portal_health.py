"""Is the portal there, does it let us in, does its clock go right, has our application all it needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from sys import intern
from typing import Any, NamedTuple

from monitor.core.history import integer, moment
from monitor.core.model import Failure, Reason
from monitor.core.plugin import Call, PortalProbe, Question, View
from monitor.core.reading import ClockSeen, Finding, LicenceSeen, Reading, ScopesSeen
from monitor.core.replacing import maker
from probes._asking import asking, total_failure

NEEDED = ("imopenlines", "crm", "im", "department")
USERS = frozenset({"user", "user_basic", "user_brief"})


class Answers(NamedTuple):
    asked: datetime
    answered: datetime
    time: Any


_reading, _seen = maker(Reading), maker(ClockSeen)


TIME: tuple[Question, ...] = (("server.time", None),)


def first(view: View) -> tuple[Question, ...]:
    del view
    return TIME


async def then(call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]) -> Answers:
    """`asked` is the beginning of the tick: what went before the question makes the clock's doubt larger, no more."""
    del call, questions
    return Answers(view.now, view.clock(), told[0])


def read(answers: Answers, view: View, now: datetime) -> Reading:
    del view
    if isinstance(answers.time, Failure):
        return Reading(probe="portal_health", source="bitrix24", at=now, failure=answers.time)
    portal = moment(answers.time)
    if portal is None:
        failure = Failure(reason=Reason.MALFORMED, detail="server.time is no date with an offset")
        return Reading(probe="portal_health", source="bitrix24", at=now, failures=(failure,))
    seen = _seen(portal=portal, asked=answers.asked, answered=answers.answered)
    return _reading(probe="portal_health", source="bitrix24", at=now, findings=(seen,))


RIGHTS_ASKED: tuple[Question, ...] = (("app.info", None), ("scope", None))


def first_rights(view: View) -> tuple[Question, ...]:
    del view
    return RIGHTS_ASKED


async def then_rights(call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]) -> list[Any]:
    del call, questions
    return list(map(view.recall.read, told))


def read_rights(answers: list[Any], view: View, now: datetime) -> Reading:
    """app.info differs between an application (its licence and payment) and a webhook (scopes and licence)."""
    failure = total_failure(answers)
    if failure is not None:
        return Reading(probe="portal_rights", source="bitrix24", at=now, failure=failure, failures=tuple(answers))
    findings: list[Finding] = []
    info, scope = answers
    if isinstance(info, dict):
        findings.append(_licence(info))
    granted = _granted(scope, info)
    if granted is not None:
        findings.append(ScopesSeen(granted=granted, missing=missing(granted)))
    del view
    failures = tuple(answer for answer in answers if isinstance(answer, Failure))
    return Reading(probe="portal_rights", source="bitrix24", at=now, findings=tuple(findings), failures=failures)


def missing(granted: frozenset[str]) -> frozenset[str]:
    """The scopes we cannot do without; any of the user scopes serves."""
    lacking = {scope for scope in NEEDED if scope not in granted}
    return frozenset(lacking | (set() if granted & USERS else {"user_brief"}))


def _granted(scope: Any, info: Any) -> frozenset[str] | None:
    told = scope if isinstance(scope, list) else info.get("SCOPE") if isinstance(info, dict) else None
    return frozenset([intern(str(word).lower()) for word in told]) if isinstance(told, list) else None


def _licence(info: dict[str, Any]) -> LicenceSeen:
    return LicenceSeen(
        licence=str(info.get("LICENSE") or ""),
        installed=info.get("INSTALLED") is not False,
        payment_expired=info.get("PAYMENT_EXPIRED") == "Y",
        days_left=integer(info.get("DAYS")),
    )


PROBE = PortalProbe(name="portal_health", ask=asking(first, then), read=read, first=first, then=then)
RIGHTS = PortalProbe(
    name="portal_rights",
    ask=asking(first_rights, then_rights),
    read=read_rights,
    every=timedelta(hours=1),
    first=first_rights,
    then=then_rights,
)
PROBES = (PROBE, RIGHTS)
