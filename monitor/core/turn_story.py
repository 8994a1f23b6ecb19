"""One session read message by message: who waits since when, who has the dialog, what ends the wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

from monitor.core.model import Author, Message
from monitor.core.turn import Kind, Turn
from monitor.core.turn_answers import NOT_CONTENT, as_message, is_answer, is_thanks
from monitor.core.turn_bookmark import Bookmark
from monitor.core.turn_carried import STICKY, Dropped, brought_along, dropped_here, gone_on
from monitor.core.turn_excuses import is_backlog
from monitor.core.turn_hands import Hands
from monitor.core.turn_messages import is_seen
from monitor.core.turn_rules import Aside
from monitor.core.turn_verdicts import ANSWERED, answered, closed, still_open, waived
from monitor.core.turn_wait import COURTESY, ZERO, Dialog, Wait, terms

CAMPAIGN = timedelta(hours=24)  # after a mass mailing (case 18)
REAL_CALL = timedelta(seconds=20)
NONE: Set[int] = frozenset()
WAIVED_BY = {"waived": "waived", "elsewhere": "answered_elsewhere"}
BOT_HELD = "bot_held"
CUSTOMER, MANAGER, NOTICE, BOT, AUTOMATIC = Author.CUSTOMER, Author.MANAGER, Author.NOTICE, Author.BOT, Author.AUTOMATIC


class Story(Hands):
    """Reads one session once. `turns` are those that ended, and in the end the one that still waits."""

    __slots__ = (
        *("asides", "dropped", "known", "messages", "now", "patience", "present", "problems", "rules", "spoken"),
        "turns",
    )

    def __init__(
        self,
        dialog: Dialog,
        messages: Sequence[Message],
        known: Mapping[int, Turn],
        carried: Turn | None,
        patience: timedelta | None,
    ) -> None:
        super().__init__(dialog, messages)
        self.rules, self.now, self.known = dialog.rules, dialog.now, known
        self.messages, self.patience = messages, patience
        self.present = {message.id for message in messages if not message.deleted} if known else NONE
        self.asides = sorted(self.rules.asides, key=lambda aside: aside.at) if self.rules.asides else []
        self.turns: list[Turn] = []
        self.problems: list[str] = []
        self.spoken = False
        self.dropped: Dropped | None = None
        if known or carried is not None:
            self.dropped = brought_along(known, carried, messages)

    def take_up(self, mark: Bookmark) -> None:
        """Go on as if all before the bookmark had been told."""
        self.turns, self.assigned = list(mark.turns), dict(mark.assigned)
        self.holder, self.holder_spoke, self.spoken = mark.holder, mark.holder_spoke, mark.spoken

    def tell(self, messages: Sequence[Message]) -> None:
        """The next of its messages."""
        for message in messages:
            if self.asides:
                self._hear_asides(message.at)
            author = message.author
            if author is CUSTOMER:
                wait = self.wait
                if wait is None or wait.courtesy or wait.bot_spoke:
                    self._customer(message)
            elif author is MANAGER or author is AUTOMATIC:
                self._outgoing(message)
            elif author is NOTICE:
                if message.mark in {"end", "spam"}:
                    self._end(message)
                elif message.mentions or message.mark in {"queue", "offer"}:
                    self.take_note(message)
            elif author is BOT and self.wait is not None:
                self._bot(self.wait, message)

    # --- the customer -------------------------------------------------------------------------------------

    def _customer(self, message: Message) -> None:
        if message.content in NOT_CONTENT:
            return
        if message.deleted and not is_seen(self.known.get(message.id), self.dialog.seen):
            return
        wait = self.wait
        if wait is None:
            if self.dropped is None or not self._goes_on(message.at):
                self._open(message)
        elif wait.courtesy:
            self._more_after_courtesy(wait, message)
        elif not is_thanks(message):  # which the bot's answer may get as well as ours (cases 3, 14)
            wait.bot_spoke = False
            if self.holder in self.dialog.bots:
                wait.working_from = message.at  # what came before, the bot has answered

    def _open(self, message: Message) -> None:
        first = not self.turns and not self.spoken and self.dialog.session.started_by_customer
        kind: Kind = "first" if first else "next"
        before = self.known.get(message.id) if self.known else None
        wait = Wait(message.id, message.at, kind, [(self.holder, message.at, 0)], before)
        wait.content = message.content
        if before is not None or is_thanks(message):
            wait.courtesy = self._is_courtesy(message)
        if self.patience is not None:
            wait.working_from = message.at + self.patience
        self._mark(wait, message)
        self.wait, self.dropped = wait, None

    def _mark(self, wait: Wait, message: Message) -> None:
        rules, before = self.rules, wait.before
        if wait.courtesy:
            wait.mark("courtesy")
        if rules.campaigns and any(ZERO <= message.at - sent <= CAMPAIGN for sent in rules.campaigns):
            wait.mark("campaign")
        if rules.outages and is_backlog(rules, message.at):
            wait.mark("backlog")
        if rules.no_phone:
            wait.mark("no_phone")
        if message.deleted:
            wait.mark("deleted")
        if before is not None:
            wait.kind = before.kind
            self._mark_again(wait, before)

    def _mark_again(self, wait: Wait, before: Turn) -> None:
        """What was seen once is not forgotten: the answer that is gone, the message that was deleted."""
        for word in before.marks:
            if word in STICKY:
                wait.mark(word)
        if before.verdict in ANSWERED and before.ended_by and before.ended_by not in self.present:
            wait.mark("answer_deleted")

    def _is_courtesy(self, message: Message) -> bool:
        """A bare "thank you" after our reply; what an edit makes of it later changes nothing (case 32)."""
        before = self.known.get(message.id)
        if before is not None:
            return "courtesy" in before.marks
        return self.spoken or self.rules.answered_before

    def _more_after_courtesy(self, wait: Wait, message: Message) -> None:
        """Words after the thanks: the thanks needed no reply, the words open a turn of their own. From the thanks on, a
        question within its half hour would be late as it comes."""
        limit = self._courtesy_limit(wait)
        if is_thanks(message) and message.at < limit and self._is_courtesy(message):
            return
        self._waive(wait, min(limit, message.at), "no_reply_needed")
        self._open(message)

    def _courtesy_limit(self, wait: Wait) -> datetime:
        return terms(self.rules, wait)[0].add(wait.opened, COURTESY)

    def _bot(self, wait: Wait, message: Message) -> None:
        """It has the dialog that nobody took if the portal calls it the owner, or did when this was read before."""
        bot, wait.bot_spoke = message.user, True
        if not self.holder and (bot == self.dialog.session.owner or BOT_HELD in wait.marks):
            self.holder = bot
            wait.links.append((bot, message.at, 0))
            wait.mark(BOT_HELD)

    # --- people who answer --------------------------------------------------------------------------------

    def _outgoing(self, message: Message) -> None:
        """The portal's own figure asks neither who wrote it nor whether it arrived."""
        wait = self.wait
        if wait is not None and wait.portal_at is None and message.user and self.holder not in self.dialog.bots:
            wait.portal_at = message.at
        if message.author is MANAGER and (wait is not None or not self.spoken or self.dropped is not None):
            self._manager(message, wait)

    def _manager(self, message: Message, wait: Wait | None) -> None:
        if message.id in self.rules.echoed and message.user != self.holder:
            return  # who had taken the dialog by then may send a ready phrase to many; a connector takes nobody's
        if not is_answer(self.dialog, wait, message, self.messages, self.problems):
            return
        if wait is None and self.dropped is not None and self._goes_on(message.at):
            wait = self.wait
        if wait is not None:
            self._answer(wait, message)
        self.spoken, self.dropped = True, None
        self.holder_spoke = self.holder_spoke or message.user == self.holder

    def _answer(self, wait: Wait, message: Message) -> None:
        if wait.courtesy and message.at >= (limit := self._courtesy_limit(wait)):
            self._waive(wait, limit, "no_reply_needed")
        elif self.patience is None or message.at >= wait.working_from:
            self.turns.append(answered(self.dialog, wait, message, self.assigned))
        self.wait = None

    # --- ends without an answer, and waits that go on ---------------------------------------------------------

    def _end(self, notice: Message) -> None:
        if self.wait is not None:
            named = [user for user in notice.mentions if user != self.dialog.session.customer]
            self._close(notice.at, notice.id, named[0] if named else 0)
        self.holder, self.holder_spoke = 0, False

    def _close(self, at: datetime, notice: int, closer: int) -> None:
        wait, self.wait = self.wait, None
        if wait is None:
            return
        if wait.courtesy:
            self._waive(wait, max(wait.opened, min(at, self._courtesy_limit(wait))), "no_reply_needed")
            return
        if self.patience is not None and at < wait.working_from:
            return
        turn = closed(self.dialog, wait, max(at, wait.opened), notice, closer)
        self.turns.append(turn)
        self.dropped = dropped_here(turn, wait, at, notice)

    def _goes_on(self, at: datetime) -> bool:
        dropped, self.dropped = self.dropped, None
        if dropped is None or at < dropped.turn.opened or (dropped.until is not None and at > dropped.until):
            return False
        if dropped.mine:
            self.turns.remove(dropped.turn)
        wait = gone_on(dropped, self.known.get(dropped.turn.message), at)
        if wait.before is not None:
            self._mark_again(wait, wait.before)
        self.wait = wait
        return True

    def _hear_asides(self, until: datetime) -> None:
        while self.asides and self.asides[0].at <= until:
            aside, wait = self.asides.pop(0), self.wait
            if wait is not None and aside.at >= wait.opened:
                self._hear_aside(wait, aside)

    def _hear_aside(self, wait: Wait, aside: Aside) -> None:
        if aside.kind != "call":
            self._waive(wait, aside.at, WAIVED_BY[aside.kind], closer=aside.user, proof=aside.message)
        elif self.rules.call_ends_turn and aside.lasted >= REAL_CALL:
            wait.mark("call")
            self._answer(wait, as_message(aside, self.dialog))

    def _waive(self, wait: Wait, at: datetime, cause: str, *, closer: int = 0, proof: int = 0) -> None:
        self.turns.append(waived(self.dialog, wait, at, cause, closer=closer, proof=proof))
        self.wait = None

    def finish(self) -> None:
        """What still waits when the history is told: closed without an answer, or waiting on."""
        if self.asides:
            self._hear_asides(self.now)
        wait, session = self.wait, self.dialog.session
        if wait is None:
            return
        if session.closed is not None:
            self._close(session.closed, 0, 0)
        elif wait.courtesy and (limit := self._courtesy_limit(wait)) < self.now:
            self._waive(wait, limit, "no_reply_needed")
        elif self.patience is None or self.now >= wait.working_from:
            self.turns.append(still_open(self.dialog, wait, self.assigned))
