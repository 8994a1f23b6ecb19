"""Audit of drift: what changed on a line since the hand-over, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from audit_parts import DAY, NOW, YEAR, Stand, snapshot, stand

from monitor.core.audit_words import fact_words
from monitor.core.drift import drift, handed_over
from monitor.core.memory import HandedOver, PortalState
from monitor.core.model import Line, Manager, WorkTime
from monitor.core.reading import AuditFact
from monitor.core.words import quotable
from monitor.sandbox.faults import Fault
from monitor.shell.store_records import decode, encode


async def handed(it: Stand) -> None:
    await it.polls(2)
    assert (await snapshot(it.watch)).state.handed_over
    await it.audit()


async def test_lines_as_they_were_handed_over_hold() -> None:
    async with stand() as it:
        await handed(it)
        assert it.metric("config_drift") == 1


async def test_without_a_snapshot_the_first_audit_takes_one_by_itself() -> None:
    async with stand() as it:
        await it.polls(3)
        assert it.metric("config_drift") == 1
        (fact,) = it.seen("config_drift").seen.facts
        assert fact_words(fact, "ru") == "снимка при сдаче нет, дальше сравнивается с тем, как было 21.09.2026"
        assert fact_words(fact, "en") == (
            "no snapshot was taken at the hand-over, it is compared with what there was on 2026-09-21"
        )
        await it.audit()
        (fact,) = it.seen("config_drift").seen.facts
        assert fact_words(fact, "ru") == "как на снимке, который монитор снял сам 21.09.2026"
        assert fact_words(fact, "en") == "as in the snapshot that the monitor took by itself on 2026-09-21"
        it.world.lines[1]["QUEUE"].remove("24")
        it.clock.at += DAY
        await it.audit()
        assert it.metric("config_drift") == 0
        assert it.alert("config_drift")["description"].endswith(
            "ушли из очереди: Елена Соколова; сравнено со снимком, который монитор снял сам 21.09.2026."
        )


async def test_a_snapshot_that_a_person_takes_replaces_the_own_one_for_good() -> None:
    async with stand() as it:
        await it.polls(3)
        it.world.lines[1]["QUEUE"].remove("24")
        await it.polls(16)  # the lines are read again
        await snapshot(it.watch)
        await it.audit()
        (fact,) = it.seen("config_drift").seen.facts
        assert fact_words(fact, "ru") == "как при сдаче, на снимке от 21.09.2026"
        assert fact_words(fact, "en") == "as handed over, in the snapshot of 2026-09-21"
        it.world.lines[1]["QUEUE"].append("24")
        await it.audit()
        assert [fact.what for fact in it.seen("config_drift").seen.facts] == ["joined_queue", "snapshot"]


async def test_no_snapshot_is_taken_without_a_guarantee_in_force() -> None:
    for guarantee in (None, replace(YEAR, start=NOW + DAY), replace(YEAR, end=NOW - DAY)):
        async with stand(guarantee=guarantee) as it:
            await it.polls(3)
            assert it.watch.state.handed_over == {}


def test_a_snapshot_of_an_earlier_version_is_a_persons() -> None:
    kept = STATE.handed_over[1]
    assert decode(encode(kept).replace(',"by_itself":false', ""), HandedOver) == kept


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
        assert "ушли из очереди: Елена Соколова; настройка «передача" in alert["description"]
        assert "ответственному из CRM»: было «включено», стало «выключено»" in alert["description"]
        assert alert["recommendation"].endswith(
            "снять новый снимок: `messenger-monitor snapshot --portal acme`. "
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


def test_a_new_day_off_or_holiday_is_told_by_itself_and_not_as_the_same_hours_twice() -> None:
    assert LINE.worktime is not None
    weekend = replace(LINE.worktime, days_off=(5, 6))
    assert changed(replace(LINE, worktime=weekend)) == [("days_off", (), ("", "5 6"))]
    holiday = replace(LINE.worktime, holidays=((3, 8),))
    assert changed(replace(LINE, worktime=holiday)) == [("holidays", (), ("no", "08.03"))]
    moved = replace(LINE.worktime, timezone="Asia/Omsk")
    assert changed(replace(LINE, worktime=moved)) == [("timezone", (), ("Europe/Moscow", "Asia/Omsk"))]


@pytest.mark.parametrize(
    ("fact", "ru", "en"),
    [
        (
            AuditFact(what="worktime", items=("09:00-18:00", "24/7")),
            "рабочее время изменено: было 09:00-18:00, стало круглосуточно",
            "working hours changed: were 09:00-18:00, are round the clock",
        ),
        (
            AuditFact(what="days_off", items=("", "5 6")),
            "выходные изменены: было «нет», стало «сб, вс»",
            'days off changed: were "none", are "Sa, Su"',
        ),
        (
            AuditFact(what="holidays", items=("no", "08.03")),
            "праздничные дни изменены: было «нет», стало «08.03»",
            'holidays changed: were "none", are "08.03"',
        ),
        (
            AuditFact(what="setting", items=("CRM_CREATE: lead -> none",)),
            "настройка «что создавать в CRM»: было «лид», стало «ничего»",
            'setting "what to create in the CRM": was "lead", is "nothing"',
        ),
        (
            AuditFact(what="setting", items=("ODD_KEY: 5 -> 7",)),
            "настройка «ODD_KEY»: было «5», стало «7»",
            'setting "ODD_KEY": was "5", is "7"',
        ),
        (
            AuditFact(what="setting", items=(f"WELCOME_MESSAGE_TEXT: {'а' * 70} -> {'а' * 80}",)),
            "настройка «текст приветствия»: изменено",
            'setting "the greeting\'s text": changed',
        ),
        (
            AuditFact(what="absent", people=("Имя",), n=33),
            "давно не заходили на портал (33 дня и больше), но стоят в очереди: Имя",
            "not seen on the portal for 33 days or more, yet in the queue: Имя",
        ),
        (
            AuditFact(what="not_permitted", people=("Имя",), n=1, of=21),
            "не в очереди: Имя (1 из 21 сотрудника отдела, руководители не в счёт)",
            "not in the queue: Имя (1 of 21 in the department, heads not counted)",
        ),
        (
            AuditFact(what="public_links", items=("2026-005 2026-03-02T18:00:00+03:00",), n=1, of=5),
            "с открытой ссылкой 1 из 5, открывали: 2026-005 (02.03.2026 18:00)",
            "with a public link 1 of 5, opened: 2026-005 (2026-03-02 18:00)",
        ),
        (
            AuditFact(what="public_links", items=("-",), n=2, of=5),
            "с открытой ссылкой 2 из 5, по ссылкам никто не заходил",
            "with a public link 2 of 5, none was opened",
        ),
    ],
)
def test_a_fact_is_told_without_codes_and_agrees_with_its_number(fact: AuditFact, ru: str, en: str) -> None:
    assert (fact_words(fact, "ru"), fact_words(fact, "en")) == (ru, en)


def test_quotation_marks_of_a_name_become_the_inner_ones() -> None:
    assert quotable("Сервис «Урал»") == "Сервис „Урал“"


def test_the_order_of_a_queue_that_is_offered_to_all_at_once_means_nothing() -> None:
    assert changed(replace(LINE, queue=(15, 12), queue_type="all", settings=LINE.settings)) == []


def test_a_renamed_line_is_no_drift() -> None:
    assert changed(replace(LINE, name="Отдел продаж", settings=(("LINE_NAME", "Отдел продаж"),))) == []
