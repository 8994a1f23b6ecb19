"""Who has a dialog, by the portal's own lines: offered, taken, given on, let go, back in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.core.model import Message
from monitor.core.turn_wait import Dialog, Wait, hand_over


class Hands:
    """Follows one session's lines. `holder` 0 = nobody has taken it; `assigned`: since when it was given to whom."""

    __slots__ = ("assigned", "dialog", "holder", "holder_spoke", "untaken", "wait")

    wait: Wait | None

    def __init__(self, dialog: Dialog, messages: Sequence[Message]) -> None:
        self.dialog, self.wait = dialog, None
        self.untaken = dialog.is_untaken and all(one.mark != "queue" for one in messages)
        self.holder, self.holder_spoke = 0, False
        self.assigned: dict[int, datetime] = {}

    def take_note(self, notice: Message) -> None:
        """One employee named: he took it. Two: the first gave it to the second, or took it from him."""
        customer, mark = self.dialog.session.customer, notice.mark
        named = [user for user in notice.mentions if user != customer]
        if mark == "queue":
            self._release(notice, named[0] if named else self.holder)
        elif mark == "offer":
            self._offer(notice, named[-1] if named else 0)
        elif mark == "left":
            if named and named[0] == self.holder:
                self._release(notice, self.holder)
        elif mark not in {"", "passed_on"}:
            return
        elif len(named) == 1 and named[0] != self.holder:
            if not self.untaken or named[0] in self.dialog.bots:
                self._let_go(self.holder)
                self._take(named[0], notice)
        elif len(named) > 1:
            giver, taker = hand_over(named, self.holder)
            if mark:
                self._let_go(giver)
            self.holder = self.holder or (giver if giver in self.dialog.bots else 0)
            self._take(taker, notice)

    def _offer(self, notice: Message, user: int) -> None:
        """The portal asks somebody to take it, and nobody has it until he does (bitrix24-api.md 12.15). Who was asked
        before has not taken it (case 21), and a bot that had it hands over."""
        wait, before = self.wait, self.holder
        if before == user:
            return
        if before:
            self._release(notice, before)
        if wait is None:
            return
        self._let_go(wait.offered)
        wait.offered = user
        if before in self.dialog.bots:
            self._handed_over(wait, notice)

    def _take(self, user: int, notice: Message) -> None:
        before, self.holder = self.holder, user
        self.holder_spoke = False
        self.assigned[user] = notice.at
        wait = self.wait
        if wait is None or user == before:
            return
        wait.links.append((user, notice.at, notice.id))
        wait.offered = 0
        if before in self.dialog.bots and user not in self.dialog.bots:
            self._handed_over(wait, notice)

    def _handed_over(self, wait: Wait, notice: Message) -> None:
        wait.working_from = max(wait.working_from, notice.at)
        wait.mark("bot_handover")

    def _release(self, notice: Message, user: int) -> None:
        """Back to the queue: the wait goes on there (case 20)."""
        self._let_go(user)
        self.holder = 0
        if self.wait is not None:
            self.wait.links.append((0, notice.at, notice.id))

    def _let_go(self, user: int) -> None:
        """Somebody else has it now, and this one had not said a word (case 21)."""
        wait = self.wait
        if wait is None or not user or self.holder_spoke or user in self.dialog.bots or user in wait.skipped:
            return
        wait.skipped += (user,)
