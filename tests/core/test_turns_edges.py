"""The very edges: equal moments, second readings under other rules, and what must not change by the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from replies_parts import ALWAYS, BOT, MINUTE, OFFICE, RULES, at, judged, minutes, only, parts, session_of, told, turns

from monitor.core.calendar import moment_of
from monitor.core.policy import Targets
from monitor.core.turn import Held, Turn, Verdict
from monitor.core.turn_messages import in_order
from monitor.core.turn_rules import Aside
from monitor.core.turns import overdue

ASKED_AGAIN = "10:00 c; 10:01 n12; 10:05 end12; 10:07 c"
TIGHT = replace(RULES, targets=Targets(first=MINUTE, next=MINUTE))


def earlier(story: str) -> Turn:
    return replace(only(story), session=6)


def test_messages_whose_numbers_go_back_in_time_are_counted() -> None:
    messages = told("10:00 c; 10:05 m12; 10:03 c; 10:04 c")
    known, problems = in_order(session_of(messages), messages, {}, at("11:00"))
    assert [message.id for message in known] == [101, 103, 104, 102]
    assert problems == ["replies.unordered session=7 count=1"]


def test_only_what_is_dated_later_than_a_minute_from_now_is_of_the_future() -> None:
    story = "09:59 c; 10:00 c; 10:01 c; 10:02 m12"
    assert judged(story, now="10:00").problems == ("replies.future session=7 count=1",)
    assert judged("09:55 c; 10:00 start; 10:05 m12").problems == ()


def test_a_stranger_is_named_once_and_neither_a_bot_nor_another_customer_answers() -> None:
    assert len(judged("10:00 c; 10:01 m77; 10:02 m77").problems) == 1
    assert only(f"10:00 c; 10:01 m{BOT}").verdict is Verdict.OPEN
    assert only("10:00 c; 10:01 m844").verdict is Verdict.OPEN


def test_an_automatic_text_under_an_employees_name_answers_nothing() -> None:
    assert only("10:00 c; 10:01 a12; 10:10 m12").ended_by == 103
    assert judged("10:00 c; 10:01 a0").problems == ()


def test_an_unconfirmed_message_is_taken_whatever_else_is_said_around_it() -> None:
    assert turns("10:00 c; 10:01 n12; 10:05 m12 pending; 10:06 c")[0].verdict is Verdict.MET


def test_a_deleted_answer_is_flagged_at_first_sight_and_stays_flagged_when_its_trace_is_gone() -> None:
    late = only("10:00 c; 10:05 m12 deleted; 10:40 m15")
    assert late.marks == ("answer_deleted",)
    waiting = only("10:00 c; 10:05 m12 deleted", now="10:30")
    assert only("10:00 c; 10:40 m15", previous=(waiting,)).marks == ("answer_deleted",)
    first, second = turns("10:00 m12 deleted; 10:01 c; 10:02 m12; 10:03 c; 10:04 m12", started_by_customer=False)
    assert (first.marks, second.marks) == ((), ())
    assert only("10:00 c; 10:04 m15; 10:05 m12", previous=(only("10:00 c; 10:05 m12"),)).marks == ()


def test_a_voice_message_that_was_deleted_is_still_a_voice_message() -> None:
    before = only("10:00 c voice; 10:00 a", now="10:01")
    assert only("10:00 a", previous=(before,), now="10:10", first=102).content == "voice"


def test_deadline_and_target_stay_though_the_line_works_by_other_hours_now() -> None:
    night = only("03:00 c", now="03:05")
    moved = replace(RULES, schedule=OFFICE, earlier={ALWAYS.version: ALWAYS})
    again = only("03:00 c", previous=(night,), now="03:10", rules=moved)
    assert (again.deadline, again.no_reply_at) == (at("03:15"), at("03:45"))
    forgotten = only("03:00 c", previous=(night,), now="03:10", rules=replace(RULES, schedule=OFFICE))
    assert forgotten.deadline == at("03:15")
    with_bot = only("10:00 c; 10:00 n90", now="10:05")
    assert only("10:00 c; 10:00 n90; 10:20 n90>12", previous=(with_bot,), now="10:25").deadline == at("10:35")


def test_a_thanks_has_half_an_hour_whatever_the_target() -> None:
    _, thanks = turns("10:00 c; 10:01 m12; 10:06 c thanks", now="10:36", rules=TIGHT)
    assert (thanks.verdict, thanks.deadline) == (Verdict.OPEN, at("10:36"))
    _, done = turns("10:00 c; 10:01 m12; 10:06 c thanks", now="10:37", rules=TIGHT)
    assert (done.verdict, done.proof, done.closer) == (Verdict.WAIVED, 0, 0)
    _, first_words = turns("10:00 m12; 10:01 c; 10:02 m12; 10:03 c thanks", now="10:40")
    assert first_words.verdict is Verdict.WAIVED
    assert only("10:00 m12; 10:01 c thanks", now="10:40").verdict is Verdict.WAIVED


def test_a_question_that_is_edited_into_a_thanks_stays_a_question() -> None:
    before = turns("10:00 c; 10:05 m12; 10:06 c", now="10:10")
    assert turns("10:00 c; 10:05 m12; 10:06 c thanks", previous=before, now="10:50")[1].verdict is Verdict.OPEN


def test_who_takes_it_at_the_moment_the_thanks_settles_itself_has_no_second_of_it() -> None:
    _, thanks = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:36 n12; 10:50 n15; 10:55 end15")
    assert parts(thanks) == [(0, 30), (12, 0)]


def test_parts_name_the_notices_that_show_them() -> None:
    assert only("10:00 c; 10:05 m12").held == (Held(0, at("10:00"), 5 * MINUTE, 0),)
    gone = only("10:00 c; 10:01 n12; 10:09 m15", rules=replace(RULES, gone={12: at("10:05")}))
    assert [part.notice for part in gone.held] == [0, 102, 0]
    assert [part.notice for part in only(ASKED_AGAIN + "; 10:10 m12").held] == [0, 102, 103]


def test_a_bot_is_nobody_to_hold_or_to_blame() -> None:
    alone = only("10:00 c; 10:00 n90; 10:01 b90; 12:00 end")
    assert (alone.holder, alone.culprit, alone.skipped) == (0, 0, ())
    assert only("09:59 n90; 10:00 c; 10:01 b90; 12:00 end").holder == 0
    assert only("10:00 c; 10:00 n90; 10:05 n12; 10:08 m12").skipped == ()


def test_a_holder_who_works_there_is_not_called_dismissed_and_who_does_not_is_not_blamed() -> None:
    assert only("10:00 c; 10:01 n12", owner=12, now="10:05").marks == ()
    late = only("10:00 c; 10:01 n18; 10:40 m15")
    assert (late.blame, late.culprit) == ("routing", 0)


def test_own_time_runs_from_the_helpers_own_assignment_though_another_has_it_now() -> None:
    turn = only("10:00 c; 10:02 n12; 10:10 n12>15; 10:20 m12")
    assert (turn.holder, turn.responder, minutes(turn.manager_working)) == (15, 12, 18)


def test_everybody_who_let_it_go_is_remembered() -> None:
    assert only("10:00 c; 10:01 n12; 10:02 n15; 10:03 n18; 10:05 m18").skipped == (12, 15)
    assert only("10:00 c; 10:02 n12; 10:06 q15; 10:30 n12; 10:35 m12").skipped == (15,)
    *_, after = turns("10:00 c; 10:05 m12; 10:06 end12; 11:00 c; 11:01 q15; 11:05 m12")
    assert after.skipped == (15,)


def test_a_list_of_names_ends_with_who_gets_it() -> None:
    assert parts(only("10:00 c; 10:01 n12; 10:05 n12>15>18; 10:09 m18")) == [(0, 1), (12, 4), (18, 4)]


def test_after_a_close_or_a_return_the_next_wait_begins_in_the_queue() -> None:
    *_, closed = turns("10:00 c; 10:01 n12; 10:05 m12; 10:06 end12; 11:00 c; 11:05 m15")
    *_, returned = turns("10:00 c; 10:01 n12; 10:02 q; 10:05 m15; 11:00 c; 11:05 m15")
    assert parts(closed) == parts(returned) == [(0, 5)]
    assert (closed.holder, returned.holder) == (0, 0)


def test_within_one_session_a_wait_goes_on_for_a_day_from_the_moment_of_its_close() -> None:
    again = only("10:00 c; 10:01 n12; 10:05 end12; 10:05 c; 10:10 m15")
    assert parts(again) == [(0, 1), (12, 4), (0, 5)]
    old, new = turns("10:00 c; 10:05 end12; 2/10:06 c; 2/10:07 m12", now="2/11:00")
    assert (old.verdict, new.message) == (Verdict.MISSED, 103)
    *_, written = turns("10:00 c; 10:01 m12; 10:02 c; 10:05 end12; 10:10 m12")
    assert (written.verdict, written.marks) == (Verdict.MET, ("reopened", "closed_once"))


def test_a_wait_that_goes_on_keeps_its_terms_its_figures_and_its_flags() -> None:
    missed = earlier("08:00 c; 08:30 end12")
    turn = only("10:00 c; 10:05 m15", carried=missed, first=201, rules=TIGHT)
    assert (turn.target, turn.deadline, minutes(turn.portal_wait)) == (15 * MINUTE, at("08:15"), 30)
    done = only(ASKED_AGAIN + "; 10:10 m12")
    assert only(ASKED_AGAIN + "; 10:10 m12", previous=(replace(done, blame="told"),)).blame == "told"
    assert "answer_deleted" in only(ASKED_AGAIN, previous=(done,), now="10:20").marks
    assert only("08:00 c; 08:05 m15", carried=missed, first=201).message == 101
    answered = only("10:00 c; 10:05 m15", carried=missed, first=201)
    assert "answer_deleted" in only("10:00 c", previous=(answered,), first=201, now="10:20").marks


def test_a_carried_wait_that_this_history_does_not_touch_stands() -> None:
    first = only("10:00 c", carried=earlier("08:00 c; 08:30 end"), first=201, now="10:01")
    assert turns("10:00 n12", previous=(first,), first=202, now="10:05") == [first]


def test_what_is_taken_back_while_it_waited_ended_when_that_was_seen() -> None:
    waiting = only("10:00 c; 10:00 a", now="10:01")
    (void,) = turns("10:00 a", previous=(waiting,), now="10:02", first=102)
    assert void.ended == at("10:02")
    (excluded,) = turns("10:00 c", previous=(waiting,), now="10:02", rules=replace(RULES, excluded=frozenset({844})))
    assert excluded.ended == at("10:02")


def test_patience_with_groups_is_no_patience_with_one_customer() -> None:
    turn = only("10:00 c; 10:09 m12", rules=replace(RULES, groups=10 * MINUTE))
    assert (turn.working_from, minutes(turn.working)) == (at("10:00"), 9)


def test_a_late_turn_once_told_is_not_told_otherwise_for_nothing() -> None:
    late = replace(only("10:00 c; 10:01 n12; 10:40 m12"), blame="told")
    assert only("10:00 c; 10:01 n12; 10:40 m12", previous=(late,)).blame == "told"


def test_three_targets_themselves_are_not_yet_passed() -> None:
    turn = only("10:00 c", now="10:05")
    assert [overdue(turn, at(text)) for text in ("10:15", "10:45", "10:46")] == [0, 1, 3]


@pytest.mark.parametrize(("asked", "marks"), [("09:00", ()), ("09:01", ("backlog",)), ("10:03", ("backlog",))])
def test_what_came_before_the_outage_is_no_backlog_and_the_burst_lasts_five_minutes(
    asked: str, marks: tuple[str, ...]
) -> None:
    rules = replace(RULES, outages=((at("09:00"), at("09:58")),))
    assert only(f"{asked} c", rules=rules, now="10:04").marks == marks
    assert only("10:03 c; 10:18 m12", rules=rules).overdue_verdict is None


def test_outages_of_one_kind_add_up_and_the_longest_kind_is_named_even_if_one_still_lasts() -> None:
    twice = replace(RULES, outages=((at("10:05"), at("10:15")), (at("10:20"), at("10:30"))))
    assert only("10:00 c; 10:35 m12", rules=twice).verdict is Verdict.EXCUSED
    longest = replace(RULES, outages=((at("10:05"), at("10:30")),), maintenance=((at("10:35"), at("10:40")),))
    assert only("10:00 c; 10:41 m12", rules=longest).cause == "channel_down"
    still = replace(RULES, outages=((at("10:05"), at("10:30")), (at("10:05"), None)))
    assert only("10:00 c; 10:45 m12", rules=still).cause == "channel_down"


def test_a_close_at_the_moment_of_the_outage_is_excused_and_by_the_activity_alone_names_nobody() -> None:
    rules = replace(RULES, outages=((at("10:05"), None),))
    assert only("10:00 c; 10:05 end12", rules=rules).verdict is Verdict.EXCUSED
    closed = only("10:00 c", closed=at("12:00"))
    assert (closed.proof, closed.closer, closed.culprit, closed.blame) == (0, 0, 0, "routing")


def test_asides_are_heard_in_the_order_of_their_times_and_before_a_message_of_the_same_moment() -> None:
    later = Aside(kind="elsewhere", at=at("10:20"), user=15, message=56)
    sooner = Aside(kind="waived", at=at("10:10"), user=12, message=55)
    assert only("10:00 c", rules=replace(RULES, asides=(later, sooner))).cause == "waived"
    assert only("10:00 c; 10:10 m15", rules=replace(RULES, asides=(sooner,))).verdict is Verdict.WAIVED


def test_a_question_of_the_mailings_own_minute_is_told_apart() -> None:
    assert only("10:00 c; 10:05 m12", rules=replace(RULES, campaigns=(at("10:00"),))).marks == ("campaign",)


@pytest.mark.parametrize("minute", range(120, 180))
def test_every_skipped_minute_is_the_moment_of_the_skip(minute: int) -> None:
    assert moment_of("Europe/Berlin", date(2026, 3, 29), minute) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert moment_of("Australia/Lord_Howe", date(2026, 10, 4), 120 + minute % 30) == datetime(
        2026, 10, 3, 15, 30, tzinfo=UTC
    )


def test_ordinary_turns_have_no_leftovers_of_a_draft() -> None:
    turn = only("10:00 c; 10:05 m12")
    assert (turn.cause, turn.blame, turn.digest, turn.counted, turn.closer, turn.culprit) == ("", "", "", False, 0, 0)
    assert turn.calendar == timedelta(minutes=5)


def test_a_session_that_begins_at_the_second_of_the_earlier_ones_close_is_judged_twice_alike() -> None:
    missed = earlier("08:00 c; 08:10 n12; 10:00 end12")
    first = only("10:00 c; 10:00 n15", carried=missed, first=201, owner=15, now="10:20")
    assert [part.user for part in first.held] == [0, 12, 15]
    waiting = only("10:00 c", carried=missed, first=201, now="10:20")
    assert [part.user for part in waiting.held] == [0, 12, 0]
    assert only("10:00 c", previous=(waiting,), first=201, now="10:20") == waiting
    assert only("10:00 c; 10:00 n15", previous=(first,), first=201, owner=15, now="10:20") == first
