"""The table of patterns, row by row, and the proof that goes with each verdict."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgement_parts import BOT, ERROR, OFF, OK, START, WAZZUP, channel, flag, make_policy, word

from monitor.core.diagnosis import NOT_SEEN, diagnose, rests_on_portal
from monitor.core.memory import ChannelMemory, Diagnosis, Proof
from monitor.core.model import Certainty, ChannelKey, State
from monitor.core.patterns import PATTERNS
from monitor.core.policy import Expiry
from monitor.core.reading import ProviderSeen

ODD = (False, True, False)
QUIET = Proof(source="traffic", word="no message for 6 h, usual gap 40 min", at=START)

BROKEN = [
    State.QR_REQUIRED,
    State.OPENED_ELSEWHERE,
    State.BANNED,
    State.UNPAID,
    State.TOKEN_REVOKED,
    State.MISCONFIGURED,
]
STRAINED = [State.CONNECTING, State.PHONE_OFFLINE, State.RESTRICTED]


def verdict(
    bits: tuple[bool, bool, bool] | None,
    said: ProviderSeen | None = None,
    *,
    key: ChannelKey = WAZZUP,
    was_configured: bool = True,
    silence: Proof | None = None,
    **wishes: object,
) -> Diagnosis:
    memory = ChannelMemory(
        channel=channel(key, bound=said is not None),
        diagnosis=NOT_SEEN,
        since=START,
        flag=flag(key, bits) if bits else None,
        flag_at=START if bits else None,
        provider=said,
        provider_at=START if said else None,
        was_configured=was_configured,
    )
    return diagnose(memory, make_policy(**wishes), silence)


def test_a_status_flag_that_is_true_is_connected_by_the_flag_only() -> None:
    found = verdict(OK)
    assert (found.state, found.certainty, found.cause, found.actor) == (
        State.CONNECTED,
        Certainty.BY_FLAG,
        "flag_ok",
        "nobody",
    )
    assert found.settles == "incoming messages or the provider's own status"


@pytest.mark.parametrize(
    "connector",
    [
        "wz_whatsapp_0a1b",
        "wazzup",
        "umnico_whatsapp-12345",
        "radist_online_whatsapp",
        "olchat_wa_connector_2",
        "olchat_tg_connector",
        "social_connector",
        "chatapp_whatsapp",
        "myapp_wa",
    ],
)
def test_an_error_flag_on_a_personal_account_is_likely_a_lost_qr(connector: str) -> None:
    found = verdict(ERROR, key=ChannelKey(1, connector))
    assert (found.state, found.certainty, found.cause) == (
        State.QR_REQUIRED,
        Certainty.LIKELY,
        "flag_error_personal",
    )
    assert found.settles == "the status in the provider's console or API"
    assert found.settles_ru == "статус в кабинете или API провайдера"


@pytest.mark.parametrize(
    "connector",
    [
        "telegrambot",
        "max",
        "whatsappbyedna",
        "whatsappbytwilio",
        "viber",
        "notifications",
        "livechat",
        "wz_instagram_1",
    ],
)
def test_an_error_flag_on_a_bot_or_official_account_is_taken_over_elsewhere(connector: str) -> None:
    found = verdict(ERROR, key=ChannelKey(1, connector))
    assert (found.state, found.certainty, found.cause) == (
        State.MISCONFIGURED,
        Certainty.BY_FLAG,
        "flag_error_official",
    )


@pytest.mark.parametrize("key", [WAZZUP, BOT])
def test_all_flags_false_where_they_were_true_is_disconnected_by_somebody(key: ChannelKey) -> None:
    found = verdict(OFF, key=key)
    assert (found.state, found.certainty, found.cause) == (
        State.MISCONFIGURED,
        Certainty.BY_FLAG,
        "disconnected_by_somebody",
    )


@pytest.mark.parametrize("bits", [OFF, ODD])
def test_flags_that_prove_nothing_leave_the_state_unknown(bits: tuple[bool, bool, bool]) -> None:
    found = verdict(bits, was_configured=False)
    assert (found.state, found.certainty, found.cause) == (State.UNKNOWN, Certainty.NONE, "not_seen")


@pytest.mark.parametrize("state", BROKEN)
@pytest.mark.parametrize("bits", [OK, ERROR, OFF, None])
def test_what_the_provider_calls_broken_is_believed_whatever_the_flag(
    state: State, bits: tuple[bool, bool, bool] | None
) -> None:
    found = verdict(bits, word(state, "vendor word"))
    assert (found.state, found.certainty, found.cause) == (state, Certainty.CERTAIN, "provider_broken")
    assert found.proof[-1] == Proof(source="wazzup-main", word="vendor word", at=START)
    assert found.action_ru
    assert found.action_en


@pytest.mark.parametrize("state", STRAINED)
def test_a_strained_provider_is_believed_while_the_flag_accepts_messages(state: State) -> None:
    assert verdict(OK, word(state)).state is state
    assert verdict(None, word(state)).cause == "provider_strained"


@pytest.mark.parametrize("state", [*STRAINED, State.CONNECTED])
@pytest.mark.parametrize("bits", [ERROR, OFF])
def test_a_channel_that_works_at_the_provider_but_not_in_bitrix24_is_misconfigured_and_shows_both(
    state: State, bits: tuple[bool, bool, bool]
) -> None:
    found = verdict(bits, word(state, "active"))
    assert (found.state, found.certainty, found.cause) == (
        State.MISCONFIGURED,
        Certainty.BY_FLAG,
        "refused_by_portal",
    )
    assert [proof.source for proof in found.proof] == ["bitrix24", "wazzup-main"]


def test_a_provider_that_is_connected_makes_it_certain() -> None:
    found = verdict(OK, word(State.CONNECTED, "active"))
    assert (found.state, found.certainty, found.cause) == (
        State.CONNECTED,
        Certainty.CERTAIN,
        "provider_connected",
    )


def test_a_word_we_do_not_know_leaves_the_state_unknown_and_is_shown() -> None:
    found = verdict(OK, word(State.UNKNOWN, "hibernating"))
    assert (found.state, found.cause) == (State.UNKNOWN, "provider_unclear")
    assert found.proof[-1].word == "hibernating"
    assert verdict(OK, word(State.UNREACHABLE, "BRIDGE_UNREACHABLE")).state is State.UNREACHABLE


def test_a_word_we_do_not_know_does_not_hide_what_the_flag_proves() -> None:
    assert verdict(ERROR, word(State.UNKNOWN, "hibernating")).state is State.QR_REQUIRED
    assert verdict(OFF, word(State.UNKNOWN, "hibernating")).state is State.MISCONFIGURED


def test_a_provider_whose_api_cannot_tell_leaves_the_judgement_to_the_flag() -> None:
    found = verdict(OK, word(State.UNKNOWN, "200", reason="exists"))
    assert (found.state, found.certainty) == (State.CONNECTED, Certainty.BY_FLAG)
    assert [proof.word for proof in found.proof] == ["ERROR=false, CONFIGURED=true, STATUS=true", "200 (exists)"]
    assert verdict(ERROR, word(State.CONNECTED, "paid", reason="licence_only")).state is State.QR_REQUIRED


def test_silence_is_believed_over_a_flag_and_a_provider_that_see_nothing_wrong() -> None:
    for said in (None, word(State.CONNECTED)):
        found = verdict(OK, said, silence=QUIET)
        assert (found.state, found.certainty, found.cause) == (State.SILENT, Certainty.LIKELY, "silent")
        assert found.proof[0] == QUIET


@pytest.mark.parametrize(
    ("bits", "said"), [(ERROR, None), (OFF, None), (OK, word(State.BANNED)), (ERROR, word(State.CONNECTED))]
)
def test_silence_says_nothing_where_the_cause_is_known(
    bits: tuple[bool, bool, bool], said: ProviderSeen | None
) -> None:
    assert verdict(bits, said, silence=QUIET).state is not State.SILENT


def test_with_a_webhook_the_flag_is_out_of_reach() -> None:
    found = verdict(None, webhook_only=True, was_configured=False)
    assert (found.state, found.cause) == (State.UNKNOWN, "webhook_only")
    assert found.action_en == "connect the portal by a local application: a webhook cannot see the channels' state"
    assert verdict(None, word(State.QR_REQUIRED), webhook_only=True).state is State.QR_REQUIRED


def test_the_providers_own_advice_comes_before_ours() -> None:
    own = word(
        State.QR_REQUIRED, "qridle", action_ru="Отсканировать QR в кабинете Wazzup", action_en="Scan the QR in Wazzup"
    )
    found = verdict(OK, own)
    assert (found.action_ru, found.action_en) == ("Отсканировать QR в кабинете Wazzup", "Scan the QR in Wazzup")
    refused = verdict(OFF, replace(own, state=State.CONNECTED))
    assert refused.action_en.startswith("connect the channel to the open line again")


@pytest.mark.parametrize(
    ("state", "actor"),
    [
        (State.PHONE_OFFLINE, "manager"),
        (State.RESTRICTED, "head"),
        (State.QR_REQUIRED, "integrator"),
        (State.CONNECTING, "integrator"),
    ],
)
def test_the_one_who_can_do_something_is_named(state: State, actor: str) -> None:
    assert verdict(OK, word(state)).actor == actor


@pytest.mark.parametrize(
    ("state", "covered"),
    [
        (State.BANNED, False),
        (State.RESTRICTED, False),
        (State.UNPAID, False),
        (State.QR_REQUIRED, True),
        (State.MISCONFIGURED, True),
    ],
)
def test_a_ban_and_a_licence_paid_elsewhere_are_not_covered(state: State, covered: bool) -> None:
    assert verdict(OK, word(state)).covered is covered


@pytest.mark.parametrize(
    ("subject", "ours", "covered"),
    [
        ("wazzup-licence", True, True),
        ("wazzup-licence", False, False),
        ("green-api", True, False),
        ("wazzup_main", True, True),
    ],
)
def test_a_licence_paid_through_us_is_covered(subject: str, ours: bool, covered: bool) -> None:
    expiry = Expiry(subject=subject, at=START + timedelta(days=9), paid_through_us=ours)
    found = verdict(OK, word(State.UNPAID), expiries=(expiry,), provider_types={"wazzup-main": "wazzup"})
    assert found.covered is covered


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.cause)
def test_every_row_says_what_to_do_and_what_would_settle_the_doubt_in_both_languages(pattern: object) -> None:
    assert bool(pattern.action_ru) == bool(pattern.action_en)  # type: ignore[attr-defined]  # a Pattern
    assert bool(pattern.settles_ru) == bool(pattern.settles_en)  # type: ignore[attr-defined]  # a Pattern


def test_the_rows_have_causes_of_their_own() -> None:
    causes = [pattern.cause for pattern in PATTERNS]
    assert len(set(causes)) == len(causes)


BITS = st.none() | st.tuples(st.booleans(), st.booleans(), st.booleans())
SAID = st.none() | st.builds(word, st.sampled_from(list(State)), st.text(max_size=9))


@given(BITS, SAID, st.booleans(), st.booleans(), st.none() | st.just(QUIET))
def test_whatever_is_seen_gets_a_verdict_with_all_its_witnesses(
    bits: tuple[bool, bool, bool] | None,
    said: ProviderSeen | None,
    was_configured: bool,
    webhook_only: bool,
    silence: Proof | None,
) -> None:
    found = verdict(bits, said, was_configured=was_configured, silence=silence, webhook_only=webhook_only)
    assert len(found.proof) == (bits is not None) + (said is not None) + (silence is not None)
    if found.certainty is Certainty.CERTAIN:
        assert not rests_on_portal(found)
        assert said is not None
        assert found.state is said.state
