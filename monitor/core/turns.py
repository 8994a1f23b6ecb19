"""Messages of a session into turns with verdicts (response-time.md): the same history always gives the same turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.core.calendar import Schedule
from monitor.core.model import Author, Delivery, Message, Messenger, Person, Session
from monitor.core.policy import Targets
from monitor.core.turn import Held, Kind, Turn, TurnKey, Verdict

ZERO = timedelta()
NO_REPLY_TARGETS = 3
COURTESY = timedelta(minutes=30)  # working time after which a bare "thank you" needs no reply (case 14)
IMPORTED = timedelta(hours=48)  # older than the session by that much: history brought along (case 46)
REOPENED = timedelta(hours=24)  # within which a new session goes on with an unanswered turn (case 27)
UNCONFIRMED = timedelta(minutes=5)  # a connector that never confirms must not make its managers silent (case 34)
SPAM = frozenset({65, 75})
NOT_CONTENT = frozenset({"reaction", "form"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the turns of a session are judged by. `outages`: when the channel or portal was down, None = still.

    `automatic`: digests of texts that no human typed. `confirms`: whether the connector confirms deliveries.
    """

    schedule: Schedule
    targets: Targets
    messenger: Messenger = Messenger.OTHER
    staff: frozenset[int] = frozenset()
    outages: tuple[tuple[datetime, datetime | None], ...] = ()
    maintenance: tuple[tuple[datetime, datetime], ...] = ()
    automatic: frozenset[str] = frozenset()
    excluded: frozenset[int] = frozenset()  # customers who are ourselves: tests, employees (case 48)
    confirms: bool | None = None
    reaction_ends_turn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Turns in the order they began. `problems`: what was wrong with the data, counted and shown."""

    turns: tuple[Turn, ...]
    problems: tuple[str, ...] = ()


def judge(
    session: Session,
    messages: Sequence[Message],
    *,
    people: Mapping[int, Person],
    rules: Rules,
    previous: Iterable[Turn] = (),
    carried: Turn | None = None,
    now: datetime,
) -> Judged:
    """All turns of one session from its whole history.

    `previous`: the turns judged before: their targets and deadlines stay frozen, and one whose message vanished is
    void. `carried`: the chat's last turn of an earlier session, if it ended unanswered.
    """
    if session.customer in rules.excluded:
        return Judged(turns=())
    known = {turn.key: turn for turn in previous}
    story = _Story(session=session, rules=rules, people=people, known=known, carried=carried, now=now)
    for message in _in_order(messages, session, story.problems):
        story.hear(message)
    story.end()
    turns = tuple(story.turns)
    told = {turn.key for turn in turns}
    gone = (_void(turn, now) for key, turn in known.items() if key not in told)
    return Judged(turns=(*turns, *gone), problems=tuple(story.problems))


def _in_order(messages: Sequence[Message], session: Session, problems: list[str]) -> list[Message]:
    """By time, then id; each id once; what is older than the session was imported."""
    unique = {message.id: message for message in messages}
    if len(unique) != len(messages):
        problems.append(f"replies.duplicates session={session.id} count={len(messages) - len(unique)}")
    old = session.created - IMPORTED
    return sorted((one for one in unique.values() if one.at >= old), key=lambda one: (one.at, one.id))


def _void(turn: Turn, now: datetime) -> Turn:
    """Its first message is gone: a wait nobody can prove. What ended keeps its verdict."""
    return replace(turn, verdict=Verdict.VOID, ended=now, cause="deleted") if turn.verdict is Verdict.OPEN else turn


@dataclass(slots=True, kw_only=True)
class _Wait:
    """The turn under way."""

    message: Message
    kind: Kind
    opened: datetime
    working_from: datetime
    courtesy: bool = False
    bot_spoke: bool = False
    marks: tuple[str, ...] = ()
    held: list[tuple[int, datetime]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Story:
    """Reads one session message by message."""

    session: Session
    rules: Rules
    people: Mapping[int, Person]
    known: Mapping[TurnKey, Turn]
    carried: Turn | None
    now: datetime
    turns: list[Turn] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    wait: _Wait | None = None
    holder: int = 0
    assigned: dict[int, datetime] = field(default_factory=dict)
    spoken: bool = False  # a manager has written in this session before any customer

    def hear(self, message: Message) -> None:
        match message.author:
            case Author.NOTICE:
                self._notice(message)
            case Author.CUSTOMER:
                self._customer(message)
            case Author.MANAGER:
                self._manager(message)
            case Author.BOT if self.wait is not None:
                self.wait.bot_spoke = True
            case _:
                pass

    def end(self) -> None:
        """What still waits when the history is told: closed without an answer, or waiting on."""
        if self.wait is None:
            return
        if self.session.closed is not None:
            self._closed(max(self.session.closed, self.wait.opened))
        elif self.wait.courtesy and self._working(self.wait.working_from, self.now) >= COURTESY:
            marks = (*self.wait.marks, "no_reply_needed")
            self.turns.append(self._turn(Verdict.WAIVED, ended=self.now, cause="no_reply_needed", marks=marks))
        else:
            self.turns.append(self._turn(Verdict.OPEN))

    # --- who holds the dialog ---------------------------------------------------------------------------

    def _notice(self, message: Message) -> None:
        if message.mark == "end":
            if self.wait is not None:
                self._closed(message.at)
        elif message.mark == "" and message.mentions:
            self._hand_over(message.mentions[-1], message.at)

    def _hand_over(self, user: int, at: datetime) -> None:
        """An accept names one employee, a transfer two: the last one has the dialog now."""
        came_from_bot = self._is_bot(self.holder) and not self._is_bot(user)
        self.holder = user
        self.assigned[user] = at
        if self.wait is not None:
            self.wait.held.append((user, at))
            if came_from_bot:
                self.wait.working_from = max(self.wait.working_from, at)
                self.wait.marks = (*self.wait.marks, "bot_handover")

    def _is_bot(self, user: int) -> bool:
        person = self.people.get(user)
        return person is not None and person.bot

    # --- who writes ---------------------------------------------------------------------------------------

    def _customer(self, message: Message) -> None:
        if message.content in NOT_CONTENT or self._is_void(message):
            return
        courtesy = message.closing_phrase and (self.spoken or bool(self.turns))
        if self.wait is None or (self.wait.courtesy and not courtesy):
            self._open(message, courtesy=courtesy)
        else:
            self.wait.bot_spoke = False

    def _is_void(self, message: Message) -> bool:
        """A deleted message that we never saw alive opens nothing (case 30)."""
        return message.deleted and TurnKey(message.chat, message.id) not in self.known

    def _open(self, message: Message, *, courtesy: bool) -> None:
        first = self.session.started_by_customer and not self.turns and not self.spoken
        kind: Kind = "first" if first else "next"
        opened = message.at
        marks: tuple[str, ...] = ()
        if not self.turns and not self.spoken and self._goes_on(message):
            assert self.carried is not None  # noqa: S101 - _goes_on says so
            kind, opened, marks = self.carried.kind, self.carried.opened, ("reopened",)
        self.wait = _Wait(
            message=message, kind=kind, opened=opened, working_from=opened, courtesy=courtesy, marks=marks
        )

    def _goes_on(self, message: Message) -> bool:
        """Unanswered when its session was closed, and the customer is back within hours (case 27)."""
        last = self.carried
        if last is None or last.verdict is not Verdict.MISSED or last.ended is None:
            return False
        return ZERO <= message.at - last.ended <= REOPENED

    def _manager(self, message: Message) -> None:
        if not self._is_answer(message):
            return
        if self.wait is not None:
            self.turns.append(self._answered(message))
            self.wait = None
        self.spoken = True

    def _is_answer(self, message: Message) -> bool:
        if message.deleted or message.digest in self.rules.automatic or message.delivery is Delivery.FAILED:
            return False
        if message.content in NOT_CONTENT and not self.rules.reaction_ends_turn:
            return False
        if message.delivery is Delivery.ACCEPTED:
            return True
        return self.rules.confirms is not True and self.now - message.at >= UNCONFIRMED

    # --- verdicts -----------------------------------------------------------------------------------------

    def _working(self, start: datetime, end: datetime) -> timedelta:
        return self.rules.schedule.working(start, end)

    def _answered(self, message: Message) -> Turn:
        turn = self._turn(Verdict.MET, ended=message.at, responder=message.user, ended_by=message.id)
        if message.at <= turn.deadline:
            marks = turn.marks if self.rules.schedule.is_open(message.at) else (*turn.marks, "ooh")
            return replace(turn, marks=marks)
        excuse = self._excuse(turn.opened, message.at)
        if excuse:
            return replace(turn, verdict=Verdict.EXCUSED, cause=excuse, blame=excuse.removesuffix("_down"))
        return replace(turn, verdict=Verdict.LATE, overdue_verdict=Verdict.LATE, blame=self._blame(turn))

    def _blame(self, turn: Turn) -> str:
        """Late only since nobody had taken it until the target was gone: that is routing, not the manager."""
        assigned = self.assigned.get(turn.responder)
        return "routing" if assigned is not None and assigned > turn.deadline else "manager"

    def _closed(self, at: datetime) -> None:
        """Closing answers nothing (case 24): missed, unless a bot had settled it or it was spam."""
        wait = self.wait
        if wait is None:
            return
        if self.session.status in SPAM:
            turn = self._turn(Verdict.EXCUSED, ended=at, cause="spam")
        elif wait.courtesy:
            turn = self._turn(Verdict.WAIVED, ended=at, cause="no_reply_needed", marks=(*wait.marks, "no_reply_needed"))
        elif wait.bot_spoke and not self._held_by_person(wait):
            turn = self._turn(Verdict.BOT_ONLY, ended=at, cause="bot_only")
        else:
            excuse = self._excuse(wait.opened, at)
            verdict = Verdict.EXCUSED if excuse else Verdict.MISSED
            turn = self._turn(verdict, ended=at, cause=excuse or "closed")
            late = Verdict.LATE if at > turn.deadline else None
            turn = replace(turn, overdue_verdict=late, blame="" if excuse else "manager" if turn.holder else "routing")
        self.turns.append(turn)
        self.wait = None

    def _held_by_person(self, wait: _Wait) -> bool:
        return bool(self.holder and not self._is_bot(self.holder)) or any(
            not self._is_bot(user) for user, _ in wait.held
        )

    def _excuse(self, start: datetime, end: datetime) -> str:
        """What was not the manager's fault: an outage or a maintenance inside the wait."""
        if any(begins < end and (over is None or over > start) for begins, over in self.rules.outages):
            return "channel_down"
        if any(begins < end and over > start for begins, over in self.rules.maintenance):
            return "maintenance"
        return ""

    # --- the record ---------------------------------------------------------------------------------------

    def _turn(
        self,
        verdict: Verdict,
        *,
        ended: datetime | None = None,
        responder: int = 0,
        ended_by: int = 0,
        cause: str = "",
        marks: tuple[str, ...] | None = None,
    ) -> Turn:
        wait = self.wait
        assert wait is not None  # noqa: S101 - asked only while somebody waits
        before = self.known.get(TurnKey(wait.message.chat, wait.message.id))
        target, deadline, given_up, version = self._terms(wait, before)
        holder = self._holder(verdict)
        if responder and holder and responder != holder:
            wait.marks = (*wait.marks, "helped")
        mine = self.assigned.get(responder or holder)
        return Turn(
            chat=wait.message.chat,
            message=wait.message.id,
            session=self.session.id,
            line=self.session.line,
            connector=self.session.connector,
            messenger=self.rules.messenger,
            kind=wait.kind,
            opened=wait.opened,
            working_from=wait.working_from,
            target=target,
            deadline=deadline,
            no_reply_at=given_up,
            schedule_version=version,
            holder=holder,
            assigned=mine,
            held=self._parts(wait, ended) if ended else (),
            verdict=verdict,
            ended=ended,
            ended_by=ended_by,
            responder=responder,
            calendar=ended - wait.opened if ended else None,
            working=self._working(wait.working_from, ended) if ended else None,
            manager_working=self._working(max(wait.working_from, mine or wait.opened), ended) if ended else None,
            cause=cause,
            marks=marks if marks is not None else wait.marks,
            counted=before.counted if before else False,
        )

    def _terms(self, wait: _Wait, before: Turn | None) -> tuple[timedelta, datetime, datetime, str]:
        """Target and deadline as they were when the turn began; a bot's hand-over moves the start of the clock."""
        schedule = self.rules.schedule
        if before is not None and before.working_from == wait.working_from and before.no_reply_at is not None:
            return before.target, before.deadline, before.no_reply_at, before.schedule_version
        target = self.rules.targets.first if wait.kind == "first" else self.rules.targets.next
        patience = max(target, COURTESY) if wait.courtesy else target
        deadline = schedule.add(wait.working_from, patience)
        return target, deadline, schedule.add(wait.working_from, patience * NO_REPLY_TARGETS), schedule.version

    def _holder(self, verdict: Verdict) -> int:
        """While it waits the portal's present owner is the truth; afterwards who accepted it last."""
        if verdict is Verdict.OPEN and self.session.owner and not self._is_bot(self.session.owner):
            return self.session.owner
        return 0 if self._is_bot(self.holder) else self.holder

    def _parts(self, wait: _Wait, ended: datetime) -> tuple[Held, ...]:
        """Each owner's part of the wait on the working clock, the queue's first."""
        starts = [(self._first_holder(wait), wait.opened), *wait.held]
        ends = [at for _, at in starts[1:]] + [ended]
        return tuple(
            Held(user=user, since=at, working=self._working(at, until))
            for (user, at), until in zip(starts, ends, strict=True)
            if until > at
        )

    def _first_holder(self, wait: _Wait) -> int:
        earlier = [user for user, at in self.assigned.items() if at <= wait.opened]
        return earlier[-1] if earlier else 0


def waits(turn: Turn, schedule: Schedule, now: datetime) -> tuple[timedelta, timedelta]:
    """How long an open turn has waited: working clock, calendar clock."""
    return schedule.working(turn.working_from, now), max(ZERO, now - turn.opened)


def overdue(turn: Turn, now: datetime) -> int:
    """How many targets an open turn has passed: 0, 1 or 3."""
    if turn.no_reply_at is not None and now > turn.no_reply_at:
        return NO_REPLY_TARGETS
    return int(now > turn.deadline)
