"""When each service was last read: over restarts, over accounts, and of what has never answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from judgement_parts import BOT, MINUTE, OK, START, TIMEOUT, WAZZUP, flag, make_policy, word

from monitor.core.accounts import NOTED_EVERY, last_reads, newest
from monitor.core.desk import Context, judge
from monitor.core.memory import AccountMemory, PortalState
from monitor.core.model import Failure, State
from monitor.core.policy import ChannelPolicy
from monitor.core.reading import AccountNoted, ActivitiesSeen, ClockSeen, ProviderSeen, Reading

TYPES = {"wazzup-main": "wazzup", "wazzup-two": "wazzup", "tg": "telegram_bot"}
FIRST = ChannelPolicy(provider="wazzup-main", account="a1")
SECOND = ChannelPolicy(provider="wazzup-two", account="b1")


class Portal:
    """Its channels' services are asked by hand."""

    def __init__(self, **wishes: object) -> None:
        self.policy = make_policy(**{"channels": {WAZZUP: FIRST, BOT: SECOND}, "provider_types": TYPES, **wishes})
        self.state, self.now = PortalState(portal="acme"), START

    def ask(self, name: str, failure: Failure | None = None, *, source: str = "wazzup", noted: bool = False) -> None:
        told = (replace(word(State.CONNECTED), provider=name, account="a1" if name == "wazzup-main" else "b1"),)
        notes = (AccountNoted(provider=name, type=source, kept={"host": "x"}),) if noted else ()
        findings: tuple[ProviderSeen | AccountNoted, ...] = () if failure else (*told, *notes)
        self._judge(Reading(probe=source, source=source, account=name, at=self.now, findings=findings, failure=failure))

    def poll(self) -> None:
        clock = ClockSeen(portal=self.now, asked=self.now, answered=self.now)
        seen = (clock, ActivitiesSeen(sessions=(), watermark=self.now), flag(WAZZUP, OK))
        self._judge(Reading(probe="portal_health", source="bitrix24", at=self.now, findings=seen))

    def _judge(self, reading: Reading) -> None:
        judged = judge(self.state, [reading], self.policy, Context(), now=self.now, real_now=self.now)
        self.state = judged.state

    def reads(self, **lately: object) -> dict[str, timedelta]:
        """How long after the start each source was read."""
        told = last_reads(self.state, self.policy, lately)  # type: ignore[arg-type]  # moments by the entry's name
        return {source: at - START for source, at in told.items()}


def test_the_portals_own_last_success_is_that_of_its_state_and_no_failure_moves_it() -> None:
    portal = Portal(channels={})
    assert portal.reads() == {}
    portal.poll()
    portal.now += MINUTE
    portal._judge(Reading(probe="portal_health", source="bitrix24", at=portal.now, failure=TIMEOUT))
    assert portal.reads() == {"bitrix24": timedelta()}


def test_a_failure_keeps_the_last_answer_and_one_who_never_answered_counts_from_the_first_question() -> None:
    portal = Portal(channels={WAZZUP: FIRST})
    portal.now += MINUTE
    portal.ask("wazzup-main", TIMEOUT)
    portal.now += 30 * MINUTE
    portal.ask("wazzup-main", TIMEOUT)
    assert portal.reads() == {"wazzup": MINUTE}
    portal.ask("wazzup-main")
    portal.now += 30 * MINUTE
    portal.ask("wazzup-main", TIMEOUT)
    assert portal.reads() == {"wazzup": 31 * MINUTE}


def test_of_two_accounts_of_one_service_the_one_that_is_silent_longer_tells() -> None:
    portal = Portal()
    portal.ask("wazzup-main")
    portal.ask("wazzup-two")
    portal.now += 2 * NOTED_EVERY
    portal.ask("wazzup-main")
    portal.ask("wazzup-two", TIMEOUT)
    assert portal.reads() == {"wazzup": timedelta()}
    portal.policy = replace(portal.policy, channels={WAZZUP: FIRST})
    assert portal.reads() == {"wazzup": 2 * NOTED_EVERY}
    portal.policy = replace(portal.policy, channels={})
    assert portal.reads() == {}


def test_an_answer_is_noted_once_in_a_quarter_of_an_hour_and_this_process_knows_better() -> None:
    portal = Portal(channels={WAZZUP: FIRST})
    portal.ask("wazzup-main")
    noted = portal.state.accounts
    portal.now += NOTED_EVERY - MINUTE
    portal.ask("wazzup-main")
    assert portal.state.accounts is noted
    assert portal.reads(**{"wazzup-main": portal.now}) == {"wazzup": NOTED_EVERY - MINUTE}
    portal.now += MINUTE
    portal.ask("wazzup-main")
    assert portal.reads(**{"wazzup-main": START}) == {"wazzup": NOTED_EVERY}


def test_what_a_probe_keeps_and_when_it_answered_do_not_disturb_each_other() -> None:
    portal = Portal(channels={WAZZUP: FIRST})
    portal.ask("wazzup-main", TIMEOUT)
    portal.now += MINUTE
    portal.ask("wazzup-main", noted=True)
    known = portal.state.accounts["wazzup-main"]
    assert known == AccountMemory(type="wazzup", kept={"host": "x"}, at=portal.now, since=START, seen=portal.now)
    portal.now += MINUTE
    portal.ask("wazzup-main", TIMEOUT)
    assert portal.state.accounts["wazzup-main"] == known
    another = AccountMemory(type="wazzup", kept={}, at=portal.now + MINUTE, since=portal.now)
    assert newest([known, another], "wazzup") == {"host": "x"}


def test_a_name_given_to_another_service_begins_anew() -> None:
    portal = Portal(channels={WAZZUP: FIRST})
    portal.ask("wazzup-main")
    portal.now += MINUTE
    portal.ask("wazzup-main", TIMEOUT, source="waha")
    assert portal.reads() == {"waha": MINUTE}


@pytest.mark.parametrize("webhook_only", [True, False])
def test_a_channel_that_nobody_has_seen_is_unknown_quiet_and_gone_with_its_binding(webhook_only: bool) -> None:
    portal = Portal(channels={BOT: SECOND}, webhook_only=webhook_only)
    portal.poll()
    assert BOT not in portal.state.channels
    for _ in range(5):
        portal.now += MINUTE
        portal.ask("wazzup-two", TIMEOUT)
    memory = portal.state.channels[BOT]
    assert (memory.diagnosis.state, memory.gone) == (State.UNKNOWN, False)
    assert not portal.state.incidents
    portal.policy = replace(portal.policy, channels={})
    portal.poll()
    assert portal.state.channels[BOT].gone
    portal.policy = replace(portal.policy, channels={BOT: SECOND})
    portal.ask("wazzup-two")
    assert (portal.state.channels[BOT].diagnosis.state, portal.state.channels[BOT].gone) == (State.CONNECTED, False)


def test_a_channel_that_the_flag_tells_of_is_not_unknown_for_a_service_that_never_answered() -> None:
    portal = Portal(channels={WAZZUP: FIRST})
    portal.poll()
    portal.ask("wazzup-main", TIMEOUT)
    assert portal.state.channels[WAZZUP].diagnosis.state is State.CONNECTED
