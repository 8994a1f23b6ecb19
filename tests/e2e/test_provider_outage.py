"""A provider's outage over six portals, by the daemon and the real Alertmanager: one alert, and one recovery."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from e2e_parts import COMMAND, PATIENCE, Running, alertmanager, alerts, free_port, launch, running, write_config
from second_portal import SecondPortal

from tests.sharing.stand import Stand, within

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("e2e")]

CONNECTOR, LINE = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9", 1
WELL, LOST = (False, True, True), (True, True, True)


@pytest.fixture
async def portals() -> AsyncIterator[dict[str, SecondPortal]]:
    async with AsyncExitStack() as stack:
        made = {}
        for number in range(6):
            portal = await stack.enter_async_context(SecondPortal())
            portal.users = {5: "Анна Петрова"}
            portal.line(LINE)
            portal.channel(CONNECTOR, LINE, "WhatsApp")
            made[f"p{number}"] = portal
        yield made


def told(receiver: Running) -> Counter[str]:
    return Counter(row["labels"]["alertname"] for row in alerts(receiver.url, "", active=False))


def lose(portals: dict[str, SecondPortal], *names: str, flag: tuple[bool, bool, bool] = LOST) -> None:
    for name in names:
        portals[name].flags[CONNECTOR, LINE] = flag


async def test_an_outage_of_a_provider_is_one_alert_that_takes_the_place_of_those_before(
    portals: dict[str, SecondPortal], tmp_path: Path
) -> None:
    port = free_port()
    with alertmanager(tmp_path) as receiver:
        config = write_config(
            tmp_path,
            web={"listen": f"127.0.0.1:{port}"},
            store={"url": f"sqlite:///{tmp_path / 'state.db'}"},
            alertmanager={"url": receiver.url},
            defaults={"poll": "1s", "settle": "1s"},
            portals=[Stand.entry(tmp_path, name, portal) for name, portal in portals.items()],
        )
        command = [*COMMAND, "run", "-c", str(config)]
        part = launch(command, tmp_path / "daemon.log", f"http://127.0.0.1:{port}")
        with running(part):
            await within(
                20 * PATIENCE, lambda: "channel.changed" in part.output() or seen(portals), "all portals were asked"
            )
            lose(portals, "p0", "p1")
            await within(20 * PATIENCE, lambda: told(receiver) == {"QrRescanRequired": 2}, "two alerts of two portals")

            lose(portals, "p2", "p3", "p4", "p5")
            await within(
                30 * PATIENCE, lambda: told(receiver) == {"ProviderOutage": 1}, "one alert in the place of all"
            )
            await asyncio.sleep(3)  # several polls more
            assert told(receiver) == {"ProviderOutage": 1}
            (row,) = alerts(receiver.url, "ProviderOutage")
            assert row["labels"] == {
                "alertname": "ProviderOutage",
                "audience": "integrator",
                "provider": "wazzup",
                "severity": "critical",
            }
            assert row["annotations"]["summary"] == "Сбой у провайдера Wazzup"
            await within(
                20 * PATIENCE,
                lambda: all(f"p{n}, линия 1" in evidence(receiver) for n in range(6)),
                "all six are named",
            )

            part.kill()  # and a restart in the middle of it
            ended = part.output().count("incident.closed")
            again = launch(command, tmp_path / "daemon.log", part.url)
            with running(again):
                polled = {name: portal.counts["imconnector.status"] for name, portal in portals.items()}
                await within(
                    30 * PATIENCE,
                    lambda: all(portals[name].counts["imconnector.status"] > was + 3 for name, was in polled.items()),
                    "several polls of each portal, and nobody has healed",
                )
                assert told(receiver) == {"ProviderOutage": 1}
                (same,) = alerts(receiver.url, "ProviderOutage")
                assert (same["fingerprint"], same["startsAt"]) == (row["fingerprint"], row["startsAt"])
                assert again.output().count("incident.closed") == ended

                lose(portals, *portals, flag=WELL)
                await within(30 * PATIENCE, lambda: told(receiver) == {}, "the outage is over")
                assert "provider.outage_over" in again.output()


def seen(portals: dict[str, SecondPortal]) -> bool:
    return all(portal.counts["imconnector.status"] > 1 for portal in portals.values())


def evidence(receiver: Running) -> str:
    return str(alerts(receiver.url, "ProviderOutage")[0]["annotations"]["evidence"])
