"""`python -m benchmarks.detection --seed N --channels M [--json]`: the scoreboard; with --json one object last."""

from __future__ import annotations

import argparse
import json
from typing import Any

from benchmarks.detection.daemon import watch
from benchmarks.detection.score import Outcome, best_fixed, flag_alone, of_kind, outcome, summary
from benchmarks.detection.world import HARD, SILENT, SOUND, Month, month

BUSY = 20  # messages a working day from which four working hours are the goal
FAILURES = (*SILENT, *HARD)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--channels", type=int, default=440)
    parser.add_argument("--json", action="store_true", help="only the last line is for programs")
    options = parser.parse_args()
    months = [month(options.seed, number) for number in range(options.channels)]
    alarms = [watch(one).rows for one in months]
    silent = [outcome(one, rows, silent=True) for one, rows in zip(months, alarms, strict=True)]
    hard = [outcome(one, rows, silent=False) for one, rows in zip(months, alarms, strict=True)]
    body = _body(months, silent, hard)
    _table(body)
    if options.json:
        print(json.dumps(body, ensure_ascii=False))


def _body(months: list[Month], silent: list[Outcome], hard: list[Outcome]) -> dict[str, Any]:
    flag = [outcome(one, flag_alone(one), silent=False) for one in months]
    hours, fixed = best_fixed(months)
    busy = [one for one in silent if one.month.rate >= BUSY]
    return {
        "silent": summary(silent, SILENT),
        "hard": summary(hard, HARD),
        "per_kind": {
            **{kind: of_kind(silent, kind) for kind in SILENT},
            **{kind: of_kind(hard, kind) for kind in HARD},
            **{kind: _sound(silent, hard, kind) for kind in SOUND},
        },
        "flag_only": summary(flag, FAILURES),
        "fixed_silence": summary(fixed, SILENT) | {"hours": hours},
        "silent_20_and_more_a_day": summary(busy, SILENT),
        "held_out": {"silent": summary(silent[1::2], SILENT), "hard": summary(hard[1::2], HARD)},
        "per_rate": {
            str(rate): summary([one for one in silent if one.month.rate == rate], SILENT) for rate in _rates(months)
        },
    }


def _sound(silent: list[Outcome], hard: list[Outcome], kind: str) -> dict[str, Any]:
    """A channel that never breaks: all of its alarms are false."""
    told, more = of_kind(silent, kind), of_kind(hard, kind)
    rates = [one["false_per_channel_year"] or 0.0 for one in (told, more)]
    return told | {"false_per_channel_year": round(sum(rates), 4), "n": sum(one.month.kind == kind for one in silent)}


def _rates(months: list[Month]) -> list[int]:
    return sorted({one.rate for one in months})


def _table(body: dict[str, Any]) -> None:
    print(f"{'':28} {'n':>5} {'found':>7} {'false/year':>11} {'median h':>9} {'p95 h':>8}")
    for name in ("silent", "silent_20_and_more_a_day", "hard", "flag_only", "fixed_silence"):
        _row(name, body[name])
    print(f"   (the best fixed silence: {body['fixed_silence']['hours']} hours)")
    for part in ("silent", "hard"):
        _row(f"held out: {part}", body["held_out"][part])
    print("by kind (delays of silent ones in working hours, of the others by the clock)")
    for kind, row in body["per_kind"].items():
        _row(f"  {kind}", row)
    print("silent ones by messages a working day")
    for rate, row in body["per_rate"].items():
        _row(f"  {rate}", row)


def _row(name: str, row: dict[str, Any]) -> None:
    cells = (
        row["n"],
        row["found_ratio"],
        row["false_per_channel_year"],
        row["delay_median_hours"],
        row["delay_p95_hours"],
    )
    shown = ["-" if cell is None else f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells]
    print(f"{name:28} {shown[0]:>5} {shown[1]:>7} {shown[2]:>11} {shown[3]:>9} {shown[4]:>8}")


if __name__ == "__main__":
    main()
