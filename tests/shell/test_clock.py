"""The daemon's clock: where it begins, how fast it runs, and when the process was started."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.shell.clock import LONGEST_START, Clock, age_of, process_start

TICK = 0.02  # a start is told in hundredths of a second
START = datetime(2026, 3, 2, 5, tzinfo=UTC)


def stat(ticks: object, name: str = "python3") -> str:
    """A line of /proc/PID/stat of a process that was started so many ticks after the boot."""
    return f"4711 ({name}) S " + "0 " * 18 + f"{ticks} 3133440 415\n"


@pytest.mark.parametrize(
    ("ticks", "hertz", "since_boot", "age"),
    [
        (331_447, 100, 3_315.97, 1.5),
        (331_447, 250, 1_325.788, 0.0),
        (0, 100, 12.0, 12.0),
        (331_447, 100, 3_314.0, None),
        (331_447, 100, 3_314.47 + LONGEST_START + 1, None),
        (331_447, 0, 3_315.97, None),
        ("-5", 100, 3_315.97, None),
        ("soon", 100, 3_315.97, None),
    ],
)
def test_the_age_of_a_process_is_the_ticks_since_its_start(
    ticks: object, hertz: int, since_boot: float, age: float | None
) -> None:
    assert age_of(stat(ticks), hertz, since_boot) == (pytest.approx(age) if age is not None else None)


@pytest.mark.parametrize("name", ["a b", "x) R 1 2 3 (y", "", "монитор"])
def test_a_program_may_have_any_name(name: str) -> None:
    assert age_of(stat(1_000, name), 100, 11.0) == 1.0


@pytest.mark.parametrize("text", ["", "4711", "4711 (python3) S 1 2 3", "4711 (python3"])
def test_a_line_cut_short_tells_no_age(text: str) -> None:
    assert age_of(text, 100, 11.0) is None


def test_this_process_was_started_before_now_and_after_the_boot() -> None:
    began = process_start()  # None where it has run for long already, or where there is no /proc
    assert began is None or time.monotonic() - LONGEST_START - 1 < began <= time.monotonic()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system tells no start of processes")
def test_a_process_was_started_when_it_was_launched_however_long_its_imports_took() -> None:
    code = "import monitor.config\nfrom monitor.shell.clock import process_start\nprint(process_start())"
    before = time.monotonic()
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    launched = time.monotonic()
    told = float(child.communicate()[0])
    assert before - TICK <= told <= launched + TICK < time.monotonic()


def test_a_clock_is_at_its_start_when_the_process_was_started() -> None:
    before = time.monotonic()
    clock = Clock(rate=25_000, start=START, began=before - 1.2)
    told, after = clock.now(), time.monotonic()
    assert START + timedelta(seconds=1.2 * 25_000) <= told <= START + timedelta(seconds=(after - before + 1.2) * 25_000)


def test_a_clock_that_is_not_told_when_it_began_begins_now() -> None:
    before = time.monotonic()
    clock = Clock(rate=600, start=START)
    told, after = clock.now(), time.monotonic()
    assert START <= told <= START + timedelta(seconds=(after - before) * 600)


def test_without_a_start_the_clock_is_the_real_one_however_long_ago_the_process_began() -> None:
    before = datetime.now(UTC)
    assert before <= Clock(began=time.monotonic() - 100).now() <= datetime.now(UTC)
