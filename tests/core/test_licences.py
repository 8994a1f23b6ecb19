"""Which licences of the file are those of which account, when each account ends, and what of that is covered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from judgement_parts import channel, make_policy

from monitor.core.expiries import terms
from monitor.core.licences import is_paid_through_us, licences_of
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import ChannelKey, State
from monitor.core.policy import Expiry
from monitor.core.reading import ProviderSeen

NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
FILE = NOON + 60 * DAY


def licence(subject: str, *, ours: bool = True) -> Expiry:
    return Expiry(subject=subject, at=FILE, paid_through_us=ours)


@pytest.mark.parametrize(
    ("subject", "entries", "named"),
    [
        ("wazzup-licence", {"wazzup-main": "wazzup"}, {"wazzup-main"}),
        ("wazzup24-licence", {"wazzup-main": "wazzup"}, {"wazzup-main"}),
        ("WAZZUP_MAIN", {"wazzup-main": "wazzup"}, {"wazzup-main"}),
        ("wappi-licence", {"wappi-1": "wappi", "wappi-2": "wappi"}, {"wappi-1", "wappi-2"}),
        ("wappi-1-licence", {"wappi-1": "wappi", "wappi-2": "wappi"}, {"wappi-1"}),
        ("wappi-1-licence", {"wappi-1": "wappi", "wappi-10": "wappi"}, {"wappi-1"}),
        ("wappi-10-licence", {"wappi-1": "wappi", "wappi-10": "wappi"}, {"wappi-10"}),
        ("w-10-licence", {"w-1": "wappi", "w-10": "wappi"}, {"w-10"}),
        ("w1-licence", {"w-1": "wappi", "w-10": "wappi"}, {"w-1"}),
        ("wappi-2-licence", {"wappi": "wappi", "wappi-2": "wappi"}, {"wappi-2"}),
        ("wappi-licence", {"wappi": "wappi", "wappi-2": "wappi"}, {"wappi"}),
        ("лицензия-green-api", {"sales": "green_api"}, {"sales"}),
        ("sales-licence", {"sales": "green_api", "resale": "green_api"}, {"sales"}),
        ("domain", {"wazzup-main": "wazzup"}, set()),
        ("---", {"wazzup-main": "wazzup"}, set()),
    ],
)
def test_a_subject_names_an_entry_by_whole_words_and_a_type_only_where_it_names_no_entry(
    subject: str, entries: dict[str, str], named: set[str]
) -> None:
    policy = make_policy(expiries=(licence(subject),), provider_types=entries)
    assert {name for name in entries if licences_of(name, policy)} == named


def test_an_entry_with_a_licence_of_its_own_has_no_share_in_the_one_of_its_type() -> None:
    own, common = licence("wappi-2-licence", ours=False), licence("wappi-licence")
    policy = make_policy(expiries=(common, own), provider_types={"wappi-1": "wappi", "wappi-2": "wappi"})
    assert (licences_of("wappi-1", policy), licences_of("wappi-2", policy)) == ((common,), (own,))
    assert is_paid_through_us("wappi-1", policy)
    assert not is_paid_through_us("wappi-2", policy)
    assert not is_paid_through_us(None, policy)


def told(**ends: datetime) -> PortalState:
    """Accounts of the type wappi, by the letter, whose provider tells these ends."""
    channels = {}
    for line, (name, at) in enumerate(ends.items(), start=1):
        provider = name.replace("_", "-")
        word = ProviderSeen(provider=provider, account="a", state=State.CONNECTED, raw="paid", valid_until=at)
        memory = ChannelMemory(channel=channel(bound=True), diagnosis=None, since=NOON, provider=word)  # type: ignore[arg-type]  # no word of it here
        channels[ChannelKey(line, "telegrambot")] = memory
    return PortalState(portal="acme", channels=channels)


def test_the_lapse_of_one_account_is_no_end_of_another_ones_licence_and_is_told_by_itself() -> None:
    state = told(wappi_1=NOON + 300 * DAY, wappi_2=NOON - DAY)
    policy = make_policy(
        expiries=(licence("wappi-1-licence"),), provider_types={"wappi-1": "wappi", "wappi-2": "wappi"}
    )
    found = [(term.subject, term.at, term.paid_through_us) for term in terms(state, policy)]
    assert found == [("wappi-2", NOON - DAY, False), ("wappi-1-licence", NOON + 300 * DAY, True)]
    assert not is_paid_through_us("wappi-2", policy)


def test_a_licence_of_a_whole_type_ends_with_its_first_account() -> None:
    state = told(wappi_1=NOON + 300 * DAY, wappi_2=NOON + 5 * DAY)
    policy = make_policy(expiries=(licence("wappi-licence"),), provider_types={"wappi-1": "wappi", "wappi-2": "wappi"})
    assert [(term.subject, term.at) for term in terms(state, policy)] == [("wappi-licence", NOON + 5 * DAY)]
