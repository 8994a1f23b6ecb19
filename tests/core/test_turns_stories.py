"""The cases of response-time.md as stories: who wrote when, and what became of the customer's wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.calendar import Schedule
from monitor.core.ledger import events, rebuild
from monitor.core.model import Author, Delivery, Message, Person, Session
from monitor.core.policy import Targets
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.core.turns import Judged, Rules, judge, overdue, waits

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
OFFICE = Schedule(zone="UTC", week=(((540, 780), (840, 1080)),) * 5 + ((), ()))
ALWAYS = Schedule(zone="UTC", week=(((0, 1440),),) * 7)
RULES = Rules(schedule=ALWAYS, targets=Targets(first=timedelta(minutes=15), next=timedelta(minutes=30)))
BOT = 90
AUTHORS = {"c": Author.CUSTOMER, "m": Author.MANAGER, "b": Author.BOT, "a": Author.AUTOMATIC, "w": Author.WHISPER}


def at(text: str) -> datetime:
    """ "10:05" on Monday, "2/10:05" a day later."""
    day, _, clock = text.rpartition("/")
    hours, minutes = clock.split(":")
    return MONDAY + timedelta(days=int(day or 1) - 1, hours=int(hours), minutes=int(minutes))


def told(text: str, **more: Any) -> list[Message]:
    """ "10:00 c; 10:05 m12; 10:06 n12>15; 10:30 end": customer, manager 12, transfer of 12 to 15, the close."""
    return [_message(number, *line.split(), **more) for number, line in enumerate(text.split(";"), start=101)]


def _message(number: int, when: str, what: str, *flags: str, **more: Any) -> Message:
    facts: dict[str, Any] = {"id": number, "session": 7, "chat": 1, "at": at(when)}
    if what == "end":
        facts |= {"author": Author.NOTICE, "mark": "end"}
    elif what.startswith("n"):
        facts |= {"author": Author.NOTICE, "mentions": tuple(int(user) for user in what[1:].split(">"))}
    else:
        facts |= {"author": AUTHORS[what[0]], "user": int(what[1:] or 844)}
    for flag in flags:
        facts |= FLAGS[flag]
    return Message(**(facts | more))


FLAGS: dict[str, dict[str, Any]] = {
    "failed": {"delivery": Delivery.FAILED},
    "pending": {"delivery": Delivery.PENDING},
    "thanks": {"closing_phrase": True},
    "voice": {"content": "voice"},
    "reaction": {"content": "reaction"},
    "form": {"content": "form"},
    "deleted": {"deleted": True},
    "robot": {"digest": "0badcafe"},
}
PEOPLE = {BOT: Person(id=BOT, name="Помощник", bot=True), 12: Person(id=12, name="Анна")}


def judged(story: str, *, now: str = "23:00", rules: Rules = RULES, carried: Turn | None = None, **more: Any) -> Judged:
    messages = told(story)
    closed = next((one.at for one in messages if one.mark == "end"), None)
    facts = {"id": 7, "chat": 1, "line": 1, "connector": "max", "customer": 844, "created": at("00:00")}
    session = Session(**(facts | {"closed": closed} | more))  # type: ignore[arg-type]  # fields of Session
    return judge(session, messages, people=PEOPLE, rules=rules, carried=carried, now=at(now))


def turns(story: str, **more: Any) -> list[Turn]:
    return list(judged(story, **more).turns)


def only(story: str, **more: Any) -> Turn:
    (turn,) = turns(story, **more)
    return turn


def minutes(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds() / 60


def test_case_01_an_automatic_text_does_not_end_a_turn() -> None:
    assert only("10:00 c; 10:00 a; 10:10 m12").ended_by == 103


def test_case_02_a_bots_hand_over_restarts_the_working_clock_and_not_the_calendar() -> None:
    turn = only("10:00 c; 10:00 n90; 10:01 b90; 10:20 n90>12; 10:30 m12")
    assert (turn.verdict, minutes(turn.working), minutes(turn.calendar)) == (Verdict.MET, 10, 30)
    assert "bot_handover" in turn.marks


def test_case_02_without_a_sign_of_a_hand_over_the_clock_runs_from_the_first_message() -> None:
    turn = only("10:00 c; 10:01 b90; 10:20 n12; 10:30 m12")
    assert (turn.verdict, minutes(turn.working)) == (Verdict.LATE, 30)


def test_case_03_a_bot_that_settled_it_alone_is_told_apart() -> None:
    assert only("10:00 c; 10:00 n90; 10:01 b90; 12:00 end").verdict is Verdict.BOT_ONLY


def test_case_03_a_bot_that_answered_before_the_customers_last_word_settled_nothing() -> None:
    assert only("10:00 c; 10:00 n90; 10:01 b90; 10:05 c; 12:00 end").verdict is Verdict.MISSED


def test_case_04_a_text_known_to_be_automatic_ends_nothing_under_any_name() -> None:
    rules = replace(RULES, automatic=frozenset({"0badcafe"}))
    assert only("10:00 c; 10:01 m12 robot; 10:10 m12", rules=rules).ended_by == 103


def test_case_06_the_working_clock_starts_at_the_opening() -> None:
    turn = only("1/03:00 c; 09:10 m12", rules=replace(RULES, schedule=OFFICE))
    assert (turn.verdict, minutes(turn.working), minutes(turn.calendar)) == (Verdict.MET, 10, 370)


def test_case_07_what_is_left_at_closing_time_moves_to_the_next_morning() -> None:
    turn = only("17:55 c; 2/09:08 m12", now="2/10:00", rules=replace(RULES, schedule=OFFICE))
    assert (turn.deadline, turn.verdict, minutes(turn.working)) == (at("2/09:10"), Verdict.MET, 13)


def test_case_08_lunch_is_no_waiting() -> None:
    turn = only("12:55 c; 14:09 m12", rules=replace(RULES, schedule=OFFICE))
    assert (turn.verdict, minutes(turn.working)) == (Verdict.MET, 14)


def test_case_10_target_and_deadline_stay_as_they_were_when_the_turn_began() -> None:
    before = only("10:00 c", now="10:05")
    tighter = replace(RULES, targets=Targets(first=timedelta(minutes=1), next=timedelta(minutes=1)))
    session = Session(id=7, chat=1, line=1, connector="max", customer=844, created=at("00:00"))
    after = judge(
        session, told("10:00 c; 10:14 m12"), people=PEOPLE, rules=tighter, previous=(before,), now=at("11:00")
    )
    assert (after.turns[0].verdict, after.turns[0].deadline) == (Verdict.MET, at("10:15"))


def test_case_13_several_messages_are_one_turn_counted_from_the_earliest() -> None:
    turn = only("10:00 c; 10:05 c; 10:12 c; 10:14 m12")
    assert (turn.message, minutes(turn.calendar)) == (101, 14)


def test_case_14_a_bare_thank_you_after_our_reply_needs_no_reply() -> None:
    first, thanks = turns("10:00 c; 10:05 m12; 10:06 c thanks", now="10:40")
    assert first.verdict is Verdict.MET
    assert (thanks.verdict, thanks.cause) == (Verdict.WAIVED, "no_reply_needed")


def test_case_14_a_question_after_the_thank_you_is_a_turn_from_the_question() -> None:
    _, question = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:08 c; 10:20 m12")
    assert (question.message, minutes(question.calendar)) == (104, 12)


def test_case_15_a_managers_reaction_ends_nothing_unless_the_portal_wants_it_to() -> None:
    assert only("10:00 c; 10:05 m12 reaction").verdict is Verdict.OPEN
    wanted = replace(RULES, reaction_ends_turn=True)
    assert only("10:00 c; 10:05 m12 reaction", rules=wanted).verdict is Verdict.MET


def test_case_16_a_customers_reaction_opens_nothing() -> None:
    assert turns("10:00 c reaction") == []


def test_case_17_when_the_operator_writes_first_the_customers_answer_opens_a_next_turn() -> None:
    turn = only("10:00 m12; 10:30 c; 10:40 m12", started_by_customer=False)
    assert (turn.kind, minutes(turn.calendar)) == ("next", 10)


def test_case_19_a_transfer_gives_each_holder_his_own_part() -> None:
    turn = only("10:00 c; 10:02 n12; 10:10 n12>15; 10:14 m15")
    assert [(part.user, minutes(part.working)) for part in turn.held] == [(0, 2), (12, 8), (15, 4)]
    assert (turn.responder, minutes(turn.manager_working)) == (15, 4)


def test_case_20_back_in_the_queue_the_wait_goes_on_and_is_the_queues() -> None:
    turn = only("10:00 c; 10:02 n12", owner=0, now="10:30")
    assert (turn.verdict, turn.opened) == (Verdict.OPEN, at("10:00"))


def test_case_22_with_nobody_accepting_the_holder_is_the_queue() -> None:
    assert only("10:00 c").holder == 0


def test_case_23_taking_a_dialog_answers_nothing() -> None:
    turn = only("10:00 c; 10:01 n12", owner=12)
    assert (turn.verdict, turn.holder) == (Verdict.OPEN, 12)


def test_case_24_closing_without_a_word_is_missed_by_the_holder() -> None:
    turn = only("10:00 c; 10:01 n12; 10:05 end")
    assert (turn.verdict, turn.holder, turn.responder, turn.blame) == (Verdict.MISSED, 12, 0, "manager")


def test_case_24_late_at_the_deadline_and_then_closed_is_missed_and_remembers_that_it_was_late() -> None:
    turn = only("10:00 c; 11:00 end")
    assert (turn.verdict, turn.overdue_verdict, turn.blame) == (Verdict.MISSED, Verdict.LATE, "routing")


def test_case_25_a_close_that_only_the_activity_tells_of_is_a_close() -> None:
    turn = only("10:00 c", closed=at("12:00"))
    assert (turn.verdict, turn.ended) == (Verdict.MISSED, at("12:00"))


def test_case_27_reopened_within_hours_it_is_the_same_wait_if_nobody_had_answered() -> None:
    missed = replace(only("08:00 c; 08:30 end"), session=6)
    turn = only("10:00 c; 10:05 m12", carried=missed)
    assert (turn.opened, turn.kind, turn.marks) == (at("08:00"), "first", ("reopened",))
    assert minutes(turn.calendar) == 125


def test_case_27_reopened_after_an_answer_it_is_a_new_wait() -> None:
    met = replace(only("08:00 c; 08:05 m12; 08:30 end"), session=6)
    assert only("10:00 c; 10:05 m12", carried=met).opened == at("10:00")


@pytest.mark.parametrize("status", [65, 75])
def test_case_29_spam_and_a_silent_close_are_excused(status: int) -> None:
    turn = only("10:00 c; 11:00 end", status=status)
    assert (turn.verdict, turn.cause) == (Verdict.EXCUSED, "spam")


def test_case_30_a_message_that_was_deleted_before_we_saw_it_opens_nothing() -> None:
    assert turns("10:00 c deleted") == []


def test_case_30_a_wait_whose_message_vanished_is_void() -> None:
    before = only("10:00 c", now="10:05")
    session = Session(id=7, chat=1, line=1, connector="max", customer=844, created=at("00:00"))
    after = judge(session, [], people=PEOPLE, rules=RULES, previous=(before,), now=at("10:10"))
    assert [turn.verdict for turn in after.turns] == [Verdict.VOID]


def test_case_31_a_deleted_answer_reopens_the_turn_from_its_beginning() -> None:
    turn = only("10:00 c; 10:05 m12 deleted", now="10:30")
    assert (turn.verdict, turn.opened) == (Verdict.OPEN, at("10:00"))


def test_case_33_a_whisper_is_no_answer() -> None:
    assert only("10:00 c; 10:05 w12").verdict is Verdict.OPEN


def test_case_34_what_was_not_delivered_is_no_answer() -> None:
    assert only("10:00 c; 10:05 m12 failed").verdict is Verdict.OPEN


def test_case_34_an_unconfirmed_answer_counts_after_five_minutes_unless_the_connector_confirms() -> None:
    assert only("10:00 c; 10:05 m12 pending", now="10:08").verdict is Verdict.OPEN
    assert only("10:00 c; 10:05 m12 pending", now="10:10").verdict is Verdict.MET
    confirming = replace(RULES, confirms=True)
    assert only("10:00 c; 10:05 m12 pending", now="10:30", rules=confirming).verdict is Verdict.OPEN


def test_case_39_a_voice_message_opens_and_ends_a_turn() -> None:
    assert only("10:00 c voice; 10:05 m12 voice").verdict is Verdict.MET


def test_case_40_who_helps_gets_the_answer_and_the_holder_is_kept() -> None:
    turn = only("10:00 c; 10:01 n12; 10:05 m15")
    assert (turn.responder, turn.holder, turn.marks) == (15, 12, ("helped",))


def test_case_42_of_several_answers_the_first_counts() -> None:
    assert only("10:00 c; 10:05 m15; 10:06 m12").responder == 15


def test_case_45_a_late_answer_while_the_channel_was_down_is_excused() -> None:
    rules = replace(RULES, outages=((at("10:05"), at("10:40")),))
    turn = only("10:00 c; 10:45 m12", rules=rules)
    assert (turn.verdict, turn.cause, turn.blame) == (Verdict.EXCUSED, "channel_down", "channel")


def test_case_45_an_answer_in_time_is_met_whatever_the_channel_did() -> None:
    rules = replace(RULES, outages=((at("10:05"), None),))
    assert only("10:00 c; 10:10 m12", rules=rules).verdict is Verdict.MET


def test_case_46_old_history_brought_along_is_ignored() -> None:
    assert turns("1/10:00 c", created=at("5/10:00"), now="5/11:00") == []


def test_case_47_the_same_message_twice_and_out_of_order_changes_nothing() -> None:
    messages = told("10:00 c; 10:05 m12; 11:00 c; 11:10 m12")
    session = Session(id=7, chat=1, line=1, connector="max", customer=844, created=at("00:00"))
    plain = judge(session, messages, people=PEOPLE, rules=RULES, now=at("12:00"))
    mixed = judge(session, [*reversed(messages), *messages], people=PEOPLE, rules=RULES, now=at("12:00"))
    assert mixed.turns == plain.turns
    assert mixed.problems == ("replies.duplicates session=7 count=4",)


def test_case_48_our_own_test_customers_are_left_out() -> None:
    assert turns("10:00 c", rules=replace(RULES, excluded=frozenset({844}))) == []


def test_case_52_a_filled_form_opens_nothing() -> None:
    assert turns("10:00 c form") == []


def test_later_turns_of_a_session_are_next_and_have_their_own_target() -> None:
    first, second = turns("10:00 c; 10:05 m12; 11:00 c; 11:25 m12")
    assert (first.kind, second.kind, second.verdict) == ("first", "next", Verdict.MET)


def test_an_answer_outside_of_hours_is_met_and_marked() -> None:
    turn = only("03:00 c; 03:20 m12", rules=replace(RULES, schedule=OFFICE))
    assert (turn.verdict, minutes(turn.working), turn.marks) == (Verdict.MET, 0, ("ooh",))


def test_how_long_it_waits_is_told_on_both_clocks_and_in_targets() -> None:
    turn = only("12:50 c", now="14:00", rules=replace(RULES, schedule=OFFICE))
    assert [minutes(span) for span in waits(turn, OFFICE, at("14:10"))] == [20, 80]
    assert [overdue(turn, at(text)) for text in ("14:05", "14:06", "14:36")] == [0, 1, 3]


def test_a_session_of_twenty_thousand_messages_is_judged() -> None:
    pair = [(Author.CUSTOMER, 844), (Author.MANAGER, 12)]
    messages = [
        Message(
            id=n, session=7, chat=1, at=at("00:00") + timedelta(seconds=n), author=pair[n % 2][0], user=pair[n % 2][1]
        )
        for n in range(20_000)
    ]
    session = Session(id=7, chat=1, line=1, connector="max", customer=844, created=at("00:00"))
    assert len(judge(session, messages, people=PEOPLE, rules=RULES, now=at("3/00:00")).turns) == 9_999 + 1


kinds = st.sampled_from(
    ["c", "m12", "m15", "n12", "n12>15", "b90", "a", "w12", "c thanks", "m12 failed", "m15 pending"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), kinds), max_size=25), st.booleans())
def test_the_ledger_of_a_growing_history_rebuilds_the_turns_as_they_stand(steps: list[Any], ends: bool) -> None:
    """Fed back what it said before, the engine says the same again, and nothing that was counted is taken back."""
    clock, lines = 0, []
    for wait, what in steps:
        clock += wait
        lines.append(f"{1 + clock // 1440}/{clock // 60 % 24}:{clock % 60} {what}")
    lines += [f"{1 + (clock + 5) // 1440}/{(clock + 5) // 60 % 24}:{(clock + 5) % 60} end"] if ends else []
    session = Session(id=7, chat=1, line=1, connector="max", customer=844, created=at("00:00"))
    known: dict[TurnKey, Turn] = {}
    rows: list[Any] = []
    for count in range(1, len(lines) + 1):
        messages = told(";".join(lines[:count]))
        last = max(one.at for one in messages)
        for _ in range(2):
            outcome = judge(session, messages, people=PEOPLE, rules=RULES, previous=known.values(), now=last)
            for turn in outcome.turns:
                before = known.get(turn.key)
                counted = replace(turn, counted=turn.verdict is not Verdict.OPEN or turn.counted)
                rows += events(before, counted)
                assert before is None or counted.counted >= before.counted
                known[turn.key] = counted
        again = judge(session, messages, people=PEOPLE, rules=RULES, previous=known.values(), now=last)
        assert {turn.key: turn for turn in again.turns} == {turn.key: known[turn.key] for turn in again.turns}
    assert rebuild(rows) == known
