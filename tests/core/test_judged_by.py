"""What a dialog is judged by, as its portal tells it: whether its channel confirms and echoes, and whose line it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from judgement_parts import MINUTE, WAZZUP, make_policy

from monitor.core.deliveries import CONFIRMED_SEEN
from monitor.core.desk import Context, judge
from monitor.core.furniture import is_discovered
from monitor.core.history import parse
from monitor.core.looks import due
from monitor.core.memory import Cursor, Judgement, PortalState
from monitor.core.model import Author, ChannelKey, Delivery, Failure, Line, Message, Person, Reason, Session, WorkTime
from monitor.core.plugin import View
from monitor.core.policy import LinePolicy, Policy, ReplyOptions, Targets
from monitor.core.reading import ActivitiesSeen, ClockSeen, FlagSeen, HistorySeen, LinesSeen, Reading
from monitor.core.schedules import schedule_of
from monitor.core.turn import Turn, Verdict

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PENDING, ACCEPTED = Delivery.PENDING, Delivery.ACCEPTED
PEOPLE = (Person(id=12, name="Анна"), Person(id=844, name="Иван", connector=True))


class Portal:
    """A line whose channel says connected, judged reading by reading; a session's messages stay as they are told."""

    def __init__(self, **wishes: object) -> None:
        self.now, self.policy = NOW, make_policy(settle=timedelta(), **wishes)
        lines = {1: Line(id=1, name="Продажи"), 5: Line(id=5, name="Сервис")}
        self.state = PortalState(portal="acme", lines=lines, cursor=Cursor(watermark=NOW))
        self.poll()

    def poll(self, *histories: HistorySeen, after: int = 1) -> Judgement:
        self.now += after * MINUTE
        told = (
            ClockSeen(portal=self.now, asked=self.now, answered=self.now),
            FlagSeen(key=WAZZUP, error=False, configured=True, status=True),
            ActivitiesSeen(sessions=tuple(one.session for one in histories), watermark=self.now, complete=True),
            *histories,
        )
        reading = Reading(probe="dialogs", source="bitrix24", at=self.now, findings=told)
        judged = judge(self.state, [reading], self.policy, Context(), now=self.now, real_now=self.now)
        self.state = judged.state
        return judged

    def read(self, number: int, *messages: Message, after: int = 1, **facts: Any) -> None:
        """`updated`: when the activity moved, as a rule just now."""
        updated = facts.pop("updated", self.now)
        session = Session(
            id=number, chat=number, line=1, connector=WAZZUP.connector, customer=844, created=NOW, updated=updated
        )
        session = replace(session, **facts)
        self.poll(HistorySeen(session=session, messages=messages, people=PEOPLE), after=after)

    def learn(self) -> None:
        """The connector is seen to confirm."""
        for number in range(1, CONFIRMED_SEEN + 1):
            said = answer(number, self.now, PENDING)
            self.read(number, asked(number, self.now), said)
            self.read(number, asked(number, said.at), replace(said, delivery=ACCEPTED))

    def turn(self, number: int) -> Turn:
        (turn,) = [turn for turn in self.state.turns.values() if turn.session == number]
        return turn

    def due(self) -> tuple[int, ...]:
        return due(View(policy=self.policy, state=self.state, now=self.now, clock=lambda: self.now))


def asked(session: int, at: datetime) -> Message:
    return Message(id=session * 10, session=session, chat=session, at=at, author=Author.CUSTOMER, user=844)


def answer(session: int, at: datetime, delivery: Delivery, **more: Any) -> Message:
    said = Message(id=session * 10 + 1, session=session, chat=session, at=at, author=Author.MANAGER, user=12)
    return replace(said, delivery=delivery, **more)


def test_case_30_a_message_that_was_taken_back_within_two_minutes_is_void_though_it_was_seen() -> None:
    portal, begun = Portal(), NOW + MINUTE
    portal.read(9, asked(9, begun))
    assert portal.turn(9).verdict is Verdict.OPEN
    portal.read(9, replace(asked(9, begun), deleted=True), after=2)
    assert (portal.turn(9).verdict, portal.turn(9).cause) == (Verdict.VOID, "deleted")


def test_case_30_who_waits_is_looked_at_after_two_minutes_and_what_is_there_still_stands() -> None:
    portal, begun = Portal(), NOW + MINUTE
    portal.read(9, asked(9, begun))
    portal.poll(after=1)
    assert portal.due() == (), "a minute old"
    portal.now += 2 * MINUTE
    assert portal.due() == (9,)
    portal.read(9, asked(9, begun), after=0, updated=begun)
    portal.now += MINUTE
    assert portal.due() == (), "once is enough"
    for _ in range(2):
        portal.read(9, replace(asked(9, begun), deleted=True))
        assert portal.turn(9).verdict is Verdict.OPEN
        assert "deleted" in portal.turn(9).marks


def test_case_34_a_stuck_reply_is_no_answer_where_the_connector_is_known_to_confirm() -> None:
    learnt, plain = Portal(), Portal()
    learnt.learn()
    for portal, verdict in ((plain, Verdict.MET), (learnt, Verdict.OPEN)):
        begun = portal.now
        portal.read(9, asked(9, begun), answer(9, begun, PENDING))
        portal.read(9, asked(9, begun), answer(9, begun, PENDING), after=6)
        assert portal.turn(9).verdict is verdict


@pytest.mark.parametrize(
    ("connector", "verdict"),
    [("max", Verdict.OPEN), ("wazzup", Verdict.OPEN), ("livechat", Verdict.MET), ("own_wa", Verdict.MET)],
)
def test_case_34_what_bitrix24_itself_ships_is_known_to_confirm_but_for_the_live_chat(
    connector: str, verdict: Verdict
) -> None:
    portal, begun = Portal(), NOW + MINUTE
    portal.read(9, asked(9, begun), answer(9, begun, PENDING), connector=connector)
    portal.read(9, asked(9, begun), answer(9, begun, PENDING), connector=connector, after=6)
    assert portal.turn(9).verdict is verdict


def test_case_34_what_is_confirmed_at_last_was_the_answer_when_it_was_written() -> None:
    portal = Portal()
    portal.learn()
    begun = portal.now
    portal.read(9, asked(9, begun), answer(9, begun + MINUTE, PENDING), after=2)
    portal.read(9, asked(9, begun), answer(9, begun + MINUTE, ACCEPTED, mirrored=True), after=40)
    assert (portal.turn(9).verdict, portal.turn(9).ended) == (Verdict.MET, begun + MINUTE)


def test_case_34_whoever_waits_for_a_confirmation_is_looked_at_again_ever_more_rarely() -> None:
    portal = Portal()
    portal.learn()
    begun, looks = portal.now, list[int]()
    messages = (asked(9, begun), answer(9, begun, PENDING))
    portal.read(9, *messages)
    moved = portal.now - MINUTE
    while portal.now - begun < timedelta(hours=6):
        if 9 in portal.due():
            looks.append(round((portal.now - begun) / MINUTE))
            portal.read(9, *messages, updated=moved)
        else:
            portal.poll()
    gaps = [later - sooner for sooner, later in pairwise(looks)]
    assert max(looks) > 200
    assert len(looks) < 25
    assert gaps[-1] > 30


def test_case_35_a_confirmed_reply_is_no_sign_that_the_phone_is_echoed() -> None:
    portal = Portal()
    portal.read(8, asked(8, portal.now), answer(8, portal.now, ACCEPTED, mirrored=True))
    assert not portal.state.channels[WAZZUP].echoes_phone
    portal.read(9, asked(9, portal.now))
    assert portal.turn(9).marks == ("no_phone",)


@pytest.mark.parametrize(("users", "marks"), [({12}, ()), ({15}, ("no_phone",)), (set(), ("no_phone",))])
def test_case_35_the_phone_is_echoed_where_its_own_user_is_seen(users: set[int], marks: tuple[str, ...]) -> None:
    portal = Portal(replies=ReplyOptions(phone_users=frozenset(users)))
    portal.read(8, asked(8, portal.now), answer(8, portal.now, ACCEPTED, mirrored=True))
    portal.read(9, asked(9, portal.now))
    assert portal.turn(9).marks == marks


def test_case_35_what_was_learnt_of_confirmed_replies_before_counts_no_more() -> None:
    portal = Portal()
    known = replace(portal.state.channels[WAZZUP], echoes_phone=True)
    portal.state = replace(portal.state, channels={WAZZUP: known})
    portal.read(9, asked(9, portal.now))
    assert portal.turn(9).marks == ("no_phone",)


def told(entity: str, session: int = 7345) -> Session:
    chat = {"1777": {"id": "1777", "owner": "12", "entityId": "telegrambot|3|99120|844", "entityData1": entity}}
    return parse({"sessionId": session, "chatId": 1777, "message": [], "users": [], "chat": chat}).session


def test_the_line_that_a_dialog_was_moved_to_is_told_beside_the_one_it_came_by() -> None:
    moved = told("Y|DEAL|501|N|N|7345|1790000000|5|0|0")
    assert (moved.line, moved.moved, moved.served_by) == (3, 5, 5)
    for entity in ("Y|DEAL|501|N|N|7345|1790000000|0|0|0", "Y|DEAL|501|N|N|7345|1790000000", "", "Y|||||7345||x"):
        assert (told(entity).moved, told(entity).served_by) == (0, 3)


def test_where_a_chat_was_moved_says_nothing_of_its_earlier_sessions() -> None:
    assert told("Y|DEAL|501|N|N|7350|1790000000|5|0|0").moved == 0


def test_a_moved_dialog_is_judged_by_its_new_line_and_heard_on_the_customers_channel() -> None:
    targets = Targets(first=timedelta(minutes=3), next=timedelta(minutes=4))
    portal = Portal(lines={5: LinePolicy(targets=targets)})
    portal.read(9, asked(9, portal.now), moved=5)
    turn = portal.turn(9)
    assert (turn.line, turn.target, turn.channel) == (5, timedelta(minutes=3), WAZZUP)
    assert portal.state.channels[WAZZUP].received == 1
    assert ChannelKey(5, WAZZUP.connector) not in portal.state.channels


def test_a_dialog_that_is_moved_while_it_waits_keeps_its_terms_and_changes_its_line() -> None:
    portal = Portal(lines={5: LinePolicy(targets=Targets(first=timedelta(minutes=3), next=timedelta(minutes=4)))})
    begun = portal.now
    portal.read(9, asked(9, begun))
    portal.read(9, asked(9, begun), moved=5)
    assert (portal.turn(9).line, portal.turn(9).target) == (5, timedelta(minutes=15))
    assert len(portal.state.turns) == 1


HOURS = WorkTime(opens=540, closes=1080, timezone="", days_off=(5, 6))


def zone_of(line: Line, lines: Mapping[int, LinePolicy], zone: str = "Asia/Omsk") -> str:
    policy = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone=zone, lines=lines)
    schedule = schedule_of(line.id, PortalState(portal="acme", lines={line.id: line}), policy, {})
    assert schedule is not None
    return schedule.zone


def test_hours_without_a_zone_are_those_of_the_configured_zone() -> None:
    line = Line(id=1, name="Продажи", worktime=HOURS)
    assert zone_of(line, {}) == "Asia/Omsk"
    assert zone_of(line, {1: LinePolicy(timezone="Asia/Tomsk")}) == "Asia/Tomsk"
    assert zone_of(replace(line, worktime=replace(HOURS, timezone="Mars/Olympus")), {}) == "Asia/Omsk"
    assert zone_of(replace(line, worktime=replace(HOURS, timezone="Europe/Moscow")), {}) == "Europe/Moscow"


def judged_on_line(line: int, discovered: datetime | None) -> list[Verdict]:
    """Of a dialog that began at NOW, on a portal that has told of lines 1 and 5."""
    portal = Portal()
    portal.state = replace(portal.state, cursor=replace(portal.state.cursor, discovered=discovered))
    portal.read(7, Message(id=1, session=7, chat=7, at=NOW, author=Author.CUSTOMER, user=844), line=line)
    assert portal.state.sessions[7].due is (not portal.state.turns)
    return [turn.verdict for turn in portal.state.turns.values()]


def test_a_dialog_of_a_line_that_is_younger_than_our_last_look_at_the_lines_waits_for_the_next() -> None:
    assert judged_on_line(1, NOW - MINUTE) == [Verdict.OPEN]
    assert judged_on_line(9, NOW - MINUTE) == []
    assert judged_on_line(9, NOW + MINUTE / 2) == [Verdict.OPEN]
    assert judged_on_line(9, None) == []


@pytest.mark.parametrize(
    ("findings", "failures", "known"),
    [
        ((LinesSeen(lines=()),), (), True),
        ((LinesSeen(lines=()),), (Failure(reason=Reason.TIMEOUT),), True),
        ((), (Failure(reason=Reason.TIMEOUT),), False),
        ((), (Failure(reason=Reason.DENIED), Failure(reason=Reason.THROTTLED)), False),
        ((), (Failure(reason=Reason.DENIED),), True),
    ],
)
def test_lines_that_could_not_be_told_for_the_moment_are_waited_for(
    findings: tuple[LinesSeen, ...], failures: tuple[Failure, ...], known: bool
) -> None:
    reading = Reading(probe="discovery", source="bitrix24", at=NOW, findings=findings, failures=failures)
    assert is_discovered([reading]) is known
    assert not is_discovered([replace(reading, failure=Failure(reason=Reason.DENIED))])
    assert not is_discovered([replace(reading, probe="dialogs")])
