"""A provider's outage over a restart, a reload and a change of hands: nobody has healed, so nothing ends or opens."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.common_causes import CommonCauses
from monitor.core.memory import Judgement, PortalState
from monitor.core.shared_cause import Outage
from monitor.shared_causes import SharedCauses
from monitor.shell.store import Store
from tests.core.judgement_parts import ERROR, MINUTE, OK, START, World
from tests.ops.reload_parts import NOWHERE, daemon_of, hook, secret, written

NAMES = tuple(f"p{number}" for number in range(6))


class Heard:
    """What the portals were told last."""

    def __init__(self) -> None:
        self.outages: Mapping[str, Outage] = {}
        self.times = 0

    def spread(self, outages: Mapping[str, Outage]) -> None:
        self.outages = outages
        self.times += 1


def left(*, names: tuple[str, ...] = NAMES, healed: tuple[str, ...] = (), at: datetime = START) -> list[World]:
    """Portals that fell ill a minute after each other, with the outage's incident open on each of the ill ones."""
    since = at + MINUTE
    known = {"wazzup": Outage(provider="wazzup", since=since, portals=6, crowded=since)}
    worlds = []
    for number, name in enumerate(names):
        world = World(portal=name)
        world.now, world.outages = at + number * MINUTE, known
        world.state = replace(world.state, portal=name)
        world.poll(ERROR, ERROR)
        if name in healed:
            world.poll(OK)
        worlds.append(world)
    return worlds


def taken_up(causes: SharedCauses | CommonCauses, worlds: list[World]) -> None:
    for world in worlds:
        causes.take_up(world.state, world.policy)
    causes.settle(max(world.now for world in worlds))


@pytest.mark.parametrize("order", [*itertools.islice(itertools.permutations(range(6)), 0, 720, 97)])
def test_an_outage_goes_on_over_a_restart_since_when_it_was_one_in_whatever_order_the_portals_come(
    order: tuple[int, ...],
) -> None:
    worlds, heard = left(), Heard()
    taken_up(SharedCauses(heard.spread), [worlds[place] for place in order])
    assert {type_: (one.since, one.portals) for type_, one in heard.outages.items()} == {"wazzup": (START + MINUTE, 6)}


def test_the_last_ones_to_recover_belong_to_it_over_a_restart_too() -> None:
    worlds, heard = left(healed=NAMES[:4]), Heard()
    causes = SharedCauses(heard.spread)
    taken_up(causes, worlds)
    assert set(heard.outages) == {"wazzup"}, "two of six are ill: no crowd, but it was one a moment ago"
    causes.note(worlds[5].state, worlds[5].policy, worlds[5].now + timedelta(minutes=10))
    assert heard.outages == {}


def test_an_outage_that_nobody_has_is_none_after_a_restart() -> None:
    heard = Heard()
    taken_up(SharedCauses(heard.spread), left(healed=NAMES))
    assert heard.outages == {}


def test_who_comes_during_an_outage_hears_of_it_though_it_is_no_news() -> None:
    heard = Heard()
    causes = SharedCauses(heard.spread)
    taken_up(causes, left())
    before = heard.times
    taken_up(causes, left(names=("p6",)))
    assert heard.times > before
    assert set(heard.outages) == {"wazzup"}


async def test_all_portals_of_a_daemon_that_starts_or_reads_its_file_again_know_of_what_goes_on(tmp_path: Path) -> None:
    lately = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
    await kept(tmp_path, left(at=lately))
    async with daemon_of(tmp_path, file_of(tmp_path, NAMES)) as daemon:
        known = {watch.policy.portal: dict(watch.context.outages) for watch in daemon.watches()}
        assert {name: set(outages) for name, outages in known.items()} == {key: {"wazzup"} for key in NAMES}
        assert {outages["wazzup"].since for outages in known.values()} == {lately + MINUTE}

        file_of(tmp_path, (*NAMES, "p6"))
        assert not (await daemon.reload()).problems
        assert {watch.policy.portal for watch in daemon.watches() if watch.context.outages} == {*NAMES, "p6"}


def file_of(folder: Path, names: tuple[str, ...]) -> Path:
    keys = {name: {"webhook_url_file": secret(folder, name, hook(name))} for name in names}
    portals = [{"name": name, "url": NOWHERE, "auth": auth, "poll": "1h"} for name, auth in keys.items()]
    return written(folder, {"alertmanager": {"url": None}, "log": {"level": "error"}, "portals": portals})


async def kept(folder: Path, worlds: list[World]) -> None:
    store = await Store.open(f"sqlite:///{folder / 'state.db'}")
    try:
        for world in worlds:
            opened = tuple(world.state.incidents.values())
            before = PortalState(portal=world.state.portal)
            await store.commit(before.portal, before, Judgement(state=world.state, opened=opened))
    finally:
        await store.close()
