"""The scoreboard as a program reads it, on a small corpus of another seed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.xdist_group("scoreboard"), pytest.mark.long]  # one scoreboard for all

ROOT = Path(__file__).parents[2]
FIELDS = {"found_ratio", "false_per_channel_year", "delay_median_hours", "delay_p95_hours", "n"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.detection", "--seed", "77", "--channels", "100", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, cwd=ROOT)
    body: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return body


def test_its_last_line_is_one_object_of_the_agreed_shape(told: dict[str, Any]) -> None:
    for name in ("silent", "hard", "flag_only", "fixed_silence"):
        assert told[name].keys() >= FIELDS
    assert all(row.keys() >= FIELDS for row in told["per_kind"].values())
    assert len(told["per_kind"]) == 16


def test_hard_failures_are_all_found_and_nothing_else(told: dict[str, Any]) -> None:
    assert told["hard"]["found_ratio"] == 1.0
    assert told["hard"]["false_per_channel_year"] == 0.0


def test_silent_deaths_are_found_better_than_by_any_fixed_silence(told: dict[str, Any]) -> None:
    silent, fixed = told["silent"], told["fixed_silence"]
    assert silent["found_ratio"] >= 0.9
    assert silent["found_ratio"] > fixed["found_ratio"]
    assert silent["false_per_channel_year"] < min(1.0, fixed["false_per_channel_year"])
    assert told["flag_only"]["found_ratio"] < 0.2
