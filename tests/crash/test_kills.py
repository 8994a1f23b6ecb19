"""Killed at random moments of real work, the daemon ends where the undisturbed one does: nothing lost, nothing double.

KILLS, HOURS and AWAITED make it longer: `make kills` is a month with a thousand kills.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from crash_parts import differences, live

from tests.shell.store_parts import free_port

HOURS, KILLS = int(os.environ.get("HOURS", "24")), int(os.environ.get("KILLS", "32"))
SEED = int(os.environ.get("SEED", "7"))
AWAITED = int(os.environ.get("AWAITED", "26"))  # hours over which the awaits of an hour are spread


@pytest.mark.long
def test_what_is_left_after_many_kills_is_what_an_undisturbed_run_leaves(tmp_path: Path) -> None:
    port = free_port()
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
    calm = live(tmp_path / "calm", hours=HOURS, kills=0, seed=SEED, port=port)
    killed = live(tmp_path / "killed", hours=HOURS, kills=KILLS, seed=SEED, port=port)
    assert calm.kills == 0
    assert killed.kills >= KILLS * 0.5, "most of the moments fell into the work"
    assert len(calm.rows["turns"]) > HOURS / 8
    assert calm.rows["outbox"]
    assert calm.told["alerts"]
    assert calm.told["letters"]
    apart = differences(calm, killed)
    assert not apart, "\n".join(f"{name}: {row[:600]}" for name, rows in apart.items() for row in rows[:4])
    assert killed.told == calm.told
    print(f"{killed.kills} kills in {HOURS} hours, {len(calm.rows['turns'])} turns, {len(calm.rows['outbox'])} notices")


@pytest.mark.long
def test_what_is_left_after_a_death_at_every_kind_of_await_is_what_an_undisturbed_run_leaves(tmp_path: Path) -> None:
    """With AWAITED not below the number of an hour's awaits each of them is died at."""
    port = free_port()
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
    calm = live(tmp_path / "calm", hours=AWAITED, kills=0, seed=SEED + 1, port=port)
    stride = max(1, -(-calm.awaits // AWAITED))
    killed = live(tmp_path / "killed", hours=AWAITED, kills=0, seed=SEED + 1, port=port, stride=stride)
    assert calm.awaits > 50
    assert killed.kills >= AWAITED / 2
    apart = differences(calm, killed)
    assert not apart, "\n".join(f"{name}: {row[:600]}" for name, rows in apart.items() for row in rows[:4])
    assert killed.told == calm.told
    print(f"{killed.kills} deaths, every {stride}. of up to {calm.awaits} awaits of an hour")
