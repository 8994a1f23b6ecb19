"""A wait and its end into the record of a turn: clocks, verdict, excuse and blame (response-time.md D3-D13)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.core.calendar import NEVER, Schedule
from monitor.core.model import Message
from monitor.core.turn import Held, Turn, TurnDraft, Verdict, blank_draft, sealed
from monitor.core.turn_excuses import BLAMED, blame_of, cause_now, lost_time
from monitor.core.turn_wait import Dialog, Terms, Wait, holder_of, parts, parts_so_far, terms

TOO_SHORT = 10  # characters of a first reply that only stops the clock
SPAM = {65: "spam", 75: "closed_silently"}
MET, LATE, EXCUSED, OPEN, MISSED = Verdict.MET, Verdict.LATE, Verdict.EXCUSED, Verdict.OPEN, Verdict.MISSED
ANSWERED = frozenset({MET, LATE, EXCUSED})


def answered(dialog: Dialog, wait: Wait, message: Message, assigned: Mapping[int, datetime]) -> Turn:
    """Ended by a human's message. Whose reply it is, is its author (D6), not who had the dialog."""
    before = wait.before
    if before is not None and _stands(before, wait, message):
        return before
    ended, known = message.at, terms(dialog.rules, wait)
    held = parts(dialog, wait, known[0], ended)
    working = _working(wait, held, known[0], ended)
    responder = 0 if message.mirrored and message.user in dialog.rules.mirrors else message.user
    holder = holder_of(dialog, wait.links)
    _mark_answer(dialog, wait, message, holder, responder)
    draft = _draft(dialog, wait, known, held, holder)
    draft.ended, draft.working, draft.calendar = ended, working, ended - draft.opened
    draft.ended_by, draft.responder, draft.digest = message.id, responder, message.digest
    draft.assigned = assigned.get(responder or holder)
    if ended <= draft.deadline and "backlog" not in wait.marks:
        draft.verdict = MET
    else:
        _judge_late(dialog, wait, draft, known[0])
    if draft.verdict is MET and working != draft.calendar and not known[0].is_open(ended):
        wait.mark("ooh")
    draft.manager_working = _own(draft, known[0], ended)
    draft.marks = wait.marks
    turn = sealed(draft)
    return turn if wait.before is None else _kept(wait.before, turn)


def _mark_answer(dialog: Dialog, wait: Wait, message: Message, holder: int, responder: int) -> None:
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


def _judge_late(dialog: Dialog, wait: Wait, draft: TurnDraft, schedule: Schedule) -> None:
    """Verdict, cause, blame and culprit of what was not answered in time, or could not be: a dead channel excuses."""
    ended, working = draft.ended, draft.working
    assert ended is not None  # noqa: S101 - it is answered
    assert working is not None  # noqa: S101 - it is answered
    if ended > draft.deadline:
        draft.overdue_verdict = LATE
    if "backlog" in wait.marks:
        draft.verdict, draft.cause, draft.blame = EXCUSED, "backlog", BLAMED["backlog"]
        return
    lost, cause = lost_time(dialog.rules, schedule, wait.working_from, ended)
    if lost and working - lost <= draft.target:
        draft.verdict, draft.cause, draft.blame = EXCUSED, cause, BLAMED[cause]
        return
    draft.verdict = LATE
    draft.blame, draft.culprit = blame_of(dialog, wait, draft.held)


def closed(dialog: Dialog, wait: Wait, at: datetime, notice: int, closer: int) -> Turn:
    """The session ended while the customer waited: closing answers nothing (case 24)."""
    known = terms(dialog.rules, wait)
    held = parts(dialog, wait, known[0], at)
    wait.portal_at = wait.portal_at or at  # to the portal, closing answers
    draft = _draft(dialog, wait, known, held, holder_of(dialog, wait.links))
    working = _working(wait, held, known[0], at)
    _end(draft, at, working)
    draft.proof, draft.closer = notice, closer
    in_time = at <= draft.deadline or _is_excused(dialog, wait, known, working, at)
    draft.verdict, draft.cause, draft.blame, draft.culprit = _close_verdict(dialog, wait, draft, in_time=in_time)
    return _finished(wait, draft)


def _is_excused(dialog: Dialog, wait: Wait, known: Terms, working: timedelta, at: datetime) -> bool:
    """Whether the target was kept but for what was broken: who was late before it broke has no excuse."""
    lost, _ = lost_time(dialog.rules, known[0], wait.working_from, at)
    return working - lost <= known[1]


def _close_verdict(dialog: Dialog, wait: Wait, draft: TurnDraft, *, in_time: bool) -> tuple[Verdict, str, str, int]:
    status, at, closer = dialog.session.status, draft.ended, draft.closer
    assert at is not None  # noqa: S101 - it is closed
    if status in SPAM:
        return EXCUSED, SPAM[status], "", 0
    if wait.bot_spoke and all(not user or user in dialog.bots for user, _, _ in wait.links):
        return Verdict.BOT_ONLY, "bot_only", "", 0
    broken = "backlog" if "backlog" in wait.marks else cause_now(dialog.rules, at)
    if broken and (in_time or broken == "backlog"):
        return EXCUSED, broken, BLAMED[broken], 0
    cause = "closed_auto" if draft.proof and not closer else "closed"
    if wait.send_failed:
        return MISSED, cause, "channel", 0
    culprit = closer or holder_of(dialog, wait.links)
    if not closer and dialog.is_gone(culprit):
        culprit = 0  # who is dismissed or away left it to the queue (case 43)
    return MISSED, cause, "manager" if culprit else "routing", culprit


def waived(dialog: Dialog, wait: Wait, at: datetime, cause: str, *, closer: int, proof: int) -> Turn:
    """No reply is needed, or it was given elsewhere: outside the share within target, visible and countable."""
    known = terms(dialog.rules, wait)
    held = parts(dialog, wait, known[0], at)
    draft = _draft(dialog, wait, known, held, holder_of(dialog, wait.links))
    _end(draft, at, _working(wait, held, known[0], at))
    draft.verdict, draft.cause, draft.closer, draft.proof = Verdict.WAIVED, cause, closer, proof
    return _finished(wait, draft)


def still_open(dialog: Dialog, wait: Wait, assigned: Mapping[int, datetime]) -> Turn:
    """The customer waits. While a bot talks with him nobody is late: the clock of people has not started."""
    known = terms(dialog.rules, wait)
    owner = dialog.session.owner
    holder = 0 if owner in dialog.bots else owner
    if wait.bot_spoke and (owner in dialog.bots or wait.links[-1][0] in dialog.bots):
        known = (known[0], known[1], NEVER, None, known[4])
    if holder and dialog.is_gone(holder):
        wait.mark("dismissed")
    draft = _draft(dialog, wait, known, parts_so_far(dialog, wait, known[0]), holder)
    draft.assigned = assigned.get(holder)
    draft.overdue_verdict = LATE if dialog.now > draft.deadline else None
    return _finished(wait, draft)


def _draft(dialog: Dialog, wait: Wait, known: Terms, held: tuple[Held, ...], holder: int) -> TurnDraft:
    """An open turn, to be completed."""
    session, draft = dialog.session, blank_draft()
    draft.chat, draft.session, draft.line, draft.connector = session.chat, session.id, session.line, session.connector
    draft.came_by = 0
    if session.moved:
        draft.line, draft.came_by = session.moved, session.line
    draft.messenger = dialog.rules.messenger
    _, draft.target, draft.deadline, draft.no_reply_at, draft.schedule_version = known
    draft.message, draft.kind, draft.content, draft.skipped = wait.message, wait.kind, wait.content, wait.skipped
    draft.opened, draft.working_from = wait.opened, wait.working_from
    draft.holder, draft.held = holder, held
    if wait.portal_at is not None:
        draft.portal_wait = wait.portal_at - wait.opened
    if wait.before is not None:
        draft.counted = wait.before.counted
    return draft


def _end(draft: TurnDraft, at: datetime, working: timedelta) -> None:
    draft.ended, draft.working, draft.calendar = at, working, at - draft.opened
    if at > draft.deadline:
        draft.overdue_verdict = LATE


def _finished(wait: Wait, draft: TurnDraft) -> Turn:
    draft.marks = wait.marks
    turn = sealed(draft)
    return turn if wait.before is None else _kept(wait.before, turn)


def _stands(before: Turn, wait: Wait, message: Message) -> bool:
    """Whether the same answer ends the same wait again, where no excuse that became known could matter: `_kept`
    would keep what was told, so nothing has to be worked out."""
    return (
        (before.verdict is MET or before.verdict is EXCUSED)
        and before.ended_by == message.id
        and before.ended == message.at
        and before.working_from == wait.working_from
        and before.proof == 0
    )


def _kept(before: Turn, turn: Turn) -> Turn:
    """A figure once ended stays as it was told, unless what ended it changed or an excuse became known."""
    if before.verdict is OPEN or turn.verdict is OPEN or before.verdict is Verdict.VOID:
        return before if before == turn else turn
    same = before.ended == turn.ended and before.ended_by == turn.ended_by and before.proof == turn.proof
    if not same or before.working_from != turn.working_from:
        return turn
    is_excused_now = turn.verdict is EXCUSED and before.verdict in {LATE, MISSED}
    return turn if is_excused_now else before


def _working(wait: Wait, held: tuple[Held, ...], schedule: Schedule, ended: datetime) -> timedelta:
    if wait.working_from == held[0].since:
        total = held[0].working
        for part in held[1:]:
            total += part.working
        return total
    return schedule.working(wait.working_from, ended)


def _own(draft: TurnDraft, schedule: Schedule, ended: datetime) -> timedelta | None:
    """D9: from the later of the turn's start and the assignment. Who helped out without one has no such time."""
    responder, assigned = draft.responder, draft.assigned
    if not responder or (assigned is None and draft.holder not in {0, responder}):
        return None
    start = draft.working_from if assigned is None or assigned < draft.working_from else assigned
    if draft.held[-1].since == start:
        return draft.held[-1].working
    return schedule.working(start, ended)
