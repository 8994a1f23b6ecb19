"""Test messages of our own: when one is due, what its arrival and its loss say, and that it is nobody's dialog."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from judgement_parts import ERROR, MINUTE, OK, WAZZUP, flag, make_policy

from monitor.core.canary import KEPT, Canary, prepared
from monitor.core.canary_rules import due
from monitor.core.desk import Context, judge
from monitor.core.incident import IncidentKind
from monitor.core.memory import Cursor, Judgement, PortalState
from monitor.core.model import Author, Certainty, Line, Message, Person, Session, State
from monitor.core.policy import CanaryRule, ChannelPolicy, Maintenance
from monitor.core.reading import ActivitiesSeen, CanarySent, CanaryTaken, ClockSeen, Finding, HistorySeen, Reading
from monitor.core.samples import samples_of
from monitor.core.silence import Patience

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday, noon in Moscow
RULE = CanaryRule(through="own-phone", to="79990001122@c.us")
HOUR = timedelta(hours=1)
OURS, CUSTOMER = 900, 901


class Portal:
    """A line with one channel and a canary, judged reading by reading; a poll is a minute."""

    def __init__(self, rule: CanaryRule | None = RULE, **wishes: object) -> None:
        self.now = NOW
        self.policy = make_policy(channels={WAZZUP: ChannelPolicy(canary=rule)}, settle=timedelta(), **wishes)
        cursor = Cursor(watermark=NOW, discovered=NOW)
        self.state = PortalState(portal="acme", lines={1: Line(id=1, name="Продажи")}, cursor=cursor)
        self.numbers = 0
        self.poll()

    def take(self, *findings: Finding, source: str = "bitrix24") -> Judgement:
        reading = Reading(probe="x", source=source, at=self.now, findings=findings)
        judged = judge(self.state, [reading], self.policy, Context(), now=self.now, real_now=self.now)
        self.state = judged.state
        return judged

    def poll(self, *histories: HistorySeen, after: timedelta = MINUTE, bits: tuple[bool, bool, bool] = OK) -> Judgement:
        self.now += after
        clock = ClockSeen(portal=self.now, asked=self.now, answered=self.now)
        rows = tuple(replace(one.session, updated=self.now) for one in histories)
        seen = ActivitiesSeen(sessions=rows, watermark=self.now, complete=True)
        return self.take(clock, flag(WAZZUP, bits), seen, *histories)

    def send(self, problem: str | None = "") -> tuple[Canary, str]:
        """As the daemon does; None = it died before it knew whether it was taken."""
        canary, text = prepared("acme", WAZZUP, "ru", self.now)
        self.take(CanarySent(key=WAZZUP, number=canary.number, digest=canary.digest, at=self.now), source="person")
        if problem is not None:
            taken = CanaryTaken(key=WAZZUP, number=canary.number, at=self.now, problem=problem)
            self.take(taken, source="person")
        return canary, text

    def lose(self) -> Canary:
        canary, _ = self.send()
        self.poll(after=RULE.wait)
        return canary

    def dialog(self, digest: str = "", *, customer: int = OURS, author: Author = Author.CUSTOMER) -> HistorySeen:
        self.numbers += 1
        number = self.numbers
        session = Session(
            id=number, chat=customer, line=1, connector=WAZZUP.connector, customer=customer, created=self.now
        )
        message = Message(
            id=number, session=number, chat=customer, at=self.now, author=author, user=customer, digest=digest
        )
        people = (Person(id=customer, name="Клиент", connector=True),)
        return HistorySeen(session=session, messages=(message,), people=people)

    def is_due(self, *, open_: bool = True) -> bool:
        return [key for key, _ in due(self.state, self.policy, lambda _: open_, self.now)] == [WAZZUP]

    @property
    def channel(self) -> State:
        return self.state.channels[WAZZUP].diagnosis.state

    def kinds(self) -> list[IncidentKind]:
        return [one.kind for one in self.state.incidents.values()]


def test_a_channel_that_was_never_heard_is_tried_and_one_without_a_canary_is_not() -> None:
    assert Portal().is_due()
    assert not Portal(rule=None).is_due()


def test_a_customers_word_proves_as_much_and_saves_the_canary() -> None:
    portal = Portal()
    portal.poll(portal.dialog(customer=CUSTOMER))
    assert not portal.is_due()
    portal.poll(after=RULE.every - 2 * MINUTE)
    assert not portal.is_due()
    portal.poll(after=2 * MINUTE)
    assert portal.is_due()


def test_nobody_is_tried_out_of_hours_in_maintenance_out_of_sight_or_when_it_is_known_to_be_down() -> None:
    assert not Portal().is_due(open_=False)
    window = Maintenance(start=NOW - HOUR, end=NOW + HOUR)
    assert not Portal(maintenance=(window,)).is_due()
    portal = Portal()
    portal.poll(bits=ERROR)
    assert not portal.is_due()
    portal = Portal()
    portal.state = replace(portal.state, memory=replace(portal.state.memory, failing_since=portal.now))
    assert not portal.is_due()


def test_one_that_arrived_is_enough_until_the_next_is_due() -> None:
    portal = Portal()
    canary, _ = portal.send()
    assert not portal.is_due(), "it is on its way"
    portal.poll(portal.dialog(canary.digest))
    (known,) = portal.state.channels[WAZZUP].canaries.sent
    assert (known.arrived, portal.channel) == (portal.now - MINUTE, State.CONNECTED)
    portal.poll(after=RULE.every - 3 * MINUTE)
    assert not portal.is_due()
    portal.poll(after=3 * MINUTE)
    assert portal.is_due()


def test_of_one_that_was_not_taken_or_of_which_nobody_knows_nothing_follows() -> None:
    for problem in ("rejected http_466", None):
        portal = Portal()
        for _ in range(3):
            portal.send(problem)
            assert not portal.is_due(), "nobody is pressed"
            portal.poll(after=RULE.wait)
            assert portal.is_due()
        assert (portal.channel, portal.kinds()) == (State.CONNECTED, [])


def test_one_lost_may_be_chance_and_a_second_follows_at_once() -> None:
    portal = Portal()
    portal.lose()
    assert (portal.channel, portal.is_due()) == (State.CONNECTED, True)


def test_two_lost_are_a_deaf_channel_from_the_first_day_on() -> None:
    portal = Portal()
    first, second = portal.lose(), portal.lose()
    diagnosis = portal.state.channels[WAZZUP].diagnosis
    assert (diagnosis.state, diagnosis.cause, diagnosis.certainty) == (State.SILENT, "canary_lost", Certainty.LIKELY)
    (proof,) = [one for one in diagnosis.proof if one.source == "canary"]
    assert proof.word == (
        f"тестовых сообщений подряд не пришло: 2 (№ {first.number}, {second.number}); первое отправлено "
        "02.03.2026 12:01, каждого ждали 15 мин"
    )
    (incident,) = portal.state.incidents.values()
    assert incident.kind is IncidentKind.CHANNEL_SILENT
    assert incident.words["ru"].summary == "WhatsApp на линии «Продажи»: тестовые сообщения не доходят до Битрикс24"
    assert proof.word in " ".join(incident.evidence)
    assert not portal.is_due(), "what is known is asked again at the usual rhythm"
    portal.poll(after=RULE.every)
    assert (portal.channel, portal.is_due()) == (State.SILENT, True)


def test_the_english_words() -> None:
    portal = Portal(language="en")
    portal.lose()
    portal.lose()
    (incident,) = portal.state.incidents.values()
    assert incident.words["en"].summary == 'WhatsApp on line "Продажи": test messages do not arrive in Bitrix24'
    assert "2 test messages in a row (No. " in incident.evidence[0]


@pytest.mark.parametrize("customer", [OURS, CUSTOMER])
def test_a_canary_or_a_customer_that_arrives_after_all_ends_it(customer: int) -> None:
    portal = Portal()
    portal.lose()
    last = portal.lose()
    portal.poll(portal.dialog(last.digest if customer == OURS else "", customer=customer))
    assert (portal.channel, portal.kinds()) == (State.CONNECTED, [])


def test_what_is_lost_while_dialogs_were_not_read_is_not_lost_yet() -> None:
    portal = Portal()
    portal.lose()
    portal.send()
    portal.now += RULE.wait
    stale = ActivitiesSeen(sessions=(), watermark=portal.now - 2 * MINUTE, complete=True)
    portal.take(ClockSeen(portal=portal.now, asked=portal.now, answered=portal.now), flag(WAZZUP, OK), stale)
    assert portal.channel is State.CONNECTED
    portal.poll(after=2 * MINUTE)
    assert portal.channel is State.SILENT


def test_our_dialog_is_in_no_figure_and_teaches_no_habit() -> None:
    portal = Portal()
    canary, _ = portal.send()
    judged = portal.poll(portal.dialog(canary.digest))
    later = portal.poll(portal.dialog("", customer=OURS))
    memory = portal.state.channels[WAZZUP]
    assert (memory.received, memory.last_inbound) == (0, None)
    assert not any(hour for day in memory.habit.days for hour in day.hours or b"")
    assert memory.canaries.customers == (OURS,)
    assert [turn for turn in portal.state.turns.values() if turn.counted] == []
    assert (judged.ended, later.ended) == ((), ())
    portal.poll(portal.dialog("", customer=CUSTOMER))
    assert portal.state.channels[WAZZUP].received == 1


def test_the_same_text_from_a_manager_or_of_long_ago_is_no_arrival() -> None:
    portal = Portal()
    canary, _ = portal.send()
    portal.poll(portal.dialog(canary.digest, author=Author.MANAGER))
    old = portal.dialog(canary.digest)
    early = replace(old.messages[0], at=NOW - HOUR)
    portal.poll(replace(old, messages=(early,)))
    assert portal.state.channels[WAZZUP].canaries.sent[0].arrived is None


def test_patience_starts_anew_from_an_arrival() -> None:
    portal = Portal()
    waiting = Patience(since=NOW - HOUR, after=NOW + HOUR)
    memory = replace(portal.state.channels[WAZZUP], patience=waiting)
    portal.state = replace(portal.state, channels={WAZZUP: memory})
    canary, _ = portal.send()
    portal.poll(portal.dialog(canary.digest))
    patience = portal.state.channels[WAZZUP].patience
    assert patience is not None
    assert patience.since == portal.now - MINUTE


def test_the_same_word_told_twice_changes_nothing_and_few_are_kept() -> None:
    portal = Portal()
    canary, _ = portal.send()
    before = portal.state.channels[WAZZUP].canaries
    portal.take(CanarySent(key=WAZZUP, number=canary.number, digest=canary.digest, at=portal.now), source="person")
    assert portal.state.channels[WAZZUP].canaries == before
    for _ in range(KEPT + 3):
        portal.poll(after=HOUR)
        portal.send()
    assert len(portal.state.channels[WAZZUP].canaries.sent) == KEPT


def test_two_gauges_tell_when_one_was_sent_and_when_one_arrived() -> None:
    portal = Portal()
    canary, _ = portal.send()
    assert metrics(portal) == {"messenger_canary_sent_timestamp_seconds": portal.now.timestamp()}
    portal.poll(portal.dialog(canary.digest))
    assert metrics(portal)["messenger_canary_arrived_timestamp_seconds"] == (portal.now - MINUTE).timestamp()


def metrics(portal: Portal) -> dict[str, float]:
    rows = samples_of(portal.state, portal.policy, {}, portal.now)
    return {row.name: row.value for row in rows if "canary" in row.name}


def test_the_text_says_who_wrote_it_and_that_no_answer_is_needed() -> None:
    canary, text = prepared("acme", WAZZUP, "ru", NOW)
    assert text == (
        f"Проверка связи № {canary.number}. Это сообщение прислал монитор каналов, отвечать на него не нужно."
    )
    assert prepared("acme", WAZZUP, "ru", NOW)[0] == canary
    assert prepared("acme", WAZZUP, "ru", NOW + MINUTE)[0].number != canary.number
