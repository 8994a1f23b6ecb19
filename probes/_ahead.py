"""Ids that are looked for because there may be sessions: which of the answers are failures and not the usual no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.core.model import Failure, Reason
from monitor.core.reading import HistorySeen

REFUSED = frozenset({Reason.DENIED, Reason.REJECTED})


def failed_ahead(answers: Mapping[int, Any], read: Mapping[int, HistorySeen | Failure]) -> list[Failure]:
    """Each command that was not answered. That it is refused, or that nothing is there, tells of no session, or of one
    that is not ours (bitrix24-api.md 4.4): most ids are so."""
    failures = ((number, told) for number, told in read.items() if isinstance(told, Failure))
    return [told for number, told in failures if told.reason not in REFUSED and not _is_nothing(answers[number])]


def _is_nothing(answer: Any) -> bool:
    """PHP's empty list or map, or its false."""
    return answer is False or (isinstance(answer, list | dict) and not answer)
