"""The portal's own incidents as stories."""

from __future__ import annotations

from dataclasses import replace

import pytest
from judgement_parts import DENIED, MINUTE, REFUSED, START, TIMEOUT, World, make_turn

from monitor.core.cover_words import why_covered
from monitor.core.fold import fold_portal
from monitor.core.incident import Audience, Incident, IncidentKind, Severity
from monitor.core.model import Failure, Reason
from monitor.core.policy import Guarantee, Maintenance
from monitor.core.reading import Reading, ScopesSeen
from monitor.core.rules import is_blind

UNREACHABLE, AUTH = IncidentKind.PORTAL_UNREACHABLE, IncidentKind.PORTAL_AUTH_FAILED


def test_two_failed_polls_open_nothing_and_the_third_opens_the_portals_incident() -> None:
    world = World()
    world.poll()
    world.fail(times=2)
    assert (world.kinds(), is_blind(world.state, world.policy, world.now)) == ([], False)
    world.fail()
    incident = world.incident()
    assert (incident.kind, incident.severity, incident.audience) == (
        UNREACHABLE,
        Severity.CRITICAL,
        Audience.INTEGRATOR,
    )
    assert (incident.since, incident.labels) == (START + 2 * MINUTE, ())
    assert is_blind(world.state, world.policy, world.now)


def test_it_closes_after_two_good_polls_and_sight_comes_back_with_it() -> None:
    world = World()
    world.fail(times=3)
    world.poll()
    assert (world.kinds(), is_blind(world.state, world.policy, world.now)) == ([UNREACHABLE], True)
    world.poll()
    assert (world.kinds(), is_blind(world.state, world.policy, world.now)) == ([], False)
    assert [one.close_reason for one in world.closed] == ["recovered"]


def test_its_trouble_ended_with_the_first_good_poll_though_the_second_closes_it() -> None:
    world = World()
    world.fail(times=3)
    world.poll()
    world.fail()
    world.poll()
    again = world.now
    world.poll()
    (closed,) = world.closed
    assert (closed.until, closed.closed) == (again, again + MINUTE)
    assert closed.words["ru"].description == "Длилось 5 минут: с 02.03.2026 09:01 до 02.03.2026 09:06."


def test_a_good_poll_between_failures_keeps_it_open() -> None:
    world = World()
    world.fail(times=3)
    for _ in range(4):
        world.poll()
        world.fail()
    assert (world.kinds(), len(world.opened)) == ([UNREACHABLE], 1)


def test_a_refused_refresh_opens_at_once() -> None:
    world = World()
    world.fail(REFUSED)
    assert world.kinds() == [AUTH]


def test_a_denial_opens_when_it_is_repeated() -> None:
    world = World()
    world.fail(DENIED)
    assert world.kinds() == []
    world.fail(DENIED)
    assert (world.kinds(), world.incident().severity) == ([AUTH], Severity.CRITICAL)
    world.poll()
    assert world.kinds() == [AUTH]
    world.poll()
    assert world.kinds() == []


def test_a_portal_that_answers_with_denials_stays_unreachable_until_two_good_polls() -> None:
    world = World()
    world.fail(times=3)
    world.fail(DENIED, times=2)
    world.poll()
    assert (world.kinds(), world.closed) == ([AUTH, UNREACHABLE], [])
    world.poll()
    assert world.kinds() == []
    assert [one.close_reason for one in world.closed] == ["recovered", "recovered"]


def test_while_both_are_open_neither_says_that_a_portal_that_answers_does_not() -> None:
    world = World()
    world.fail(times=3)
    opened = told(world, UNREACHABLE).words["ru"]
    world.fail(DENIED, times=2)
    words, shut = told(world, UNREACHABLE).words, told(world, AUTH).words
    assert words["ru"].summary == "Портал acme не отвечал, теперь не пускает монитор"
    assert words["en"].summary == "Portal acme did not answer and now does not let the monitor in"
    assert words["ru"].recommendation == shut["ru"].recommendation
    world.poll()
    world.fail()
    assert told(world, UNREACHABLE).words == words  # one poll does not tell what it is now
    world.fail(times=2)
    assert told(world, UNREACHABLE).words["ru"].summary == opened.summary


def told(world: World, kind: IncidentKind) -> Incident:
    (incident,) = (one for one in world.state.incidents.values() if one.kind is kind)
    return incident


def test_a_denied_poll_between_others_opens_no_auth_failure() -> None:
    world = World()
    world.poll()
    for failure in (DENIED, Failure(reason=Reason.UNREACHABLE, code="500"), DENIED):
        world.fail(failure)
    assert world.kinds() == []


def test_the_permissions_that_lack_are_named() -> None:
    world = World()
    scopes = ScopesSeen(granted=frozenset(), missing=frozenset({"imopenlines", "crm"}))
    reading = Reading(probe="portal_rights", source="bitrix24", at=START, findings=(scopes,))
    world.state = replace(world.state, memory=fold_portal(world.state.memory, [reading], START))
    world.fail(Failure(reason=Reason.DENIED, code="insufficient_scope"), times=2)
    words = world.incident().words
    assert (
        "добавить приложению недостающие права, затем `messenger-monitor auth --portal acme` "
        "(не хватает прав: crm, imopenlines)" in words["ru"].recommendation
    )
    assert "(missing permissions: crm, imopenlines)" in words["en"].recommendation
    world.fail(DENIED)
    assert "crm" not in world.incident().words["en"].recommendation


def test_a_refused_refresh_does_not_prove_that_the_portal_answers() -> None:
    world = World()
    world.fail(times=3)
    world.fail(REFUSED)
    assert world.kinds() == [AUTH, UNREACHABLE]


def test_a_portal_that_fails_in_turns_is_still_found() -> None:
    world = World()
    for _ in range(3):
        world.fail(DENIED)
        world.fail(TIMEOUT)
    assert world.kinds() == [UNREACHABLE]


def test_a_maintenance_hides_the_incident_but_gives_no_sight() -> None:
    world = World(maintenance=(Maintenance(start=START, end=START + 60 * MINUTE),))
    world.fail(times=5)
    assert (world.kinds(), is_blind(world.state, world.policy, world.now)) == ([], True)


def test_the_portals_incident_hides_the_waiting_customers() -> None:
    world = World()
    world.dialog(make_turn())
    world.fail(times=60)
    assert world.kinds() == [UNREACHABLE]


@pytest.mark.parametrize(
    ("code", "guaranteed"),
    [("INVALID_CREDENTIALS", True), ("PORTAL_DELETED", False), ("WRONG_LICENSE", False)],
)
def test_a_plan_that_the_customer_let_lapse_is_not_covered(code: str, guaranteed: bool) -> None:
    world = World(guarantee=Guarantee(option="messengers", start=START, end=START + 9999 * MINUTE))
    world.fail(Failure(reason=Reason.DENIED, code=code), times=2)
    assert world.incident().guaranteed is guaranteed


@pytest.mark.parametrize(
    ("code", "cover", "first"),
    [
        ("ACCESS_DENIED:rest_not_on_plan", "portal_licence", "Интегратор: попросить клиента оплатить тариф Битрикс24"),
        ("ACCESS_DENIED", "portal_shut", "Интегратор: сначала проверить, оплачен ли у клиента тариф Битрикс24"),
        ("access_denied", "portal_shut", "Интегратор: сначала проверить, оплачен ли у клиента тариф Битрикс24"),
    ],
)
def test_a_portal_that_denies_every_call_is_not_charged_and_its_plan_is_named_first(
    code: str, cover: str, first: str
) -> None:
    world = World(guarantee=Guarantee(option="messengers", start=START, end=START + 9999 * MINUTE))
    world.fail(Failure(reason=Reason.DENIED, code=code), times=2)
    incident = world.incident()
    assert (incident.kind, incident.guaranteed, incident.cover) == (AUTH, False, cover)
    assert ("guaranteed", "no") in incident.alert
    assert incident.words["ru"].recommendation.startswith(first)


def test_what_the_plan_has_to_do_with_it_is_told_in_english_as_well() -> None:
    world = World(guarantee=Guarantee(option="messengers", start=START, end=START + 9999 * MINUTE))
    world.fail(Failure(reason=Reason.DENIED, code="ACCESS_DENIED:rest_not_on_plan"), times=2)
    assert world.incident().words["en"].recommendation == (
        "Integrator: ask the customer to pay the Bitrix24 plan or the subscription: Bitrix24 says that there is no "
        "REST without it. The application need not be authorised again. The alert closes by itself after two good "
        "polls."
    )
    assert why_covered(world.incident(), "ru") == "не входит в гарантию: тариф Битрикс24 клиент оплачивает сам"
    world.fail(Failure(reason=Reason.DENIED, code="ACCESS_DENIED"))
    assert why_covered(world.incident(), "ru") == (
        "не входит в гарантию, пока причина не ясна: так отвечает портал, где REST закрыт тарифом или у приложения "
        "отобрали права"
    )
    assert why_covered(world.incident(), "en") == (
        "not covered by the guarantee as long as the cause is not known: a portal answers so whose plan has no REST or "
        "that took the application's permissions away"
    )
