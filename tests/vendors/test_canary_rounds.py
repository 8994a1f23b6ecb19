"""The rounds that send canaries: through a connected account only, each kept before and after, a lack of it said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from structlog.testing import capture_logs
from vendor_parts import CHANNEL, KINDS, Stage, account_of, stage

from monitor.account import AccountWatch
from monitor.canaries import CanaryRounds
from monitor.config_providers import provider_probes
from monitor.core.canary import Canary
from monitor.core.model import State
from monitor.core.policy import CanaryRule, ChannelPolicy
from monitor.core.reading import FlagSeen, Reading

TO = "79990001122@c.us"
RULE = CanaryRule(through="ours", to=TO)


async def with_canary(stand: Stage) -> CanaryRounds:
    """A channel that counts as connected, and a second account."""
    stand.watch.policy = replace(stand.watch.policy, channels={CHANNEL: ChannelPolicy(canary=RULE)})
    flag = FlagSeen(key=CHANNEL, error=False, configured=True, status=True)
    await stand.watch.take([Reading(probe="x", source="bitrix24", at=stand.clock.now(), findings=(flag,))])
    return CanaryRounds(
        clock=stand.clock, watches=lambda: {"acme": stand.watch}, accounts=lambda: {"ours": stand.account}
    )


def known(stand: Stage) -> tuple[Canary, ...]:
    return stand.watch.state.channels[CHANNEL].canaries.sent


@contextmanager
def said(word: str) -> Iterator[list[Any]]:
    rows: list[Any] = []
    with capture_logs() as logs:
        yield rows
    rows += [row for row in logs if row["event"] == word]


async def test_one_that_is_due_is_sent_once_and_kept_with_the_vendors_word() -> None:
    async with stage("green_api") as stand:
        rounds = await with_canary(stand)
        await stand.poll()
        with said("canary.sent") as told:
            await rounds.round(stand.watch)
            await rounds.round(stand.watch)
        (canary,) = known(stand)
        (letter,) = (await stand.control())["letters"]
        assert (letter["to"], canary.number in letter["text"]) == (TO, True)
        assert (canary.taken, canary.problem) == (stand.clock.now(), "")
        assert [row["number"] for row in told] == [canary.number]
        assert TO not in str(told)


async def test_one_that_is_refused_is_kept_with_the_reason_and_proves_nothing() -> None:
    async with stage("green_api") as stand:
        rounds = await with_canary(stand)
        await stand.poll()
        await stand.control(facts={"quota": "spent"})
        for _ in range(3):
            await rounds.round(stand.watch)
            stand.pass_(RULE.wait)
        assert [(one.taken, one.problem) for one in known(stand)] == [(None, "rejected http_466")] * 3
        assert stand.watch.state.channels[CHANNEL].diagnosis.state is State.CONNECTED


async def test_where_the_account_cannot_send_it_is_said_once_and_nothing_is_sent() -> None:
    async with stage("green_api") as stand:
        rounds = await with_canary(stand)
        well = (await stand.control())["rows"][KINDS["green_api"].account]
        with said("canary.no_sender") as told:
            await rounds.round(stand.watch)  # not asked yet: nothing is known
        assert told == []
        await stand.control(account=KINDS["green_api"].account, set=KINDS["green_api"].ill)
        await stand.poll()
        with said("canary.no_sender") as told:
            await rounds.round(stand.watch)
            await rounds.round(stand.watch)
        assert [(row["portal"], row["through"]) for row in told] == [("acme", "ours")]
        assert known(stand) == ()
        await stand.control(account=KINDS["green_api"].account, set=well)
        await stand.poll()
        await rounds.round(stand.watch)
        assert len(known(stand)) == 1


async def test_a_bug_of_a_probe_while_it_sends_harms_nobody() -> None:
    async with stage("green_api") as stand:
        broken = AccountWatch(
            account=replace(account_of("green_api", stand.url), settings={}),
            probe=provider_probes()["green_api"],
            get=stand.account._get,
            watches=lambda _: (),
            clock=stand.clock,
            deadline=RULE.wait,
        )
        assert await broken.send("1101000001", TO, "text") == "bug"
