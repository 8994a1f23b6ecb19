"""Messages that nobody confirms: told of a connector that confirms, after enough of them, until one arrives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from judgement_parts import MINUTE, WAZZUP, make_policy

from monitor.core.deliveries import CONFIRMED_SEEN, NOTHING_SENT, Deliveries, undelivered, with_history
from monitor.core.desk import Context, judge
from monitor.core.incident import IncidentKind
from monitor.core.memory import Cursor, Judgement, PortalState
from monitor.core.model import Author, Delivery, Line, Message, Person, Session, State
from monitor.core.reading import ActivitiesSeen, ClockSeen, Finding, FlagSeen, HistorySeen, Reading

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PENDING, FAILED, ACCEPTED = Delivery.PENDING, Delivery.FAILED, Delivery.ACCEPTED
KNOWN = Deliveries(confirmed=CONFIRMED_SEEN)


def said(number: int, delivery: Delivery, *, at: datetime = NOW, session: int = 7) -> Message:
    return Message(id=number, session=session, chat=session, at=at, author=Author.MANAGER, user=12, delivery=delivery)


def heard(
    known: Deliveries, session: int, *messages: Message, waiting: tuple[int, ...] = (), after: int = 6
) -> Deliveries:
    return with_history(known, session, waiting, messages, NOW + after * MINUTE)


def three_stuck(known: Deliveries, delivery: Delivery = PENDING) -> Deliveries:
    known = heard(known, 7, said(1, delivery), said(2, delivery, at=NOW + MINUTE))
    return heard(known, 8, said(3, delivery, session=8, at=NOW + MINUTE))


def test_a_connector_that_never_confirmed_anything_is_not_accused() -> None:
    assert undelivered(three_stuck(NOTHING_SENT), NOW + 10 * MINUTE) == ()


def test_one_that_is_known_to_confirm_needs_no_learning() -> None:
    assert len(undelivered(three_stuck(NOTHING_SENT), NOW + 10 * MINUTE, confirms=True)) == 3


def test_a_confirmation_counts_when_the_message_was_seen_waiting_before() -> None:
    known = heard(NOTHING_SENT, 7, said(1, ACCEPTED))
    assert known.confirmed == 0, "it may have been typed on the phone"
    known = heard(known, 7, said(1, ACCEPTED), waiting=(1,))
    assert known.confirmed == 1


def test_three_messages_in_two_dialogs_after_five_minutes_are_enough() -> None:
    known = three_stuck(KNOWN)
    assert [one.message for one in undelivered(known, NOW + 7 * MINUTE)] == [1, 2, 3]
    assert undelivered(known, NOW + 5 * MINUTE) == (), "on their way"
    assert undelivered(known, NOW + timedelta(hours=25)) == (), "too long ago to say anything"


def test_one_dialog_alone_may_be_one_customer_who_blocked_the_number() -> None:
    known = heard(KNOWN, 7, *(said(number, FAILED) for number in range(1, 6)))
    assert undelivered(known, NOW + 10 * MINUTE) == ()


def test_what_the_portal_itself_calls_failed_needs_no_learning_and_no_waiting() -> None:
    known = heard(NOTHING_SENT, 7, said(1, FAILED), said(2, FAILED, at=NOW + MINUTE), after=1)
    known = heard(known, 8, said(3, FAILED, session=8, at=NOW + MINUTE), after=1)
    assert len(undelivered(known, NOW + MINUTE)) == 3


def test_one_that_arrived_later_clears_all_that_was_stuck_before() -> None:
    known = heard(three_stuck(KNOWN), 9, said(4, ACCEPTED, session=9, at=NOW + 2 * MINUTE))
    assert undelivered(known, NOW + 10 * MINUTE) == ()
    assert heard(known, 9, said(4, ACCEPTED, session=9, at=NOW + 2 * MINUTE)) is known


def test_a_deleted_message_is_nobodys() -> None:
    gone = replace(said(3, FAILED, session=8), deleted=True)
    known = heard(heard(KNOWN, 7, said(1, FAILED), said(2, FAILED)), 8, gone)
    assert len(known.stuck) == 2


class Portal:
    """A line whose flag says connected, judged reading by reading."""

    def __init__(self) -> None:
        self.now, self.policy = NOW, make_policy(settle=timedelta())
        self.state = PortalState(portal="acme", lines={1: Line(id=1, name="Продажи")}, cursor=Cursor(watermark=NOW))
        self.last: Judgement | None = None

    def poll(self, *histories: HistorySeen, after: int = 1) -> Judgement:
        self.now += after * MINUTE
        clock = ClockSeen(portal=self.now, asked=self.now, answered=self.now)
        flag = FlagSeen(key=WAZZUP, error=False, configured=True, status=True)
        rows = tuple(replace(one.session, updated=self.now) for one in histories)
        found: list[Finding] = [
            clock,
            flag,
            ActivitiesSeen(sessions=rows, watermark=self.now, complete=True),
            *histories,
        ]
        reading = Reading(probe="dialogs", source="bitrix24", at=self.now, findings=tuple(found))
        judged = judge(self.state, [reading], self.policy, Context(), now=self.now, real_now=self.now)
        self.state, self.last = judged.state, judged
        return judged

    def dialog(self, number: int, *messages: Message) -> HistorySeen:
        session = Session(
            id=number, chat=number, line=1, connector=WAZZUP.connector, customer=844, created=NOW, updated=self.now
        )
        people = (Person(id=12, name="Анна"), Person(id=844, name="Иван", connector=True))
        return HistorySeen(session=session, messages=messages, people=people)

    @property
    def channel(self) -> State:
        return self.state.channels[WAZZUP].diagnosis.state


def test_a_channel_that_loses_answers_is_restricted_until_one_arrives() -> None:
    portal = Portal()
    portal.poll()
    for number in range(1, CONFIRMED_SEEN + 1):  # learnt: seen waiting, then confirmed
        portal.poll(portal.dialog(number, said(number * 10, PENDING, at=portal.now, session=number)))
        portal.poll(portal.dialog(number, said(number * 10, ACCEPTED, at=portal.now - MINUTE, session=number)))
    assert portal.channel is State.CONNECTED
    stuck = [said(100 + number, PENDING, at=portal.now + MINUTE, session=number) for number in (5, 6)]
    stuck.append(said(107, PENDING, at=portal.now + MINUTE, session=6))
    dialogs = [portal.dialog(5, stuck[0]), portal.dialog(6, *stuck[1:])]
    portal.poll(*dialogs)
    assert portal.channel is State.CONNECTED, "still on their way"
    portal.poll(after=7)
    assert portal.channel is State.RESTRICTED
    opened = [incident for _ in range(2) for incident in portal.poll().opened]
    (incident,) = opened or list(portal.state.incidents.values())
    assert incident.kind is IncidentKind.CHANNEL_DEGRADED
    assert incident.words["ru"].summary == "WhatsApp на линии «Продажи»: ответы сотрудников не доходят до клиентов"
    assert "3 сообщения сотрудников подряд в 2 диалогах не доставлены" in incident.evidence[0]
    assert len(portal.state.channels[WAZZUP].flips) <= 1, "told once, not at every poll"
    arrived = said(200, ACCEPTED, at=portal.now, session=9)
    closed = [one for _ in range(4) for one in portal.poll(portal.dialog(9, arrived)).closed]
    assert portal.channel is State.CONNECTED
    assert [one.kind for one in closed] == [IncidentKind.CHANNEL_DEGRADED]
