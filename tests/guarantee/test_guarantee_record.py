"""The yearly guarantee: one year, its price, its reviews, what it covers and what never."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.assessment import Assessment, Say
from monitor.core.cover import Cover, cover_of, cover_of_channel
from monitor.core.cover_words import COVER_WORDS
from monitor.core.guarantee import (
    Standing,
    price_of,
    price_problem,
    review_days,
    standing,
    term_problem,
    told_price,
    year_after,
)
from monitor.core.incident import IncidentKind
from monitor.core.memory import ChannelMemory, Diagnosis, PortalState
from monitor.core.model import Certainty, Channel, ChannelKey, Manager, Messenger, State
from monitor.core.policy import ChannelPolicy, Expiry, Guarantee, Policy

START = datetime(2026, 2, 28, 21, tzinfo=UTC)  # 1 March in Moscow
END = datetime(2027, 2, 28, 21, tzinfo=UTC)
GUARANTEE = Guarantee(option="messengers", start=START, end=END, service_price=60_000)
DAY = timedelta(days=1)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", guarantee=GUARANTEE)


@pytest.mark.parametrize(
    ("service", "amount", "by_floor"),
    [
        (0, 24_000, True),
        (59_999, 24_000, False),
        (60_000, 24_000, False),
        (60_001, 24_001, False),
        (250_000, 100_000, False),
    ],
)
def test_a_year_costs_40_percent_of_the_service_and_at_least_24000_roubles(
    service: int, amount: int, by_floor: bool
) -> None:
    assert price_of(service) == replace(price_of(service), amount=amount, by_floor=by_floor)


@given(st.integers(min_value=0, max_value=10**9))
def test_no_price_is_below_the_floor_or_below_40_percent(service: int) -> None:
    price = price_of(service).amount
    assert price >= 24_000
    assert price * 5 >= service * 2
    assert price == 24_000 or (price - 1) * 5 < service * 2


def test_the_price_is_told_with_its_reason() -> None:
    assert told_price(GUARANTEE) == "24000 RUB a year (40 % of 60000)"
    assert told_price(replace(GUARANTEE, service_price=0)) == "24000 RUB a year (the least there is)"
    assert told_price(replace(GUARANTEE, price=30_000)) == "30000 RUB a year (agreed upon; by the rule 24000)"


def test_nothing_is_ever_refunded() -> None:
    assert price_of(1_000_000).refund == 0


def test_a_price_below_the_rule_is_refused_with_the_sum_and_the_reason() -> None:
    assert price_problem(23_999, 10_000) == "at least 24000 RUB (the least a year costs)"
    assert price_problem(30_000, 100_000) == "at least 40000 RUB (40 % of 100000)"
    assert price_problem(24_000, 10_000) == ""


@pytest.mark.parametrize("end", [date(2027, 3, 1), date(2027, 2, 28)])
def test_one_year_may_be_told_by_its_last_day_or_by_the_day_after(end: date) -> None:
    assert term_problem(date(2026, 3, 1), end) == ""


@pytest.mark.parametrize("end", [date(2026, 9, 1), date(2028, 3, 1), date(2027, 2, 27), date(2027, 3, 2)])
def test_any_other_term_is_refused_with_the_reason(end: date) -> None:
    assert term_problem(date(2026, 3, 1), end) == "2027-03-01: a guarantee is sold for one year only"


def test_a_year_begun_on_29_february_ends_with_28_february() -> None:
    assert year_after(date(2028, 2, 29)) == date(2029, 3, 1)


def test_a_year_has_26_reviews_a_fortnight_apart() -> None:
    days = review_days(GUARANTEE)
    assert len(days) == 26
    assert {later - earlier for earlier, later in pairwise(days)} == {14 * DAY}
    assert days[0] == START + 14 * DAY


def test_a_guarantee_that_ended_early_keeps_its_record_and_has_no_more_reviews() -> None:
    ended = replace(GUARANTEE, ended=START + 100 * DAY)
    assert standing(ended, START + 99 * DAY) is Standing.IN_FORCE
    assert standing(ended, START + 100 * DAY) is Standing.ENDED_EARLY
    assert standing(ended, END + DAY) is Standing.ENDED_EARLY
    assert len(review_days(ended)) == 7


def test_before_and_after_its_year_it_is_not_in_force() -> None:
    assert standing(GUARANTEE, START - DAY) is Standing.AHEAD
    assert standing(GUARANTEE, END) is Standing.OVER


def channel(state: State, **more: str) -> ChannelMemory:
    diagnosis = Diagnosis(state=state, certainty=Certainty.CERTAIN, cause="provider_said")
    known = Channel(line=1, connector="wz", messenger=Messenger.WHATSAPP, provider="wazzup-main", **more)
    return ChannelMemory(channel=known, diagnosis=diagnosis, since=START)


@pytest.mark.parametrize(
    ("state", "cover"),
    [
        (State.BANNED, Cover.NUMBER_BANNED),
        (State.RESTRICTED, Cover.NUMBER_BANNED),
        (State.UNPAID, Cover.LICENCE_ELSEWHERE),
        (State.QR_REQUIRED, Cover.COVERED),
        (State.PHONE_OFFLINE, Cover.COVERED),
        (State.TOKEN_REVOKED, Cover.COVERED),
        (State.MISCONFIGURED, Cover.COVERED),
    ],
)
def test_a_ban_and_a_licence_bought_elsewhere_are_never_covered(state: State, cover: Cover) -> None:
    assert cover_of_channel(channel(state), PortalState(portal="acme"), POLICY) is cover


def test_a_licence_paid_through_us_is_covered() -> None:
    ours = replace(POLICY, expiries=(Expiry(subject="wazzup-main", at=END, paid_through_us=True),))
    assert cover_of_channel(channel(State.UNPAID), PortalState(portal="acme"), ours) is Cover.COVERED


@pytest.mark.parametrize("state", [State.PHONE_OFFLINE, State.QR_REQUIRED])
def test_a_phone_gone_with_a_dismissed_employee_is_never_covered(state: State) -> None:
    wished = replace(POLICY, channels={ChannelKey(1, "wz"): ChannelPolicy(phone_holder=12)})
    here = PortalState(portal="acme", managers={12: Manager(id=12, name="Анна")})
    gone = PortalState(portal="acme", managers={12: Manager(id=12, name="Анна", active=False)})
    assert cover_of_channel(channel(state), here, wished) is Cover.COVERED
    assert cover_of_channel(channel(state), gone, wished) is Cover.PHONE_GONE


def said(kind: IncidentKind = IncidentKind.QR_RESCAN_REQUIRED, **more: object) -> Assessment:
    return replace(Assessment(kind=kind, subject="1/wz", say=Say.OPEN), **more)  # type: ignore[arg-type]  # named by the tests


def test_people_who_do_not_answer_are_told_apart() -> None:
    assert cover_of(said(IncidentKind.NO_REPLY, covered=False), POLICY, START) is Cover.PEOPLE


def test_the_guarantee_covers_its_one_option_only() -> None:
    documents = said(IncidentKind.GUARANTEE_CHECK_FAILED, labels=(("check", "document_numbers"),))
    other = replace(POLICY, guarantee=replace(GUARANTEE, option="documents"))
    assert cover_of(said(), POLICY, START) is Cover.COVERED
    assert cover_of(documents, POLICY, START) is Cover.OTHER_OPTION
    assert cover_of(said(), other, START) is Cover.OTHER_OPTION
    assert cover_of(documents, other, START) is Cover.COVERED


def test_outside_its_year_nothing_is_covered() -> None:
    assert cover_of(said(), POLICY, START - DAY) is Cover.NOT_IN_FORCE
    assert cover_of(said(), POLICY, END) is Cover.NOT_IN_FORCE
    assert cover_of(said(), replace(POLICY, guarantee=None), START) is Cover.NO_GUARANTEE


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_word_of_cover_is_said_in_both_languages(language: str) -> None:
    assert set(COVER_WORDS[language]) == set(Cover)
