"""Turns as whole records, and the edges at which one story becomes another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from replies_parts import ALWAYS, IN_OFFICE, MINUTE, RULES, at, judged, minutes, only, parts, session_of, told, turns

from monitor.core.calendar import NEVER
from monitor.core.model import Messenger, Person
from monitor.core.turn import Held, Turn, Verdict
from monitor.core.turn_messages import ERA, in_order
from monitor.core.turn_rules import Aside
from monitor.core.turns import judge

FACTS = {
    "chat": 1,
    "message": 101,
    "session": 7,
    "line": 3,
    "connector": "wz",
    "messenger": Messenger.WHATSAPP,
    "kind": "first",
    "opened": at("10:00"),
    "working_from": at("10:00"),
    "target": 15 * MINUTE,
    "deadline": at("10:15"),
    "no_reply_at": at("10:45"),
    "schedule_version": ALWAYS.version,
}
PLACE = {"line": 3, "connector": "wz", "rules": replace(RULES, messenger=Messenger.WHATSAPP)}


def held(*rows: tuple[int, str, int, int]) -> tuple[Held, ...]:
    return tuple(Held(user, at(since), span * MINUTE, notice) for user, since, span, notice in rows)


def test_a_late_answer_as_a_whole() -> None:
    assert only("10:00 c; 10:02 n12; 10:10 n12>15; 10:40 m15 canned", **PLACE) == Turn(
        **FACTS,  # type: ignore[arg-type]  # the fields by name
        holder=15,
        assigned=at("10:10"),
        held=held((0, "10:00", 2, 0), (12, "10:02", 8, 102), (15, "10:10", 30, 103)),
        verdict=Verdict.LATE,
        overdue_verdict=Verdict.LATE,
        ended=at("10:40"),
        ended_by=104,
        responder=15,
        calendar=40 * MINUTE,
        working=40 * MINUTE,
        manager_working=30 * MINUTE,
        portal_wait=40 * MINUTE,
        blame="manager",
        culprit=15,
        marks=("canned",),
    )


def test_a_silent_close_as_a_whole() -> None:
    assert only("10:00 c; 10:01 n12; 10:05 end15", **PLACE) == Turn(
        **FACTS,  # type: ignore[arg-type]  # the fields by name
        holder=12,
        held=held((0, "10:00", 1, 0), (12, "10:01", 4, 102)),
        verdict=Verdict.MISSED,
        ended=at("10:05"),
        calendar=5 * MINUTE,
        working=5 * MINUTE,
        portal_wait=5 * MINUTE,
        cause="closed",
        blame="manager",
        culprit=15,
        closer=15,
        proof=103,
    )


def test_an_open_wait_as_a_whole() -> None:
    assert only("10:00 c voice; 10:01 n12; 10:08 q12", owner=0, now="10:20", **PLACE) == Turn(
        **FACTS,  # type: ignore[arg-type]  # the fields by name
        held=held((0, "10:00", 1, 0), (12, "10:01", 7, 102), (0, "10:08", 0, 103)),
        overdue_verdict=Verdict.LATE,
        skipped=(12,),
        content="voice",
    )


def test_a_waived_wait_as_a_whole() -> None:
    aside = Aside(kind="waived", at=at("10:20"), user=15, message=55)
    rules = replace(RULES, messenger=Messenger.WHATSAPP, asides=(aside,))
    assert only("10:00 c; 10:05 n12; 10:30 m12", **(PLACE | {"rules": rules})) == Turn(
        **FACTS,  # type: ignore[arg-type]  # the fields by name
        holder=12,
        held=held((0, "10:00", 5, 0), (12, "10:05", 15, 102)),
        verdict=Verdict.WAIVED,
        overdue_verdict=Verdict.LATE,
        ended=at("10:20"),
        calendar=20 * MINUTE,
        working=20 * MINUTE,
        cause="waived",
        closer=15,
        proof=55,
    )


@pytest.mark.parametrize(("now", "late"), [("10:14", None), ("10:15", None), ("10:16", Verdict.LATE)])
def test_the_deadline_itself_is_in_time_also_for_who_still_waits(now: str, late: Verdict | None) -> None:
    assert only("10:00 c", now=now).overdue_verdict is late
    assert only("10:00 c; 10:15 m12").overdue_verdict is None


def test_what_is_taken_back_keeps_its_end_and_loses_its_blame() -> None:
    late = only("10:00 c; 10:01 n12; 10:40 m12")
    for more, why in (
        ({"status": 69}, "duplicate"),
        ({"rules": replace(RULES, excluded=frozenset({844}))}, "excluded"),
    ):
        (void,) = turns("10:00 c; 10:01 n12; 10:40 m12", previous=(late,), **more)
        assert void == replace(late, verdict=Verdict.VOID, cause=why, blame="", culprit=0)
    waiting = only("10:00 c", now="10:05")
    (void,) = turns("10:00 c", status=69, previous=(waiting,), now="10:30")
    assert void.ended == at("10:30")
    assert turns("10:00 c", status=69, previous=(void,), now="11:30") == [void]
    group = {91: Person(id=91, name="a", connector=True), 844: Person(id=844, name="b", connector=True)}
    (void,) = turns("10:00 c", people=group, previous=(waiting,), now="10:40")
    assert (void.cause, void.ended) == ("group", at("10:40"))


@pytest.mark.parametrize(
    ("length", "flags", "marks"),
    [(1, "", ("short",)), (9, "", ("short",)), (10, "", ()), (0, "", ()), (5, "voice", ())],
)
def test_a_very_short_first_reply_is_marked(length: int, flags: str, marks: tuple[str, ...]) -> None:
    messages = told(f"10:00 c; 10:05 m12 {flags}")
    messages[1] = replace(messages[1], length=length)
    people = {12: Person(id=12, name="")}
    (turn,) = judge(session_of(messages), messages, people=people, rules=RULES, now=at("11:00")).turns
    assert turn.marks == marks
    again = [*messages, *told("10:10 c; 10:12 m12", 201)]
    again[-1] = replace(again[-1], length=3)
    assert judge(session_of(again), again, people=people, rules=RULES, now=at("11:00")).turns[1].marks == ()


def test_of_several_outages_the_one_that_took_most_is_named_and_no_minute_is_lost_twice() -> None:
    rules = replace(
        RULES,
        outages=((at("10:20"), at("10:50")),),
        portal_outages=((at("10:05"), at("10:30")),),
        maintenance=((at("10:45"), at("10:52")),),
    )
    turn = only("09:59 c; 11:01 m12", rules=rules)  # 25 + 20 + 2 of 62 minutes
    assert (turn.verdict, turn.cause, turn.blame) == (Verdict.EXCUSED, "portal_down", "portal")
    assert only("09:59 c; 11:02 m12", rules=rules).verdict is Verdict.LATE
    still = replace(RULES, outages=((at("10:10"), None),))
    assert only("10:00 c; 12:00 m12", rules=still).cause == "channel_down"


def test_an_excuse_of_a_close_blames_nobody() -> None:
    rules = replace(RULES, portal_outages=((at("10:05"), at("10:30")),))
    turn = only("10:00 c; 10:01 n12; 10:30 end12", rules=rules)
    assert (turn.verdict, turn.cause, turn.blame, turn.culprit) == (Verdict.EXCUSED, "portal_down", "portal", 0)
    failed = only("10:00 c; 10:01 n12; 10:02 m12 failed; 10:30 end12")
    assert (failed.verdict, failed.blame, failed.culprit, failed.portal_wait) == (
        Verdict.MISSED,
        "channel",
        0,
        2 * MINUTE,
    )
    spam = only("10:00 c; 10:30 end12", status=65)
    assert (spam.blame, spam.culprit) == ("", 0)


def test_an_open_wait_of_an_earlier_session_goes_on_with_its_holders_whenever_somebody_writes() -> None:
    waiting = only("08:00 c; 08:10 n12", owner=12, now="08:20")
    turn = only("4/10:00 c; 4/10:02 n15; 4/10:05 m15", carried=waiting, first=201, now="4/11:00")
    assert (turn.key, turn.opened, turn.portal_wait) == (waiting.key, at("08:00"), turn.calendar)
    assert [user for user, _ in parts(turn)] == [0, 12, 15]
    assert turn.marks == ("reopened", "carried")
    done = only("08:00 c; 08:05 m12")
    assert only("10:00 c", carried=done, first=201).message == 201


def test_thanks_before_anything_was_said_are_a_question_and_after_a_long_pause_a_new_thanks() -> None:
    _, thanks, other = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:20 c sticker; 10:36 c sticker")
    assert (thanks.cause, thanks.ended) == ("no_reply_needed", at("10:36"))
    assert (other.message, other.cause) == (105, "no_reply_needed")
    _, asked = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:36 m12")
    assert (asked.cause, asked.ended) == ("no_reply_needed", at("10:36"))
    _, closed = turns("10:00 c; 10:05 m12; 10:06 c thanks; 10:10 end12")
    assert closed.cause == "no_reply_needed"


def test_a_call_has_no_length_to_be_short_and_is_told_as_a_call() -> None:
    call = Aside(kind="call", at=at("10:20"), user=12, message=77, lasted=timedelta(seconds=20))
    turn = only("10:00 c", rules=replace(RULES, asides=(call,)))
    assert (turn.ended_by, turn.responder, turn.marks, turn.verdict) == (77, 12, ("call",), Verdict.LATE)
    barely = replace(call, lasted=timedelta(seconds=19))
    assert only("10:00 c", rules=replace(RULES, asides=(barely,))).verdict is Verdict.OPEN


def test_a_bot_in_the_background_is_no_excuse_for_people() -> None:
    assert only("10:00 c; 10:01 b90; 10:02 n12", owner=12, now="10:10").deadline == at("10:15")
    assert only("10:00 c; 10:01 b90", owner=90, now="10:10").deadline == NEVER
    assert only("10:00 c; 10:00 n90; 10:01 b90", owner=0, now="10:10").deadline == NEVER


def test_the_portal_takes_the_first_outgoing_text_whoever_wrote_it_but_no_bots() -> None:
    assert minutes(only("10:00 c; 10:02 m77; 10:09 m12").portal_wait) == 2
    assert minutes(only("10:00 c; 10:00 n90; 10:01 b90; 10:02 m12; 10:09 n12").portal_wait) is None
    assert minutes(only("10:00 c; 10:02 a0; 10:09 m12").portal_wait) == 9


def test_transfers_name_two_in_any_order_and_the_customer_is_not_one_of_them() -> None:
    assert parts(only("10:00 c; 10:01 n12; 10:05 n844>15; 10:09 m15")) == [(0, 1), (12, 4), (15, 4)]
    assert parts(only("10:00 c; 10:01 n12; 10:05 n15>18>12; 10:09 m15")) == [(0, 1), (12, 4), (15, 4)]
    assert parts(only("10:00 c; 10:01 n12; 10:05 n844; 10:09 m12")) == [(0, 1), (12, 8)]


def test_a_holder_who_left_in_the_middle_is_billed_until_then_and_not_at_the_very_end() -> None:
    gone = replace(RULES, gone={12: at("10:05")})
    assert parts(only("10:00 c; 10:01 n12; 10:09 m15", rules=gone)) == [(0, 1), (12, 4), (0, 4)]
    assert parts(only("10:00 c; 10:01 n12; 10:05 m15", rules=gone)) == [(0, 1), (12, 4)]


@pytest.mark.parametrize(("shift", "kept"), [(timedelta(days=1), 1), (timedelta(days=1, seconds=1), 0)])
def test_a_message_of_tomorrow_is_counted_and_one_of_later_is_dropped(shift: timedelta, kept: int) -> None:
    (message,) = told("10:00 c")
    now = at("10:00") - shift
    known, problems = in_order(session_of([message]), [message], {}, now)
    assert (len(known), problems) == (kept, ["replies.future session=7 count=1"])
    near = in_order(session_of([message]), [message], {}, at("10:00") - MINUTE)
    assert (len(near[0]), near[1]) == (1, [])


def test_the_sessions_own_start_bounds_its_messages() -> None:
    messages = told("09:54 c; 09:55 c; 10:00 start; 10:01 c")
    known, problems = in_order(session_of(messages), messages, {}, at("11:00"))
    assert ([message.id for message in known], problems) == ([102, 103, 104], ["replies.imported session=7 count=1"])
    old = [replace(message, at=ERA - MINUTE) for message in told("10:00 c")]
    assert in_order(session_of(old, created=ERA - MINUTE), old, {}, at("11:00"))[0] == []


@pytest.mark.parametrize("order", [(0, 2, 1), (1, 0, 2), (0, 1, 2, 2), (0, 0, 1, 2)])
def test_whatever_the_order_the_messages_are_told_by_time_and_number(order: tuple[int, ...]) -> None:
    messages = told("10:00 c; 10:01 c; 10:01 m12")
    known, problems = in_order(session_of(messages), [messages[n] for n in order], {}, at("11:00"))
    assert list(known) == messages
    assert bool(problems) == (len(order) > 3)


def test_a_group_waits_from_the_end_of_its_patience_and_before_that_nothing_is_owed() -> None:
    people = {91: Person(id=91, name="a", connector=True), 844: Person(id=844, name="b", connector=True)}
    people |= {12: Person(id=12, name="c")}
    rules = replace(IN_OFFICE, groups=30 * MINUTE)
    assert turns("10:00 c; 10:29 m12", people=people, rules=rules) == []
    assert turns("10:00 c; 10:29 end12", people=people, rules=rules) == []
    (answered,) = turns("10:00 c; 10:30 m12", people=people, rules=rules)
    assert minutes(answered.working) == 0
    (closed,) = turns("10:00 c; 10:30 end12", people=people, rules=rules)
    assert closed.verdict is Verdict.MISSED
    assert turns("10:00 c", people=people, rules=rules, now="10:29") == []
    assert len(turns("10:00 c", people=people, rules=rules, now="10:30")) == 1


def test_what_was_told_stays_told_unless_its_end_changes() -> None:
    met = only("10:00 c; 10:05 m12")
    assert only("10:00 c; 10:05 m12", previous=(replace(met, blame="told"),)).blame == "told"
    other = only("10:00 c; 10:04 m15; 10:05 m12", previous=(met,))
    assert (other.responder, other.ended) == (15, at("10:04"))
    missed = only("10:00 c; 10:30 end12")
    outage = replace(RULES, outages=((at("10:05"), at("10:40")),))
    assert only("10:00 c; 10:30 end12", previous=(missed,), rules=outage).verdict is Verdict.EXCUSED
    excused = only("10:00 c; 10:30 end12", rules=outage)
    assert only("10:00 c; 10:30 end12", previous=(excused,)).verdict is Verdict.EXCUSED
    assert judged("10:00 c; 10:05 m12").problems == ()
