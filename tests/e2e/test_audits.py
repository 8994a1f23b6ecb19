"""What is guaranteed, audited by the running daemon on an emulated portal: it holds, it breaks, it drifts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from e2e_parts import COMMAND, PATIENCE, eventually, get, get_json, post_json
from e2e_stage import Stage

pytestmark = pytest.mark.real

GUARANTEE = {"option": "messengers", "start": "2026-03-01", "service_price": 60000, "department": 7}


def checks(url: str) -> dict[str, float]:
    lines = [line for line in get(f"{url}/metrics").splitlines() if line.startswith("messenger_guarantee_check{")]
    return {line.partition('check="')[2].partition('"')[0]: float(line.rpartition(" ")[2]) for line in lines}


def evidence_of(url: str) -> str:
    body = get_json(f"{url}/explain?portal=acme&format=json")
    failed = [one for one in body["open_incidents"] if one["kind"] == "guarantee_check_failed"]
    return " ".join(line for one in failed for line in one["evidence"])


@pytest.mark.xdist_group("fast-clock")
def test_a_queue_that_loses_its_people_after_the_hand_over_is_told(stage: Stage) -> None:
    stage.sandbox("--port", "0", "--seed", "5", "--clock-rate", "600", "--clock-start", "2026-03-02T10:00:00+03:00",
                  "--per-day", "20", "--per-second", "100", "--burst", "1000")  # fmt: skip
    server = stage.portal["url"]
    rate = {"per_second": 100, "burst": 1000}
    config: Path = stage.config(portal={"rate": rate, "guarantee": GUARANTEE, "history": "3d"})
    daemon = stage.daemon(
        config, "--clock-rate", "600", "--clock-start", get_json(f"{server}/_control/counters")["now"]
    )
    told = eventually(lambda: {"queue_staffed", "department_can_write"} <= checks(daemon.url).keys() and
                      checks(daemon.url), within=40, why="audits have run")  # fmt: skip
    assert (told["queue_staffed"], told["department_can_write"]) == (1.0, 1.0)
    done = subprocess.run([*COMMAND, "snapshot", "-c", str(config), "--portal", "acme"], capture_output=True, text=True,
                          timeout=30 * PATIENCE, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    post_json(f"{server}/_control/set_queue", {"line": 1, "users": [12]})
    wanted = {"config_drift": 0.0, "department_can_write": 0.0}
    eventually(lambda: wanted.items() <= checks(daemon.url).items(), within=60, why="both audits have run again")
    eventually(lambda: "Олег" in evidence_of(daemon.url), within=20, why="who vanished from the queue is named")
