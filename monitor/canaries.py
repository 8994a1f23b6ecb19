"""Sends the test messages that are due: each is kept before it leaves, and what became of it is kept after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog

from monitor.account import AccountWatch
from monitor.core.canary import prepared
from monitor.core.canary_rules import due
from monitor.core.model import ChannelKey
from monitor.core.policy import CanaryRule
from monitor.core.reading import CanarySent, CanaryTaken, Finding, Reading
from monitor.core.schedules import schedule_of
from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced
from monitor.shell.watch import Watch

log = structlog.get_logger()

EVERY = timedelta(seconds=30)
FASTEST = 0.1  # real seconds
AT_ONCE = 500  # portals looked at before others have their turn


class CanaryRounds:
    """`run` until cancelled. A crash between the two words leaves one of which nothing follows."""

    def __init__(
        self,
        *,
        clock: Clock,
        watches: Callable[[], Mapping[str, Watch]],
        accounts: Callable[[], Mapping[str, AccountWatch]],
    ) -> None:
        self._clock, self._watches, self._accounts = clock, watches, accounts
        self._without: set[tuple[str, str]] = set()  # portals and senders of which it was said that none can be sent

    async def run(self) -> None:
        while True:
            for index, watch in enumerate(list(self._watches().values())):
                try:
                    await self.round(watch)
                except Fenced:
                    log.info("canary.fenced", portal=watch.policy.portal)
                if index % AT_ONCE == 0:
                    await asyncio.sleep(0)
            await asyncio.sleep(max(FASTEST, EVERY.total_seconds() / self._clock.rate))

    async def round(self, watch: Watch) -> None:
        now = self._clock.now()
        for key, rule in list(due(watch.state, watch.policy, partial(_is_open, watch, now), now)):
            account = self._accounts().get(rule.through)
            sender = account.sender(rule) if account is not None else None
            if account is None or sender is None:
                self._say_none(watch.policy.portal, rule)
                continue
            self._without.discard((watch.policy.portal, rule.through))
            await self._send(watch, key, rule, account, sender)

    def _say_none(self, portal: str, rule: CanaryRule) -> None:
        """Once, and not while the account has not been asked yet."""
        account = self._accounts().get(rule.through)
        if (portal, rule.through) in self._without or account is None or account.told is None:
            return
        self._without.add((portal, rule.through))
        remedy = "it is not connected, or `canary.account` has to say which of its accounts sends"
        log.warning("canary.no_sender", portal=portal, through=rule.through, problem=remedy)

    async def _send(self, watch: Watch, key: ChannelKey, rule: CanaryRule, account: AccountWatch, sender: str) -> None:
        policy, now = watch.policy, self._clock.now()
        canary, text = prepared(policy.portal, key, policy.language, now)
        await self._keep(watch, [CanarySent(key=key, number=canary.number, digest=canary.digest, at=now)])
        problem = await account.send(sender, rule.to, text)
        at = self._clock.now()
        await self._keep(watch, [CanaryTaken(key=key, number=canary.number, at=at, problem=problem)])
        facts = {"portal": policy.portal, "line": key.line, "connector": key.connector, "number": canary.number}
        if problem:
            log.warning("canary.refused", **facts, through=rule.through, problem=problem)
        else:
            log.info("canary.sent", **facts, through=rule.through)

    async def _keep(self, watch: Watch, findings: Sequence[Finding]) -> None:
        await watch.take([Reading(probe="canary", source="person", at=self._clock.now(), findings=tuple(findings))])


def _is_open(watch: Watch, now: datetime, line: int) -> bool:
    """A line whose hours are not known is tried at any time."""
    schedule = schedule_of(line, watch.state, watch.policy, watch.context.public_days)
    return schedule is None or schedule.is_open(now)
