"""A channel's incidents as stories: what was read, what opened, what closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from judgement_parts import BOT, ERROR, MINUTE, OFF, OK, START, TIMEOUT, WAZZUP, World, word

from monitor.core.availability import spans
from monitor.core.channel_rules import wants_second_look
from monitor.core.channel_words import WORDS
from monitor.core.incident import Audience, IncidentKind, Severity
from monitor.core.memory import Proof
from monitor.core.model import State
from monitor.core.policy import Guarantee, Maintenance
from monitor.core.reading import WARNING

QR, DOWN, DEGRADED = IncidentKind.QR_RESCAN_REQUIRED, IncidentKind.CHANNEL_DOWN, IncidentKind.CHANNEL_DEGRADED
RISK, FLAPPING, SILENT = IncidentKind.PHONE_LOGOUT_RISK, IncidentKind.CHANNEL_FLAPPING, IncidentKind.CHANNEL_SILENT
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GUARANTEE = Guarantee(option="messengers", start=START, end=START + 365 * DAY)


def said(world: World, state: State, *, after: timedelta = MINUTE) -> None:
    world.wait(after)
    world.poll(OK, said=word(state))


def test_one_reading_of_an_error_flag_opens_nothing_and_two_open_the_rescan() -> None:
    world = World()
    world.poll(OK, ERROR)
    assert world.kinds() == []
    world.poll(ERROR)
    incident = world.incident()
    assert (incident.kind, incident.subject, incident.severity) == (QR, "1/wz_whatsapp_0a1b", Severity.CRITICAL)
    assert (incident.audience, incident.opened, incident.since) == (
        Audience.INTEGRATOR,
        START + 3 * MINUTE,
        START + 2 * MINUTE,
    )
    assert dict(incident.labels) == {
        "line": "1",
        "connector": "wz_whatsapp_0a1b",
        "messenger": "whatsapp",
        "source": "bitrix24",
        "state": "qr_required",
    }


def test_the_providers_own_word_opens_the_rescan_at_once() -> None:
    world = World()
    said(world, State.CONNECTED)
    said(world, State.QR_REQUIRED)
    assert world.kinds() == [QR]


def test_a_single_error_between_good_readings_opens_nothing() -> None:
    world = World()
    world.poll(OK, ERROR, OK, ERROR, OK)
    assert world.opened == []


def test_the_rescan_closes_when_connected_twice_and_settled_and_not_before() -> None:
    world = World()
    world.poll(ERROR, ERROR, OK, OK, OK)
    assert world.kinds() == [QR]
    world.poll(OK)
    (closed,) = world.closed
    assert (closed.close_reason, closed.closed) == ("recovered", START + 6 * MINUTE)
    assert world.kinds() == []


def test_a_hiccup_after_the_rescan_starts_the_settle_time_anew() -> None:
    world = World()
    world.poll(ERROR, ERROR, OK, OK, ERROR, OK, OK, OK)
    assert (world.kinds(), len(world.opened)) == ([QR], 1)
    world.poll(OK)
    assert world.kinds() == []


def test_the_confirmations_are_the_policys() -> None:
    world = World(confirm_open=3, confirm_close=5, settle=timedelta())
    world.poll(ERROR, ERROR)
    assert world.kinds() == []
    world.poll(ERROR, OK, OK, OK, OK)
    assert world.kinds() == [QR]
    world.poll(OK)
    assert world.kinds() == []


@pytest.mark.parametrize(
    "state",
    [State.BANNED, State.UNPAID, State.OPENED_ELSEWHERE, State.TOKEN_REVOKED, State.MISCONFIGURED],
)
def test_a_channel_that_is_down_is_confirmed_by_a_second_word_of_the_provider(state: State) -> None:
    world = World()
    said(world, state)
    assert world.kinds() == []
    world.poll(OK, OK, OK)
    assert world.kinds() == []
    said(world, state)
    assert (world.kinds(), world.incident().severity) == ([DOWN], Severity.CRITICAL)
    assert dict(world.incident().labels)["state"] == state.value


def test_a_bots_error_flag_is_a_channel_down() -> None:
    world = World()
    world.poll(OK, ERROR, ERROR, key=BOT)
    assert (world.kinds(), dict(world.incident().labels)["state"]) == ([DOWN], "misconfigured")


def test_a_channel_disconnected_by_somebody_is_down() -> None:
    world = World()
    world.poll(OK, OFF, OFF)
    assert world.kinds() == [DOWN]


def test_another_trouble_takes_over_without_a_gap() -> None:
    world = World()
    said(world, State.QR_REQUIRED)
    said(world, State.BANNED)
    assert world.kinds() == [QR]
    said(world, State.BANNED)
    assert world.kinds() == [DOWN]
    assert [(one.kind, one.close_reason) for one in world.last.closed] == [(QR, "changed")]
    assert [one.kind for one in world.last.opened] == [DOWN]


def test_another_cause_of_being_down_is_another_incident_once_it_is_confirmed() -> None:
    world = World()
    for state in (State.UNPAID, State.UNPAID, State.BANNED):
        said(world, state)
    assert len(world.opened) == 1
    said(world, State.BANNED)
    assert [(one.kind, one.close_reason) for one in world.last.closed] == [(DOWN, "changed")]
    assert dict(world.incident().alert)["state"] == "banned"
    assert world.incident().since == START + 3 * MINUTE
    assert len(world.opened) == 2


def test_a_guarantee_that_ends_makes_no_other_incident_of_the_same_state() -> None:
    world = World(guarantee=replace(GUARANTEE, end=START + DAY))
    world.poll(OK, ERROR, ERROR)
    world.wait(DAY)
    world.poll(ERROR)
    assert [one.guaranteed for one in world.opened] == [True]
    assert dict(world.incident().alert)["guaranteed"] == "yes"


def test_a_maintenance_keeps_the_incident_of_the_cause_before_and_tells_the_present_one_in_it() -> None:
    world = World(maintenance=(Maintenance(start=START + 3 * MINUTE, end=START + HOUR),))
    for state in (State.UNPAID, State.UNPAID, State.BANNED, State.BANNED):
        said(world, state)
    assert (len(world.opened), world.closed) == (1, [])
    assert "banned" in world.incident().words["en"].summary
    said(world, State.BANNED, after=HOUR)
    assert dict(world.incident().alert)["state"] == "banned"


def test_flapping_keeps_a_degraded_channels_incident_whose_state_changes() -> None:
    world = World()
    said(world, State.RESTRICTED)
    said(world, State.RESTRICTED)
    degraded = world.incident()
    for state in (State.PHONE_OFFLINE, State.RESTRICTED) * 3:
        said(world, state)
    assert world.kinds() == [DEGRADED, FLAPPING]
    said(world, State.UNKNOWN)
    said(world, State.UNKNOWN)
    assert (degraded.id in world.state.incidents, world.closed) == (True, [])


def test_while_a_channel_connects_its_trouble_goes_on_by_the_minute() -> None:
    world = World()
    for state in (State.OPENED_ELSEWHERE, State.OPENED_ELSEWHERE, *[State.CONNECTING] * 14):
        said(world, state)
    words = world.incident().words
    assert (len(world.opened), dict(world.incident().alert)["state"]) == (1, "opened_elsewhere")
    assert words["ru"].summary == "WhatsApp на линии «Продажи»: аккаунт открыт в другом месте"
    assert words["ru"].description == (
        "Не работает с 02.03.2026 09:01 (уже 15 минут). Сообщения клиентов не доходят, ответить им отсюда нельзя. "
        "Сейчас: подключается."
    )
    assert words["en"].description.endswith(" Now: connecting.")
    assert "Использовать здесь" in words["ru"].recommendation


def test_what_only_the_flag_told_goes_on_in_its_own_words() -> None:
    world = World()
    world.poll(OK, ERROR, ERROR)
    said(world, State.CONNECTING)
    assert world.incident().words["ru"].description == (
        "Битрикс24 показывает ошибку канала с 02.03.2026 09:02 (уже 2 минуты). У личного номера это обычно значит, что "
        "телефон отвязан. Сообщения клиентов не доходят, ответить им отсюда нельзя. Сейчас: подключается."
    )


def test_a_phone_that_is_about_to_be_logged_out_is_told_by_the_day_while_it_connects() -> None:
    world = World()
    said(world, State.PHONE_OFFLINE)
    said(world, State.PHONE_OFFLINE, after=10 * DAY)
    said(world, State.CONNECTING, after=DAY)
    assert world.kinds() == [RISK]
    assert "11 дней" in world.incident().words["ru"].summary


@pytest.mark.parametrize("language", ["ru", "en"])
def test_no_two_troubles_are_summed_up_in_the_same_words(language: str) -> None:
    summaries = [pair[0] for table in (WORDS[language].by_cause, WORDS[language].by_state) for pair in table.values()]
    assert len(summaries) == len(set(summaries))


def test_connecting_does_not_prove_that_the_rescan_was_done() -> None:
    world = World()
    said(world, State.QR_REQUIRED)
    for _ in range(20):
        said(world, State.CONNECTING)
    assert world.kinds() == [QR]


def test_a_channel_may_connect_for_ten_minutes_and_no_longer() -> None:
    world = World()
    said(world, State.CONNECTING)
    said(world, State.CONNECTING, after=10 * MINUTE)
    assert world.kinds() == []
    said(world, State.CONNECTING)
    assert (world.kinds(), world.incident().severity) == ([DEGRADED], Severity.WARNING)


def test_a_phone_may_be_offline_for_half_an_hour_and_no_longer() -> None:
    world = World()
    said(world, State.PHONE_OFFLINE)
    said(world, State.PHONE_OFFLINE, after=30 * MINUTE)
    assert world.kinds() == []
    said(world, State.PHONE_OFFLINE)
    assert world.kinds() == [DEGRADED]


@pytest.mark.parametrize("state", [State.RESTRICTED, State.UNKNOWN])
def test_a_restricted_channel_and_an_unknown_word_are_degraded_when_said_twice(state: State) -> None:
    world = World()
    said(world, state)
    assert world.kinds() == []
    said(world, state)
    assert world.kinds() == [DEGRADED]


def test_a_restricted_channel_ends_the_rescan_because_it_is_logged_in() -> None:
    world = World()
    for state in (State.QR_REQUIRED, State.RESTRICTED, State.RESTRICTED):
        said(world, state)
    assert world.kinds() == [DEGRADED]


def test_a_degraded_channel_that_breaks_down_is_escalated() -> None:
    world = World()
    for state in (State.RESTRICTED, State.RESTRICTED, State.BANNED, State.BANNED):
        said(world, state)
    assert world.kinds() == [DOWN]
    assert [one.close_reason for one in world.closed] == ["escalated"]


def test_a_bridge_that_the_provider_cannot_reach_degrades_the_channel_on_the_second_reading() -> None:
    world = World()
    said(world, State.UNREACHABLE)
    assert world.kinds() == []
    said(world, State.UNREACHABLE)
    assert world.kinds() == [DEGRADED]


def test_a_phone_that_is_gone_for_ten_days_is_about_to_be_logged_out() -> None:
    world = World()
    said(world, State.PHONE_OFFLINE)
    said(world, State.PHONE_OFFLINE, after=5 * DAY)
    said(world, State.CONNECTING)
    said(world, State.PHONE_OFFLINE, after=5 * DAY - 2 * MINUTE)
    assert world.kinds() == [DEGRADED]
    said(world, State.PHONE_OFFLINE)
    assert (world.kinds(), world.incident().severity) == ([RISK], Severity.CRITICAL)
    assert world.incident().since == START + MINUTE
    said(world, State.CONNECTED)
    assert world.kinds() == []
    assert world.closed[-1].close_reason == "recovered"


def test_the_risk_ends_when_the_phone_was_seen_but_asks_for_its_qr() -> None:
    world = World()
    said(world, State.PHONE_OFFLINE)
    said(world, State.PHONE_OFFLINE, after=10 * DAY)
    assert world.kinds() == [RISK]
    said(world, State.QR_REQUIRED)
    assert world.kinds() == [QR]
    assert world.closed[-1].close_reason == "changed"


def test_the_risk_ends_as_soon_as_the_phone_is_not_what_is_missing() -> None:
    world = World()
    said(world, State.PHONE_OFFLINE)
    said(world, State.PHONE_OFFLINE, after=10 * DAY)
    said(world, State.CONNECTING)
    assert world.kinds() == [RISK]
    said(world, State.BANNED)
    assert (world.kinds(), world.closed[-1].close_reason) == ([], "recovered")


def test_nothing_opens_by_the_time_that_passed_since_the_provider_was_last_heard() -> None:
    world = World()
    said(world, State.PHONE_OFFLINE)
    world.wait(3 * HOUR)
    world.poll(OK)
    assert world.kinds() == []
    said(world, State.PHONE_OFFLINE)
    assert world.kinds() == [DEGRADED]


def test_six_changes_in_an_hour_are_flapping_and_hide_the_degradation() -> None:
    world = World()
    for _ in range(3):
        said(world, State.CONNECTED, after=8 * MINUTE)
        said(world, State.RESTRICTED, after=8 * MINUTE)
    assert world.kinds() == []
    said(world, State.CONNECTED, after=8 * MINUTE)
    assert (world.kinds(), world.incident().severity) == ([FLAPPING], Severity.WARNING)
    assert "state" not in dict(world.incident().labels)
    said(world, State.RESTRICTED)
    said(world, State.RESTRICTED)
    assert world.kinds() == [FLAPPING]


def test_five_changes_in_an_hour_are_not_flapping() -> None:
    world = World()
    world.poll(OK, ERROR, OK, ERROR, OK, ERROR)
    assert FLAPPING not in world.kinds()


def test_flapping_ends_after_a_quiet_hour() -> None:
    world = World()
    world.poll(OK, ERROR, OK, ERROR, OK, ERROR, OK)
    last_change = world.now
    assert world.kinds() == [FLAPPING]
    world.wait(59 * MINUTE)
    world.poll(OK)
    assert world.kinds() == [FLAPPING]
    world.poll(OK)
    assert world.kinds() == []
    assert world.closed[-1].until == last_change


def test_a_quiet_hour_out_of_sight_is_no_quiet_hour() -> None:
    world = World()
    world.poll(OK, ERROR, OK, ERROR, OK, ERROR, OK)
    world.wait(2 * HOUR)
    world.fail(times=5)
    assert FLAPPING in world.kinds()


def test_a_silent_channel_warns_and_traffic_ends_it() -> None:
    world = World()
    world.poll(OK)
    quiet = Proof(source="traffic", word="no message for 6 h, usual gap 40 min", at=START)
    world.hear(None, silence=quiet)  # type: ignore[arg-type]  # only the traffic speaks
    assert (world.kinds(), world.incident().severity) == ([SILENT], Severity.WARNING)
    world.poll(OK)
    assert world.kinds() == []


def test_a_known_cause_ends_the_silence_by_naming_it() -> None:
    world = World()
    quiet = Proof(source="traffic", word="no message for 6 h", at=START)
    world.poll(OK)
    world.hear(None, silence=quiet)  # type: ignore[arg-type]  # only the traffic speaks
    said(world, State.QR_REQUIRED)
    assert world.kinds() == [QR]
    assert [(one.kind, one.close_reason) for one in world.closed] == [(SILENT, "escalated")]


def test_a_portal_out_of_sight_neither_opens_nor_closes_a_channels_incident() -> None:
    world = World()
    world.poll(OK, ERROR)
    world.fail(times=9)
    assert world.kinds() == [IncidentKind.PORTAL_UNREACHABLE]
    down = World()
    down.poll(ERROR, ERROR, OK, OK)
    down.wait(HOUR)
    down.fail(TIMEOUT, times=9)
    assert down.kinds() == [IncidentKind.PORTAL_UNREACHABLE, QR]
    down.poll(OK)
    assert down.kinds() == [IncidentKind.PORTAL_UNREACHABLE, QR]
    down.poll(OK)
    assert down.kinds() == []


def test_a_channel_that_was_fine_before_and_after_an_outage_of_the_portal_never_alerts() -> None:
    world = World()
    world.poll(OK, OK)
    world.fail(times=30)
    world.poll(OK, OK, OK, OK)
    assert {one.kind for one in world.opened} == {IncidentKind.PORTAL_UNREACHABLE}


def test_what_the_provider_says_opens_while_the_portal_is_out_of_sight() -> None:
    world = World(provider_types={"wazzup-main": "wazzup"})
    said(world, State.CONNECTED)
    world.fail(times=4)
    world.hear(word(State.QR_REQUIRED))
    assert world.kinds() == [IncidentKind.PORTAL_UNREACHABLE, QR]
    (rescan,) = (one for one in world.state.incidents.values() if one.kind is QR)
    assert dict(rescan.labels)["source"] == "wazzup"


def test_who_told_of_it_at_the_opening_stays_the_alerts_source_whoever_tells_of_it_later() -> None:
    world = World(provider_types={"wazzup-main": "wazzup"})
    world.poll(OK, ERROR, ERROR)
    said(world, State.QR_REQUIRED)
    said(world, State.QR_REQUIRED)
    assert (len(world.opened), dict(world.incident().alert)["source"]) == (1, "bitrix24")


def test_a_maintenance_opens_nothing_and_hands_nothing_over() -> None:
    window = Maintenance(start=START + 3 * MINUTE, end=START + HOUR)
    world = World(maintenance=(window,))
    said(world, State.QR_REQUIRED)
    said(world, State.QR_REQUIRED)
    assert world.kinds() == [QR]
    for _ in range(5):
        said(world, State.BANNED)
    assert world.kinds() == [QR]
    said(world, State.BANNED, after=HOUR)
    assert world.kinds() == [DOWN]


def test_a_recovery_within_a_maintenance_is_a_recovery() -> None:
    world = World(maintenance=(Maintenance(start=START + 2 * MINUTE + MINUTE, end=START + HOUR),))
    world.poll(ERROR, ERROR, OK, OK, OK, OK)
    assert (world.kinds(), len(world.opened)) == ([], 1)


def test_a_channel_that_vanished_takes_its_incidents_along() -> None:
    world = World()
    world.poll(ERROR, ERROR)
    gone = replace(world.memory(), gone=True)
    world.state = replace(world.state, channels={WAZZUP: gone})
    world._judge()
    assert [one.close_reason for one in world.closed] == ["gone"]


def test_with_a_webhook_only_an_unknown_channel_is_not_degraded() -> None:
    world = World(webhook_only=True)
    world.poll(OFF, OFF, OFF)
    assert world.kinds() == []


@pytest.mark.parametrize(
    ("guarantee", "state", "guaranteed"),
    [
        (None, State.QR_REQUIRED, False),
        (GUARANTEE, State.QR_REQUIRED, True),
        (GUARANTEE, State.BANNED, False),
        (GUARANTEE, State.UNPAID, False),
        (replace(GUARANTEE, option="documents"), State.QR_REQUIRED, False),
        (replace(GUARANTEE, start=START + DAY), State.QR_REQUIRED, False),
        (replace(GUARANTEE, end=START), State.QR_REQUIRED, False),
    ],
)
def test_an_incident_says_whether_the_guarantee_covers_it(
    guarantee: Guarantee | None, state: State, guaranteed: bool
) -> None:
    world = World(guarantee=guarantee)
    said(world, state)
    said(world, state)
    assert world.incident().guaranteed is guaranteed


def test_a_first_sign_by_the_flag_wants_a_second_look_until_it_is_believed() -> None:
    world = World(confirm_open=3)
    looks = []
    for bits in (OK, ERROR, ERROR, ERROR, OK):
        world.poll(bits)
        looks.append(wants_second_look(world.memory(), world.policy))
    assert looks == [False, True, True, False, False]


def test_what_a_provider_says_is_at_his_own_pace_and_a_hidden_channel_has_no_second_look() -> None:
    world = World()
    said(world, State.BANNED)
    assert not wants_second_look(world.memory(), world.policy)
    world.poll(OK, ERROR, key=BOT)
    assert wants_second_look(world.memory(BOT), world.policy)
    world.fail(times=3)
    assert world.memory(BOT).hidden is not None
    assert not wants_second_look(world.memory(BOT), world.policy)


def warned(world: World) -> None:
    world.wait(MINUTE)
    world.poll(OK, said=word(State.MISCONFIGURED, "code EXPIRED", reason=WARNING))


def test_what_a_provider_only_warns_of_is_a_warning_and_no_outage() -> None:
    world = World()
    said(world, State.CONNECTED)
    warned(world)
    assert world.kinds() == []
    warned(world)
    incident = world.incident()
    assert (incident.kind, incident.severity, dict(incident.labels)["state"]) == (
        DEGRADED,
        Severity.WARNING,
        "misconfigured",
    )
    assert "Messages still pass" in incident.words["en"].description
    assert world.memory().outages == ()
    for _ in range(5):
        said(world, State.CONNECTED)
    assert world.kinds() == []


def test_a_number_that_works_again_with_a_warning_left_is_down_no_more() -> None:
    world = World()
    for _ in range(2):
        said(world, State.MISCONFIGURED)
    assert world.kinds() == [DOWN]
    began = world.memory().outages[-1][0]
    warned(world)
    assert world.kinds() == [DEGRADED]
    assert world.memory().outages == ((began, world.now),)
    assert world.closed[-1].close_reason == "changed"
    assert [flip.after for flip in world.flips] == [State.MISCONFIGURED, State.MISCONFIGURED]
    said(world, State.MISCONFIGURED)
    assert world.kinds() == [DOWN]
    assert world.memory().outages[-1] == (world.now, None)


def test_a_channel_that_bitrix24_refuses_is_down_whatever_its_provider_warns_of() -> None:
    world = World()
    for _ in range(2):
        world.poll(OFF, said=word(State.MISCONFIGURED, "code EXPIRED", reason=WARNING))
    assert world.kinds() == [DOWN]
    assert world.memory().diagnosis.cause == "refused_by_portal"


def test_working_time_under_a_warning_is_none_that_the_guarantee_lost() -> None:
    world = World()
    said(world, State.CONNECTED)
    warned(world)
    told = spans(world.flips, WAZZUP, START, START + DAY)
    assert [(span.state, span.covered) for span in told[-2:]] == [(State.CONNECTED, True), (State.MISCONFIGURED, False)]


@pytest.mark.parametrize(("early", "kinds"), [(0.5, []), (1.5, [IncidentKind.QR_RESCAN_REQUIRED])])
def test_a_poll_that_comes_a_moment_early_is_late_enough_to_settle_it(early: float, kinds: list[IncidentKind]) -> None:
    world = World()
    world.poll(OK, ERROR, ERROR, OK, OK, OK)
    assert world.kinds() == [IncidentKind.QR_RESCAN_REQUIRED]
    world.wait(MINUTE - timedelta(seconds=early))
    world.poll(OK)
    assert world.kinds() == kinds
