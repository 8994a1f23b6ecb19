"""Whose a channel seems to be by its ids and titles, and what stands unbound on either side."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.core.binding import guess_of, unbound_accounts, unwatched
from monitor.core.diagnosis import NOT_SEEN
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import Channel, ChannelKey, Line, Messenger, State
from monitor.core.policy import ChannelPolicy, Policy
from monitor.core.reading import ProviderSeen, Reading

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
WAZZUP = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"


@pytest.mark.parametrize(
    ("connector", "title", "line", "type_", "account"),
    [
        (WAZZUP, "", "", "wazzup", ""),
        ("wz_max_0a1b2c3d4e5f60718293a4b5c6d7e8f9", "", "", "wazzup", ""),
        ("wz0b8f2f0e-5a1c-4f0d-9a77-2f6f6d7c1a10", "", "", "wazzup", ""),
        ("umnico_whatsapp-12345", "", "", "umnico", "12345"),
        ("radist_online_whatsapp", "", "", "radist", ""),
        ("whatsappbyedna", "", "", "edna", ""),
        ("telegrambot", "Telegram", "", "telegram_bot", ""),
        ("app_77", "GREEN-API WhatsApp", "", "green_api", ""),
        ("app_77", "ChatApp: Telegram", "", "chatapp", ""),
        ("app_77", "WhatsApp", "Sales (Wappi)", "wappi", ""),
        ("wappi_pro", "", "", "wappi", ""),
        ("app_77", "Pact", "", "pact", ""),
        ("custom", "MAX", "", "max_bot", ""),
    ],
)
def test_a_name_tells_the_provider(connector: str, title: str, line: str, type_: str, account: str) -> None:
    guess = guess_of(connector, title, line)
    assert guess is not None
    assert (guess.type, guess.account) == (type_, account)


@pytest.mark.parametrize(
    ("connector", "title"),
    [("livechat", "Chat"), ("app_77", "WhatsApp"), ("impactful", "Impact"), ("x", "Maximum"), ("x", "Wazzup or Wappi")],
)
def test_a_name_that_tells_nothing_or_two_things_is_no_guess(connector: str, title: str) -> None:
    assert guess_of(connector, title) is None


def portal(*keys: ChannelKey, provider: str | None = None, gone: bool = False) -> PortalState:
    channels = {
        key: ChannelMemory(
            channel=Channel(line=key.line, connector=key.connector, messenger=Messenger.OTHER, provider=provider),
            diagnosis=NOT_SEEN,
            since=NOW,
            gone=gone,
        )
        for key in keys
    }
    return PortalState(portal="acme", channels=channels, lines={1: Line(id=1, name="Sales")})


def policy(types: dict[str, str], *bound: tuple[str, str | None]) -> Policy:
    channels = {
        ChannelKey(number, WAZZUP): ChannelPolicy(provider=provider, account=account)
        for number, (provider, account) in enumerate(bound, 1)
    }
    return Policy(portal="acme", url="", timezone="UTC", channels=channels, provider_types=types)


def told(provider: str, *accounts: str) -> Reading:
    findings = tuple(ProviderSeen(provider=provider, account=one, state=State.CONNECTED, raw="ok") for one in accounts)
    return Reading(probe="wazzup", source="wazzup", at=NOW, findings=findings)


def test_an_unwatched_channel_comes_with_the_line_of_config_that_would_bind_it() -> None:
    (found,) = unwatched(portal(ChannelKey(1, WAZZUP)), policy({"wz": "wazzup"}), {"wz": ("c1",)})
    assert found.entry == f"{{connector: {WAZZUP}, line: 1, provider: wz, account: c1}}"


def test_with_two_entries_or_two_accounts_left_nothing_is_chosen_for_the_integrator() -> None:
    state = portal(ChannelKey(1, WAZZUP))
    (found,) = unwatched(state, policy({"wz": "wazzup", "wz-2": "wazzup"}), {})
    assert (found.providers, found.entry) == (("wz", "wz-2"), "")
    (found,) = unwatched(state, policy({"wz": "wazzup"}), {"wz": ("c1", "c2")})
    assert found.entry == f"{{connector: {WAZZUP}, line: 1, provider: wz}}"


def test_the_account_in_an_id_is_pre_filled() -> None:
    (found,) = unwatched(portal(ChannelKey(1, "umnico_whatsapp-12345")), policy({"um": "umnico"}), {"um": ("9", "8")})
    assert found.entry == "{connector: umnico_whatsapp-12345, line: 1, provider: um, account: 12345}"


def test_bound_and_vanished_channels_and_the_portals_own_chat_are_not_unwatched() -> None:
    own = portal(ChannelKey(1, "livechat"), ChannelKey(1, "avito"))
    bound = portal(ChannelKey(1, WAZZUP), provider="wz")
    vanished = portal(ChannelKey(1, WAZZUP), gone=True)
    assert [unwatched(one, policy({}), {}) for one in (own, bound, vanished)] == [()] * 3


def test_accounts_that_no_channel_of_any_portal_is_bound_to_are_left() -> None:
    readings = [told("wz", "c1", "c2", "c3"), told("tg", "shop_bot")]
    policies = [policy({}, ("wz", "c1")), policy({}, ("wz", "c3"))]
    assert unbound_accounts(readings, policies) == {"tg": ("shop_bot",), "wz": ("c2",)}


def test_the_one_account_of_an_entry_needs_no_name() -> None:
    assert unbound_accounts([told("tg", "shop_bot")], [policy({}, ("tg", None))]) == {}
