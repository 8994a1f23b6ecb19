"""Licences, subscriptions and the guarantee running out: one early warning, three reminders, and then it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judgement_parts import MINUTE, WAZZUP, channel, make_policy

from monitor.core.alerts import alerts
from monitor.core.calm import calm_until
from monitor.core.desk import Context, judge
from monitor.core.expiries import terms
from monitor.core.incident import Audience, IncidentKind, Severity
from monitor.core.memory import ChannelMemory, Judgement, PortalMemory, PortalState
from monitor.core.model import State
from monitor.core.policy import Expiry, Guarantee, Policy
from monitor.core.reading import Acknowledged, ClockSeen, LicenceSeen, ProviderSeen, Reading
from monitor.core.receivers import Receiver

NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday, noon in Moscow
DAY = timedelta(days=1)
END = NOON + 60 * DAY
POLICY = make_policy(expiries=(Expiry(subject="wazzup-licence", at=END, paid_through_us=True),))
SOON, OVER = IncidentKind.EXPIRY_SOON, IncidentKind.EXPIRED


def poll(state: PortalState, now: datetime, *subjects: str, policy=POLICY) -> Judgement:
    findings = (ClockSeen(portal=now, asked=now, answered=now), *(Acknowledged(subject=one) for one in subjects))
    reading = Reading(probe="x", source="bitrix24", at=now, findings=findings)
    return judge(state, [reading], policy, Context(), now=now, real_now=now)


def lived(*days: float, policy=POLICY, hour: int = 0) -> tuple[PortalState, list[Judgement]]:
    """Polled at noon so many days before the end."""
    state, told = PortalState(portal="acme"), []
    for day in days:
        judged = poll(state, END - day * DAY + timedelta(hours=hour), policy=policy)
        state = judged.state
        told.append(judged)
    return state, told


def kinds(state: PortalState) -> list[IncidentKind]:
    return sorted(one.kind for one in state.incidents.values())


def test_one_early_warning_and_then_exactly_three_reminders() -> None:
    every_day = [float(day) for day in range(40, -1, -1)]
    _, told = lived(*every_day)
    sent = [judged.state.reminders["wazzup-licence"].sent for judged in told]
    assert sorted(set(sent)) == [0, 1, 2, 3]
    changed = [day for day, judged in zip(every_day, told, strict=True) if judged.opened or judged.updated]
    assert [one for one in changed if told[int(40 - one)].opened] == [30.0, 0.0]
    (warning,) = told[10].opened
    assert (warning.kind, warning.severity, warning.labels) == (
        SOON,
        Severity.WARNING,
        (("subject", "wazzup-licence"),),
    )
    assert "раннее предупреждение" in warning.words["ru"].description
    assert kinds(told[-1].state) == [OVER]
    over = next(iter(told[-1].state.incidents.values()))
    assert over.severity is Severity.CRITICAL
    assert over.words["ru"].summary == "Истёк срок: wazzup-licence"  # "Закончилось" is what is well again
    assert over.words["en"].summary == "Has run out: wazzup-licence"


def test_a_step_waits_for_working_hours() -> None:
    state, _ = lived(30, hour=9)  # nine in the evening
    assert kinds(state) == []


def test_after_a_downtime_only_the_newest_missed_reminder_is_told() -> None:
    state, _ = lived(28, 4)
    reminder = state.reminders["wazzup-licence"]
    assert (reminder.step, reminder.sent) == (3, 1)
    again = poll(state, END - 4 * DAY + MINUTE)
    assert again.state.reminders["wazzup-licence"] is reminder


def test_a_new_date_starts_the_ladder_anew_and_closes_the_incident() -> None:
    state, _ = lived(28, 14)
    renewed = replace(POLICY, expiries=(replace(POLICY.expiries[0], at=END + 365 * DAY),))
    judged = poll(state, END - 13 * DAY, policy=renewed)
    assert [one.close_reason for one in judged.closed] == ["renewed"]
    assert judged.state.reminders["wazzup-licence"].step == 0


def test_who_acknowledges_hears_no_more_of_this_date() -> None:
    state, _ = lived(28)
    judged = poll(state, END - 27 * DAY, "wazzup-licence", "unheard-of")
    assert [one.close_reason for one in judged.closed] == ["acknowledged"]
    assert kinds(poll(judged.state, END - DAY).state) == []


def test_what_the_config_names_no_more_is_gone() -> None:
    state, _ = lived(28)
    judged = poll(state, END - 27 * DAY, policy=replace(POLICY, expiries=()))
    assert [one.close_reason for one in judged.closed] == ["gone"]
    assert "wazzup-licence" not in judged.state.reminders


def test_a_date_renewed_after_it_was_over_ends_the_alarm() -> None:
    state, _ = lived(28, -1)
    assert kinds(state) == [OVER]
    later = replace(POLICY, expiries=(replace(POLICY.expiries[0], at=END + 20 * DAY),))
    judged = poll(state, END + 2 * DAY, policy=later)
    assert [one.close_reason for one in judged.closed] == ["renewed"]


def test_one_calendar_holds_what_config_providers_portal_and_guarantee_tell() -> None:
    word = ProviderSeen(
        provider="wazzup-main", account="a1", state=State.CONNECTED, raw="active", valid_until=NOON + 9 * DAY
    )
    memory = ChannelMemory(channel=channel(bound=True), diagnosis=None, since=NOON, provider=word)  # type: ignore[arg-type]
    licence = LicenceSeen(licence="ru_basic", installed=True, payment_expired=False, days_left=5)
    state = PortalState(
        portal="acme", channels={WAZZUP: memory}, memory=PortalMemory(licence=licence),
    )  # fmt: skip
    state = replace(state, cursor=replace(state.cursor, discovered=NOON))
    policy = replace(POLICY, guarantee=Guarantee(option="messengers", start=NOON, end=NOON + 365 * DAY))
    told = [(term.subject, (term.at - NOON).days) for term in terms(state, policy)]
    assert told == [("bitrix24-application", 4), ("wazzup-main", 9), ("wazzup-licence", 60), ("guarantee", 365)]


@pytest.mark.parametrize(("ours", "word"), [(True, "да"), (False, "нет")])
def test_its_evidence_says_whose_payment_it_is(ours: bool, word: str) -> None:
    policy = replace(POLICY, expiries=(replace(POLICY.expiries[0], paid_through_us=ours),))
    state, _ = lived(28, policy=policy)
    (incident,) = state.incidents.values()
    assert f"Оплата через интегратора: {word}." in incident.evidence


SATURDAY_NIGHT = datetime(2026, 3, 7, 20, tzinfo=UTC)  # 23 o'clock in Moscow
MONDAY = datetime(2026, 3, 9, 6, 1, tzinfo=UTC)


def ended_at(at: datetime, *receivers: Receiver) -> Policy:
    return replace(POLICY, expiries=(replace(POLICY.expiries[0], at=at),), receivers=receivers)


@pytest.mark.parametrize("ago", [timedelta(), timedelta(minutes=1), 7 * DAY])
def test_what_is_over_is_an_incident_at_once_also_on_a_saturday_night(ago: timedelta) -> None:
    policy = ended_at(SATURDAY_NIGHT - ago)
    judged = poll(PortalState(portal="acme"), SATURDAY_NIGHT, policy=policy)
    (incident,) = judged.opened
    assert (incident.kind, incident.since) == (OVER, SATURDAY_NIGHT - ago)
    assert dict(alerts(judged.state.incidents.values(), policy))
    assert judged.state.reminders["wazzup-licence"].sent == 0


def test_what_was_soon_over_gives_way_the_moment_it_is_over() -> None:
    policy = ended_at(SATURDAY_NIGHT)
    state = poll(PortalState(portal="acme"), SATURDAY_NIGHT - timedelta(hours=32), policy=policy).state
    assert (kinds(state), state.reminders["wazzup-licence"].step) == ([SOON], 4)
    state = poll(state, SATURDAY_NIGHT - MINUTE, policy=policy).state
    assert kinds(state) == [SOON]
    judged = poll(state, SATURDAY_NIGHT, policy=policy)
    assert (kinds(judged.state), [one.close_reason for one in judged.closed]) == ([OVER], ["escalated"])


def test_people_hear_of_it_once_in_working_hours_and_at_once_who_wants_it_at_any_hour() -> None:
    policy = ended_at(
        SATURDAY_NIGHT,
        Receiver(name="duty", type="telegram", audience=Audience.INTEGRATOR),
        Receiver(name="night", type="telegram", audience=Audience.INTEGRATOR, always=True),
    )
    first = poll(PortalState(portal="acme"), SATURDAY_NIGHT, policy=policy)
    later = poll(first.state, MONDAY, policy=policy)
    told = [(one.receiver, one.due) for one in (*first.notices, *later.notices)]
    assert told == [("duty", MONDAY - MINUTE), ("night", SATURDAY_NIGHT)]
    assert later.state.reminders["wazzup-licence"].step == 4  # kept when the office opens, told already


def test_who_acknowledges_on_the_night_itself_ends_it() -> None:
    policy = ended_at(SATURDAY_NIGHT)
    state = poll(PortalState(portal="acme"), SATURDAY_NIGHT, policy=policy).state
    judged = poll(state, SATURDAY_NIGHT + MINUTE, "wazzup-licence", policy=policy)
    assert [one.close_reason for one in judged.closed] == ["acknowledged"]
    assert kinds(poll(judged.state, MONDAY, policy=policy).state) == []


def test_a_date_corrected_to_another_one_that_is_over_leaves_the_alarm() -> None:
    state = poll(PortalState(portal="acme"), SATURDAY_NIGHT, policy=ended_at(SATURDAY_NIGHT)).state
    judged = poll(state, SATURDAY_NIGHT + MINUTE, policy=ended_at(SATURDAY_NIGHT - 30 * DAY))
    assert (kinds(judged.state), judged.closed) == ([OVER], ())


def test_a_calm_portal_is_looked_at_the_moment_something_ends() -> None:
    policy = ended_at(SATURDAY_NIGHT + timedelta(minutes=7))
    state = poll(PortalState(portal="acme"), SATURDAY_NIGHT, policy=policy).state
    well = replace(state.memory, good=9)
    settled = replace(state.cursor, settled=True, watermark=SATURDAY_NIGHT, discovered=SATURDAY_NIGHT)
    state = replace(state, memory=well, cursor=settled)
    assert calm_until(state, policy, SATURDAY_NIGHT) == SATURDAY_NIGHT + timedelta(minutes=7)
    assert calm_until(state, policy, SATURDAY_NIGHT + timedelta(minutes=7)) == SATURDAY_NIGHT + timedelta(minutes=15)


MIDNIGHT = NOON - timedelta(hours=12)  # in Moscow


def applied(days: int | None, *, expired: bool, seen: datetime = NOON, state: PortalState | None = None) -> PortalState:
    """The portal's word of the application's payment, polled an hour later."""
    licence = LicenceSeen(licence="ru_basic", installed=True, payment_expired=expired, days_left=days)
    state = state or PortalState(portal="acme")
    memory = replace(state.memory, licence=licence)
    state = replace(state, memory=memory, cursor=replace(state.cursor, discovered=seen))
    return poll(state, seen + timedelta(hours=1), policy=make_policy()).state


def application(state: PortalState) -> list[IncidentKind]:
    return [one.kind for one in state.incidents.values() if one.subject == "bitrix24-application"]


@pytest.mark.parametrize(
    ("days", "expired", "at", "kind"),
    [
        (5, False, MIDNIGHT + 5 * DAY, [SOON]),
        (1, False, MIDNIGHT + DAY, [SOON]),
        (0, False, MIDNIGHT + DAY, [SOON]),  # the last day
        (0, True, MIDNIGHT, [OVER]),
        (-2, True, MIDNIGHT - 2 * DAY, [OVER]),  # the grace
        (-2, False, MIDNIGHT - 2 * DAY, [OVER]),
        (9, True, MIDNIGHT, [OVER]),
        (None, True, MIDNIGHT, [OVER]),
        (None, False, None, []),
    ],
)
def test_the_applications_payment_runs_out_and_is_over(
    days: int | None, expired: bool, at: datetime | None, kind: list[IncidentKind]
) -> None:
    state = applied(days, expired=expired)
    told = {term.subject: term.at for term in terms(state, make_policy())}
    assert (told.get("bitrix24-application"), application(state)) == (at, kind)


def test_the_applications_payment_goes_from_soon_to_over_and_through_its_grace_to_paid() -> None:
    state, told = PortalState(portal="acme"), []
    for day, (days, expired) in enumerate(((2, False), (1, False), (0, False), (-1, True), (-2, True), (363, False))):
        state = applied(days, expired=expired, seen=NOON + day * DAY, state=state)
        told.append(application(state))
    assert told == [[SOON], [SOON], [SOON], [OVER], [OVER], []]


def test_an_end_without_days_stays_when_it_was_first_told_and_acknowledged() -> None:
    state = applied(None, expired=True)
    state = poll(state, NOON + timedelta(hours=2), "bitrix24-application", policy=make_policy()).state
    for day in range(1, 20):
        state = applied(None, expired=True, seen=NOON + day * DAY, state=state)
    assert state.reminders["bitrix24-application"].until == MIDNIGHT
    assert application(state) == []
