"""Audit of drift: what changed on a line since the hand-over, in words."""

from __future__ import annotations

from dataclasses import replace

from audit_parts import NOW, Stand, snapshot, stand

from monitor.core.drift import drift, handed_over
from monitor.core.memory import PortalState
from monitor.core.model import Line, Manager, WorkTime
from monitor.sandbox.faults import Fault


async def handed(it: Stand) -> None:
    await it.polls(2)
    assert (await snapshot(it.watch)).state.handed_over
    await it.audit()


async def test_lines_as_they_were_handed_over_hold() -> None:
    async with stand() as it:
        await handed(it)
        assert it.metric("config_drift") == 1


async def test_without_a_snapshot_there_is_nothing_to_compare_with() -> None:
    async with stand() as it:
        await it.polls(3)
        assert it.metric("config_drift") is None


async def test_who_vanished_from_the_queue_is_named_although_he_is_gone_from_the_portal() -> None:
    async with stand() as it:
        await handed(it)
        it.world.lines[1]["QUEUE"].remove("24")
        del it.world.users[24]
        it.world.lines[1]["CRM_FORWARD"] = "N"
        await it.audit()
        assert it.metric("config_drift") == 0
        alert = it.alert("config_drift")
        assert alert["summary"] == "Линия «Линия 1»: настройки изменились после сдачи"
        assert "ушли из очереди: Елена Соколова; настройка CRM_FORWARD: Y -> N" in alert["description"]
        assert alert["recommendation"].endswith(
            "снять новый снимок: messenger-monitor snapshot --portal acme. "
            "Тревога закроется сама при следующей проверке, когда всё снова в порядке."
        )
        await snapshot(it.watch)
        await it.audit()
        assert it.failed("config_drift") is None


async def test_denied_it_is_unknown_and_the_incident_stays() -> None:
    async with stand() as it:
        await handed(it)
        it.world.lines[1]["QUEUE"].remove("24")
        await it.audit()
        for method in ("imopenlines.config.list.get", "imopenlines.config.get"):
            it.sandbox.inject(Fault("ACCESS_DENIED", method=method))
        await it.audit()
        assert it.metric("config_drift") is None
        assert it.failed("config_drift") is not None


ANNA, OLEG = Manager(id=12, name="Анна Петрова"), Manager(id=15, name="Олег Смирнов")
LINE = Line(
    id=1,
    name="Продажи",
    queue=(12, 15),
    queue_departments=(7,),
    queue_type="strictly",
    worktime=WorkTime(opens=540, closes=1080, timezone="Europe/Moscow"),
    settings=(("CRM_FORWARD", "Y"), ("LINE_NAME", "Продажи"), ("WORKTIME_TO", "18")),
)
STATE = handed_over(PortalState(portal="acme", lines={1: LINE}, managers={12: ANNA, 15: OLEG}), NOW)


def changed(line: Line | None) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    facts = drift(STATE.handed_over[1], line, {12: ANNA, 15: OLEG, 18: Manager(id=18, name="Мария")})
    return [(fact.what, fact.people, fact.items) for fact in facts]


def test_every_kind_of_change_is_one_fact() -> None:
    assert changed(LINE) == []
    assert changed(None) == [("line_gone", (), ("Продажи",))]
    assert changed(replace(LINE, active=False)) == [("line_off", (), ())]
    assert changed(replace(LINE, queue=(12, 18))) == [
        ("left_queue", ("Олег Смирнов",), ()),
        ("joined_queue", ("Мария",), ()),
    ]
    assert changed(replace(LINE, queue=(15, 12))) == [("queue_order", (), ())]
    assert changed(replace(LINE, queue_departments=())) == [("left_department", (), ())]
    assert changed(replace(LINE, queue_departments=(7, 8))) == [("joined_department", (), ())]
    assert changed(replace(LINE, worktime=None)) == [("worktime", (), ("09:00-18:00", "24/7"))]


def test_the_order_of_a_queue_that_is_offered_to_all_at_once_means_nothing() -> None:
    assert changed(replace(LINE, queue=(15, 12), queue_type="all", settings=LINE.settings)) == []


def test_a_renamed_line_is_no_drift() -> None:
    assert changed(replace(LINE, name="Отдел продаж", settings=(("LINE_NAME", "Отдел продаж"),))) == []
