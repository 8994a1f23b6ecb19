"""A whole guarantee year on a real store: restarts and crashes at random moments lose and repeat nothing."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from guarantee_parts import DAY, make_policy

from monitor.core.calendar import Schedule
from monitor.core.desk import Context, judge
from monitor.core.ladder import OFFICE_WEEK
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import Line
from monitor.core.past_reviews import missing_periods
from monitor.core.policy import Expiry, Guarantee, Policy
from monitor.core.reading import AuditFact, AuditSeen, ClockSeen, Finding, Reading
from monitor.core.receivers import Receiver
from monitor.review_making import Subject, kept_of, make
from monitor.shell.outbox import Outbox
from monitor.shell.store import Store
from monitor.shell.store_reviews import paper

START = datetime(2026, 2, 28, 21, tzinfo=UTC)  # 1 March in Moscow
YEAR = Guarantee(option="messengers", start=START, end=START + 365 * DAY, service_price=60_000)
EXPIRIES = (
    Expiry(subject="wazzup-licence", at=START + 100 * DAY, paid_through_us=True),
    Expiry(subject="green-licence", at=START + 250 * DAY, paid_through_us=True),
)
OFFICE = Schedule(zone="Europe/Moscow", week=OFFICE_WEEK)
POLICY = make_policy(
    guarantee=YEAR,
    expiries=EXPIRIES,
    pages="http://127.0.0.1:9460",
    receivers=(Receiver(name="head", type="bitrix24"),),
)


def read(now: datetime, luck: random.Random) -> Reading:
    """The portal's time, and now and then an audit that has something to say."""
    findings: list[Finding] = [ClockSeen(portal=now, asked=now, answered=now)]
    if luck.random() < 0.05:
        facts = (AuditFact(what="empty_queue"),)
        findings.append(AuditSeen(check="queue_staffed", line=1, holds=luck.random() < 0.5, facts=facts))
    return Reading(probe="queue_audit", source="bitrix24", at=now, findings=tuple(findings))


class Daemon:
    """One life after another on the same store; `told` is what left the daemon, always after it was kept."""

    def __init__(self, url: str, policy: Policy, seed: int) -> None:
        self.url, self.policy, self.luck = url, policy, random.Random(seed)
        self.restarts = 0
        self.told: list[tuple[str, int, datetime]] = []
        self.opened: list[str] = []

    async def live(self, start: datetime, end: datetime) -> None:
        now = start
        while now < end:
            now = await self._one_life(now, end)
            self.restarts += 1

    async def _one_life(self, now: datetime, end: datetime) -> datetime:
        store = await Store.open(self.url)
        state = await store.load_portal("acme") or PortalState(portal="acme", lines={1: Line(id=1, name="Продажи")})
        for _ in range(self.luck.randint(5, 25)):
            if now >= end:
                break
            judged = judge(state, [read(now, self.luck)], self.policy, Context(), now=now, real_now=now)
            if self.luck.random() < 0.02:
                break  # it dies before it has kept what it judged: nobody hears of it
            await store.commit("acme", state, judged)
            self._tell(state, judged, now)
            state = judged.state
            await self._review(store, state, now)
            now += timedelta(minutes=self.luck.randint(60, 600))
        await store.close()
        return now + timedelta(minutes=self.luck.randint(0, 120))

    async def _review(self, store: Store, state: PortalState, now: datetime) -> None:
        """As the daemon does it: whatever period is over and has no review yet."""
        guarantee, first = self.policy.guarantee, state.cursor.first_sight
        assert guarantee is not None
        assert first is not None
        subject = Subject(state=state, policy=self.policy, context=Context())
        for since, until in missing_periods(guarantee, await kept_of(store, "acme"), first, now):
            assert await make(store, subject, since, until, now) is not None

    def _tell(self, before: PortalState, judged: Judgement, now: datetime) -> None:
        for subject, after in judged.state.reminders.items():
            known = before.reminders.get(subject)
            if after.step > (known.step if known is not None and known.until == after.until else 0):
                self.told.append((subject, after.step, now))
        self.opened += [one.id for one in judged.opened]


async def test_over_a_year_of_restarts_the_ladder_goes_as_it_should_and_every_incident_is_accounted_for(
    tmp_path: Path,
) -> None:
    daemon = Daemon(f"sqlite:///{tmp_path / 'state.db'}", POLICY, seed=1)
    await daemon.live(START, YEAR.end)
    assert daemon.restarts >= 50
    for subject in ("wazzup-licence", "green-licence", "guarantee"):
        assert [step for name, step, _ in daemon.told if name == subject] == [1, 2, 3, 4]
    assert all(OFFICE.is_open(at) for _, _, at in daemon.told)

    store = await Store.open(daemon.url)
    kept = {one.id: one for _, one in await store.incidents("acme", limit=1000)}
    state = await store.load_portal("acme")
    reviews = await kept_of(store, "acme")
    papers = [await store.transaction(partial(paper, portal="acme", number=one.number)) for one in reviews]
    notices = await Outbox(store).untold(YEAR.end + 30 * DAY)
    await store.close()

    assert [one.number for one in reviews] == list(range(1, 27))
    assert [one.until for one in reviews] == [START + 14 * number * DAY for number in range(1, 27)]
    told = [row.notice.key for row in notices if row.notice.key.startswith("review/")]
    assert told == [f"review/{number}" for number in range(1, 27)]
    for incident in kept.values():
        inside = [
            one.kept.number for one in papers if one is not None and one.kept.since <= incident.opened < one.kept.until
        ]
        named = [one.kept.number for one in papers if one is not None and f"/incidents/{incident.id}" in one.page]
        assert inside == named[:1], "its first review is that of its beginning"
        assert len(inside) == (incident.opened < reviews[-1].until)
    assert state is not None
    assert [state.reminders[name].sent for name in ("wazzup-licence", "green-licence", "guarantee")] == [3, 3, 3]
    assert sorted(kept) == sorted(daemon.opened)
    assert {one.id for one in kept.values() if one.closed is None} == set(state.incidents)
