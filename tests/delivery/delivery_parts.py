"""Incidents and receivers for stories about who is told what, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from monitor.core.calendar import Schedule
from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.memory import Reminder
from monitor.core.notices import notices
from monitor.core.policy import Policy
from monitor.core.receivers import Notice, Receiver

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 09:00 in Moscow
NIGHT = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)  # 23:00 in Moscow
FRIDAY_NIGHT = NIGHT + timedelta(days=4)
OFFICE = Schedule(zone="Europe/Moscow", week=(((540, 1080),),) * 5 + ((), ()))
HEAD = Receiver(name="head", type="bitrix24")
DUTY = Receiver(name="duty", type="apprise", audience=Audience.INTEGRATOR, always=True)

_HEADS = {
    IncidentKind.SLOW_REPLY,
    IncidentKind.NO_REPLY,
    IncidentKind.CLOSED_WITHOUT_ANSWER,
    IncidentKind.LOW_COMPLIANCE,
}


def make_policy(*receivers: Receiver) -> Policy:
    return Policy(
        portal="acme",
        url="https://acme.bitrix24.ru",
        timezone="Europe/Moscow",
        pages="http://127.0.0.1:9460",
        receivers=receivers,
    )


def make_incident(kind: IncidentKind, number: str = "a1", **wishes: object) -> Incident:
    critical = kind in {IncidentKind.NO_REPLY, IncidentKind.QR_RESCAN_REQUIRED, IncidentKind.EXPIRED}
    words = Words(summary="Клиенту не ответили", description="Ждёт с 09:00.", recommendation="Ответить клиенту.")
    spoken = Words(summary="A customer waits", description="Since 09:00.", recommendation="Answer him.")
    made = Incident(
        id=number,
        kind=kind,
        subject="1777/90101",
        severity=Severity.CRITICAL if critical else Severity.WARNING,
        audience=Audience.HEAD if kind in _HEADS else Audience.INTEGRATOR,
        guaranteed=False,
        labels=(("line", "1"), ("manager", "12")),
        opened=MONDAY,
        starts_at=MONDAY,
        updated=MONDAY,
        evidence=("Диалог: https://acme.bitrix24.ru/online/?IM_HISTORY=imol|7345",),
        words={"ru": words, "en": spoken},
    )
    return replace(made, **wishes)  # type: ignore[arg-type]  # the wishes are named by the tests


def told(
    *,
    opened: tuple[Incident, ...] = (),
    updated: tuple[Incident, ...] = (),
    closed: tuple[Incident, ...] = (),
    to: tuple[Receiver, ...] = (HEAD, DUTY),
    now: datetime = MONDAY + timedelta(hours=1),
    reminders: dict[str, Reminder] | None = None,
    before: dict[str, Reminder] | None = None,
    office: Schedule = OFFICE,
) -> list[Notice]:
    policy = make_policy(*to)
    return list(notices(opened, updated, closed, reminders or {}, before or {}, policy, lambda _: office, now))


def make_notice(key: str, *, about: str = "", urgent: bool = True, manager: int = 0) -> Notice:
    return Notice(
        receiver="head",
        key=key,
        due=MONDAY,
        urgent=urgent,
        subject=f"acme: {key}",
        text=f"text of {key}",
        about=about or key,
        manager=manager,
    )


def at(hour: int, minute: int = 0) -> time:
    return time(hour, minute)
