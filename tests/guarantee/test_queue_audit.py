"""Audit of the queue: the whole department can write, and the queue holds people who work."""

from __future__ import annotations

from dataclasses import replace

from audit_parts import DAY, NOW, YEAR, stand

from monitor.core.incident import Severity
from monitor.sandbox.faults import Fault


async def test_a_department_in_the_queue_can_write_and_the_queue_is_staffed() -> None:
    async with stand() as it:
        await it.polls(3)
        assert it.metric("department_can_write") == 1
        assert it.metric("queue_staffed") == 1
        assert it.failed("department_can_write") is None


async def test_somebody_of_the_department_who_is_not_in_the_queue_is_named() -> None:
    async with stand() as it:
        it.world.lines[1]["QUEUE"].remove("18")
        await it.polls(3)
        assert it.metric("department_can_write") == 0
        alert = it.alert("department_can_write")
        assert (alert["check"], alert["line"], alert["guaranteed"]) == ("department_can_write", "1", "yes")
        assert alert["severity"] == Severity.WARNING
        assert alert["summary"] == "Линия «Линия 1»: не весь отдел может писать с номера компании"
        assert "не в очереди: Мария Иванова (1 из 5 сотрудников отдела, руководители не в счёт)" in alert["description"]
        assert alert["evidence"].startswith("Не в очереди: Мария Иванова")
        assert alert["recommendation"] == (
            "Интегратор: добавить людей в очередь линии или включить в неё весь отдел. "
            "Тревога закроется сама при следующей проверке, когда всё снова в порядке."
        )
        it.world.lines[1]["QUEUE"].append("18")
        await it.audit()
        assert it.metric("department_can_write") == 1
        assert it.failed("department_can_write") is None


async def test_in_english_too() -> None:
    async with stand(language="en") as it:
        it.world.lines[1]["QUEUE"].remove("18")
        await it.polls(3)
        assert it.alert("department_can_write")["summary"] == (
            'Line "Линия 1": not the whole department can write from the company\'s number'
        )


async def test_a_whole_department_in_the_queue_permits_everybody_in_it() -> None:
    async with stand() as it:
        it.world.lines[1] |= {"QUEUE": [], "QUEUE_DEPARTMENTS": [1]}
        await it.polls(3)
        assert it.metric("department_can_write") == 1


async def test_a_dismissed_employee_in_the_queue_is_named() -> None:
    async with stand() as it:
        it.world.users[21].active = False
        await it.polls(3)
        assert it.metric("queue_staffed") == 0
        assert "уволены, но стоят в очереди: Павел Кузнецов" in it.alert("queue_staffed")["description"]


async def test_a_long_absent_employee_in_the_queue_is_named_with_the_days() -> None:
    async with stand() as it:
        it.world.users[15].last_login = NOW - 20 * DAY
        it.world.users[18].last_login = NOW - 5 * DAY
        await it.polls(3)
        assert "(20 дней и больше), но стоят в очереди: Олег Смирнов." in it.alert("queue_staffed")["description"]


async def test_who_stays_logged_in_and_was_online_today_is_not_absent_in_the_evening() -> None:
    async with stand() as it:
        oleg = it.world.users[15]
        oleg.last_login, oleg.online = NOW - 20 * DAY, True
        await it.polls(3)
        assert it.metric("queue_staffed") == 1
        assert it.watch.state.memory.online[0][0] == 15
        oleg.online = False
        await it.audit()
        assert it.metric("queue_staffed") == 1
        for _ in range(14):
            it.clock.at += DAY
            await it.polls(1)
        assert "(14 дней и больше), но стоят в очереди: Олег Смирнов." in it.alert("queue_staffed")["description"]


async def test_an_empty_queue_is_broken() -> None:
    async with stand() as it:
        it.world.lines[1]["QUEUE"] = []
        await it.polls(3)
        assert it.metric("queue_staffed") == 0
        assert "в очереди никого нет" in it.alert("queue_staffed")["description"]


async def test_a_queue_of_the_dismissed_alone_is_empty() -> None:
    async with stand() as it:
        for user in it.world.users.values():
            user.active = user.id in (1, 5)
        await it.polls(3)
        assert [fact.what for fact in it.seen("queue_staffed").seen.facts] == ["empty_queue", "dismissed"]


async def test_a_portal_without_departments_is_unknown_and_not_broken() -> None:
    async with stand() as it:
        it.world.departments.clear()
        await it.polls(3)
        assert it.metric("department_can_write") is None
        assert it.failed("department_can_write") is None
        assert it.metric("queue_staffed") == 1


async def test_a_guaranteed_department_that_is_not_there_is_said() -> None:
    async with stand(guarantee=replace(YEAR, department=99)) as it:
        await it.polls(3)
        assert "отдела 99 на портале нет" in it.alert("department_can_write")["description"]


async def test_without_a_department_in_the_file_nobody_is_asked_for() -> None:
    async with stand(guarantee=replace(YEAR, department=None)) as it:
        await it.polls(3)
        assert it.metric("department_can_write") is None
        assert it.metric("queue_staffed") == 1


async def test_access_denied_is_unknown_and_neither_opens_nor_closes_anything() -> None:
    async with stand() as it:
        it.world.lines[1]["QUEUE"].remove("18")
        await it.polls(3)
        assert it.failed("department_can_write") is not None
        it.sandbox.inject(Fault("ACCESS_DENIED", method="user.get"))
        await it.audit()
        assert it.metric("department_can_write") is None
        assert it.metric("queue_staffed") is None
        assert it.failed("department_can_write") is not None
        assert it.failed("queue_staffed") is None
        assert it.watch.state.memory.up is True
        it.sandbox.heal()
        await it.audit()
        assert it.metric("department_can_write") == 0


async def test_a_refusal_of_everything_the_audit_asks_is_unknown_too() -> None:
    async with stand() as it:
        await it.polls(3)
        for method in ("user.get", "department.get", "imopenlines.config.list.get", "imopenlines.config.get"):
            it.sandbox.inject(Fault("ACCESS_DENIED", method=method))
        await it.audit()
        assert it.metric("queue_staffed") is None
        assert it.watch.state.memory.auth_ok is True


async def test_without_a_guarantee_or_after_its_end_nothing_is_audited() -> None:
    for guarantee in (None, replace(YEAR, end=NOW - DAY), replace(YEAR, ended=NOW - DAY), replace(YEAR, checks=())):
        async with stand(guarantee=guarantee) as it:
            it.world.lines[1]["QUEUE"] = []
            await it.polls(3)
            assert it.watch.state.audits == {}
            assert it.metric("queue_staffed") is None
