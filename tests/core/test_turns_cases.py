"""The cases 1 to 26 of response-time.md as stories: who wrote when, and what became of the customer's wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from replies_parts import ALWAYS, IN_OFFICE, MINUTE, OFFICE, RULES, at, judged, minutes, only, parts, turns

from monitor.core.calendar import NEVER, PublicDay, Schedule, from_rule
from monitor.core.echoes import Said, echoed
from monitor.core.history import parse
from monitor.core.known_texts import known_texts
from monitor.core.model import Author
from monitor.core.policy import ReplyOptions, ScheduleRule, Targets
from monitor.core.turn import Verdict
from monitor.core.turn_rules import Aside


def test_case_01_a_welcome_text_does_not_end_a_turn() -> None:
    turn = only("10:00 c; 10:00 a; 10:10 m12")
    assert (turn.ended_by, turn.responder, minutes(turn.working)) == (103, 12, 10)


def test_case_01_an_author_whom_the_portal_does_not_know_ends_nothing_and_is_counted() -> None:
    outcome = judged("10:00 c; 10:01 m77", now="10:05")
    assert [turn.verdict for turn in outcome.turns] == [Verdict.OPEN]
    assert outcome.problems == ("replies.unknown_author session=7 user=77",)


def test_case_01_an_employee_known_from_the_staff_list_alone_ends_the_turn() -> None:
    assert only("10:00 c; 10:01 m77", rules=replace(RULES, staff=frozenset({77}))).responder == 77


def test_case_02_a_bots_hand_over_restarts_the_working_clock_and_not_the_calendar() -> None:
    turn = only("10:00 c; 10:00 n90; 10:01 b90; 10:20 n90>12; 10:30 m12")
    assert (turn.verdict, minutes(turn.working), minutes(turn.calendar)) == (Verdict.MET, 10, 30)
    assert (turn.working_from, turn.deadline, turn.marks) == (at("10:20"), at("10:35"), ("bot_handover",))


def test_case_02_an_accept_by_a_person_is_a_hand_over_as_well() -> None:
    assert only("10:00 c; 10:00 n90; 10:01 b90; 10:20 n12; 10:36 m12").verdict is Verdict.LATE
    assert only("10:00 c; 10:00 n90; 10:01 b90; 10:20 n12; 10:35 m12").verdict is Verdict.MET


def test_case_02_without_a_sign_of_a_hand_over_the_clock_runs_from_the_first_message() -> None:
    turn = only("10:00 c; 10:01 b90; 10:20 n12; 10:30 m12")
    assert (turn.verdict, minutes(turn.working)) == (Verdict.LATE, 30)


def test_case_02_a_hand_over_that_names_both_needs_no_line_of_the_bots_own() -> None:
    turn = only("10:00 c; 10:01 b90; 10:20 n90>12; 10:25 m12")
    assert (turn.verdict, minutes(turn.working), minutes(turn.calendar)) == (Verdict.MET, 5, 25)
    assert turn.marks == ("bot_handover",)
    by_a_person = only("10:00 c; 10:01 b90; 10:20 n12>15; 10:25 m15")
    assert (by_a_person.verdict, minutes(by_a_person.working), parts(by_a_person)) == (
        Verdict.LATE,
        25,
        [(0, 20), (15, 5)],
    )


def test_case_02_a_bot_that_the_portal_called_the_owner_had_the_dialog_when_a_person_takes_it() -> None:
    with_bot = only("10:00 c; 10:00 b90", owner=90, now="10:19")
    assert (with_bot.deadline, with_bot.marks) == (NEVER, ("bot_held",))
    taken = only("10:00 c; 10:00 b90; 10:20 n12", owner=12, previous=(with_bot,), now="10:21")
    assert (taken.working_from, taken.deadline) == (at("10:20"), at("10:35"))
    again = only("10:00 c; 10:00 b90; 10:20 n12", owner=12, previous=(taken,), now="10:22")
    assert again == taken
    turn = only("10:00 c; 10:00 b90; 10:20 n12; 10:30 m12", owner=12, previous=(again,), now="10:31")
    assert (turn.verdict, minutes(turn.working), minutes(turn.calendar)) == (Verdict.MET, 10, 30)
    assert turn.marks == ("bot_held", "bot_handover")


def test_case_02_a_bot_that_talks_while_another_owns_the_dialog_takes_nothing() -> None:
    turn = only("10:00 c; 10:01 b90", owner=12, now="10:05")
    assert (turn.deadline, turn.marks, parts(turn)) == (at("10:15"), (), [(0, 0)])


def test_case_02_while_a_bot_talks_with_the_customer_no_person_is_late() -> None:
    turn = only("10:00 c; 10:00 n90; 10:01 b90", owner=90, now="18:00")
    assert (turn.verdict, turn.deadline, turn.no_reply_at, turn.holder) == (Verdict.OPEN, NEVER, None, 0)


def test_case_02_when_the_bot_falls_silent_the_clock_runs_from_what_it_did_not_answer() -> None:
    turn = only("10:00 c; 10:00 n90; 10:01 b90; 10:40 c; 10:41 c", owner=90, now="11:00")
    assert (turn.opened, turn.working_from, turn.deadline) == (at("10:00"), at("10:40"), at("10:55"))


def test_case_02_a_hand_over_does_not_start_the_clock_before_the_customer_wrote() -> None:
    turn = only("09:00 n90; 09:01 n90>12; 10:00 c; 10:10 m12")
    assert (turn.working_from, turn.marks) == (at("10:00"), ())


def test_case_03_a_bot_that_settled_it_alone_is_told_apart() -> None:
    turn = only("10:00 c; 10:00 n90; 10:01 b90; 12:00 end")
    assert (turn.verdict, turn.cause, turn.blame, turn.proof) == (Verdict.BOT_ONLY, "bot_only", "", 104)


def test_case_03_a_bot_that_answered_before_the_customers_last_word_settled_nothing() -> None:
    assert only("10:00 c; 10:00 n90; 10:01 b90; 10:05 c; 12:00 end").verdict is Verdict.MISSED


def test_case_03_thanks_for_the_bots_answer_are_no_question() -> None:
    assert only("10:00 c; 10:00 n90; 10:01 b90; 10:02 c thanks; 12:00 end").verdict is Verdict.BOT_ONLY
    assert only("10:00 c; 10:00 n90; 10:01 b90; 10:02 c sticker; 12:00 end").verdict is Verdict.BOT_ONLY
    again = only("10:00 c; 10:00 n90; 10:01 b90; 10:02 c thanks; 10:03 c; 12:00 end")
    assert (again.verdict, again.working_from) == (Verdict.MISSED, at("10:03"))


def test_case_03_a_bot_that_talks_in_a_persons_dialog_settles_nothing() -> None:
    assert only("10:00 c; 10:01 n12; 10:02 b90; 12:00 end").verdict is Verdict.MISSED


def test_case_04_a_text_that_the_config_names_is_automatic_under_any_name() -> None:
    texts = known_texts(ReplyOptions(automatic=("Спасибо за обращение, *! Мы ответим*",)))
    row = {"id": "5", "senderid": "12", "date": "2026-03-02T10:00:00+03:00"}
    answer = {"sessionId": 7, "chatId": 1, "users": {"12": {"id": "12", "name": "Анна"}}}
    said = [
        row | {"id": "5", "text": "спасибо за  обращение, Пётр! Мы ответим в 9:00"},
        row | {"id": "6", "text": "Да"},
    ]
    known = parse(answer | {"message": said}, texts)
    assert [message.author for message in known.messages] == [Author.AUTOMATIC, Author.MANAGER]
    assert parse(answer | {"message": said}).messages[0].author is Author.MANAGER


def test_case_04_one_text_to_three_chats_within_a_minute_is_no_humans() -> None:
    said = [Said(12, "0badcafe", at("10:00") + n * timedelta(seconds=30), chat, 50 + n) for n, chat in enumerate("abc")]
    assert echoed(said) == {50, 51, 52}
    assert echoed(said[:2]) == frozenset()
    assert echoed([*said[:2], said[2]._replace(user=15)]) == frozenset()
    assert echoed([*said[:2], said[2]._replace(at=at("10:02"))]) == frozenset()
    assert echoed([*said[:2], said[2]._replace(chat="b")]) == frozenset()
    assert echoed([one._replace(digest="") for one in said]) == frozenset()


def test_case_04_a_message_told_to_be_an_echo_ends_nothing() -> None:
    assert only("10:00 c; 10:01 m12; 10:10 m12", rules=replace(RULES, echoed=frozenset({102}))).ended_by == 103


def test_case_05_a_ready_answer_sent_by_an_employee_is_a_humans_and_can_be_told() -> None:
    plain = only("10:00 c; 10:01 m12")
    assert (plain.verdict, plain.responder, plain.marks) == (Verdict.MET, 12, ())
    ready = only("10:00 c; 10:01 m12 canned")
    assert (ready.verdict, ready.responder, ready.marks) == (Verdict.MET, 12, ("canned",))


def test_case_06_the_working_clock_starts_at_the_opening() -> None:
    turn = only("03:00 c; 09:10 m12", rules=IN_OFFICE)
    assert (turn.verdict, minutes(turn.working), minutes(turn.calendar)) == (Verdict.MET, 10, 370)


def test_case_07_what_is_left_at_closing_time_moves_to_the_next_morning() -> None:
    turn = only("17:55 c; 2/09:08 m12", now="2/10:00", rules=IN_OFFICE)
    assert (turn.deadline, turn.verdict, minutes(turn.working)) == (at("2/09:10"), Verdict.MET, 13)
    assert only("17:55 c; 2/09:11 m12", now="2/10:00", rules=IN_OFFICE).verdict is Verdict.LATE


def test_case_08_lunch_is_no_waiting() -> None:
    turn = only("12:55 c; 14:09 m12", rules=IN_OFFICE)
    assert (turn.verdict, minutes(turn.working)) == (Verdict.MET, 14)


def test_case_09_public_days_and_the_lines_own_exceptions_move_the_deadline() -> None:
    week = (((0, 1, 2, 3, 4), ((540, 1080),)),)
    public = {date(2026, 3, 3): PublicDay.OFF, date(2026, 3, 4): PublicDay.SHORT, date(2026, 3, 7): PublicDay.WORKING}
    rule = ScheduleRule(timezone="UTC", week=week, holidays="RU", exceptions=(("2026-03-05", ((600, 660),)),))
    rules = replace(RULES, schedule=from_rule(rule, public))
    assert only("17:50 c", rules=rules).deadline == at("3/09:05")  # Tuesday is a holiday
    assert only("3/16:50 c", rules=rules, now="3/17:00").deadline == at("4/10:05")  # a short day, then late hours
    assert only("5/17:50 c", rules=rules, now="6/00:00").deadline == at("6/09:05")  # a working Saturday


def test_case_10_target_and_deadline_stay_as_they_were_when_the_turn_began() -> None:
    before = only("10:00 c", now="10:05")
    tighter = replace(RULES, targets=Targets(first=MINUTE, next=MINUTE), schedule=OFFICE)
    after = only("10:00 c; 10:14 m12", rules=tighter, previous=(before,))
    assert (after.verdict, after.deadline, after.target) == (Verdict.MET, at("10:15"), 15 * MINUTE)
    assert (after.schedule_version, after.marks) == (ALWAYS.version, ("other_schedule",))


def test_case_10_the_clock_that_began_is_the_clock_that_measures() -> None:
    before = only("12:50 c", now="12:55")
    changed = replace(IN_OFFICE, earlier={ALWAYS.version: ALWAYS})
    after = only("12:50 c; 14:10 m12", rules=changed, previous=(before,))
    assert (minutes(after.working), after.verdict, after.marks) == (80, Verdict.LATE, ())


def test_case_11_the_lines_own_zone_decides_also_when_its_clocks_change() -> None:
    berlin = Schedule(zone="Europe/Berlin", week=(((540, 1080),),) * 7)
    zone = ZoneInfo("Europe/Berlin")
    winter, summer = at("27/16:55"), at("28/07:00")  # 17:55 on Saturday; on Sunday nine o'clock comes an hour sooner
    assert (winter.astimezone(zone).hour, summer.astimezone(zone).hour) == (17, 9)
    turn = only("27/16:55 c", rules=replace(RULES, schedule=berlin), created=winter, now="28/12:00")
    assert turn.deadline == summer + 10 * MINUTE


def test_case_12_only_the_portals_own_dates_are_compared() -> None:
    by_our_clock = [only("10:00 c; 10:05 m12", now=now) for now in ("10:06", "10:05", "23:00")]
    assert len(set(map(repr, by_our_clock))) == 1


def test_case_13_several_messages_are_one_turn_counted_from_the_earliest() -> None:
    turn = only("10:00 c; 10:05 c; 10:12 c; 10:14 m12")
    assert (turn.message, minutes(turn.calendar)) == (101, 14)


def test_case_14_a_bare_thank_you_after_our_reply_needs_no_reply() -> None:
    first, thanks = turns("10:00 c; 10:05 m12; 10:06 c thanks", now="10:40")
    assert first.verdict is Verdict.MET
    assert (thanks.verdict, thanks.cause, thanks.ended) == (Verdict.WAIVED, "no_reply_needed", at("10:36"))
    assert turns("10:00 c; 10:05 m12; 10:06 c thanks", now="10:35")[1].verdict is Verdict.OPEN


def test_case_14_a_sticker_after_our_reply_is_a_thank_you_and_before_it_is_a_question() -> None:
    assert turns("10:00 c; 10:05 m12; 10:06 c sticker")[1].cause == "no_reply_needed"
    assert only("10:00 c thanks", now="10:40").verdict is Verdict.OPEN
    rules = replace(RULES, answered_before=True)
    assert only("10:00 c thanks", now="10:40", rules=rules).verdict is Verdict.WAIVED


def test_case_14_a_question_after_the_thank_you_is_a_turn_from_the_question() -> None:
    _, thanks, question = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:07 c thanks; 10:08 c; 10:20 m12")
    assert (thanks.verdict, thanks.message, thanks.ended) == (Verdict.WAIVED, 103, at("10:08"))
    assert (question.message, minutes(question.calendar)) == (105, 12)


def test_case_14_what_is_said_long_after_the_thank_you_does_not_answer_it() -> None:
    _, thanks = turns("10:00 c; 10:05 m12; 10:06 c thanks; 11:00 m12")
    assert (thanks.verdict, thanks.ended) == (Verdict.WAIVED, at("10:36"))
    _, in_time = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:20 m12")
    assert (in_time.verdict, in_time.responder) == (Verdict.MET, 12)
    *_, again = turns("10:00 c; 10:05 m12; 10:06 c thanks; 11:00 c thanks", now="11:05")
    assert (again.message, again.verdict) == (104, Verdict.OPEN)


def test_case_14_closing_after_the_thank_you_is_nobodys_fault() -> None:
    _, thanks = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:10 end12")
    assert (thanks.verdict, thanks.ended, thanks.closer) == (Verdict.WAIVED, at("10:10"), 0)


def test_case_15_a_managers_reaction_ends_nothing_unless_the_portal_wants_it_to() -> None:
    assert only("10:00 c; 10:05 m12 reaction").verdict is Verdict.OPEN
    wanted = replace(RULES, reaction_ends_turn=True)
    assert only("10:00 c; 10:05 m12 reaction", rules=wanted).verdict is Verdict.MET
    assert only("10:00 c; 10:05 m12 form", rules=wanted).verdict is Verdict.OPEN


def test_case_16_a_customers_reaction_opens_nothing() -> None:
    assert turns("10:00 c reaction") == []


def test_case_17_when_the_operator_writes_first_the_customers_answer_opens_a_next_turn() -> None:
    assert turns("10:00 m12", started_by_customer=False) == []
    turn = only("10:00 m12; 10:30 c; 10:40 m12", started_by_customer=False)
    assert (turn.kind, minutes(turn.calendar), turn.target) == ("next", 10, 30 * MINUTE)


def test_case_18_turns_within_a_day_after_a_mailing_are_told_apart() -> None:
    rules = replace(RULES, campaigns=(at("09:00"),))
    assert only("10:00 c; 10:05 m12", rules=rules).marks == ("campaign",)
    assert only("08:59 c; 09:05 m12", rules=rules).marks == ()
    assert only("2/09:00 c", rules=rules, now="2/09:05").marks == ("campaign",)
    assert only("2/09:01 c", rules=rules, now="2/09:05").marks == ()


def test_case_19_a_transfer_gives_each_holder_his_own_part() -> None:
    turn = only("10:00 c; 10:02 n12; 10:10 n12>15; 10:14 m15")
    assert parts(turn) == [(0, 2), (12, 8), (15, 4)]
    assert (turn.responder, minutes(turn.working), minutes(turn.manager_working)) == (15, 14, 4)
    assert [part.notice for part in turn.held] == [0, 102, 103]


def test_case_19_who_takes_it_over_from_the_holder_has_it_whatever_the_order_of_the_names() -> None:
    turn = only("10:00 c; 10:02 n12; 10:10 n15>12; 10:14 m15")
    assert parts(turn) == [(0, 2), (12, 8), (15, 4)]


def test_case_19_a_late_turn_is_the_fault_of_who_had_it_longest() -> None:
    late = only("10:00 c; 10:02 n12; 10:40 n12>15; 10:44 m15")
    assert (late.verdict, late.responder, late.blame, late.culprit) == (Verdict.LATE, 15, "manager", 12)
    back_and_forth = only("10:00 c; 10:01 n12; 10:12 n12>15; 10:24 n15>12; 10:30 m12")
    assert back_and_forth.culprit == 12


def test_case_20_back_in_the_queue_the_wait_goes_on_and_the_queue_is_billed() -> None:
    turn = only("10:00 c; 10:02 n12; 10:06 q12; 10:30 n15; 10:35 m15")
    assert parts(turn) == [(0, 2), (12, 4), (0, 24), (15, 5)]
    assert (turn.blame, turn.culprit, turn.skipped) == ("routing", 0, (12,))


def test_case_20_a_return_that_names_nobody_is_the_holders() -> None:
    turn = only("10:00 c; 10:02 n12; 10:06 q; 10:30 n15; 10:35 m15")
    assert (turn.skipped, [user for user, _ in parts(turn)]) == ((12,), [0, 12, 0, 15])


def test_case_20_the_portals_present_owner_is_the_truth_for_a_wait_that_goes_on() -> None:
    assert only("10:00 c; 10:02 n12", owner=0, now="10:30").holder == 0
    assert only("10:00 c; 10:02 n12", owner=15, now="10:30").holder == 15


def test_case_21_passed_on_without_a_word_counts_as_not_taken_for_the_first() -> None:
    turn = only("10:00 c; 10:00 n12; 10:05 n15; 10:08 m15")
    assert (turn.skipped, turn.responder, parts(turn)) == ((12,), 15, [(12, 5), (15, 3)])


def test_case_21_passed_on_by_itself_in_one_line_that_names_both_counts_for_the_first() -> None:
    turn = only("10:00 c; 10:00 n12; 10:05 p12>15; 10:08 m15")
    assert (turn.skipped, turn.responder, parts(turn)) == ((12,), 15, [(12, 5), (15, 3)])
    offered = only("10:00 c; 10:05 p12>15; 10:08 m15")
    assert (offered.skipped, parts(offered)) == ((12,), [(0, 5), (15, 3)])
    assert only("10:00 c; 10:00 n12; 10:05 n12>15; 10:08 m15").skipped == ()


def test_case_21_who_was_offered_it_and_did_not_take_it_has_no_part_of_the_wait() -> None:
    turn = only("10:00 c; 10:00 o12; 10:05 o15; 10:07 n15; 10:08 m15", accepted=True, owner=15)
    assert (turn.skipped, parts(turn), turn.assigned) == ((12,), [(0, 7), (15, 1)], at("10:07"))
    assert minutes(turn.manager_working) == 1
    missed = only("10:00 c; 10:00 o12; 10:05 o15; 10:30 end")
    assert (missed.verdict, missed.holder, missed.blame, missed.culprit) == (Verdict.MISSED, 0, "routing", 0)
    assert (missed.skipped, parts(missed)) == ((12,), [(0, 30)])


def test_case_21_an_offer_takes_it_from_who_had_it_and_not_from_who_is_asked_again() -> None:
    turn = only("10:00 c; 10:01 n12; 10:05 o15; 10:30 end")
    assert (turn.holder, turn.skipped, parts(turn)) == (0, (12,), [(0, 1), (12, 4), (0, 25)])
    assert turn.blame == "routing"
    assert only("10:00 c; 10:01 n12; 10:05 o12; 10:30 end").skipped == ()


def test_case_02_a_bot_whose_dialog_is_offered_to_a_person_has_handed_it_over() -> None:
    turn = only("10:00 c; 10:00 n90; 10:01 b90; 10:05 c; 10:20 o12; 10:24 n12; 10:25 m12")
    assert (turn.working_from, minutes(turn.working), turn.marks) == (at("10:20"), 5, ("bot_handover",))
    alone = only("10:00 c; 10:00 o90; 10:00 n90; 10:01 b90; 10:40 end")
    assert alone.verdict is Verdict.BOT_ONLY


def test_case_19_who_comes_by_or_leaves_takes_nothing_and_a_holder_who_leaves_gives_it_back() -> None:
    turn = only("10:00 c; 10:01 n12; 10:02 i15; 10:03 l15; 10:30 end")
    assert (turn.holder, turn.culprit, parts(turn)) == (12, 12, [(0, 1), (12, 29)])
    left = only("10:00 c; 10:01 n12; 10:03 l12; 10:10 n15; 10:12 m15")
    assert (left.skipped, parts(left)) == ((12,), [(0, 1), (12, 2), (0, 7), (15, 2)])


def test_decided_2_whom_an_unaccepted_dialogs_lines_name_has_not_taken_it_whatever_they_say() -> None:
    facts = {"updated": at("10:00"), "owner": 0}
    for accepted, holder in ((False, 0), (True, 12)):
        turn = only("10:00 c; 10:00 n12; 10:30 end", accepted=accepted, **facts)
        assert (turn.holder, turn.blame) == (holder, "manager" if holder else "routing")
    assert only("10:00 c; 10:00 n12; 10:30 end", accepted=False, updated=at("10:00"), owner=12).holder == 12
    returned = only("10:00 c; 10:00 n12; 10:10 q; 10:30 end", accepted=False, **facts)
    assert parts(returned) == [(12, 10), (0, 20)], "he had it and gave it back"
    assert only("10:00 c; 10:00 n12; 10:30 end", accepted=False, owner=0).holder == 12, (
        "without CRM nothing tells of it"
    )


def test_case_43_who_is_gone_is_not_to_blame_for_a_dialog_that_closes_by_itself() -> None:
    turn = only("10:00 c; 10:01 n18; 10:30 end")
    assert (turn.verdict, turn.blame, turn.culprit) == (Verdict.MISSED, "routing", 0)
    assert only("10:00 c; 10:01 n18; 10:30 end12").culprit == 12


def test_case_21_who_had_answered_before_did_not_refuse() -> None:
    _, second = turns("10:00 c; 10:00 n12; 10:01 m12; 10:05 c; 10:06 n15; 10:08 m15")
    assert second.skipped == ()


def test_case_22_with_nobody_accepting_the_holder_is_the_queue_and_the_responder_is_known_at_the_reply() -> None:
    turn = only("10:00 c; 10:05 m15")
    assert (turn.holder, turn.responder, parts(turn), minutes(turn.manager_working)) == (0, 15, [(0, 5)], 5)


def test_case_23_taking_a_dialog_answers_nothing() -> None:
    turn = only("10:00 c; 10:01 n12", owner=12)
    assert (turn.verdict, turn.holder, turn.assigned) == (Verdict.OPEN, 12, at("10:01"))
    assert parts(turn) == [(0, 1), (12, 0)]


def test_case_24_closing_without_a_word_is_missed_with_its_evidence() -> None:
    turn = only("10:00 c; 10:01 n12; 10:05 end12")
    assert (turn.verdict, turn.cause, turn.proof, turn.closer) == (Verdict.MISSED, "closed", 103, 12)
    assert (turn.holder, turn.responder, turn.ended_by, turn.blame, turn.culprit) == (12, 0, 0, "manager", 12)


def test_case_24_late_at_the_deadline_and_then_closed_is_missed_and_remembers_that_it_was_late() -> None:
    turn = only("10:00 c; 11:00 end15")
    assert (turn.verdict, turn.overdue_verdict, turn.culprit) == (Verdict.MISSED, Verdict.LATE, 15)
    assert only("10:00 c; 10:15 end15").overdue_verdict is None


def test_case_25_an_automatic_close_while_the_customer_waits_is_missed_by_itself() -> None:
    turn = only("10:00 c; 11:00 end")
    assert (turn.verdict, turn.cause, turn.closer, turn.blame) == (Verdict.MISSED, "closed_auto", 0, "routing")


def test_case_25_a_close_that_only_the_activity_tells_of_is_a_close() -> None:
    turn = only("10:00 c", closed=at("12:00"))
    assert (turn.verdict, turn.ended, turn.cause) == (Verdict.MISSED, at("12:00"), "closed")


@pytest.mark.parametrize(("kind", "cause"), [("waived", "waived"), ("elsewhere", "answered_elsewhere")])
def test_case_26_somebody_who_waives_a_wait_is_named(kind: str, cause: str) -> None:
    aside = Aside(kind=kind, at=at("10:10"), user=12, message=55)  # type: ignore[arg-type]  # one of the kinds
    turn = only("10:00 c; 10:20 m15", rules=replace(RULES, asides=(aside,)))
    assert (turn.verdict, turn.cause, turn.closer, turn.proof) == (Verdict.WAIVED, cause, 12, 55)
