"""The cases 27 to 52 of response-time.md as stories, and data that is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from replies_parts import (
    CUSTOMER,
    IN_OFFICE,
    MINUTE,
    PEOPLE,
    RULES,
    at,
    judged,
    minutes,
    only,
    parts,
    session_of,
    told,
    turns,
)

from monitor.core.ledger import events, rebuild
from monitor.core.model import Person
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.core.turn_rules import Aside
from monitor.core.turns import judge


def earlier(story: str, **more: object) -> Turn:
    return replace(only(story, **more), session=6)


def test_case_27_reopened_within_hours_it_is_the_same_turn_if_nobody_had_answered() -> None:
    missed = earlier("08:00 c; 08:10 n12; 08:30 end12")
    turn = only("10:00 c; 10:02 n15; 10:05 m15", carried=missed, first=201)
    assert (turn.key, turn.opened, turn.kind) == (missed.key, at("08:00"), "first")
    assert (turn.verdict, minutes(turn.calendar), turn.deadline) == (Verdict.LATE, 125, missed.deadline)
    assert parts(turn) == [(0, 10), (12, 20), (0, 92), (15, 3)]
    assert set(turn.marks) == {"reopened", "closed_once", "carried"}


def test_case_27_judged_again_it_is_still_that_turn() -> None:
    missed = earlier("08:00 c; 08:30 end12")
    first = only("10:00 c", carried=missed, first=201, now="10:01")
    assert only("10:00 c", previous=(first,), first=201, now="10:02") == first
    done = only("10:00 c; 10:02 n15; 10:05 m15", previous=(first,), first=201)
    assert done == only("10:00 c; 10:02 n15; 10:05 m15", carried=missed, first=201)
    assert only("10:00 c; 10:02 n15; 10:05 m15", previous=(done,), carried=missed, first=201) == done


def test_case_27_what_was_brought_along_turns_out_to_be_a_part_of_a_wait_that_began_earlier() -> None:
    """Three sessions, the first of which was read last."""
    second = replace(only("10:00 c; 10:30 end12", first=201), session=6)
    third = only("12:00 c; 12:05 m15", carried=second, first=301)
    assert third.message == second.message
    first = earlier("08:00 c; 08:30 end12")
    told = turns("12:00 c; 12:05 m15", carried=first, previous=(third,), first=301)
    assert [(one.message, one.verdict) for one in told] == [(first.message, Verdict.LATE), (201, Verdict.VOID)]
    late = earlier("1/08:00 c; 1/08:30 end12")
    young = replace(only("2/10:00 c; 2/10:30 end12", first=201, now="2/20:00"), session=6)
    third = only("2/12:00 c; 2/12:05 m15", carried=young, first=301, now="2/20:00")
    (kept,) = turns("2/12:00 c; 2/12:05 m15", carried=late, previous=(third,), first=301, now="2/20:00")
    assert kept.message == 201


def test_case_27_after_an_answer_or_after_a_day_it_is_a_new_turn() -> None:
    assert only("10:00 c", carried=earlier("08:00 c; 08:05 m12; 08:30 end"), first=201).opened == at("10:00")
    missed = earlier("08:00 c; 08:30 end")
    assert only("2/08:30 c", carried=missed, first=201, now="2/09:00").opened == at("08:00")
    assert only("2/08:31 c", carried=missed, first=201, now="2/09:00").opened == at("2/08:31")


def test_case_27_a_manager_who_writes_first_in_the_new_session_answers_the_old_wait() -> None:
    turn = only("08:40 m12", carried=earlier("08:00 c; 08:30 end"), first=201, started_by_customer=False)
    assert (turn.verdict, turn.responder, minutes(turn.calendar)) == (Verdict.LATE, 12, 40)


def test_case_27_reopened_within_one_session_it_is_the_same_turn() -> None:
    turn = only("10:00 c; 10:05 end12; 10:07 c; 10:10 m12")
    assert (turn.message, turn.verdict, minutes(turn.calendar)) == (101, Verdict.MET, 10)
    assert turn.marks == ("reopened", "closed_once")


def test_case_27_what_a_session_leaves_unanswered_is_carried() -> None:
    left = judged("10:00 c; 10:30 end")
    assert left.carry == left.turns[-1]
    assert judged("10:00 c; 10:05 m12; 10:30 end").carry is None


def test_case_28_a_duplicate_session_has_no_turns_and_takes_back_what_was_told_of_it() -> None:
    assert turns("10:00 c", status=69) == []
    (void,) = turns("10:00 c", status=69, previous=(only("10:00 c"),))
    assert (void.verdict, void.cause) == (Verdict.VOID, "duplicate")


@pytest.mark.parametrize(("status", "cause"), [(65, "spam"), (75, "closed_silently")])
def test_case_29_spam_and_a_silent_close_are_excused_and_say_who_did_it(status: int, cause: str) -> None:
    turn = only("10:00 c; 11:00 end12", status=status)
    assert (turn.verdict, turn.cause, turn.closer, turn.blame) == (Verdict.EXCUSED, cause, 12, "")


def test_case_29_who_calls_a_dialog_spam_has_not_taken_it_and_is_named() -> None:
    turn = only("10:00 c; 11:00 j12; 11:00 end", status=65)
    assert (turn.verdict, turn.cause, turn.closer, turn.holder, parts(turn)) == (
        Verdict.EXCUSED,
        "spam",
        12,
        0,
        [(0, 60)],
    )


def test_case_30_a_message_deleted_before_anybody_could_answer_opens_nothing() -> None:
    assert turns("10:00 c deleted") == []
    before = only("10:00 c; 10:00 a", now="10:01")
    (void,) = turns("10:00 a", previous=(before,), now="10:02", first=102)
    assert (void.verdict, void.cause) == (Verdict.VOID, "deleted")


def test_case_30_a_message_deleted_later_still_waits() -> None:
    before = only("10:00 c; 10:00 a", now="10:01")
    after = only("10:00 a", previous=(before,), now="10:03", first=102)
    assert (after.key, after.verdict, after.opened, after.marks) == (
        before.key,
        Verdict.OPEN,
        at("10:00"),
        ("deleted",),
    )
    flagged = only("10:00 c deleted; 10:00 a; 10:20 m12", previous=(before,))
    assert (flagged.verdict, minutes(flagged.working)) == (Verdict.LATE, 20)


def test_case_31_a_deleted_answer_reopens_the_turn_from_its_start_and_is_flagged() -> None:
    before = only("10:00 c; 10:05 m12")
    assert before.verdict is Verdict.MET
    vanished = only("10:00 c", previous=(before,), now="10:30")
    assert (vanished.verdict, vanished.opened, vanished.marks) == (Verdict.OPEN, at("10:00"), ("answer_deleted",))
    later = only("10:00 c; 10:05 m12 deleted; 10:40 m15", previous=(vanished,))
    assert (later.verdict, later.responder, later.marks) == (Verdict.LATE, 15, ("answer_deleted",))


def test_case_31_a_turn_that_the_reopened_one_swallows_is_void() -> None:
    both = turns("10:00 c; 10:05 m12; 10:10 c; 10:15 m15")
    grown, void = turns("10:00 c; 10:05 m12 deleted; 10:10 c; 10:15 m15", previous=both)
    assert (grown.message, minutes(grown.working)) == (101, 15)
    assert (void.message, void.verdict, void.cause) == (103, Verdict.VOID, "merged")


def test_case_32_an_edit_neither_restarts_nor_ends_a_turn() -> None:
    _, thanks = before = turns("10:00 c; 10:05 m12; 10:06 c thanks", now="10:10")
    again = turns("10:00 c; 10:05 m12; 10:06 c", previous=before, now="10:10")
    assert again[1] == thanks


def test_case_33_a_whisper_is_no_answer() -> None:
    assert only("10:00 c; 10:05 w12").verdict is Verdict.OPEN


def test_case_34_what_was_not_delivered_is_no_answer_and_no_fault_of_the_manager() -> None:
    assert only("10:00 c; 10:05 m12 failed").marks == ("send_failed",)
    late = only("10:00 c; 10:05 m12 failed; 10:40 m12")
    assert (late.verdict, late.blame, late.culprit) == (Verdict.LATE, "channel", 0)


def test_case_34_an_unconfirmed_message_counts_only_where_nothing_is_ever_confirmed() -> None:
    assert only("10:00 c; 10:05 m12 pending", now="10:09").verdict is Verdict.OPEN
    assert only("10:00 c; 10:05 m12 pending", now="10:10").marks == ("unconfirmed",)
    assert only("10:00 c; 10:05 m12 pending; 10:10 x", now="10:30").verdict is Verdict.OPEN
    assert turns("10:00 c; 10:05 m12; 10:06 c; 10:07 m12 pending")[1].verdict is Verdict.OPEN
    assert only("10:00 c; 10:05 m12 pending", rules=replace(RULES, confirms=True)).verdict is Verdict.OPEN
    assert only("10:00 c; 10:05 m12 pending", now="10:06", rules=replace(RULES, confirms=False)).marks == ()


def test_case_34_what_a_confirming_connector_never_confirmed_is_no_fault_of_the_manager() -> None:
    rules = replace(RULES, confirms=True)
    assert only("10:00 c; 10:05 m12 pending", rules=rules, now="10:09").marks == ()
    late = only("10:00 c; 10:05 m12 pending; 10:40 m12", rules=rules)
    assert (late.verdict, late.blame, late.culprit, late.marks) == (Verdict.LATE, "channel", 0, ("send_failed",))
    assert only("10:00 c; 10:05 m12; 10:40 m12", rules=rules, previous=(late,)).marks == ()


def test_case_34_a_complaint_of_the_portal_after_the_message_keeps_it_from_being_an_answer() -> None:
    assert only("10:00 c; 10:05 x; 10:06 m12 pending", now="10:30").verdict is Verdict.MET
    assert only("10:00 c; 10:06 m12 pending; 10:11 x", now="10:30").verdict is Verdict.OPEN


def test_case_35_an_answer_from_the_phone_is_nobodys_by_name() -> None:
    rules = replace(RULES, mirrors=frozenset({12}))
    turn = only("10:00 c; 10:05 m12 mirrored", rules=rules)
    assert (turn.verdict, turn.responder, turn.marks, turn.manager_working) == (Verdict.MET, 0, ("phone",), None)
    assert only("10:00 c; 10:05 m12 mirrored").responder == 12


def test_case_35_where_the_phone_is_not_seen_the_wait_says_so() -> None:
    assert only("10:00 c", rules=replace(RULES, no_phone=True)).marks == ("no_phone",)


def test_case_36_an_answer_in_another_chat_is_told_apart() -> None:
    aside = Aside(kind="elsewhere", at=at("10:10"), user=12, message=55)
    assert only("10:00 c", rules=replace(RULES, asides=(aside,))).cause == "answered_elsewhere"
    assert only("10:00 c; 10:05 m15", rules=replace(RULES, asides=(aside,))).verdict is Verdict.MET


def test_case_37_a_real_call_ends_the_turn_if_the_portal_wants_it_to() -> None:
    call = Aside(kind="call", at=at("10:10"), user=12, message=55, lasted=timedelta(seconds=20))
    turn = only("10:00 c", rules=replace(RULES, asides=(call,)))
    assert (turn.verdict, turn.responder, turn.ended_by, turn.marks) == (Verdict.MET, 12, 55, ("call",))
    short = replace(call, lasted=timedelta(seconds=19))
    assert only("10:00 c", rules=replace(RULES, asides=(short,))).verdict is Verdict.OPEN
    assert only("10:00 c", rules=replace(RULES, asides=(call,), call_ends_turn=False)).verdict is Verdict.OPEN


def test_case_38_a_missed_call_in_the_messenger_opens_a_turn() -> None:
    assert only("10:00 c call; 10:05 m12").content == "call"


@pytest.mark.parametrize("content", ["voice", "video", "image", "file", "location", "contact", "sticker"])
def test_case_39_what_is_no_text_opens_and_ends_a_turn(content: str) -> None:
    turn = only(f"10:00 c {content}; 10:05 m12 {content}")
    assert (turn.verdict, turn.content) == (Verdict.MET, content)


def test_case_40_who_helps_gets_the_answer_and_the_holder_keeps_the_late_mark() -> None:
    turn = only("10:00 c; 10:01 n12; 10:40 m15")
    assert (turn.responder, turn.holder, turn.culprit, turn.marks) == (15, 12, 12, ("helped",))
    assert turn.manager_working is None


def test_case_41_groups_are_left_alone_by_default() -> None:
    group = PEOPLE | {845: Person(id=845, name="Второй", connector=True)}
    outcome = judged("10:00 c; 10:05 c845", people=group)
    assert (outcome.turns, outcome.problems) == ((), ("replies.group session=7",))


def test_case_41_where_wanted_a_group_waits_only_after_nobody_answered_for_a_while() -> None:
    group = PEOPLE | {845: Person(id=845, name="Второй", connector=True)}
    rules = replace(RULES, groups=10 * MINUTE)
    assert turns("10:00 c; 10:09 m12", people=group, rules=rules) == []
    assert turns("10:00 c", people=group, rules=rules, now="10:09") == []
    turn = only("10:00 c; 10:20 m12", people=group, rules=rules)
    assert (turn.working_from, minutes(turn.working), minutes(turn.calendar)) == (at("10:10"), 10, 20)


def test_case_42_of_several_answers_the_first_counts() -> None:
    assert only("10:00 c; 10:05 m15; 10:06 m12").responder == 15


def test_case_43_who_is_dismissed_in_the_middle_is_billed_until_then_and_told() -> None:
    rules = replace(RULES, gone={18: at("10:10")})
    turn = only("10:00 c; 10:01 n18; 10:40 n15; 10:45 m15", rules=rules)
    assert parts(turn) == [(0, 1), (18, 9), (0, 30), (15, 5)]
    assert turn.blame == "routing"
    assert only("10:00 c; 10:01 n18", owner=18).marks == ("dismissed",)


def test_case_43_what_a_dismissed_employee_had_answered_stays_his() -> None:
    assert only("10:00 c; 10:05 m18").responder == 18


def test_case_44_another_than_the_responsible_one_is_a_matter_of_routing_not_of_time() -> None:
    turn = only("10:00 c; 10:05 m12", rules=replace(RULES, responsible=15))
    assert (turn.verdict, turn.marks) == (Verdict.MET, ("other_responsible",))
    assert only("10:00 c; 10:05 m12", rules=replace(RULES, responsible=12)).marks == ()


def test_case_45_what_piled_up_while_the_channel_was_down_is_excused() -> None:
    rules = replace(RULES, outages=((at("09:00"), at("09:58")),))
    turn = only("10:00 c; 10:05 m12", rules=rules)
    assert (turn.verdict, turn.cause, turn.blame, turn.marks) == (Verdict.EXCUSED, "backlog", "channel", ("backlog",))
    assert only("10:04 c; 10:05 m12", rules=rules).verdict is Verdict.MET
    shut = only("10:00 c; 10:05 end12", rules=rules)
    assert (shut.verdict, shut.cause, shut.blame, shut.culprit) == (Verdict.EXCUSED, "backlog", "channel", 0)


def test_case_45_only_the_time_of_the_outage_is_taken_off_a_late_answer() -> None:
    rules = replace(RULES, outages=((at("10:05"), at("10:40")),))
    assert only("10:00 c; 10:45 m12", rules=rules).cause == "channel_down"
    assert only("10:00 c; 10:51 m12", rules=rules).verdict is Verdict.LATE
    assert only("10:00 c; 10:50 m12", rules=rules).verdict is Verdict.EXCUSED


@pytest.mark.parametrize(
    ("field", "cause", "blame"),
    [
        ("outages", "channel_down", "channel"),
        ("portal_outages", "portal_down", "portal"),
        ("maintenance", "maintenance", "us"),
    ],
)
def test_an_excuse_names_what_was_broken_and_whose_it_is(field: str, cause: str, blame: str) -> None:
    rules = replace(RULES, **{field: ((at("10:05"), at("10:40")),)})
    late = only("10:00 c; 10:45 m12", rules=rules)
    assert (late.verdict, late.cause, late.blame) == (Verdict.EXCUSED, cause, blame)
    assert only("10:00 c; 10:30 end12", rules=rules).cause == cause
    assert only("10:00 c; 10:41 end12", rules=rules).verdict is Verdict.MISSED


@pytest.mark.parametrize("field", ["outages", "portal_outages", "maintenance"])
def test_what_broke_after_the_deadline_excuses_no_close(field: str) -> None:
    rules = replace(RULES, **{field: ((at("10:30"), at("10:40")),)})
    late = only("10:00 c; 10:31 end12", rules=rules)
    assert (late.verdict, late.cause, late.culprit) == (Verdict.MISSED, "closed", 12)
    rules = replace(RULES, **{field: ((at("10:09"), at("10:40")),)})
    assert only("10:00 c; 10:31 end12", rules=rules).verdict is Verdict.EXCUSED
    rules = replace(RULES, **{field: ((at("10:10"), at("10:40")),)})
    assert only("10:00 c; 10:31 end12", rules=rules).verdict is Verdict.EXCUSED


def test_an_outage_that_becomes_known_later_corrects_a_late_turn() -> None:
    late = only("10:00 c; 10:45 m12")
    rules = replace(RULES, outages=((at("10:05"), at("10:40")),))
    excused = only("10:00 c; 10:45 m12", rules=rules, previous=(late,))
    assert excused.verdict is Verdict.EXCUSED
    assert only("10:00 c; 10:45 m12", previous=(excused,)) == excused


def test_case_46_old_history_brought_along_is_ignored_and_counted() -> None:
    outcome = judged("10:00 c", created=at("5/10:00"), now="5/11:00")
    assert (outcome.turns, outcome.problems) == ((), ("replies.imported session=7 count=1",))
    assert turns("09:00 c; 10:00 start; 10:01 a") == []


def test_case_47_the_same_message_twice_and_out_of_order_changes_nothing() -> None:
    messages = told("10:00 c; 10:05 m12; 11:00 c; 11:10 m12")
    plain = judge(session_of([]), messages, people=PEOPLE, rules=RULES, now=at("12:00"))
    mixed = judge(session_of([]), [*reversed(messages), *messages], people=PEOPLE, rules=RULES, now=at("12:00"))
    assert mixed.turns == plain.turns
    assert mixed.problems == ("replies.duplicates session=7 count=4",)


def test_case_48_our_own_test_customers_are_left_out() -> None:
    assert turns("10:00 c", rules=replace(RULES, excluded=frozenset({CUSTOMER}))) == []


def test_case_49_the_deadline_says_which_period_a_turn_belongs_to() -> None:
    turn = only("30/17:55 c; 31/09:05 m12", rules=IN_OFFICE, created=at("30/17:00"), now="31/10:00")
    assert (turn.opened.month, turn.deadline.month) == (3, 4)


def test_case_51_judged_after_hours_without_sight_the_turns_are_the_same() -> None:
    step = only("10:00 c; 10:05 n12; 10:10 m12", previous=(only("10:00 c", now="10:01"),), now="16:00")
    assert step == only("10:00 c; 10:05 n12; 10:10 m12", now="10:11")


def test_case_52_a_filled_form_opens_nothing() -> None:
    assert turns("10:00 c form") == []


def test_a_message_of_the_future_is_counted_and_breaks_nothing() -> None:
    outcome = judged("10:00 c; 3/10:00 m12", now="10:10")
    assert ([turn.verdict for turn in outcome.turns], outcome.problems) == (
        [Verdict.OPEN],
        ("replies.future session=7 count=1",),
    )


def test_an_empty_history_takes_nothing_back() -> None:
    before = only("10:00 c; 10:05 m12")
    outcome = judge(session_of([]), [], people={}, rules=RULES, previous=(before,), now=at("11:00"))
    assert (outcome.turns, outcome.problems) == ((before,), ("replies.empty session=7",))
    assert judge(session_of([]), [], people={}, rules=RULES, now=at("11:00")).turns == ()


def test_the_ledger_of_a_corrected_turn_rebuilds_it() -> None:
    met = only("10:00 c; 10:05 m12")
    opened = only("10:00 c", previous=(met,), now="10:30")
    rows = [*events(None, met), *events(met, opened)]
    assert [row.what for row in rows][-1] == "corrected"
    assert rebuild(rows) == {TurnKey(1, 101): opened}


def test_case_04_who_has_the_dialog_may_send_one_phrase_to_many() -> None:
    rules = replace(RULES, echoed=frozenset({103}))
    assert only("10:00 c; 10:01 n12; 10:02 m12", rules=rules).ended_by == 103
    assert only("10:00 c; 10:01 n15; 10:02 m12", rules=rules).verdict is Verdict.OPEN


def test_case_04_who_takes_the_dialog_later_had_not_typed_the_echo() -> None:
    rules = replace(RULES, echoed=frozenset({102}))
    waiting = only("10:00 c; 10:01 m12; 10:05 n12", rules=rules, owner=12, now="10:06")
    assert (waiting.verdict, waiting.holder) == (Verdict.OPEN, 12)
    answered = only("10:00 c; 10:01 m12; 10:05 n12; 10:08 m12", rules=rules, owner=12, previous=(waiting,))
    assert (answered.ended_by, minutes(answered.calendar)) == (104, 8)
