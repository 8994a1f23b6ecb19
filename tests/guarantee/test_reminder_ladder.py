"""One early warning, then exactly three reminders: in working hours, once each, whatever happens in between."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from guarantee_parts import make_policy
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.calendar import Schedule
from monitor.core.expiries import climb, terms
from monitor.core.ladder import OFFICE_WEEK, due_moments, office_of, passed_steps
from monitor.core.memory import ChannelMemory, PortalMemory, PortalState, Reminder
from monitor.core.model import Channel, Line, Messenger, State, WorkTime
from monitor.core.policy import Expiry, Ladder
from monitor.core.reading import LicenceSeen, ProviderSeen

OFFICE = Schedule(zone="Europe/Moscow", week=OFFICE_WEEK)
LADDER = Ladder()
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ENDS = datetime(2026, 12, 20, tzinfo=UTC) - 3 * HOUR  # Sunday, midnight in Moscow
LICENCE = Expiry(subject="wazzup-licence", at=ENDS, paid_through_us=True)


class Life:
    """A daemon's life with one licence: what it told, and what it keeps over restarts."""

    def __init__(self, ends: datetime = ENDS) -> None:
        self.state = PortalState(portal="acme")
        self.policy = make_policy(guarantee=None, expiries=(replace(LICENCE, at=ends),))
        self.told: list[tuple[int, datetime]] = []

    @property
    def known(self) -> Reminder:
        return self.state.reminders["wazzup-licence"]

    def live(self, start: datetime, end: datetime, every: timedelta = HOUR) -> list[int]:
        before, now = len(self.told), start
        while now < end:
            known = self.state.reminders.get("wazzup-licence")
            self.state = replace(self.state, reminders=climb(self.state, self.policy, [], now, OFFICE))
            if self.known.step > (known.step if known and known.until == self.known.until else 0):
                self.told.append((self.known.step, now))
            now += every
        return [step for step, _ in self.told[before:]]


def test_a_licence_is_told_once_early_and_then_exactly_three_times() -> None:
    life = Life()
    life.live(ENDS - 60 * DAY, ENDS)
    local = [(step, (at + 3 * HOUR).strftime("%d.%m %H:%M")) for step, at in life.told]
    assert local == [(1, "20.11 09:00"), (2, "04.12 09:00"), (3, "11.12 09:00"), (4, "18.12 09:00")]
    assert life.known.sent == 3


def test_a_reminder_due_on_a_weekend_goes_out_on_the_working_day_before() -> None:
    early, first, second, last = due_moments(ENDS, LADDER, OFFICE)
    assert [at.astimezone(UTC).weekday() for at in (early, first, second, last)] == [4, 4, 4, 4]
    assert DAY < ENDS - last < 3 * DAY


def test_a_long_holiday_swallows_no_reminder() -> None:
    new_year = tuple((date(2027, 1, day), ()) for day in range(1, 11))
    due = due_moments(datetime(2027, 1, 11, tzinfo=UTC), LADDER, replace(OFFICE, special=new_year))
    assert len({at.date() for at in due}) == 4
    assert list(due) == sorted(due)


def test_after_a_downtime_only_the_newest_missed_step_is_told() -> None:
    life = Life()
    life.live(ENDS - 40 * DAY, ENDS - 25 * DAY)
    assert life.live(ENDS - 6 * DAY, ENDS) == [3, 4]
    assert life.known.sent == 2


def test_once_it_is_over_no_reminder_is_counted_any_more() -> None:
    life = Life()
    life.live(ENDS, ENDS + 3 * DAY)
    assert (life.known.step, life.known.sent) == (4, 0)


def test_a_line_that_never_closes_reminds_nobody_at_night() -> None:
    always = PortalState(portal="acme", lines={1: Line(id=1, name="Круглосуточно")})
    assert office_of(always, make_policy(), {}) == OFFICE
    hours = WorkTime(opens=600, closes=1140, timezone="Asia/Omsk")
    both = replace(always, lines={**always.lines, 2: Line(id=2, name="Продажи", worktime=hours)})
    assert office_of(both, make_policy(), {}).zone == "Asia/Omsk"


@pytest.mark.parametrize("days", [-2, 1, 2])
def test_an_end_that_is_told_a_little_differently_is_no_renewal(days: int) -> None:
    life = Life()
    life.live(ENDS - 40 * DAY, ENDS - 20 * DAY)
    life.policy = replace(life.policy, expiries=(replace(LICENCE, at=ENDS + days * DAY),))
    life.live(ENDS - 20 * DAY, ENDS - 19 * DAY)
    assert life.known.step == 1


def test_days_that_count_down_at_any_hour_are_one_end_and_one_ladder() -> None:
    state, told = PortalState(portal="acme"), []
    policy, start = make_policy(guarantee=None), datetime(2026, 3, 2, 9, tzinfo=UTC)
    for hour in range(29 * 24):
        now = start + hour * HOUR
        days = 30 - (hour + 7) // 24  # the portal counts days by a clock of its own
        memory = PortalMemory(licence=LicenceSeen(licence="ru", installed=True, payment_expired=False, days_left=days))
        state = replace(state, memory=memory, cursor=replace(state.cursor, discovered=now))
        before = state.reminders.get("bitrix24-application")
        state = replace(state, reminders=climb(state, policy, [], now, OFFICE))
        after = state.reminders["bitrix24-application"]
        told += [after.step] if after.step > (before.step if before else 0) else []
    assert told == [1, 2, 3, 4]


def subscribed(until: datetime, account: str = "a1", connector: str = "wz") -> ChannelMemory:
    said = ProviderSeen(provider="wazzup-main", account=account, state=State.CONNECTED, raw="active", valid_until=until)
    channel = Channel(line=1, connector=connector, messenger=Messenger.WHATSAPP, provider="wazzup-main")
    return ChannelMemory(channel=channel, diagnosis=None, since=ENDS, provider=said)  # type: ignore[arg-type]  # not looked at


def test_a_licence_of_the_file_that_names_the_provider_takes_the_providers_date_and_is_told_once() -> None:
    memory = subscribed(ENDS + 200 * DAY)
    state = PortalState(portal="acme", channels={memory.channel.key: memory})
    policy = make_policy(guarantee=None, expiries=(replace(LICENCE, subject="wazzup-main"),))
    assert [(term.subject, term.at) for term in terms(state, policy)] == [("wazzup-main", ENDS + 200 * DAY)]


def test_of_several_accounts_the_first_end_counts() -> None:
    rows = [subscribed(ENDS + 9 * DAY), subscribed(ENDS, "a2", "wz2"), subscribed(ENDS + 20 * DAY, "a3", "wz3")]
    state = PortalState(portal="acme", channels={one.channel.key: one for one in rows})
    assert [term.at for term in terms(state, make_policy(guarantee=None))] == [ENDS]


def test_the_refresh_token_is_on_the_calendar_unless_there_is_none() -> None:
    state = PortalState(portal="acme", memory=PortalMemory(last_success=ENDS))
    policy = make_policy(guarantee=None)
    assert [(term.subject, term.at) for term in terms(state, policy)] == [("refresh-token", ENDS + 180 * DAY)]
    assert terms(state, replace(policy, webhook_only=True)) == ()


def test_a_guarantee_that_ended_early_is_not_reminded_of() -> None:
    policy = make_policy()
    assert [term.subject for term in terms(PortalState(portal="acme"), policy)] == ["guarantee"]
    ended = replace(policy.guarantee, ended=policy.guarantee.start + DAY) if policy.guarantee else None
    assert terms(PortalState(portal="acme"), replace(policy, guarantee=ended)) == ()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 364))
def test_over_a_year_with_50_restarts_each_step_goes_out_once_in_order_and_in_working_hours(
    seed: int, shift: int
) -> None:
    luck = random.Random(seed)
    life = Life(ENDS + shift * DAY)
    end = ENDS + shift * DAY
    at = end - 300 * DAY
    for _ in range(50):  # between two lives up to four hours of downtime: shorter than a working day
        until = min(end, at + luck.random() * 12 * DAY)
        life.live(at, until, timedelta(minutes=luck.choice((60, 120))))
        at = until + luck.random() * 4 * HOUR
    life.live(at, end)
    assert [step for step, _ in life.told] == [1, 2, 3, 4]
    assert all(OFFICE.is_open(at) and at < end for _, at in life.told)


def test_a_schedule_that_never_opens_does_not_hang() -> None:
    never = Schedule(zone="Europe/Moscow", week=((),) * 7)
    assert passed_steps(ENDS, LADDER, never, ENDS - DAY) >= 3
