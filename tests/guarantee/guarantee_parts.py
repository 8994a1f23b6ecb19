"""A portal under guarantee, judged by the daemon's own desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.desk import Context, judge
from monitor.core.incident import Incident, IncidentKind
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import Line, Manager
from monitor.core.policy import Expiry, Guarantee, Policy
from monitor.core.reading import AuditFact, AuditSeen, ClockSeen, Finding, Reading

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # a Monday, 09:00 in Moscow
GUARANTEE = Guarantee(option="messengers", start=START - 30 * DAY, end=START + 335 * DAY, service_price=60_000)
LICENCE = Expiry(subject="wazzup-licence", at=START + 40 * DAY - 9 * HOUR, paid_through_us=True)


def make_policy(**wishes: object) -> Policy:
    policy = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", guarantee=GUARANTEE)
    return replace(policy, **wishes)  # type: ignore[arg-type]  # the wishes are named by the tests


class Portal:
    """Poll by poll; what was opened, closed and sent is kept in order."""

    def __init__(self, **wishes: object) -> None:
        self.policy = make_policy(**wishes)
        self.now = START
        self.state = PortalState(
            portal="acme",
            lines={1: Line(id=1, name="Продажи")},
            managers={12: Manager(id=12, name="Анна Петрова")},
        )
        self.judgements: list[Judgement] = []

    def poll(self, *findings: Finding, probe: str = "portal_health") -> Judgement:
        clock = ClockSeen(portal=self.now, asked=self.now, answered=self.now)
        reading = Reading(probe=probe, source="bitrix24", at=self.now, findings=(clock, *findings))
        return self.take([reading])

    def take(self, readings: Sequence[Reading]) -> Judgement:
        judged = judge(self.state, readings, self.policy, Context(), now=self.now, real_now=self.now)
        self.state = judged.state
        self.judgements.append(judged)
        return judged

    def live(self, days: float, every: timedelta = 2 * HOUR) -> None:
        end = self.now + days * DAY
        while self.now < end:
            self.poll()
            self.now += every

    def open(self, kind: IncidentKind) -> Incident | None:
        return next((one for one in self.state.incidents.values() if one.kind is kind), None)

    def closed(self) -> list[tuple[str, str]]:
        return [(one.kind.value, one.close_reason) for judged in self.judgements for one in judged.closed]

    def steps(self) -> list[tuple[str, int]]:
        return [(one.subject, one.step) for judged in self.judgements for one in judged.reminders]


def seen(check: str = "queue_staffed", holds: bool | None = False, line: int = 1, *facts: AuditFact) -> AuditSeen:
    return AuditSeen(check=check, line=line, holds=holds, facts=facts or (AuditFact(what="empty_queue"),))
