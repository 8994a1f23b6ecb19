"""The vocabulary of replies: a wait from the first customer message to the first human answer (response-time.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

from monitor.core.model import ChannelKey, Messenger


class TurnKey(NamedTuple):
    chat: int
    message: int  # id of the earliest unanswered customer message


class Verdict(StrEnum):
    """D10. A turn that still waits is `open`."""

    OPEN = "open"
    MET = "met"
    LATE = "late"
    MISSED = "missed"
    EXCUSED = "excused"
    BOT_ONLY = "bot_only"
    WAIVED = "waived"
    VOID = "void"


OPEN = Verdict.OPEN

Kind = Literal["first", "next"]


class Held(NamedTuple):
    """One owner's part of a turn. `user` 0 = the queue. Working seconds on the line's schedule.

    `notice`: id of the portal's line that shows it, 0 = the dialog was his already. The last part of an open turn
    has no seconds yet.
    """

    user: int
    since: datetime
    working: timedelta
    notice: int = 0


@dataclass(slots=True, init=False)
class TurnDraft:
    """A turn being written: the same fields, open to change until `sealed`.

    A record of this size costs eight times as much to build by its constructor's keywords as to fill field by field,
    and a portal's year has millions.
    """

    chat: int
    message: int
    session: int
    line: int
    came_by: int
    connector: str
    messenger: Messenger
    kind: Kind
    opened: datetime
    working_from: datetime
    target: timedelta
    deadline: datetime
    no_reply_at: datetime | None
    schedule_version: str
    holder: int
    assigned: datetime | None
    held: tuple[Held, ...]
    verdict: Verdict
    overdue_verdict: Verdict | None
    ended: datetime | None
    ended_by: int
    responder: int
    calendar: timedelta | None
    working: timedelta | None
    manager_working: timedelta | None
    portal_wait: timedelta | None
    cause: str
    blame: str
    culprit: int
    closer: int
    proof: int
    skipped: tuple[int, ...]
    content: str
    digest: str
    marks: tuple[str, ...]
    counted: bool


def blank_draft() -> TurnDraft:
    """Nothing has happened yet; whose wait it is, since when and on which terms is still to be said."""
    draft = TurnDraft()
    draft.assigned = draft.overdue_verdict = draft.ended = None
    draft.calendar = draft.working = draft.manager_working = draft.portal_wait = None
    draft.ended_by = draft.responder = draft.culprit = draft.closer = draft.proof = 0
    draft.cause = draft.blame = draft.digest = ""
    draft.verdict = OPEN
    draft.marks = ()
    draft.counted = False
    return draft


def sealed(draft: TurnDraft) -> Turn:
    """The draft itself as a frozen Turn: both have the same slots, so nothing is copied."""
    draft.__class__ = Turn  # type: ignore[assignment]  # the same layout by construction, a test holds it
    return draft  # type: ignore[return-value]  # it is one now


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """From the earliest unanswered customer message to the first human answer (response-time.md D1-D15).

    `working` and `calendar` are measured when the turn ended, else None. `overdue_verdict` is the verdict at the
    deadline: late, or None. `culprit` is whom the blame of a late or missed turn falls on, where it is a person.

    `marks` say what else is to be known of the wait:
    answer_deleted (the answer was deleted, so the wait went on), backlog (arrived in a burst after an outage),
    bot_handover, bot_held (a bot was the portal's owner of the dialog), call (answered by a call), campaign, canned,
    carried (begun in an earlier session), closed_once (closed without an answer, then it went on), courtesy (a bare
    "thank you"), deleted (the customer deleted the message), dismissed (the holder works there no more), helped (not
    the holder answered), no_phone (an answer from the phone would not be seen), ooh (answered out of hours),
    other_responsible, other_schedule (measured by today's schedule, the frozen one is lost), phone, reopened,
    send_failed, short (a very short first reply), unconfirmed (accepted by the provider as far as nothing says
    otherwise).
    """

    chat: int
    message: int
    session: int
    line: int  # whose hours and targets it is judged by
    came_by: int = 0  # the line of the customer's channel, where the dialog was moved to `line`; 0 = that is it
    connector: str
    messenger: Messenger = Messenger.OTHER
    kind: Kind
    opened: datetime
    working_from: datetime  # where the working clock starts: `opened`, or a bot's hand-over to people
    target: timedelta
    deadline: datetime  # when it is late
    no_reply_at: datetime | None = None  # when three targets have passed on the working clock
    schedule_version: str = ""
    holder: int = 0  # 0 = queue
    assigned: datetime | None = None
    held: tuple[Held, ...] = ()
    verdict: Verdict = Verdict.OPEN
    overdue_verdict: Verdict | None = None
    ended: datetime | None = None
    ended_by: int = 0  # message id of the answer, 0 = none
    responder: int = 0
    calendar: timedelta | None = None
    working: timedelta | None = None
    manager_working: timedelta | None = None  # D9
    portal_wait: timedelta | None = None  # Bitrix24's own answer time: monitor/core/parity.py
    cause: str = ""  # how it ended or why it is excused: monitor/core/turn_verdicts.py names them
    blame: str = ""  # manager, routing, channel, portal, us
    culprit: int = 0
    closer: int = 0  # who closed or waived it without an answer, 0 = not told
    proof: int = 0  # id of the notice or message that shows the end without an answer, 0 = nothing does
    skipped: tuple[int, ...] = ()  # who had it and let it go without a word
    content: str = "text"  # of the customer's message
    digest: str = ""  # of the answer
    marks: tuple[str, ...] = ()
    counted: bool = False  # it ended once and stands in the counters, whatever is corrected later

    @property
    def key(self) -> TurnKey:
        return TurnKey(self.chat, self.message)

    @property
    def channel(self) -> ChannelKey:
        return ChannelKey(self.came_by or self.line, self.connector)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEvent:
    """One row of the append-only ledger of replies (D15). `what`: turn_open, pause, resume, assign, deadline, breach,
    answered, closed, excused, corrected. `messages` are the ids that prove it."""

    chat: int
    message: int  # with chat: the turn's key
    at: datetime
    what: str
    messages: tuple[int, ...] = ()
    turn: Turn | None = None  # the turn as it stood after this event
