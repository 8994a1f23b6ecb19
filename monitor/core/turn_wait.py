"""The turn under way and who has held it: what is gathered while a session's messages are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitor.core.calendar import Schedule
from monitor.core.model import Person, Session
from monitor.core.turn import Held, Kind, Turn
from monitor.core.turn_rules import Rules

ZERO = timedelta()
NO_REPLY_TARGETS = 3
COURTESY = timedelta(minutes=30)  # working time after which a bare "thank you" needs no reply (case 14)

Link = tuple[int, datetime, int]  # holder, since, the notice that shows it
Terms = tuple[Schedule, timedelta, datetime, datetime | None, str]


class Dialog:
    """One session and all that its turns are judged by. `people`: who wrote in it; `bots`: who of them is none; `seen`:
    when it was read before, None = now."""

    __slots__ = ("bots", "is_untaken", "now", "people", "rules", "seen", "session")

    def __init__(
        self, session: Session, rules: Rules, people: Mapping[int, Person], now: datetime, seen: datetime | None = None
    ) -> None:
        self.session, self.rules, self.people, self.now, self.seen = session, rules, people, now, seen or now
        self.bots = [person.id for person in people.values() if person.bot]
        # By its activity nobody has accepted it, and nobody owns it: whom its lines name was asked or came by.
        self.is_untaken = session.updated is not None and not session.accepted and not session.owner

    def is_gone(self, user: int) -> bool:
        """Dismissed or away: what is left of the wait is not his."""
        person = self.people.get(user)
        return user in self.rules.gone or (person is not None and not person.active)


class Wait:
    """The turn under way. `links`: who has held the dialog, in order; `before`: the turn as it was judged last."""

    __slots__ = (
        "before",
        "bot_spoke",
        "content",
        "courtesy",
        "kind",
        "links",
        "marks",
        "message",
        "offered",
        "opened",
        "portal_at",
        "send_failed",
        "skipped",
        "working_from",
    )

    def __init__(self, message: int, opened: datetime, kind: Kind, links: list[Link], before: Turn | None) -> None:
        self.message, self.opened, self.kind, self.links, self.before = message, opened, kind, links, before
        self.working_from = opened
        self.content, self.offered = "text", 0  # who was asked last to take it
        self.courtesy = self.bot_spoke = self.send_failed = False
        self.marks: tuple[str, ...] = ()
        self.skipped: tuple[int, ...] = ()
        self.portal_at: datetime | None = None  # when the portal itself takes it for answered

    def mark(self, word: str) -> None:
        if word not in self.marks:
            self.marks += (word,)


def terms(rules: Rules, wait: Wait) -> Terms:
    """Schedule, target, deadline, the moment of giving up, and the schedule's version, as the turn began with them."""
    schedule, before = rules.schedule, wait.before
    version = schedule.version
    target = rules.targets.first if wait.kind == "first" else rules.targets.next
    if before is not None:
        target = before.target
        if before.schedule_version != version:
            version = before.schedule_version
            schedule = _earlier(rules, wait, version)
        if before.working_from == wait.working_from and before.no_reply_at is not None:
            return schedule, target, before.deadline, before.no_reply_at, version
    start = wait.working_from
    patience = max(target, COURTESY) if wait.courtesy else target
    deadline, given_up = schedule.add_both(start, patience, patience * NO_REPLY_TARGETS)
    return schedule, target, deadline, given_up, version


def _earlier(rules: Rules, wait: Wait, version: str) -> Schedule:
    """The schedule of the turn's start (case 10); where it is not known any more, the turn says so."""
    known = rules.earlier.get(version)
    if known is None:
        wait.mark("other_schedule")
    return known or rules.schedule


def parts(dialog: Dialog, wait: Wait, schedule: Schedule, ended: datetime) -> tuple[Held, ...]:
    """Each owner's part of a wait that is over, on the working clock."""
    links = _without_gone(wait.links, dialog.rules.gone, ended) if dialog.rules.gone else wait.links
    if links[-1][1] > ended:  # who took the dialog after a thanks had settled itself has no part of it
        links = [link for link in links if link[1] <= ended]
    if len(links) == 1:
        user, since, notice = links[0]
        return (Held(user, since, schedule.working(since, ended), notice),)
    moments = [link[1] for link in links]
    moments.append(ended)
    told, last = [], len(links)
    for number, span in enumerate(schedule.spans(moments), 1):
        user, since, notice = links[number - 1]
        if number == last or moments[number] > since:
            told.append(Held(user, since, span, notice))
    return tuple(told)


def parts_so_far(dialog: Dialog, wait: Wait, schedule: Schedule) -> tuple[Held, ...]:
    """Of a wait that goes on: the present owner's part has no seconds yet."""
    user, since, notice = wait.links[-1]
    last = Held(user, since, ZERO, notice)
    return (*parts(dialog, wait, schedule, since)[:-1], last) if len(wait.links) > 1 else (last,)


def _without_gone(links: list[Link], gone: Mapping[int, datetime], ended: datetime) -> list[Link]:
    """Who left in the middle leaves the dialog to the queue (case 43)."""
    ends = [since for _, since, _ in links[1:]] + [ended]
    whole: list[Link] = []
    for (user, since, notice), until in zip(links, ends, strict=True):
        whole.append((user, since, notice))
        left = gone.get(user)
        if left is not None and left < until:
            whole.append((0, max(left, since), 0))
    return whole


def holder_of(dialog: Dialog, links: list[Link]) -> int:
    """Who accepted it last; 0 = nobody, or a bot only."""
    for user, _, _ in reversed(links):
        if user not in dialog.bots:
            return user
    return 0


def hand_over(named: Sequence[int], holder: int) -> tuple[int, int]:
    """Who gave a dialog to whom: the first of those named to the last, or the last had it and the first took it."""
    return (named[-1], named[0]) if named[-1] == holder else (named[0], named[-1])
