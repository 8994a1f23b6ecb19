"""An end that is near, told by the running daemon, acknowledged by a command, and known over a kill."""

from __future__ import annotations

import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from e2e_parts import COMMAND, PATIENCE, eventually, get, get_json, running
from e2e_stage import Stage

pytestmark = pytest.mark.real

CLOCK = ("--clock-rate", "60", "--clock-start", "2026-09-21T12:00:00+03:00")  # a Monday
QUICK = ("--clock-rate", "600", *CLOCK[2:])  # who comes too late for a digest has the next one in 144 seconds
EXPIRIES = [{"subject": "wazzup-licence", "date": "2026-10-03", "paid_through_us": True}]


def metric(url: str, name: str, **labels: str) -> float | None:
    for line in get(f"{url}/metrics").splitlines():
        found = re.fullmatch(rf"{name}\{{(.*)\}} (\S+)", line)
        if found and all(f'{key}="{value}"' in found[1] for key, value in labels.items()):
            return float(found[2])
    return None


def acknowledge(config: Path, subject: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "acknowledge", "-c", str(config), "--portal", "acme", "--subject", subject]
    return subprocess.run(command, capture_output=True, text=True, timeout=30 * PATIENCE, check=False)


def test_a_reminder_is_sent_once_acknowledged_and_not_sent_again_after_a_kill(stage: Stage) -> None:
    stage.sandbox(*CLOCK)
    config = stage.config(portal={"expiries": EXPIRIES})
    daemon = stage.daemon(config, *CLOCK)

    def sent() -> float | None:
        return metric(daemon.url, "messenger_reminders_sent", subject="wazzup-licence")

    eventually(lambda: sent() == 1.0, within=40, why="first seen within a fortnight: the newest missed step alone")
    eventually(lambda: metric(daemon.url, "messenger_incidents", kind="expiry_soon") == 1.0, within=20)
    assert acknowledge(config, "wazup").returncode == 1
    done = acknowledge(config, "wazzup-licence")
    assert done.returncode == 0, done.stderr
    eventually(lambda: metric(daemon.url, "messenger_incidents", kind="expiry_soon") is None, within=20)

    daemon.kill()
    again = stage.start_daemon(config, *CLOCK)
    with running(again, "/healthz"):
        eventually(lambda: metric(again.url, "messenger_portal_up", portal="acme") == 1.0, within=40)
        assert sent() == 1.0
        assert metric(again.url, "messenger_incidents", kind="expiry_soon") is None


RECEIVER = {"name": "head", "type": "bitrix24", "as": "message", "to": 12, "audience": "integrator"}


def open_link(link: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(link, method=method, headers=headers), timeout=10 * PATIENCE
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_link_of_a_reminder_acknowledges_by_its_button_alone(stage: Stage) -> None:
    stage.sandbox(*QUICK)
    receiver = RECEIVER | {"kinds": ["expiry_soon"], "hours": "always", "digest_at": "13:00"}
    daemon = stage.daemon(stage.config(portal={"poll": "5m", "expiries": EXPIRIES}, receivers=[receiver]), *QUICK)
    letters = eventually(lambda: get_json(f"{stage.portal['url']}/_control/letters"), within=60, why="the digest")
    (link,) = re.findall(r"Знаю, больше не напоминать .*: (http\S+/e/[\w-]{43})$", letters[0]["text"], re.MULTILINE)

    for _ in range(3):  # what mail servers and previews do
        status, page = open_link(link)
        assert status == 200
        assert "wazzup-licence" in page
        assert "Знаю, больше не напоминать" in page
    assert metric(daemon.url, "messenger_incidents", kind="expiry_soon") == 1.0
    assert open_link(link, "POST", Origin="https://elsewhere.example")[0] == 403
    assert open_link(link[:-1] + ("A" if link[-1] != "A" else "B"), "POST")[0] == 404
    assert metric(daemon.url, "messenger_incidents", kind="expiry_soon") == 1.0

    for _ in range(2):
        status, page = open_link(link, "POST")
        assert (status, "Принято: об этом сроке больше не напомним." in page) == (200, True)
    eventually(lambda: metric(daemon.url, "messenger_incidents", kind="expiry_soon") is None, within=20)
    assert "<button" not in open_link(link)[1]
    assert link.rpartition("/")[2] not in daemon.output()
