"""A second account writes to the channel: by the daemon, a fake GREEN-API, the emulated portal and the Alertmanager."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from e2e_parts import Running, alerts, eventually, free_port, get, get_json, launch, post_json, running, secret_file
from e2e_stage import Stage

CONNECTOR, LINE = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9", 1
TO = "79990001122@c.us"
CLOCK = ("--clock-rate", "240", "--clock-start", "2026-03-02T10:00:00+03:00")

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("e2e")]


class Messenger:
    """Carries what the second account wrote to the portal, as long as it is whole."""

    def __init__(self, stage: Stage, phone: Running) -> None:
        self._portal, self._phone = stage.portal["url"], phone
        self.customer = self._act("customer", name="Второй номер")
        self.carried = 0

    def letters(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = get_json(f"{self._phone.url}/control")["letters"]
        return rows

    def carry(self) -> None:
        """The newest one."""
        text = self.letters()[-1]["text"]
        self._act("customer_writes", connector=CONNECTOR, line=LINE, customer=self.customer, text=text)

    def _act(self, act: str, **said: Any) -> Any:
        return post_json(f"{self._portal}/_control/{act}", said)["done"]


def test_a_channel_that_hears_nothing_is_found_out_by_two_messages_and_cleared_by_a_third(stage: Stage) -> None:
    stage.sandbox("--per-day", "0", "--per-second", "50", "--burst", "500", *CLOCK)
    port = free_port()
    command = [sys.executable, "-m", "monitor.sandbox.vendors", "--type", "green_api", "--port", str(port)]
    phone = launch(command, stage.folder / "phone.log", f"http://127.0.0.1:{port}")
    stage.parts.enter_context(running(phone, "/control"))
    receiver = stage.alertmanager()
    canary = {"through": "own-phone", "to": TO, "every": "1h", "wait": "20m"}
    own_phone = {
        "name": "own-phone",
        "type": "green_api",
        "url": phone.url,
        "instance": "1101000001",
        "token_file": secret_file(stage.folder, "phone", "sandbox-key"),
    }
    config = stage.config(
        alertmanager={"url": receiver.url},
        portal={"channels": [{"connector": CONNECTOR, "line": LINE, "canary": canary}]},
        providers=[own_phone],
        defaults={"poll": "60s", "settle": "0s"},
    )
    daemon = stage.daemon(config, *CLOCK)
    messenger = Messenger(stage, phone)

    # whole: the first one arrives, and is nobody's dialog
    eventually(lambda: len(messenger.letters()) == 1, within=20)
    assert messenger.letters()[0]["to"] == TO
    assert messenger.letters()[0]["text"].startswith("Проверка связи № ")
    messenger.carry()
    eventually(lambda: "messenger_canary_arrived_timestamp_seconds{" in metrics(daemon), within=20)
    assert "messenger_open_turns{" not in metrics(daemon)
    assert f'messenger_channel_messages_total{{{labels()},direction="in"}} 0' in metrics(daemon)

    # deaf: an hour later one is lost, a second follows at once, and the channel is called silent
    eventually(lambda: len(messenger.letters()) == 3, within=60)
    (alert,) = eventually(lambda: alerts(receiver.url, "ChannelSilent"), within=30)
    assert alert["annotations"]["summary"].endswith(": тестовые сообщения не доходят до Битрикс24")
    numbers = [letter["text"].partition("№ ")[2].partition(".")[0] for letter in messenger.letters()]
    assert f"тестовых сообщений подряд не пришло: 2 (№ {numbers[1]}, {numbers[2]})" in alert["annotations"]["evidence"]
    page = get(f"{daemon.url}/portals/acme/channels/{LINE}/{CONNECTOR}")
    table = page.partition('id="canaries"')[2].partition("</table>")[0]
    assert [word in table for word in (numbers[0], "пришло за", numbers[1], numbers[2], "не пришло")] == [True] * 5

    # heard again: what arrives late clears it
    messenger.carry()
    eventually(lambda: not alerts(receiver.url, "ChannelSilent"), within=30)
    for shown in (metrics(daemon), daemon.output(), page):
        assert TO.partition("@")[0] not in shown
        assert "sandbox-key" not in shown


def metrics(daemon: Running) -> str:
    return get(f"{daemon.url}/metrics")


def labels() -> str:
    return f'portal="acme",line="{LINE}",connector="{CONNECTOR}",messenger="whatsapp"'
