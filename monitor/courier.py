"""Brings what waits in the outbox to people: each receiver in order, none held up by another, settled when delivered.

Kept before it is sent, so a crash loses nothing; what a crash cut off is sent again under the same number.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from monitor.config_receivers import Addressee
from monitor.core.heads import head_of
from monitor.core.ladder import hours_of, office_of
from monitor.core.messages import Message, after, compose, may_be_told, next_ones
from monitor.core.notices import as_it_stands, next_digest, put_off_until
from monitor.receivers import Delivered, Parcel, receiver_types
from monitor.reminder_links import with_links
from monitor.shell.clock import Clock
from monitor.shell.fence import Fenced
from monitor.shell.metrics import Registry
from monitor.shell.outbox import Outbox
from monitor.shell.store_outbox import Fate, State, Told
from monitor.shell.watch import Watch

log = structlog.get_logger()

EVERY = 1.0  # real seconds between looks into the outbox
FINISH = 10.0  # real seconds that a stop waits for what is on its way


class Courier:
    """`run` until cancelled; `finish` first, so that nothing is cut off on its way."""

    def __init__(
        self, *, outbox: Outbox, registry: Registry, clock: Clock, watches: Callable[[], Mapping[str, Watch]]
    ) -> None:
        self._outbox, self._registry, self._clock, self._watches = outbox, registry, clock, watches
        self._addressees: dict[str, Addressee] = {}
        self._busy: set[tuple[str, str]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    def adopt(self, addressees: Sequence[Addressee]) -> None:
        self._addressees = {one.rule.name: one for one in addressees}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                for (portal, receiver), rows in (await self._due()).items():
                    self._busy.add((portal, receiver))
                    self._idle.clear()
                    group.create_task(self._served(portal, receiver, rows))
                await asyncio.sleep(EVERY)

    async def finish(self) -> None:
        """Nothing new leaves; what is on its way arrives, or not, before we go."""
        self._stopping = True
        try:
            async with asyncio.timeout(FINISH):
                await self._idle.wait()
        except TimeoutError:
            log.warning("notice.cut_off", receivers=sorted(receiver for _, receiver in self._busy))

    async def _due(self) -> dict[tuple[str, str], list[Told]]:
        """The waiting rows of every receiver that nobody serves now."""
        if self._stopping or not self._addressees:
            return {}
        due: dict[tuple[str, str], list[Told]] = defaultdict(list)
        for row in await self._outbox.untold(self._clock.now()):
            if (row.portal, row.notice.receiver) not in self._busy and row.portal in self._watches():
                due[row.portal, row.notice.receiver].append(row)
        return due

    async def _served(self, portal: str, receiver: str, rows: Sequence[Told]) -> None:
        try:
            await self._serve(self._watches()[portal], receiver, rows)
        except Fenced:
            log.info("notice.fenced", portal=portal, receiver=receiver)
        finally:
            self._busy.discard((portal, receiver))
            if not self._busy:
                self._idle.set()

    async def _serve(self, watch: Watch, receiver: str, rows: Sequence[Told]) -> None:
        addressee = self._addressees.get(receiver)
        if addressee is None:
            problem = "the receiver is not in the configuration any more"
            await self._outbox.settle(watch.policy.portal, [row.row for row in rows], self._fate("given_up", problem))
            return
        started = next((row.message for row in rows if row.message), "")
        batch = [row for row in rows if row.message == started]
        batch = batch if started else [batch[place] for place in next_ones([row.notice for row in batch])]
        batch = await self._readable(watch, addressee, batch)
        if not batch or (batch[0].again is not None and batch[0].again > self._clock.real_now()):
            return
        if not started and not await self._has_room(watch, addressee, batch):
            return
        open_, rule, policy = watch.state.incidents, addressee.rule, watch.policy
        notices = [as_it_stands(row.notice, open_, rule, policy) for row in batch]
        message = compose(policy.portal, notices, rule, policy.pages)
        if message is not None:
            await self._send(watch, addressee, message, batch)

    async def _readable(self, watch: Watch, addressee: Addressee, batch: list[Told]) -> list[Told]:
        """Those that may be told at this hour; the others wait. A message that was begun goes as a whole or not yet."""
        later: dict[datetime, list[Told]] = defaultdict(list)
        now_or_later = [(one, self._put_off_until(watch, addressee, one)) for one in batch]
        told = [one for one, due in now_or_later if due is None]
        if told and batch[0].message:
            return batch
        for one, due in now_or_later:
            if due is not None:
                later[due].append(one)
        if batch[0].message:
            later = {min(later): batch}
        for due, rows in later.items():
            await self._put_off(watch, addressee, rows, due)
        return told

    def _put_off_until(self, watch: Watch, addressee: Addressee, one: Told) -> datetime | None:
        policy = watch.policy
        office = hours_of(one.notice.line or None, watch.state, policy, watch.context.public_days)
        return put_off_until(addressee.rule, policy, office, one.due, self._clock.now(), urgent=one.notice.urgent)

    async def _put_off(self, watch: Watch, addressee: Addressee, rows: Sequence[Told], due: datetime) -> None:
        portal = watch.policy.portal
        await self._outbox.put_off(portal, [one.row for one in rows], due)
        log.info(
            "notice.put_off", portal=portal, receiver=addressee.rule.name, notices=len(rows), until=due.isoformat()
        )

    async def _has_room(self, watch: Watch, addressee: Addressee, batch: Sequence[Told]) -> bool:
        """Within the day's number of messages; what is more waits for the next digest."""
        now, zone = self._clock.now(), ZoneInfo(watch.policy.timezone)
        midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        portal, rule = watch.policy.portal, addressee.rule
        sent = await self._outbox.told_since(portal, rule.name, midnight)
        if may_be_told(sent, rule, [row.notice for row in batch]):
            return True
        office = office_of(watch.state, watch.policy, watch.context.public_days)
        await self._put_off(watch, addressee, batch, next_digest(rule, watch.policy, office, now))
        return False

    async def _send(self, watch: Watch, addressee: Addressee, message: Message, batch: Sequence[Told]) -> None:
        rows, again = [row.row for row in batch], bool(batch[0].message)
        if batch[0].began is None:
            await self._outbox.take_up(watch.policy.portal, message.id, rows, self._clock.real_now())
        parcel = Parcel(
            message=await with_links(
                message,
                [row.notice for row in batch],
                watch,
                addressee.rule.language,
                store=self._outbox.store,
                clock=self._clock,
            ),
            receiver=addressee.rule,
            call=watch.call,
            head=head_of(watch.state, watch.policy, of=message.manager or None).user,
            by_webhook=watch.policy.webhook_only,
            again=again,
            secrets={name: secret.reveal() for name, secret in addressee.secrets.items()},
        )
        outcome = await receiver_types()[addressee.rule.type].deliver(parcel)
        await self._settled(watch.policy.portal, message, batch, outcome)

    async def _settled(self, portal: str, message: Message, batch: Sequence[Told], outcome: Delivered) -> None:
        receiver, failed = batch[0].notice.receiver, batch[0].failed + 1
        facts = {"portal": portal, "receiver": receiver, "message": message.id, "notices": len(batch)}
        real_now = self._clock.real_now()
        pause = after(failed, outcome.result == "refused", batch[0].began or real_now, real_now)
        if outcome.result == "delivered":
            log.info("notice.delivered", **facts)
            fate = self._fate("told")
        elif pause is None:
            log.error("notice.given_up", **facts, problem=outcome.problem)
            fate = self._fate("given_up", outcome.problem)
        else:
            if failed == 1:
                log.warning("notice.retried", **facts, problem=outcome.problem)
            fate = self._fate("waiting", outcome.problem, again=real_now + timedelta(seconds=pause))
        await self._outbox.settle(portal, [row.row for row in batch], fate)
        result = "refused" if fate.state == "given_up" else outcome.result
        self._registry.count("messenger_notifications_total", (portal, receiver, result))

    def _fate(self, state: State, problem: str = "", *, again: datetime | None = None) -> Fate:
        return Fate(state=state, at=self._clock.now(), problem=problem, again=again)
