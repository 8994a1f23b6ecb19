"""A story taken up at a bookmark against the same story told whole: turn by turn, event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replies_parts import ALWAYS, CUSTOMER, IN_OFFICE, OFFICE, PEOPLE, RULES, at, session_of, told

from monitor.core.lately import KEPT_FOR
from monitor.core.ledger import events
from monitor.core.model import Delivery, Message
from monitor.core.turn import Turn, TurnEvent, Verdict
from monitor.core.turn_bookmark import Bookmark, Bookmarks
from monitor.core.turn_rules import Aside, Rules
from monitor.core.turns import Judged, judge

MINUTE = timedelta(minutes=1)
STRANGER = replace(PEOPLE[15], id=77, active=False)


class Reader:
    """Reads one session again and again and keeps its turns as a portal does."""

    def __init__(self, marks: Bookmarks | None) -> None:
        self.marks = marks
        self.known: dict[int, Turn] = {}
        self.people = PEOPLE

    def read(
        self, messages: Sequence[Message], rules: Rules, now: datetime, carried: Turn | None, **facts: object
    ) -> tuple[Judged, list[TurnEvent]]:
        session = session_of(messages, **facts)
        people = {user: self.people.get(user, STRANGER) for user in {one.user for one in messages} if user != 99}
        judged = judge(
            session,
            tuple(messages),
            people=people,
            rules=rules,
            previous=list(self.known.values()),
            carried=carried if carried is None or carried.message not in self.known else None,
            now=now,
            marks=self.marks,
        )
        return judged, self._keep(judged)

    def _keep(self, judged: Judged) -> list[TurnEvent]:
        """As monitor/core/dialogue.py does: turns that stand are not looked at, ended ones are counted."""
        rows: list[TurnEvent] = []
        for one in judged.turns[judged.stands :]:
            before = self.known.get(one.message)
            if before == one:
                continue
            counted = one.counted or one.verdict is not Verdict.OPEN or (before is not None and before.counted)
            turn = replace(one, counted=counted)
            if self.marks is not None:
                self.marks.settled(7, one, turn)
            self.known[turn.message] = turn
            rows += events(before, turn)
        return rows


TALK = ["c", "m12", "c m12", "c m12", "c m12", "c n12 m12", "c m15"]
WORDS = [
    "m15 mirrored",
    "m12 failed",
    "m15 pending",
    "n12",
    "n12>15",
    "p12>15",
    "n90",
    "n90>12",
    "b90",
    "a",
    "w12",
    "c thanks",
]
WORDS += [
    "c sticker",
    "c reaction",
    "c deleted",
    "m77",
    "m99",
    "m18",
    "q",
    "q12",
    "end",
    "end12",
    "start",
    "x",
    "future",
]
CHANGES = [
    "delete",
    "edit",
    "lose",
    "deliver",
    "fail",
    "targets",
    "hours",
    "gone",
    "echo",
    "owner",
    "bot",
    "moved",
    "confirms",
    "call",
    "outage",
]
steps = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 1, 2, 5, 20, 60, 1500]),
        st.one_of(*[st.sampled_from(TALK)] * 3, st.sampled_from(WORDS), st.sampled_from(CHANGES), st.just("read")),
        st.integers(0, 40),
    ),
    min_size=3,
    max_size=30,
)


class World:
    """A dialog, its rules and its clock; a message that is told again is the same record."""

    def __init__(self) -> None:
        self.now, self.messages, self.rules = at("09:00"), list[Message](), replace(RULES, staff=frozenset({12}))
        self.owner = self.moved = 0

    def go_on(self, wait: int, what: str, place: int) -> None:
        self.now += wait * MINUTE
        if what in CHANGES:
            self._change(what, place)
        for word in [what] if what in WORDS else what.split() if what in TALK else ():
            early, late = place % 3 * 20 * MINUTE / 60, 2 * MINUTE if what == "future" else 0 * MINUTE
            (message,) = told(f"09:00 {word if word != 'future' else 'm12'}")
            self.messages.append(replace(message, id=self._next(), at=self.now - early + late))

    def _next(self) -> int:
        return max((one.id for one in self.messages), default=100) + 1

    def _change(self, what: str, place: int) -> None:
        rules, number = self.rules, place % (len(self.messages) or 1)
        known = self.messages[number].id if self.messages else 0
        match what:
            case "targets":
                self.rules = replace(rules, targets=replace(rules.targets, next=(5 + place) * MINUTE))
            case "hours":
                schedule = OFFICE if rules.schedule == ALWAYS else ALWAYS
                self.rules = replace(rules, schedule=schedule, earlier={s.version: s for s in (OFFICE, ALWAYS)})
            case "gone":
                self.rules = replace(rules, gone={15: self.now})
            case "echo":
                self.rules = replace(rules, echoed=rules.echoed | {known, 9000 + place})
            case "call":
                aside = Aside(kind="call", at=self.now, user=15, message=9, lasted=MINUTE)
                self.rules = replace(rules, asides=(aside,) if not rules.asides else ())
            case "outage":
                self.rules = replace(rules, outages=(*rules.outages, (self.now - 9 * MINUTE, self.now)))
            case "owner":
                self.owner = 12 if self.owner != 12 else 15
            case "bot":
                self.owner = 90
            case "moved":
                self.moved = 5 - self.moved
            case "confirms":
                self.rules = replace(rules, confirms=None if rules.confirms else True)
            case "lose":
                del self.messages[number : number + 1]
            case _ if self.messages:
                self.messages[number] = _changed(self.messages[number], what)


def _changed(message: Message, what: str) -> Message:
    match what:
        case "delete":
            return replace(message, deleted=True)
        case "edit":
            return replace(message, closing_phrase=not message.closing_phrase, length=3)
        case "deliver":
            return replace(message, delivery=Delivery.ACCEPTED)
        case _:
            return replace(message, delivery=Delivery.FAILED)


def left_unanswered() -> Turn:
    rules = replace(RULES, staff=frozenset({12}))
    messages = [replace(one, session=6) for one in told("08:00 c; 08:30 end", first=11)]
    session = replace(session_of(messages), id=6)
    return judge(session, messages, people=PEOPLE, rules=rules, now=at("09:00")).turns[0]


@settings(max_examples=400, deadline=None)
@given(steps, st.sets(st.integers(0, 39)), st.booleans())
def test_a_story_taken_up_is_the_story_told_whole(
    chosen: list[tuple[int, str, int]], unread: set[int], is_carried: bool
) -> None:
    world, quick, slow = World(), Reader(Bookmarks()), Reader(None)
    carried = left_unanswered() if is_carried else None
    for number, step in enumerate(chosen):
        world.go_on(*step)
        if number in unread:
            continue
        facts = (world.messages, world.rules, world.now, carried)
        place = {"owner": world.owner, "moved": world.moved}
        (one, rows), (other, plain) = quick.read(*facts, **place), slow.read(*facts, **place)
        assert (one.turns, one.problems, one.carry) == (other.turns, other.problems, other.carry)
        assert rows == plain
        assert quick.known == slow.known


class Both:
    """One dialog read with bookmarks and without."""

    def __init__(self, story: str, rules: Rules = IN_OFFICE, times: int = 2) -> None:
        self.readers = (Reader(Bookmarks()), Reader(None))
        for _ in range(times):
            self.read(told(story), rules)
        marks = self.readers[0].marks
        assert marks is not None
        assert marks.of(7) is not None

    def read(self, messages: Sequence[Message], rules: Rules = IN_OFFICE, now: str = "12:00", **place: int) -> Judged:
        (one, rows), (other, plain) = (one.read(messages, rules, at(now), None, **place) for one in self.readers)
        assert (one.turns, one.problems, rows) == (other.turns, other.problems, plain)
        return one


ANSWERED = "10:00 c; 10:05 m12"


def test_what_was_judged_but_not_kept_is_told_anew() -> None:
    both = Both(ANSWERED)
    for reader in both.readers:
        reader.known.clear()
    assert both.read(told(ANSWERED)).turns[0].counted is False


def test_who_owns_the_dialog_now_decides_nothing_of_an_echo_told_long_ago() -> None:
    rules, story = replace(IN_OFFICE, echoed=frozenset({102})), "10:00 c; 10:05 m12; 10:06 m15"
    assert Both(story, rules).read(told(story), rules, owner=12).turns[0].responder == 15


def test_a_connector_that_is_found_to_confirm_takes_back_what_it_never_confirmed() -> None:
    story = "10:00 c; 10:05 m12 pending"
    both, rules = Both(ANSWERED), replace(IN_OFFICE, confirms=True)
    for reader in both.readers:
        reader.known.clear()
    assert both.read(told(story), IN_OFFICE).turns[0].verdict is Verdict.MET
    assert both.read(told(story), rules).turns[0].verdict is Verdict.OPEN


def test_a_dialog_that_is_moved_goes_on_by_the_other_lines_name() -> None:
    story = "10:00 c; 10:05 m12; 10:10 c"
    both = Both(story, IN_OFFICE)
    both.read(told(story), IN_OFFICE)
    first, second = both.read(told(story), IN_OFFICE, moved=5).turns
    assert (first.line, first.channel.line, second.line, second.channel.line) == (1, 1, 5, 1)


def test_who_turns_out_to_be_a_bot_has_not_kept_the_customer_waiting() -> None:
    story = "10:00 c; 10:01 n90; 10:02 m90 reaction; 10:20 n90>12; 10:25 m12"
    both = Both(ANSWERED)
    for reader in both.readers:
        reader.known.clear()
        reader.people = {**PEOPLE, 90: replace(PEOPLE[90], bot=False)}
    assert [both.read(told(story)).turns[0].verdict for _ in range(2)] == [Verdict.LATE] * 2
    for reader in both.readers:
        reader.people = PEOPLE
    assert both.read(told(story)).turns[0].verdict is Verdict.MET


def test_an_outage_that_becomes_known_excuses_what_was_told_as_late() -> None:
    late = "10:00 c; 11:30 m12"
    rules = replace(IN_OFFICE, outages=((at("10:01"), at("11:25")),))
    assert Both(late).read(told(late), rules).turns[0].verdict is Verdict.EXCUSED


def test_a_message_of_a_time_to_come_is_a_problem_at_each_reading() -> None:
    both = Both(ANSWERED)
    assert both.read(told(ANSWERED + "; 12:05 c")).problems == ("replies.future session=7 count=1",)


def test_a_question_that_vanishes_after_it_was_told_has_been_asked() -> None:
    both = Both(ANSWERED)
    both.read(told(ANSWERED + "; 10:06 c"), now="10:10")
    assert "deleted" in both.read(told(ANSWERED), now="10:20").turns[1].marks


def test_messages_in_another_order_are_a_problem_at_each_reading() -> None:
    both, more = Both(ANSWERED), told(ANSWERED + "; 10:06 c; 10:07 m12")
    assert both.read([*more[:2], more[3], more[2]]).problems == ()
    more[3] = replace(more[3], at=at("10:05"))
    assert both.read(more).problems == ("replies.unordered session=7 count=1",)


def test_a_message_told_twice_is_a_problem_at_each_reading() -> None:
    more = told(ANSWERED + "; 10:06 c")
    assert Both(ANSWERED).read([*more, more[2]]).problems == ("replies.duplicates session=7 count=1",)


def test_a_stranger_is_a_problem_at_each_reading() -> None:
    reader = Reader(Bookmarks())
    for _ in range(3):
        judged, _rows = reader.read(told("10:00 c; 10:01 m99; 10:05 m12"), RULES, at("12:00"), None)
        assert judged.problems == ("replies.unknown_author session=7 user=99",)


def read_twice(story: str, more: str = "", rules: Rules = IN_OFFICE, **facts: object) -> Bookmark | None:
    """The bookmark that lies after a story was read, and read again with more."""
    reader = Reader(Bookmarks())
    reader.read(told(story), rules, at("23:00"), None)
    reader.read(told(story + more), rules, at("23:00"), None, **facts)
    assert reader.marks is not None
    return reader.marks.of(7)


def lies_after(story: str, more: str = "", **facts: object) -> int:
    mark = read_twice(story, more, **facts)
    return len(mark.messages) if mark is not None else 0


def test_a_bookmark_lies_after_the_last_answer() -> None:
    assert lies_after("10:00 c; 10:05 m12") == 2
    assert lies_after("10:00 c; 10:05 m12", "; 10:06 c") == 2
    assert lies_after("10:00 c; 10:05 m12", "; 10:06 c; 10:08 m12; 10:09 n12>15") == 4


@pytest.mark.parametrize(
    "odd",
    [
        *("10:00 c; 10:05 m12 pending", "10:00 c; 10:05 m12 failed", "10:00 c deleted; 10:05 m12"),
        *("10:00 c; 10:01 x; 10:05 m77 deleted", "10:05 c; 10:00 m12", "10:00 c", "10:00 c; 10:05 m12 reaction"),
        *("10:00 c; 10:05 m12; 10:06 c; 10:07 end; 10:08 m12 reaction", "10:00 c; 10:01 m99; 10:05 m12"),
    ],
)
def test_no_bookmark_lies_where_a_story_may_still_change(odd: str) -> None:
    assert lies_after(odd) == 0


def test_a_late_answer_is_told_once_more_before_it_is_believed() -> None:
    late = "10:00 c; 11:30 m12"
    reader = Reader(Bookmarks())
    reader.read(told(late), IN_OFFICE, at("12:00"), None)
    assert reader.marks is not None
    assert reader.marks.of(7) is None
    reader.read(told(late), IN_OFFICE, at("12:00"), None)
    assert reader.marks.of(7) is not None


def test_what_is_told_again_is_not_looked_at() -> None:
    reader, story = Reader(Bookmarks()), "10:00 c; 10:05 m12; 10:06 c; 10:07 m12"
    reader.read(told(story), IN_OFFICE, at("12:00"), None)
    judged, rows = reader.read(told(story + "; 10:08 c"), IN_OFFICE, at("12:00"), None)
    assert (judged.stands, len(judged.turns)) == (2, 3)
    assert [row.what for row in rows] == ["turn_open", "deadline", "breach"]


def test_bookmarks_are_of_late_and_not_of_too_many_messages() -> None:
    marks = Bookmarks(most=5)
    mark = read_twice("10:00 c; 10:05 m12")
    assert mark is not None
    for number in (1, 2, 3):
        marks.keep(number, mark)
    assert [number for number in (1, 2, 3) if marks.of(number)] == [2, 3]
    later = read_twice("10:00 c; 10:05 m12")
    assert later is not None
    later.at += KEPT_FOR + MINUTE
    marks.keep(4, later)
    assert len(marks) == 1
    assert CUSTOMER in later.people
