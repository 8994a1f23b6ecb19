"""The append-only ledger of replies (D15): every change of a turn as a row, every figure rebuilt from the rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from monitor.core.calendar import NEVER
from monitor.core.replacing import maker
from monitor.core.turn import Turn, TurnEvent, TurnKey, Verdict

_ENDS = {
    Verdict.MET: "answered",
    Verdict.LATE: "answered",
    Verdict.MISSED: "closed",
    Verdict.BOT_ONLY: "closed",
    Verdict.WAIVED: "closed",
    Verdict.EXCUSED: "excused",
    Verdict.VOID: "corrected",
}

_event = maker(TurnEvent)


def events(before: Turn | None, after: Turn) -> tuple[TurnEvent, ...]:
    """The rows that lead from one standing of a turn to the next; nothing for nothing."""
    if before is not None and before == after:
        return ()
    rows = []
    if before is None:
        rows.append(_row(after, "turn_open", after.opened, after.message))
    rows += _clock(before, after)
    if before is not None and before.verdict is not Verdict.OPEN:
        return (_row(after, "corrected", after.ended or before.ended or before.opened, after.ended_by),)
    if after.assigned is not None and (before is None or before.assigned != after.assigned):
        rows.append(_row(after, "assign", after.assigned, 0))
    if after.overdue_verdict is not None and (before is None or before.overdue_verdict is None):
        rows.append(_row(after, "breach", after.deadline, 0))
    if after.verdict is not Verdict.OPEN:
        rows.append(_row(after, _ENDS[after.verdict], after.ended or after.opened, after.ended_by))
    return tuple(rows) or (_row(after, "corrected", after.opened, 0),)


def _clock(before: Turn | None, after: Turn) -> list[TurnEvent]:
    """When it is due, and whether the clock of people stands: it does while a bot has the dialog."""
    was, now = before.deadline if before else None, after.deadline
    if was == now:
        return []
    if now >= NEVER:
        return [_row(after, "pause", after.working_from, after.message)]
    resumed = [_row(after, "resume", after.working_from, 0)] if was is not None and was >= NEVER else []
    return [*resumed, _row(after, "deadline", now, after.message)]


def _row(turn: Turn, what: str, at: datetime, proof: int) -> TurnEvent:
    return _event(chat=turn.chat, message=turn.message, at=at, what=what, messages=(proof,) if proof else (), turn=turn)


def rebuild(rows: Iterable[TurnEvent]) -> dict[TurnKey, Turn]:
    """Turns as the ledger tells them: each as its last row left it."""
    return {row.turn.key: row.turn for row in rows if row.turn is not None}
