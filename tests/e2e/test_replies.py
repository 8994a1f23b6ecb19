"""Replies end to end: a week of an emulated portal judged by the running daemon, and told by the command line."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from e2e_parts import COMMAND, PATIENCE, eventually, get, get_json
from e2e_stage import Stage

pytestmark = pytest.mark.real

WEEK = "2026-03-02T08:00:00+03:00"
RATE = "20000"


def told(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=60 * PATIENCE, check=False)


def turns_of(folder: Path) -> dict[tuple[int, int], dict[str, Any]]:
    with sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True) as store:
        rows = [json.loads(body) for (body,) in store.execute("select body from turns")]
    return {(row["chat"], row["message"]): row for row in rows}


@pytest.mark.xdist_group("fast-clock")
def test_a_week_judged_by_the_daemon_is_the_week_that_was_meant(stage: Stage) -> None:
    """Greetings that a manager sends to many, reopened dialogs, transfers and silence included."""
    stage.sandbox("--port", "0", "--seed", "31", "--clock-rate", RATE, "--clock-start", WEEK, "--per-day", "50",
                  "--per-second", "500", "--burst", "5000")  # fmt: skip
    config = stage.config(portal={"rate": {"per_second": 500, "burst": 5000}, "history": "3d"})
    server = stage.portal["url"]
    start = get_json(f"{server}/_control/counters")["now"]
    daemon = stage.daemon(config, "--clock-rate", RATE, "--clock-start", start)
    state = f"{daemon.url}/explain?portal=acme&format=json"
    eventually(lambda: (get_json(state)["watermark"] or "") > "2026-03-09", within=120, why="a week has passed")
    truth = get_json(f"{server}/_control/truth")
    daemon.stop()
    known = turns_of(stage.folder)
    settled = "2026-03-08T12:00:00+03:00"  # nothing of it moved while the daemon stopped
    mine = [
        one
        for one in truth
        if "2026-03-02" < one["opened"] < settled and (one["answered"] or one["closed"] or "") < settled
    ]
    meant = [one for one in mine if one["answered"] or one["closed"]]
    assert len(meant) > 200
    wrong = []
    for one in meant:
        turn = known.get((one["chat"], one["message"]))
        got = (turn["kind"], turn["ended_by"], turn["responder"]) if turn else None
        if got != (one["kind"], one["answer"], one["author"]):
            wrong.append((one, turn))
    assert not wrong, wrong[:3]

    config_words = ("-c", str(config), "--portal", "acme")
    table = told("replies", *config_words, "--since", "2026-03-01", "--until", "2026-03-09")
    assert table.returncode == 0, table.stderr
    assert "team" in table.stdout
    assert "Bitrix24's own average" in table.stdout
    body = json.loads(told("replies", *config_words, "--since", "2026-03-01", "--format", "json").stdout)
    people = [row for row in body["rows"] if row["who"] != "team"]
    (team,) = [row for row in body["rows"] if row["who"] == "team"]
    assert team["n"] == sum(row["n"] for row in people)
    rows = list(csv.DictReader(io.StringIO(told("replies", *config_words, "--format", "csv", "--by", "line").stdout)))
    assert [row["who"] for row in rows] == ["Линия 1 (1)", "team"]
    assert told("replies", *config_words, "--since", "tomorrow").returncode == 64
    assert told("replies", "-c", str(config), "--portal", "other").returncode == 64


def test_a_dialogs_story_is_told_in_words_by_the_daemon_and_by_the_command(stage: Stage) -> None:
    stage.sandbox("--port", "0", "--idle", "0", "--per-day", "60", "--clock-rate", "600")
    config = stage.config(portal={"history": "3d"})
    start = get_json(f"{stage.portal['url']}/_control/counters")["now"]
    daemon = stage.daemon(config, "--clock-rate", "600", "--clock-start", start)
    known = eventually(lambda: turns_of(stage.folder), within=30, why="turns are stored")
    chat = next(chat for (chat, _), turn in known.items() if turn["ended_by"])
    text = get(f"{daemon.url}/explain?portal=acme&dialog={chat}")
    assert "клиент написал (сообщение" in text
    assert "рабочего времени" in text
    assert "the customer wrote (message" in get(f"{daemon.url}/explain?portal=acme&dialog={chat}&lang=en")
    by_command = told("explain", "-c", str(config), "--portal", "acme", "--dialog", str(chat))
    assert "клиент написал" in by_command.stdout
    body = get_json(f"{daemon.url}/explain?portal=acme&dialog={chat}&format=json")
    assert {row["what"] for row in body["ledger"]} >= {"turn_open", "answered"}
