"""Who is told of what, when, and in which words: decided without a clock or a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from delivery_parts import DUTY, FRIDAY_NIGHT, HEAD, MONDAY, NIGHT, at, make_incident, make_notice, make_policy, told

from monitor.core.calendar import Schedule
from monitor.core.closing_words import closing_words
from monitor.core.incident import Audience, IncidentKind, Words
from monitor.core.memory import Reminder
from monitor.core.messages import GIVEN_UP_AFTER, MOST_TOLD, after, compose, may_be_told, next_ones
from monitor.core.notice_words import text_of
from monitor.core.notices import as_it_stands
from monitor.core.routed import Routed, routed_notices

MOSCOW = ZoneInfo("Europe/Moscow")


def moscow(moment: datetime) -> str:
    return moment.astimezone(MOSCOW).strftime("%a %H:%M")


def test_no_reply_in_working_hours_is_told_to_the_head_at_once() -> None:
    (notice,) = told(opened=(make_incident(IncidentKind.NO_REPLY),))
    assert (notice.receiver, notice.urgent, moscow(notice.due)) == ("head", True, "Mon 10:00")


def test_what_is_urgent_at_night_waits_for_the_line_to_open() -> None:
    (notice,) = told(opened=(make_incident(IncidentKind.NO_REPLY),), now=NIGHT)
    assert (notice.urgent, moscow(notice.due)) == (True, "Tue 09:00")


def test_a_slow_reply_waits_for_the_morning_digest() -> None:
    (notice,) = told(opened=(make_incident(IncidentKind.SLOW_REPLY),))
    assert (notice.urgent, moscow(notice.due)) == (False, "Tue 09:00")


@pytest.mark.parametrize("kind", [IncidentKind.CLOSED_WITHOUT_ANSWER, IncidentKind.LOW_COMPLIANCE])
def test_what_is_for_the_digest_is_for_the_digest_whatever_the_receiver(kind: IncidentKind) -> None:
    duty = replace(DUTY, kinds=frozenset({kind}))
    assert [notice.urgent for notice in told(opened=(make_incident(kind),), to=(HEAD, duty))] == [False, False]


def test_the_digest_of_a_friday_comes_on_monday() -> None:
    (notice,) = told(opened=(make_incident(IncidentKind.SLOW_REPLY),), now=FRIDAY_NIGHT)
    assert moscow(notice.due) == "Mon 09:00"


def test_the_digest_keeps_to_its_own_time() -> None:
    receiver = replace(HEAD, digest_at=at(10, 30))
    (notice,) = told(opened=(make_incident(IncidentKind.SLOW_REPLY),), to=(receiver,), now=MONDAY)
    assert moscow(notice.due) == "Mon 10:30"


def test_a_line_that_never_opens_gets_its_digest_all_the_same() -> None:
    never = Schedule(zone="Europe/Moscow", week=((),) * 7)
    incidents = (make_incident(IncidentKind.SLOW_REPLY), make_incident(IncidentKind.NO_REPLY, "a2"))
    slow, none = told(opened=incidents, to=(HEAD,), office=never)
    assert (moscow(slow.due), moscow(none.due)) == ("Tue 09:00", "Mon 10:00")


def test_the_integrator_is_woken_by_what_is_critical_and_hears_its_end_at_once() -> None:
    incident = make_incident(IncidentKind.QR_RESCAN_REQUIRED)
    (opened,) = told(opened=(incident,), now=NIGHT)
    (closed,) = told(closed=(replace(incident, closed=NIGHT, close_reason="recovered"),), now=NIGHT)
    assert [(one.receiver, one.urgent, one.due) for one in (opened, closed)] == [("duty", True, NIGHT)] * 2
    assert (opened.key, closed.key, opened.about) == ("a1/opened", "a1/closed", closed.about)


def test_the_end_of_what_the_head_was_called_for_can_wait() -> None:
    incident = replace(make_incident(IncidentKind.NO_REPLY), closed=MONDAY, close_reason="answered")
    (notice,) = told(closed=(incident,))
    assert (notice.urgent, moscow(notice.due)) == (False, "Tue 09:00")


@pytest.mark.parametrize("reason", ["escalated", "changed"])
def test_an_incident_that_hands_over_to_another_is_not_told_as_over(reason: str) -> None:
    assert told(closed=(make_incident(IncidentKind.CHANNEL_DEGRADED, close_reason=reason),)) == []


@pytest.mark.parametrize("always", [True, False])
def test_a_reminder_is_told_on_the_day_it_is_meant_for(always: bool) -> None:
    """The last one of what ends on a Sunday is a Friday's: Monday's digest would tell of what is over."""
    friday = FRIDAY_NIGHT.astimezone(MOSCOW).replace(hour=9, minute=1)
    soon = make_incident(IncidentKind.EXPIRY_SOON, subject="licence")
    duty = replace(DUTY, kinds=frozenset({IncidentKind.EXPIRY_SOON}), always=always)
    steps = {"licence": Reminder(until=MONDAY, step=2)}, {"licence": Reminder(until=MONDAY, step=1)}
    (opened,) = told(opened=(soon,), to=(duty,), now=friday)
    (step,) = told(updated=(soon,), reminders=steps[0], before=steps[1], to=(duty,), now=friday)
    assert [(one.due, one.urgent) for one in (opened, step)] == [(friday, False)] * 2


def test_of_a_ladder_each_step_is_told_and_of_the_rest_no_change_of_words() -> None:
    soon = make_incident(IncidentKind.EXPIRY_SOON, subject="licence")
    before, now = Reminder(until=MONDAY, step=1), Reminder(until=MONDAY, step=2, sent=1)
    duty = replace(DUTY, kinds=frozenset({IncidentKind.EXPIRY_SOON, IncidentKind.SLOW_REPLY}))
    updated = (soon, make_incident(IncidentKind.SLOW_REPLY, "a2"))
    notices = told(updated=updated, to=(duty,), reminders={"licence": now}, before={"licence": before})
    assert [notice.key for notice in notices] == ["a1/step2"]
    assert told(updated=updated, to=(duty,), reminders={"licence": now}, before={"licence": now}) == []


def test_who_hears_through_alertmanager_is_not_told_by_the_daemon_too() -> None:
    assert told(opened=(make_incident(IncidentKind.NO_REPLY),), to=(replace(HEAD, routed=True),)) == []


def test_a_message_says_what_since_when_the_proof_who_acts_and_what_is_next() -> None:
    assert text_of(make_incident(IncidentKind.NO_REPLY), "opened", "ru", make_policy()) == (
        "Ждёт с 09:00.\n"
        "Подтверждение:\n"
        "Диалог: https://acme.bitrix24.ru/online/?IM_HISTORY=imol|7345\n"
        "Что делать: Ответить клиенту.\n"
        "Дальше: ответ увидим сами и скажем о нём в утренней сводке.\n"
        "Подробно: http://127.0.0.1:9460/incidents/a1"
    )


def test_a_message_says_why_the_guarantee_covers_it_or_not() -> None:
    lost = make_incident(IncidentKind.QR_RESCAN_REQUIRED, cover="phone_gone")
    told_lost = text_of(lost, "opened", "ru", make_policy())
    assert "\nНе входит в гарантию: телефон остался у уволенного сотрудника.\n" in told_lost
    unsure = make_incident(IncidentKind.QR_RESCAN_REQUIRED, cover="no_guarantee")
    assert "\nГарантии на этот портал нет.\n" in text_of(unsure, "opened", "ru", make_policy())
    head = make_incident(IncidentKind.NO_REPLY, cover="no_guarantee")
    assert "гаранти" not in text_of(head, "opened", "ru", make_policy()).lower()


@pytest.mark.parametrize(
    ("reason", "left"),
    [
        ("answered", "Nothing more needs to be done."),
        ("closed", "Head: open the dialog and, if the customer still has no reply, answer."),
    ],
)
def test_a_message_in_english_and_of_an_end_says_what_is_left_to_do(reason: str, left: str) -> None:
    until = MONDAY + timedelta(minutes=20)
    words = closing_words(make_incident(IncidentKind.NO_REPLY), reason, "Europe/Moscow", until)
    incident = make_incident(IncidentKind.NO_REPLY, close_reason=reason, closed=MONDAY, words=words)
    assert text_of(incident, "closed", "en", make_policy()) == (
        "The customer waited 20 minutes: from 2026-03-02 09:00 to 2026-03-02 09:20.\n"
        f"{left}\nDetails: http://127.0.0.1:9460/incidents/a1"
    )


def test_a_closed_dialog_that_the_review_took_over_is_told_as_it_was_closed_and_not_as_over() -> None:
    shut = make_incident(IncidentKind.CLOSED_WITHOUT_ANSWER)
    opened = told(opened=(shut,), to=(HEAD,))
    over = told(closed=(replace(shut, closed=MONDAY, close_reason="reviewed"),), to=(HEAD,))
    message = compose("acme", [*opened, *over], HEAD, "http://m")
    assert message is not None
    assert message.text == text_of(shut, "opened", "ru", make_policy())


def test_a_notice_that_waited_is_told_as_its_incident_stands_and_not_as_it_opened() -> None:
    broken = make_incident(IncidentKind.GUARANTEE_CHECK_FAILED, audience=Audience.HEAD)
    (waiting,) = told(opened=(broken,), to=(HEAD,))
    words = Words(summary="Осталось одно", description="Из пяти.", recommendation="Исправить.")
    now = replace(broken, words={"ru": words}, evidence=("Одно",))
    fresh = as_it_stands(waiting, {now.id: now}, HEAD, make_policy())
    assert (fresh.subject, fresh.text) == (
        "acme: Осталось одно",
        text_of(now, "opened", "ru", make_policy()),
    )
    assert replace(fresh, subject=waiting.subject, text=waiting.text) == waiting


def test_what_is_over_or_no_incident_is_told_in_the_words_it_was_kept_with() -> None:
    over = make_incident(IncidentKind.NO_REPLY, closed=MONDAY, close_reason="answered")
    (end,) = told(closed=(over,), to=(HEAD,))
    assert as_it_stands(end, {over.id: over}, HEAD, make_policy()) is end
    (begun,) = told(opened=(over,), to=(HEAD,))
    assert as_it_stands(begun, {}, HEAD, make_policy()) is begun
    review = make_notice("review/1")
    assert as_it_stands(review, {over.id: over}, HEAD, make_policy()) is review


@pytest.mark.parametrize("kind", [IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY])
def test_a_dialog_closed_without_an_answer_is_told_once_and_not_also_as_a_wait_that_is_over(kind: IncidentKind) -> None:
    wait = make_incident(kind, "a1")
    shut = make_incident(IncidentKind.CLOSED_WITHOUT_ANSWER, "a2")
    begun = told(opened=(wait,), to=(HEAD,), now=NIGHT)
    ended = told(opened=(shut,), closed=(replace(wait, closed=NIGHT, close_reason="closed"),), to=(HEAD,), now=NIGHT)
    assert [notice.key for notice in ended] == ["a2/opened"]
    message = compose("acme", [*begun, *ended], HEAD, "http://m")
    assert message is not None
    assert message.text == text_of(shut, "opened", "ru", make_policy())
    assert message.keys == ("a1/opened", "a2/opened")


def test_who_hears_of_waits_alone_is_told_that_the_dialog_was_closed() -> None:
    waits = replace(HEAD, kinds=frozenset({IncidentKind.NO_REPLY}))
    wait = make_incident(IncidentKind.NO_REPLY, "a1", closed=NIGHT, close_reason="closed")
    shut = make_incident(IncidentKind.CLOSED_WITHOUT_ANSWER, "a2")
    assert [notice.key for notice in told(opened=(shut,), closed=(wait,), to=(waits,))] == ["a1/closed"]


# --- messages ------------------------------------------------------------------------------------------


def test_one_notice_is_a_message_of_its_own_and_several_are_a_list() -> None:
    alone = compose("acme", [make_notice("a/opened", manager=12)], HEAD, "http://m")
    assert alone is not None
    assert (alone.subject, alone.text, alone.manager) == ("acme: a/opened", "text of a/opened", 12)
    both = compose("acme", [make_notice("a/opened"), make_notice("b/opened")], HEAD, "http://m")
    assert both is not None
    assert both.subject == "acme: сводка, 2 события"
    assert both.text == "1. acme: a/opened\ntext of a/opened\n\n2. acme: b/opened\ntext of b/opened"
    assert both.keys == ("a/opened", "b/opened")
    assert compose("acme", [], HEAD, "http://m") is None


def test_what_began_and_ended_unseen_is_told_once_as_over() -> None:
    due = [make_notice("a/opened", about="a"), make_notice("a/closed", about="a", urgent=False)]
    message = compose("acme", due, HEAD, "http://m")
    assert message is not None
    assert (message.subject, message.keys) == ("acme: a/closed", ("a/opened", "a/closed"))


def test_a_customer_whose_wait_is_told_twice_is_one_in_a_digest_with_the_graver_word() -> None:
    slow, no = make_incident(IncidentKind.SLOW_REPLY, "a1"), make_incident(IncidentKind.NO_REPLY, "a2")
    opened = told(opened=(no, slow), to=(HEAD,))
    message = compose("acme", opened, HEAD, "http://m")
    assert message is not None
    assert message.text.startswith(text_of(no, "opened", "ru", make_policy()))
    assert message.keys == ("a2/opened", "a1/opened")
    over = compose("acme", [*opened, *told(closed=(no, slow), to=(HEAD,))], HEAD, "http://m")
    assert over is not None
    assert over.subject == "acme: Закончилось: Клиенту не ответили"


def test_a_review_is_a_message_of_its_own_in_its_turn() -> None:
    review = replace(make_notice("review/1"), alone=True)
    due = [make_notice("a/opened"), review, make_notice("b/opened")]
    assert [list(next_ones(due)), list(next_ones(due[1:])), list(next_ones([review]))] == [[0, 2], [0], [0]]


def test_the_same_notices_are_the_same_message() -> None:
    due = [make_notice("a/opened"), make_notice("b/opened")]
    first, again = compose("acme", due, HEAD, ""), compose("acme", due, HEAD, "")
    other = compose("rival", due, HEAD, "")
    assert first is not None
    assert other is not None
    assert first == again
    assert first.id != other.id


def test_a_long_list_is_cut_and_says_what_is_left_out() -> None:
    due = [make_notice(f"a{number}/opened") for number in range(MOST_TOLD + 2)]
    message = compose("acme", due, HEAD, "http://m/")
    assert message is not None
    assert message.text.endswith("И ещё 2 события, все они на странице: http://m/incidents")
    assert len(message.keys) == MOST_TOLD + 2


def test_the_days_number_holds_back_what_is_urgent_but_not_the_digest() -> None:
    few = replace(HEAD, per_day=2)
    assert may_be_told(1, few, [make_notice("a")])
    assert not may_be_told(2, few, [make_notice("a")])
    assert may_be_told(2, few, [make_notice("a", urgent=False)])


def test_attempts_grow_rarer_and_end_after_a_day_or_with_a_refusal() -> None:
    pauses = [after(failed, permanent=False, began=MONDAY, now=MONDAY) for failed in (1, 2, 3, 30)]
    assert pauses == [5.0, 10.0, 20.0, 900.0]
    assert after(1, permanent=True, began=MONDAY, now=MONDAY) is None
    late = MONDAY + timedelta(seconds=GIVEN_UP_AFTER)
    assert after(9, permanent=False, began=MONDAY, now=late) is None


# --- what Alertmanager routes ---------------------------------------------------------------------------


def routed(status: str = "firing", **wishes: str) -> Routed:
    facts = {
        "fingerprint": "f1",
        "status": status,
        "starts_at": "2026-03-02T06:00:00Z",
        "alertname": "NoReply",
        "portal": "acme",
        "audience": "head",
        "manager": "12",
        "summary": "Клиенту не ответили",
        "description": "Ждёт с 09:00.",
        "recommendation": "Ответить клиенту.",
        "link": "http://127.0.0.1:9460/incidents/a1",
    }
    return Routed(**(facts | wishes))


def test_a_routed_alert_is_told_at_once_and_again_only_when_it_is_over() -> None:
    receivers = (replace(HEAD, routed=True), DUTY)
    firing, again, over = routed_notices([routed(), routed(), routed("resolved")], receivers, NIGHT)
    assert firing.key == again.key == "alert/f1/2026-03-02T06:00:00Z/firing"
    assert (firing.due, firing.manager, over.subject) == (NIGHT, 12, "acme: Закончилось: Клиенту не ответили")
    assert firing.text == ("Ждёт с 09:00.\nЧто делать: Ответить клиенту.\nПодробно: http://127.0.0.1:9460/incidents/a1")


def test_a_routed_alert_for_somebody_else_is_not_told() -> None:
    receivers = (replace(HEAD, routed=True),)
    assert routed_notices([routed(audience="integrator")], receivers, NIGHT) == ()
    chosen = (replace(HEAD, routed=True, kinds=frozenset({IncidentKind.SLOW_REPLY})),)
    assert routed_notices([routed(), routed(alertname="Unheard")], chosen, NIGHT) == ()
