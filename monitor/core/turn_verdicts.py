"""A wait and its end into the record of a turn: clocks, verdict, excuse and blame (response-time.md D3-D13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.core.calendar import NEVER, Schedule
from monitor.core.model import Message
from monitor.core.turn import Held, Turn, Verdict
from monitor.core.turn_excuses import BLAMED, blame_of, cause_now, lost_time
from monitor.core.turn_wait import Dialog, Terms, Wait, holder_of, parts, parts_so_far, terms

TOO_SHORT = 10  # characters of a first reply that only stops the clock
SPAM = {65: "spam", 75: "closed_silently"}
ANSWERED = frozenset({Verdict.MET, Verdict.LATE, Verdict.EXCUSED})


def answered(dialog: Dialog, wait: Wait, message: Message, assigned: Mapping[int, datetime]) -> Turn:
    """Ended by a human's message. Whose reply it is, is its author (D6), not who had the dialog."""
    ended, known = message.at, terms(dialog.rules, wait)
    held = parts(dialog, wait, known[0], ended)
    working = _working(wait, held, known[0], ended)
    responder = 0 if message.mirrored and message.user in dialog.rules.mirrors else message.user
    holder = holder_of(dialog, wait.links)
    _mark_answer(dialog, wait, message, holder=holder, responder=responder)
    verdict, cause, blame, culprit = _reply_verdict(dialog, wait, known, held, working, ended)
    if verdict is Verdict.MET and working != ended - wait.opened and not known[0].is_open(ended):
        wait.mark("ooh")
    return _record(
        dialog,
        wait,
        known,
        verdict,
        ended=ended,
        ended_by=message.id,
        held=held,
        working=working,
        holder=holder,
        responder=responder,
        assigned=assigned.get(responder or holder),
        cause=cause,
        blame=blame,
        culprit=culprit,
        digest=message.digest,
    )


def _mark_answer(dialog: Dialog, wait: Wait, message: Message, *, holder: int, responder: int) -> None:
    """What is to be known of an answer beside its time."""
    rules = dialog.rules
    if not responder:
        wait.mark("phone")
    elif holder and holder != responder:
        wait.mark("helped")
    if rules.responsible and responder and responder != rules.responsible:
        wait.mark("other_responsible")
    if message.canned:
        wait.mark("canned")
    if wait.kind == "first" and 0 < message.length < TOO_SHORT and message.content == "text":
        wait.mark("short")


def _reply_verdict(
    dialog: Dialog, wait: Wait, known: Terms, held: tuple[Held, ...], working: timedelta, ended: datetime
) -> tuple[Verdict, str, str, int]:
    """Verdict, cause, blame and culprit of an answered turn. What a dead channel held back is excused in any case."""
    if "backlog" in wait.marks:
        return Verdict.EXCUSED, "backlog", BLAMED["backlog"], 0
    if ended <= known[2]:
        return Verdict.MET, "", "", 0
    lost, cause = lost_time(dialog.rules, known[0], wait.working_from, ended)
    if lost and working - lost <= known[1]:
        return Verdict.EXCUSED, cause, BLAMED[cause], 0
    return Verdict.LATE, "", *blame_of(dialog, wait, held)


def closed(dialog: Dialog, wait: Wait, at: datetime, notice: int, closer: int) -> Turn:
    """The session ended while the customer waited: closing answers nothing (case 24)."""
    known = terms(dialog.rules, wait)
    held = parts(dialog, wait, known[0], at)
    holder = holder_of(dialog, wait.links)
    verdict, cause, blame, culprit = _close_verdict(dialog, wait, at, notice, closer)
    return _record(
        dialog,
        wait,
        known,
        verdict,
        ended=at,
        proof=notice,
        held=held,
        working=_working(wait, held, known[0], at),
        holder=holder,
        closer=closer,
        cause=cause,
        blame=blame,
        culprit=culprit,
    )


def _close_verdict(dialog: Dialog, wait: Wait, at: datetime, notice: int, closer: int) -> tuple[Verdict, str, str, int]:
    status = dialog.session.status
    if status in SPAM:
        return Verdict.EXCUSED, SPAM[status], "", 0
    if wait.bot_spoke and all(not user or dialog.is_bot(user) for user, _, _ in wait.links):
        return Verdict.BOT_ONLY, "bot_only", "", 0
    broken = cause_now(dialog.rules, at)
    if broken:
        return Verdict.EXCUSED, broken, BLAMED[broken], 0
    cause = "closed_auto" if notice and not closer else "closed"
    if wait.send_failed:
        return Verdict.MISSED, cause, "channel", 0
    culprit = closer or holder_of(dialog, wait.links)
    return Verdict.MISSED, cause, "manager" if culprit else "routing", culprit


def waived(dialog: Dialog, wait: Wait, at: datetime, cause: str, *, closer: int = 0, proof: int = 0) -> Turn:
    """No reply is needed, or it was given elsewhere: outside the share within target, visible and countable."""
    known = terms(dialog.rules, wait)
    held = parts(dialog, wait, known[0], at)
    return _record(
        dialog,
        wait,
        known,
        Verdict.WAIVED,
        ended=at,
        proof=proof,
        held=held,
        working=_working(wait, held, known[0], at),
        holder=holder_of(dialog, wait.links),
        closer=closer,
        cause=cause,
    )


def still_open(dialog: Dialog, wait: Wait, assigned: Mapping[int, datetime]) -> Turn:
    """The customer waits. While a bot talks with him nobody is late: the clock of people has not started."""
    known = terms(dialog.rules, wait)
    owner = dialog.session.owner
    holder = 0 if dialog.is_bot(owner) else owner
    if wait.bot_spoke and (dialog.is_bot(owner) or dialog.is_bot(wait.links[-1][0])):
        known = (known[0], known[1], NEVER, None, known[4])
    if holder and dialog.is_gone(holder):
        wait.mark("dismissed")
    held = parts_so_far(dialog, wait, known[0])
    return _record(dialog, wait, known, Verdict.OPEN, held=held, holder=holder, assigned=assigned.get(holder))


def _record(
    dialog: Dialog,
    wait: Wait,
    known: Terms,
    verdict: Verdict,
    *,
    held: tuple[Held, ...],
    holder: int,
    ended: datetime | None = None,
    ended_by: int = 0,
    working: timedelta | None = None,
    responder: int = 0,
    assigned: datetime | None = None,
    closer: int = 0,
    cause: str = "",
    blame: str = "",
    culprit: int = 0,
    proof: int = 0,
    digest: str = "",
) -> Turn:
    session, before = dialog.session, wait.before
    schedule, target, deadline, given_up, version = known
    turn = Turn(
        chat=session.chat,
        message=wait.message,
        session=session.id,
        line=session.line,
        connector=session.connector,
        messenger=dialog.rules.messenger,
        kind=wait.kind,
        opened=wait.opened,
        working_from=wait.working_from,
        target=target,
        deadline=deadline,
        no_reply_at=given_up,
        schedule_version=version,
        holder=holder,
        assigned=assigned,
        held=held,
        verdict=verdict,
        overdue_verdict=Verdict.LATE if (ended or dialog.now) > deadline else None,
        ended=ended,
        ended_by=ended_by,
        responder=responder,
        calendar=ended - wait.opened if ended else None,
        working=working,
        manager_working=_own(wait, held, schedule, ended, holder, responder, assigned),
        cause=cause,
        blame=blame,
        culprit=culprit,
        closer=closer,
        proof=proof,
        skipped=wait.skipped,
        content=wait.content,
        digest=digest,
        marks=wait.marks,
        counted=before is not None and before.counted,
    )
    return turn if before is None else _kept(before, turn)


def _kept(before: Turn, turn: Turn) -> Turn:
    """A figure once ended stays as it was told, unless what ended it changed or an excuse became known."""
    if before.verdict is Verdict.OPEN or turn.verdict is Verdict.OPEN or before.verdict is Verdict.VOID:
        return before if before == turn else turn
    same = before.ended == turn.ended and before.ended_by == turn.ended_by and before.proof == turn.proof
    if not same or before.working_from != turn.working_from:
        return turn
    is_excused_now = turn.verdict is Verdict.EXCUSED and before.verdict in {Verdict.LATE, Verdict.MISSED}
    return turn if is_excused_now else before


def _working(wait: Wait, held: tuple[Held, ...], schedule: Schedule, ended: datetime) -> timedelta:
    if wait.working_from == wait.opened and len(held) == 1:
        return held[0].working
    return schedule.working(wait.working_from, ended)


def _own(
    wait: Wait,
    held: tuple[Held, ...],
    schedule: Schedule,
    ended: datetime | None,
    holder: int,
    responder: int,
    assigned: datetime | None,
) -> timedelta | None:
    """D9: from the later of the turn's start and the assignment. Who helped out without one has no such time."""
    if ended is None or not responder or (assigned is None and holder not in {0, responder}):
        return None
    start = wait.working_from if assigned is None else max(wait.working_from, assigned)
    if held[-1].since == start:
        return held[-1].working
    return schedule.working(start, ended)
