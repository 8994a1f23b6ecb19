"""What the doctor says: one line a thing looked at, and what the lines together mean for a script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

EXIT_USAGE = 64


class Verdict(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing looked at: what was found and, unless it is well, what to do about it."""

    about: str
    verdict: Verdict
    found: str
    remedy: str = ""


def well(about: str, found: str) -> Line:
    return Line(about=about, verdict=Verdict.OK, found=found)


def wrong(about: str, found: str, remedy: str) -> Line:
    return Line(about=about, verdict=Verdict.WRONG, found=found, remedy=remedy)


def unknown(about: str, found: str, remedy: str) -> Line:
    return Line(about=about, verdict=Verdict.UNKNOWN, found=found, remedy=remedy)


def exit_code(lines: Iterable[Line]) -> int:
    """0 all well, 1 something is wrong, 2 nothing is known to be wrong but not all could be seen."""
    verdicts = {line.verdict for line in lines}
    if Verdict.WRONG in verdicts:
        return 1
    return 2 if Verdict.UNKNOWN in verdicts else 0
