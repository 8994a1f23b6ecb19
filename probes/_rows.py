"""Lists of rows that are not what was asked for: named, while what can be read of the rest is still read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from monitor.core.history import integer
from monitor.core.model import Failure, Reason

_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


@dataclass(slots=True)
class Gaps:
    """What is wrong with answers that were read all the same, once for each method.

    `cut`: methods not all of whose rows are there, so that a row that is missing is not gone."""

    failures: list[Failure] = field(default_factory=list)
    cut: set[str] = field(default_factory=set)

    def note(self, method: str, failure: Failure | None) -> None:
        if failure is not None and method not in self.cut:
            self.failures.append(failure)
            self.cut.add(method)


def one_line(name: Any) -> str:
    """A name as it stands in a subject, a heading and a table: what breaks lines or controls a terminal in it is a
    space."""
    text = str(name or "")
    return " ".join((text if text.isprintable() else text.translate(_CONTROLS)).split())


def entries(answer: Any) -> list[Any] | None:
    """What a list or PHP's map holds; None where it is neither."""
    return list(answer.values()) if isinstance(answer, dict) else answer if isinstance(answer, list) else None


def misshapen(method: str, answer: Any, is_row: Callable[[Any], bool], row: str) -> Failure | None:
    """None where all is as expected. `row`: what each row has to be, in words; no word of the answer is told."""
    told = entries(answer)
    if told is None:
        return malformed(method, f"the answer is no list of rows ({row})")
    wrong = sum(not is_row(one) for one in told)
    return malformed(method, f"{wrong} of {len(told)} rows are not as expected ({row})") if wrong else None


def malformed(method: str, what: str) -> Failure:
    return Failure(reason=Reason.MALFORMED, detail=f"{method}: {what}")


def is_numbered(row: Any) -> bool:
    return isinstance(row, dict) and integer(row.get("ID")) is not None


NUMBERED = "a map with an ID"
