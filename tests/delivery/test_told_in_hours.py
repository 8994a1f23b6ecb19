"""What comes late, because we were down or the portal took nothing, is told when people read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from delivery_parts import DUTY, HEAD, MONDAY, NIGHT, OFFICE, make_incident, make_notice, make_policy, told

from monitor.config_receivers import Addressee
from monitor.core.calendar import Schedule
from monitor.core.desk import Context
from monitor.core.incident import Audience, IncidentKind, Words
from monitor.core.memory import Judgement, PortalState
from monitor.core.model import CallFailed, Failure, Line, Reason, WorkTime
from monitor.core.notices import put_off_until
from monitor.core.reading import Reading
from monitor.core.receivers import Notice, Receiver
from monitor.courier import Courier
from monitor.shell.clock import Clock
from monitor.shell.metrics import Registry
from monitor.shell.outbox import Outbox
from monitor.shell.store import Store
from monitor.shell.watch import Watch

HOUR = timedelta(hours=1)
TUESDAY = MONDAY + timedelta(days=1)  # 09:00 in Moscow
LATE = Line(id=2, name="Поздняя", worktime=WorkTime(opens=720, closes=1380, timezone="Europe/Moscow"))


def until(due: datetime, now: datetime, *, urgent: bool = False, to: Receiver = HEAD, office: Schedule = OFFICE) -> Any:
    return put_off_until(to, make_policy(), office, due, now, urgent=urgent)


@pytest.mark.parametrize("urgent", [True, False])
def test_a_digest_that_was_missed_by_day_is_told_by_day_and_at_night_it_waits_for_the_morning(urgent: bool) -> None:
    assert until(MONDAY, MONDAY + 2 * HOUR, urgent=urgent) is None
    assert until(MONDAY, NIGHT, urgent=urgent) == TUESDAY


def test_what_is_told_within_minutes_of_its_time_is_told_when_it_was_meant_to_be() -> None:
    early = MONDAY - HOUR
    assert until(early, early + timedelta(minutes=5)) is None
    assert until(early, early + timedelta(minutes=6)) == MONDAY


def test_a_digest_before_the_opening_that_was_missed_comes_with_the_opening() -> None:
    receiver = replace(HEAD, digest_at=time(8))
    assert until(MONDAY - HOUR, MONDAY - HOUR / 2, to=receiver) == MONDAY


def test_a_digest_in_the_middle_of_the_day_waits_for_its_own_time() -> None:
    assert until(MONDAY, NIGHT, to=replace(HEAD, digest_at=time(10, 30))) == TUESDAY + 1.5 * HOUR


def test_what_is_urgent_waits_for_the_opening_and_not_for_the_digest() -> None:
    assert until(MONDAY, NIGHT, to=replace(HEAD, digest_at=time(10, 30)), urgent=True) == TUESDAY


@pytest.mark.parametrize("receiver", [DUTY, replace(HEAD, routed=True)])
def test_who_hears_at_any_hour_or_through_alertmanager_is_told_at_night(receiver: Receiver) -> None:
    assert until(MONDAY, NIGHT, to=receiver) is None


def test_where_no_line_ever_opens_people_are_told_all_the_same() -> None:
    assert until(MONDAY, NIGHT, office=Schedule(zone="Europe/Moscow", week=((),) * 7)) is None


# --- the courier ----------------------------------------------------------------------------------------


class Portal:
    """Takes notifications, or refuses for a while."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.tags: list[str] = []
        self.fails = False

    async def __call__(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        assert method == "im.notify.system.add"
        self.tags.append(str((params or {})["TAG"]))
        if self.fails:
            raise CallFailed(Failure(reason=Reason.THROTTLED))
        self.told.append(str((params or {})["MESSAGE"]))
        return 1


class Nobody:
    async def commit(self, portal: str, before: PortalState, judgement: Judgement) -> None: ...

    def polled(
        self, watch: Watch, before: PortalState, readings: Sequence[Reading], judgement: Judgement, seconds: float
    ) -> None: ...


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    await opened.close()


def courier(store: Store, portal: Portal, at: datetime) -> Courier:
    """As the daemon has it that starts at a moment."""
    clock, nobody = Clock(start=at), Nobody()
    watch = Watch(
        policy=replace(make_policy(HEAD), head=12, pages=""),
        call=portal,
        state=PortalState(portal="acme", lines={2: LATE}),
        probes=(),
        context=Context(),
        keeper=nobody,
        onlooker=nobody,
        clock=clock,
        deadline=HOUR,
    )
    made = Courier(outbox=Outbox(store), registry=Registry(), clock=clock, watches=lambda: {"acme": watch})
    made.adopt([Addressee(rule=HEAD, portals=None)])
    return made


async def bring(made: Courier) -> None:
    for (portal, receiver), rows in (await made._due()).items():
        await made._served(portal, receiver, rows)


def digest(key: str, **facts: Any) -> Notice:
    return replace(make_notice(key, urgent=False), **facts)


@pytest.mark.parametrize("urgent", [True, False])
async def test_the_head_is_not_written_to_at_night_after_a_day_in_which_we_were_down(
    store: Store, urgent: bool
) -> None:
    portal = Portal()
    await Outbox(store).put("acme", [make_notice("a/opened", urgent=urgent)])
    night = NIGHT + 2 * HOUR
    await bring(courier(store, portal, night))
    assert portal.tags == []
    await bring(courier(store, portal, TUESDAY - HOUR))
    assert portal.tags == []
    await bring(courier(store, portal, TUESDAY + 6 * HOUR))
    assert len(portal.told) == 1


async def test_a_message_that_the_portal_took_not_by_day_is_the_same_message_next_day_and_has_another_day(
    store: Store,
) -> None:
    portal = Portal()
    portal.fails = True
    rows = [digest("a/opened", line=2), digest("b/opened", line=2, due=MONDAY - HOUR)]
    await Outbox(store).put("acme", rows)
    await bring(courier(store, portal, MONDAY + 6 * HOUR))
    (kept, _) = await Outbox(store).untold(NIGHT + 3 * HOUR)
    assert (kept.failed, kept.began is None) == (1, False)
    await bring(courier(store, portal, NIGHT + 3 * HOUR))
    assert len(portal.tags) == 1
    (kept, other) = await Outbox(store).untold(TUESDAY + 6 * HOUR)
    assert (kept.message, kept.began, kept.due) == (other.message, None, other.due)


async def test_a_morning_digest_tells_what_is_so_in_the_morning(store: Store) -> None:
    portal = Portal()
    broken = make_incident(IncidentKind.GUARANTEE_CHECK_FAILED, audience=Audience.HEAD)
    waiting = told(opened=(broken,), to=(HEAD,), now=NIGHT)
    await Outbox(store).put("acme", waiting)
    made = courier(store, portal, TUESDAY + timedelta(minutes=1))
    words = Words(summary="Осталось одно", description="Из пяти.", recommendation="Исправить.")
    watch = made._watches()["acme"]
    watch.state = replace(watch.state, incidents={broken.id: replace(broken, words={"ru": words})})
    await bring(made)
    (message,) = portal.told
    assert "Осталось одно" in message
    assert "Клиенту не ответили" not in message


async def test_each_line_is_told_in_its_own_hours(store: Store) -> None:
    portal = Portal()
    evening = MONDAY + 13 * HOUR  # 22:00: the late line works
    await Outbox(store).put("acme", [digest("a/opened", line=2), digest("b/opened", line=0, due=MONDAY)])
    await bring(courier(store, portal, evening))
    assert ["a/opened" in text for text in portal.told] == [True]
