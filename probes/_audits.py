"""What the audits of the guarantee share: which lines are looked at, and how not being told is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.core.model import Failure, Line, Reason
from monitor.core.plugin import View
from monitor.core.reading import AuditFact, AuditSeen, OnlineSeen, Reading

REFUSALS = frozenset({Reason.DENIED, Reason.REJECTED})


def reading(probe: str, now: datetime, seen: Iterable[AuditSeen | OnlineSeen], failures: Iterable[Any] = ()) -> Reading:
    """A good run, whatever single questions were refused."""
    refused = tuple(one for one in failures if isinstance(one, Failure))
    return Reading(probe=probe, source="bitrix24", at=now, findings=tuple(seen), failures=refused)


def untold(probe: str, now: datetime, failure: Failure) -> Reading:
    """No question was answered: what is refused is asked again at the next audit, what failed at the next poll."""
    if failure.reason in REFUSALS:
        return Reading(probe=probe, source="bitrix24", at=now, failures=(failure,))
    return Reading(probe=probe, source="bitrix24", at=now, failure=failure)


def unknown(check: str, line: int, why: str) -> AuditSeen:
    return AuditSeen(check=check, line=line, holds=None, facts=(AuditFact(what="cannot_tell", items=(why,)),))


def why(failure: Failure) -> str:
    """The vendor's word, or ours."""
    return failure.code or failure.reason.value


def watched(lines: Iterable[Line], view: View) -> list[Line]:
    """The lines that customers write to: active ones with a channel that is there."""
    places = {key.line for key, memory in view.state.channels.items() if not memory.gone}
    return [line for line in lines if line.active and line.id in places]


def names(users: Sequence[int], staff: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(staff.get(user, f"#{user}") for user in users)
