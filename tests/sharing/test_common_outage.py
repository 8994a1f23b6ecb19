"""A provider's outage that is spread over three real processes: no one has five portals of it, all together have."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from typing import Any

import psycopg
import pytest

from monitor.core.sharing import EVERYBODYS, shard_of
from tests.e2e.e2e_parts import alerts
from tests.sharing.stand import LINE, SHARDS, Stand, within
from tests.sharing.test_three_processes import NAMES, database, settled, stand, started

__all__ = ["database", "stand"]  # fixtures

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("sharing")]

WAZZUP = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
WELL, LOST = (False, True, True), (True, True, True)
FROM_EACH = 2  # portals of each process that fall ill: six in all


def told(stand: Stand) -> Counter[str]:
    return Counter(row["labels"]["alertname"] for row in alerts(str(stand.alertmanager), "", active=False))


def outage(stand: Stand) -> dict[str, Any]:
    (row,) = alerts(str(stand.alertmanager), "ProviderOutage")
    return row


def kept(stand: Stand, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(stand.database) as connection:
        return connection.execute(query).fetchall()


def lose(stand: Stand, names: list[str], flag: tuple[bool, bool, bool] = LOST) -> None:
    for name in names:
        stand.portals[name].flags[WAZZUP, LINE] = flag


def some_of_each(stand: Stand) -> list[str]:
    """Two portals of each process."""
    owners, found = stand.owners(), defaultdict[str, list[str]](list)
    for name in stand.portals:
        found[owners[shard_of(name, SHARDS)]].append(name)
    assert all(len(found[name]) >= FROM_EACH for name in NAMES), found
    return [name for process in NAMES for name in found[process][:FROM_EACH]]


async def test_an_outage_that_is_spread_over_three_processes_is_one_alert_also_when_its_judge_dies(
    stand: Stand,
) -> None:
    for portal in stand.portals.values():
        portal.channel(WAZZUP, LINE, "WAZZUP: WhatsApp")
    await started(stand, *NAMES)
    ill = some_of_each(stand)
    lose(stand, ill[:-2])
    await within(20, lambda: told(stand) == {"QrRescanRequired": 4}, "four portals are four alerts")
    lose(stand, ill[-2:])
    await within(30, lambda: told(stand) == {"ProviderOutage": 1}, "six are one, in the place of all")
    begun = outage(stand)
    assert "portal" not in begun["labels"]
    await within(20, lambda: all(f"{name}, линия 1" in evidence(stand) for name in ill), "all six are named")

    # the one who judges and tells dies: the same alert goes on with the next one
    judge = stand.owners()[shard_of(EVERYBODYS, SHARDS)]
    assert judges(stand) == {judge}
    rest = [name for name in NAMES if name != judge]
    stand.running[judge].kill()
    died = time.time()
    await settled(stand, *rest)
    await within(70, lambda: is_told_again(stand, died), "it is posted by the next one")
    same = outage(stand)
    assert (same["fingerprint"], same["startsAt"]) == (begun["fingerprint"], begun["startsAt"])
    assert told(stand) == {"ProviderOutage": 1}
    assert judges(stand) == {judge}, "the outage went on: nobody found it anew"

    # it ends, and its alert with it, as it does where one process is alone
    lose(stand, ill, WELL)
    await within(60, lambda: told(stand) == {}, "the outage is over")
    assert kept(stand, "SELECT * FROM failing") == kept(stand, "SELECT * FROM provider_outages") == []
    forgotten = "SELECT body FROM posted_alerts"  # once Alertmanager's answer to the end of it has come back
    await within(10, lambda: kept(stand, forgotten) == [], "nothing is posted again")
    counted = dict(kept(stand, "SELECT portal, count(*) FROM incidents WHERE kind = 'provider_outage' GROUP BY portal"))
    assert counted == dict.fromkeys(ill, 1)

    # four are no crowd, however they are spread, and whatever was before
    await asyncio.to_thread(stand.running[rest[0]].stop)
    await settled(stand, rest[1])
    lose(stand, ill[:4])
    await within(30, lambda: told(stand) == {"QrRescanRequired": 4}, "four alerts of four portals")


def judges(stand: Stand) -> set[str]:
    """Who found an outage, by their logs."""
    return {name for name, part in stand.running.items() if "provider.outage " in part.output().replace('"', " ")}


def evidence(stand: Stand) -> str:
    return str(outage(stand)["annotations"]["evidence"])


def is_told_again(stand: Stand, since: float) -> bool:
    """Alertmanager was told of it after that moment."""
    updated = outage(stand)["updatedAt"]
    return time.mktime(time.strptime(updated[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone > since
