"""A date of the file that was changed is a renewal, however near; what others tell wobbles. How many days are left."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judgement_parts import channel, make_policy

from monitor.core.desk import Context, judge
from monitor.core.expiries import climb
from monitor.core.incident import Audience, IncidentKind
from monitor.core.ladder import office_of
from monitor.core.memory import ChannelMemory, Judgement, PortalState, Reminder
from monitor.core.model import ChannelKey, State
from monitor.core.policy import Expiry, Policy
from monitor.core.reading import ClockSeen, ProviderSeen, Reading
from monitor.core.receivers import Receiver
from monitor.shell.store_records import decode

NINE = datetime(2026, 3, 9, 6, tzinfo=UTC)  # a Monday, nine in Moscow
MIDNIGHT = NINE - timedelta(hours=9)
DAY = timedelta(days=1)
SUBJECT = "wazzup-licence"
DUTY = Receiver(name="duty", type="telegram", audience=Audience.INTEGRATOR)


def until(at: datetime, **wishes: object) -> Policy:
    return make_policy(expiries=(Expiry(subject=SUBJECT, at=at, paid_through_us=True),), receivers=(DUTY,), **wishes)


def poll(state: PortalState, policy: Policy, now: datetime) -> Judgement:
    reading = Reading(probe="x", source="bitrix24", at=now, findings=(ClockSeen(portal=now, asked=now, answered=now),))
    return judge(state, [reading], policy, Context(), now=now, real_now=now)


def reminded(policy: Policy) -> PortalState:
    """Through all the ladder, to the morning of the last day."""
    state = PortalState(portal="acme")
    for before in (28, 12, 5, 0):
        state = poll(state, policy, NINE - before * DAY).state
    assert (state.reminders[SUBJECT].step, state.reminders[SUBJECT].sent) == (4, 3)
    return state


@pytest.mark.parametrize("moved", [1, 2, 3, 4, 8])
def test_a_date_of_the_file_put_off_by_however_few_days_starts_the_ladder_anew(moved: int) -> None:
    state = reminded(until(MIDNIGHT + DAY))
    judged = poll(state, until(MIDNIGHT + (1 + moved) * DAY), NINE + timedelta(minutes=1))
    assert judged.state.reminders[SUBJECT].sent == 1
    assert [one.close_reason for one in judged.closed] == ["renewed"]
    (incident,) = judged.opened
    assert incident.kind is IncidentKind.EXPIRY_SOON
    assert incident.words["ru"].description.endswith("Напоминание 1 из 3.")
    assert [notice.key.rpartition("/")[2] for notice in judged.notices] == ["opened", "closed"]


def test_a_date_put_off_is_renewed_once_and_reminded_of_to_its_end() -> None:
    policy = until(MIDNIGHT + 5 * DAY)
    state = poll(reminded(until(MIDNIGHT + DAY)), policy, NINE + timedelta(minutes=1)).state
    later = poll(state, policy, NINE + timedelta(minutes=2))
    assert (later.opened, later.closed) == ((), ())
    last = poll(later.state, policy, NINE + 4 * DAY)
    assert last.state.reminders[SUBJECT].sent == 2
    assert [notice.key.rpartition("/")[2] for notice in last.notices] == ["step4"]


def test_a_date_brought_forward_into_the_past_is_over() -> None:
    judged = poll(reminded(until(MIDNIGHT + DAY)), until(MIDNIGHT), NINE + timedelta(minutes=1))
    assert [one.kind for one in judged.state.incidents.values()] == [IncidentKind.EXPIRED]


def test_a_changed_time_zone_of_the_portal_is_no_renewal() -> None:
    state = reminded(until(MIDNIGHT + DAY))
    judged = poll(state, until(MIDNIGHT + DAY - timedelta(hours=7)), NINE + timedelta(minutes=1))
    assert judged.state.reminders[SUBJECT].sent == 3
    assert judged.closed == ()


def provider_says(state: PortalState, at: datetime | None) -> PortalState:
    word = ProviderSeen(provider="wazzup-main", account="a", state=State.CONNECTED, raw="active", valid_until=at)
    memory = ChannelMemory(channel=channel(bound=True), diagnosis=None, since=NINE, provider=word)  # type: ignore[arg-type]  # no word of it here
    return replace(state, channels={ChannelKey(1, "telegrambot"): memory})


def climbed(state: PortalState, policy: Policy, now: datetime) -> Reminder:
    return climb(state, policy, [], now, office_of(state, policy, {}))[SUBJECT]


@pytest.mark.parametrize("moved", [timedelta(hours=20), 2 * DAY, -3 * DAY])
def test_an_end_that_the_provider_tells_wobbles_without_a_renewal(moved: timedelta) -> None:
    policy = until(NINE + 90 * DAY, provider_types={"wazzup-main": "wazzup"})
    state = provider_says(PortalState(portal="acme"), NINE + 7 * DAY)
    first = climbed(state, policy, NINE)
    assert (first.until, first.told, first.sent) == (NINE + 7 * DAY, True, 1)
    again = climbed(provider_says(replace(state, reminders={SUBJECT: first}), NINE + 7 * DAY + moved), policy, NINE)
    assert again.until == first.until


@pytest.mark.parametrize(("moved", "anew"), [(2 * DAY, False), (4 * DAY, True)])
def test_a_ladder_kept_before_it_knew_who_told_its_end_goes_on(moved: timedelta, anew: bool) -> None:
    policy = until(NINE + 90 * DAY, provider_types={"wazzup-main": "wazzup"})
    kept = decode('{"until": "2026-03-16T06:00:00Z", "step": 3, "sent": 2}', Reminder)
    state = provider_says(PortalState(portal="acme", reminders={SUBJECT: kept}), kept.until + moved)
    assert (climbed(state, policy, NINE) is not kept) is anew


@pytest.mark.parametrize(
    ("ends", "now", "russian", "english"),
    [
        (MIDNIGHT + DAY, NINE, "остался последний день", "the last day"),
        (MIDNIGHT + 2 * DAY, NINE, "осталось 2 дня", "2 days left"),
        (MIDNIGHT + 7 * DAY, NINE, "осталось 7 дней", "7 days left"),
        (MIDNIGHT + 14 * DAY, NINE, "осталось 14 дней", "14 days left"),
        (MIDNIGHT + 21 * DAY, NINE, "остался 21 день", "21 days left"),
        (MIDNIGHT + 30 * DAY, NINE + timedelta(hours=8), "осталось 30 дней", "30 days left"),
        (MIDNIGHT + timedelta(hours=15), NINE, "остался последний день", "the last day"),
        (MIDNIGHT + timedelta(hours=39), NINE, "остался 1 день", "1 day left"),
    ],
)
def test_days_are_counted_by_the_portals_calendar(ends: datetime, now: datetime, russian: str, english: str) -> None:
    (incident,) = poll(PortalState(portal="acme"), until(ends), now).opened
    date = (ends + timedelta(hours=3)).strftime("%d.%m.%Y")  # in Moscow
    assert incident.words["ru"].summary == f"Скоро закончится: wazzup-licence, {russian}"
    assert incident.words["en"].summary == f"Runs out soon: wazzup-licence, {english}"
    assert incident.words["ru"].description.startswith(f"wazzup-licence: срок до {date}, {russian}. ")
    assert incident.words["en"].description.startswith(f"wazzup-licence: valid until {date}, {english}. ")
