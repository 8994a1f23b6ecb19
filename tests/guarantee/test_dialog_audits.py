"""Audits of facts: dialogs reach the customer's responsible, and every new dialog shows in the CRM."""

from __future__ import annotations

import pytest
from audit_parts import DAY, MINUTE, NOW, WAZZUP, Stand, stand

from monitor.sandbox.faults import Fault
from monitor.sandbox.records import Dialog


def known_customer(it: Stand, responsible: int) -> int:
    """A customer with a deal older than any dialog."""
    customer = it.world.add_customer()
    it.world.cards.deals[customer] = 600 + customer
    it.world.cards.add("deal", 600 + customer, responsible, NOW - 90 * DAY)
    return customer


def dialog(it: Stand, responsible: int, taken_by: int, *, customer: int | None = None) -> Dialog:
    writes = it.world.customer_writes(WAZZUP, 1, customer or known_customer(it, responsible))
    it.world.operator_writes(writes, taken_by)
    return writes


async def test_dialogs_of_known_customers_that_reach_their_responsible_hold() -> None:
    async with stand() as it:
        for manager in (12, 15, 18, 21, 24, 12):
            dialog(it, manager, manager)
        await it.polls(3)
        assert it.metric("routed_to_responsible") == 1
        assert [(fact.what, fact.n, fact.of) for fact in it.seen("routed_to_responsible").seen.facts] == [
            ("forward_on", 0, 0),
            ("routed", 6, 6),
        ]


async def test_dialogs_that_go_past_the_responsible_are_broken_with_share_and_n() -> None:
    async with stand() as it:
        wrong = [dialog(it, 12, 15) for _ in range(4)]
        for _ in range(2):
            dialog(it, 12, 12)
        await it.polls(3)
        assert it.metric("routed_to_responsible") == 0
        alert = it.alert("routed_to_responsible")
        assert alert["summary"] == "Линия «Линия 1»: диалоги попадают не к ответственному менеджеру"
        assert "к ответственному попали 2 из 6 диалогов известных клиентов" in alert["description"]
        assert f"мимо ответственного ушли диалоги {wrong[-1].id}" in alert["description"]


@pytest.mark.parametrize(
    ("right", "wrong", "holds"), [(4, 1, 1), (5, 2, 0), (18, 1, 1), (18, 2, 0), (37, 2, 0), (38, 2, 1), (9, 0, 1)]
)
async def test_nineteen_of_twenty_reach_their_responsible_or_all_but_one(right: int, wrong: int, holds: int) -> None:
    async with stand() as it:
        for _ in range(right):
            dialog(it, 12, 12)
        for _ in range(wrong):
            dialog(it, 12, 15)
        await it.polls(3)
        assert it.metric("routed_to_responsible") == holds


async def test_a_line_that_does_not_forward_is_broken_whatever_happened() -> None:
    async with stand() as it:
        it.world.lines[1]["CRM_FORWARD"] = "N"
        await it.polls(3)
        assert it.metric("routed_to_responsible") == 0
        assert "передача ответственному из CRM выключена" in it.alert("routed_to_responsible")["description"]


async def test_too_few_dialogs_prove_nothing_against_the_setting() -> None:
    async with stand() as it:
        for _ in range(4):
            dialog(it, 12, 15)
        await it.polls(3)
        assert it.metric("routed_to_responsible") == 1


async def test_a_customer_whose_card_is_as_young_as_the_dialog_was_not_known() -> None:
    async with stand() as it:
        for _ in range(6):
            customer = known_customer(it, 12)
            it.world.cards.add("deal", 600 + customer, 12, NOW)
            dialog(it, 12, 15, customer=customer)
        await it.polls(3)
        assert it.metric("routed_to_responsible") == 1


async def test_a_dismissed_responsible_is_counted_apart() -> None:
    async with stand() as it:
        for _ in range(6):
            dialog(it, 21, 15)
        it.world.users[21].active = False
        await it.polls(3)
        assert it.metric("routed_to_responsible") == 1
        assert ("responsible_gone", 6) in [(fact.what, fact.n) for fact in it.seen("routed_to_responsible").seen.facts]


async def test_cards_we_may_not_see_are_unknown_and_not_broken() -> None:
    async with stand() as it:
        for _ in range(6):
            dialog(it, 12, 15)
        it.sandbox.inject(Fault("ACCESS_DENIED", method="crm.deal.list"))
        await it.polls(3)
        assert it.metric("routed_to_responsible") is None
        assert it.failed("routed_to_responsible") is None


async def test_denied_lines_are_unknown_and_not_broken() -> None:
    async with stand() as it:
        it.world.lines[1] |= {"CRM_FORWARD": "N", "CRM": "N"}
        await it.polls(1)
        for method in ("imopenlines.config.list.get", "imopenlines.config.get"):
            it.sandbox.inject(Fault("ACCESS_DENIED", method=method))
        await it.polls(2)
        for check in ("routed_to_responsible", "crm_notified"):
            assert it.metric(check) is None
            assert it.failed(check) is None


async def test_new_dialogs_with_an_activity_hold() -> None:
    async with stand() as it:
        for _ in range(3):
            dialog(it, 12, 12)
        await it.polls(3)
        await it.audit()
        assert it.metric("crm_notified") == 1
        assert [(fact.what, fact.n, fact.of) for fact in it.seen("crm_notified").seen.facts] == [("notified", 3, 3)]


async def test_new_dialogs_without_an_activity_are_broken_and_named() -> None:
    async with stand() as it:
        dialog(it, 12, 12)  # from here on session ids are known
        await it.polls(3)
        it.world.lines[1]["CRM_CREATE"] = "none"
        quiet = [dialog(it, 12, 12) for _ in range(2)]
        await it.polls(12)
        await it.audit()
        assert it.metric("crm_notified") == 0
        alert = it.alert("crm_notified")
        assert alert["summary"] == "Линия «Линия 1»: новые сообщения не видны в CRM"
        assert f"нет дела в CRM: диалоги {quiet[0].id}, {quiet[1].id}" in alert["description"]


async def test_a_dialog_that_has_just_begun_is_not_judged_yet() -> None:
    async with stand() as it:
        dialog(it, 12, 12)
        it.world.lines[1]["CRM_CREATE"] = "none"
        await it.polls(1)
        young = dialog(it, 12, 12)
        await it.polls(3)
        assert young.id in it.watch.state.sessions
        assert it.metric("crm_notified") == 1


async def test_a_line_without_crm_is_broken() -> None:
    async with stand() as it:
        it.world.lines[1]["CRM"] = "N"
        await it.polls(3)
        assert it.metric("crm_notified") == 0
        assert "работа линии с CRM выключена" in it.alert("crm_notified")["description"]


async def test_an_activity_that_came_late_is_no_notice_in_time() -> None:
    async with stand() as it:
        written = dialog(it, 12, 12)
        written.created = NOW + 30 * MINUTE
        it.clock.at = NOW + 45 * MINUTE
        await it.polls(3)
        assert it.metric("crm_notified") == 0
        assert f"дело в CRM появилось поздно: диалог {written.id}" in it.alert("crm_notified")["description"]


async def test_denied_activities_are_unknown_and_not_broken() -> None:
    async with stand() as it:
        dialog(it, 12, 12)
        it.sandbox.inject(Fault("ACCESS_DENIED", method="crm.activity.list"))
        await it.polls(3)
        assert it.metric("crm_notified") is None
        assert it.failed("crm_notified") is None
