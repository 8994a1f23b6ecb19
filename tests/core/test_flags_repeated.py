"""A flag that says the same again is not judged again, and nobody can tell the difference."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.channels import identify
from monitor.core.fold import fold_channel
from monitor.core.memory import ChannelMemory, PortalState, Proof
from monitor.core.model import ChannelKey, State
from monitor.core.policy import Policy
from monitor.core.reading import FlagSeen, ProviderSeen

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEY = ChannelKey(1, "wz_whatsapp")
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow")
CHANNEL = replace(identify(KEY, PortalState(portal="acme"), POLICY), provider="wazzup", account="a")
SILENT = Proof(source="traffic", word="nobody writes", at=AT)
WORD = ProviderSeen(provider="wazzup", account="a", state=State.QR_REQUIRED, raw="qridle")

FLAGS = st.builds(FlagSeen, key=st.just(KEY), configured=st.booleans(), status=st.booleans(), error=st.booleans())
STEPS = st.tuples(
    st.one_of(st.none(), FLAGS, st.just(FlagSeen(key=KEY, configured=True, status=True, error=False))),
    st.sampled_from([None, None, WORD]),
    st.booleans(),
    st.sampled_from([None, None, SILENT]),
    st.integers(0, 50),
)


@given(st.lists(STEPS, max_size=12))
def test_a_repeated_flag_leaves_what_judging_it_anew_would_leave(
    steps: list[tuple[FlagSeen | None, ProviderSeen | None, bool, Proof | None, int]],
) -> None:
    quick: ChannelMemory | None = None
    slow: ChannelMemory | None = None
    now = AT
    for flag, word, blind, silence, minutes in steps:
        now += timedelta(minutes=minutes)
        quick, flip = fold_channel(quick, CHANNEL, flag, word, blind, POLICY, now, silence, settled=True)
        slow, other = fold_channel(slow, CHANNEL, flag, word, blind, POLICY, now, silence)
        assert (quick, flip) == (slow, other)


def test_what_is_settled_is_judged_anew_where_the_flag_says_something_else() -> None:
    well = FlagSeen(key=KEY, configured=True, status=True, error=False)
    memory, _ = fold_channel(None, CHANNEL, well, None, False, POLICY, AT)
    after, flip = fold_channel(memory, CHANNEL, replace(well, error=True), None, False, POLICY, AT, settled=True)
    assert flip is not None
    assert after.diagnosis.state is not State.CONNECTED
