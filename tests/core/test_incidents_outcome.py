"""Dialogs closed without a word and a week below the promise, as the head's digest has them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from judgement_parts import MINUTE, START, World, ended, make_turn

from monitor.core.incident import Audience, IncidentKind, Severity
from monitor.core.policy import Guarantee
from monitor.core.reviews import next_review
from monitor.core.tallies import Tally, last_week, recent, recount
from monitor.core.turn import Held, Verdict

CLOSED, LOW = IncidentKind.CLOSED_WITHOUT_ANSWER, IncidentKind.LOW_COMPLIANCE
GUARANTEE = Guarantee(option="messengers", start=START - timedelta(days=1), end=START + timedelta(days=364))


def closed_world(**more: object) -> World:
    world = World(guarantee=GUARANTEE)
    world.dialog(replace(ended(make_turn(), Verdict.MISSED, START + 5 * MINUTE), **more))  # type: ignore[arg-type]
    return world


def test_a_dialog_closed_on_a_waiting_customer_is_the_heads_until_the_next_review() -> None:
    world = closed_world(proof=90107, closer=12)
    world.poll()
    incident = world.incident()
    assert (incident.kind, incident.severity, incident.audience) == (CLOSED, Severity.WARNING, Audience.HEAD)
    assert dict(incident.labels) == {
        "line": "1",
        "connector": "wz_whatsapp_0a1b",
        "messenger": "whatsapp",
        "manager": "12",
    }
    world.now = START + timedelta(days=13) - 2 * MINUTE
    world.poll()
    assert world.kinds() == [CLOSED]
    world.poll()
    world.poll()
    assert (world.kinds(), world.closed[0].close_reason) == ([], "reviewed")


def test_its_words_name_who_closed_it_and_its_evidence_the_messages() -> None:
    world = closed_world(proof=90107, closer=12)
    world.poll()
    incident = world.incident()
    assert "Закрыл: Иван Петров." in incident.words["ru"].description
    assert "Closed by Иван Петров." in incident.words["en"].description
    assert any("90101" in line and "90107" in line for line in incident.evidence)
    assert any("IM_HISTORY=imol|7345" in line for line in incident.evidence)


BY_ITSELF = "Руководитель: открыть диалог, ответить клиенту и выяснить, почему ему не ответили до закрытия."
AT_START = Held(12, START, MINUTE)


@pytest.mark.parametrize(
    ("facts", "who", "said"),
    [
        ({"holder": 0}, "Закрылся автоматически, диалог никто не взял.", "nobody had taken the dialog."),
        ({}, "Закрылся автоматически, диалог был у сотрудника: Иван Петров.", "the dialog was with Иван Петров."),
        (
            {"holder": 0, "skipped": (12,)},
            "Закрылся автоматически, диалог вернулся в очередь, до этого был у сотрудника: Иван Петров.",
            "the dialog was back in the queue, it had been with Иван Петров.",
        ),
        (
            {"holder": 0, "held": (AT_START, Held(0, START, MINUTE))},
            "Закрылся автоматически, диалог вернулся в очередь, до этого был у сотрудника: Иван Петров.",
            "the dialog was back in the queue, it had been with Иван Петров.",
        ),
        (
            {"cause": "closed"},
            "Кто закрыл, портал не сообщил; диалог был у сотрудника: Иван Петров.",
            "The portal does not say who closed it; the dialog was with Иван Петров.",
        ),
    ],
)
def test_a_close_that_is_nobodys_hand_accuses_nobody(facts: dict[str, Any], who: str, said: str) -> None:
    world = closed_world(**facts)
    world.poll()
    words = world.incident().words
    assert f" ответа так и не было. {who} Статистика" in words["ru"].description
    assert f"{said} Bitrix24's" in words["en"].description
    assert words["ru"].recommendation == BY_ITSELF
    assert world.incident().evidence[-1] == who


def test_a_reply_that_was_not_delivered_is_not_told_as_silence() -> None:
    world = closed_world(closer=12, marks=("send_failed",), blame="channel")
    world.poll()
    words = world.incident().words
    assert ", сотрудник писал ему, но сообщение не доставлено. Закрыл: " in words["ru"].description
    assert ", an employee had written, but the message was not delivered. Closed by" in words["en"].description
    assert words["ru"].recommendation == (
        "Руководитель: открыть диалог и написать клиенту ещё раз; выяснить, почему сообщение не дошло."
    )


def test_where_the_phone_is_not_seen_the_head_asks_before_he_accuses() -> None:
    world = closed_world(closer=12, marks=("no_phone",))
    world.poll()
    incident = world.incident()
    assert incident.evidence[-1] == "Ответ с телефона здесь не виден: возможно, клиенту уже ответили."
    assert incident.words["ru"].recommendation == (
        "Руководитель: узнать, не ответили ли клиенту с телефона; если нет, открыть диалог и ответить."
    )
    assert incident.words["en"].recommendation == (
        "Head: find out whether the customer was answered from the phone; if not, open the dialog and answer."
    )


@pytest.mark.parametrize(
    ("working", "said"),
    [
        (None, "Клиент ждал 1 час по календарю; норма 15 минут."),
        (20 * MINUTE, "Клиент ждал 1 час по календарю, 20 минут рабочего времени; норма 15 минут."),
        (0 * MINUTE, "Клиент ждал 1 час по календарю, всё в нерабочее время; норма 15 минут."),
    ],
)
def test_how_long_the_customer_had_waited_is_told_on_both_clocks(working: timedelta | None, said: str) -> None:
    world = closed_world(ended=START + 60 * MINUTE, working=working)
    world.now = START + 60 * MINUTE
    world.poll()
    assert world.incident().evidence[2] == said


def test_a_customer_who_writes_again_and_waits_on_is_not_told_as_settled() -> None:
    world = closed_world(closer=12)
    world.poll()
    world.dialog(make_turn())
    world.poll()
    assert (world.kinds(), world.closed) == ([CLOSED], [])
    world.dialog(replace(ended(make_turn(), Verdict.MISSED, START + 11 * MINUTE), closer=12))
    world.poll()
    assert "диалог закрыт 02.03.2026 09:11" in world.incident().words["ru"].description
    assert (world.kinds(), world.closed) == ([CLOSED], [])


def test_what_the_review_took_over_says_so_and_what_is_left_to_do() -> None:
    world = closed_world(closer=12)
    world.poll()
    world.now = START + timedelta(days=13)
    world.poll()
    words = world.closed[0].words
    assert words["ru"].summary.startswith("Вошло в отчёт. Было: Диалог закрыт без ответа")
    assert words["ru"].recommendation == "Руководитель: открыть диалог и, если клиенту так и не ответили, ответить."
    assert words["en"].summary.startswith("It is part of the review. It was: A dialog was closed")
    assert words["en"].recommendation == "Head: open the dialog and, if the customer still has no reply, answer."


def test_an_answer_after_reopening_takes_it_back() -> None:
    world = closed_world()
    world.poll()
    world.dialog(ended(make_turn(), Verdict.LATE, START + 9 * MINUTE))
    world.poll()
    assert (world.kinds(), world.closed[0].close_reason) == ([], "answered")


@pytest.mark.parametrize(("hours", "opens"), [(47, True), (48, False)])
def test_what_was_closed_long_before_we_came_is_no_news(hours: int, opens: bool) -> None:
    world = closed_world(ended=START - timedelta(hours=hours))
    world.policy = replace(world.policy, guarantee=None)
    world.state = replace(world.state, cursor=replace(world.state.cursor, first_sight=START))
    world.poll()
    assert bool(world.kinds()) is opens


def test_reviews_are_counted_from_the_guarantees_start_each_a_moment_of_its_own() -> None:
    policy = World(guarantee=GUARANTEE).policy
    assert next_review(policy, GUARANTEE.start) == GUARANTEE.start + timedelta(days=14)
    assert next_review(policy, GUARANTEE.start + timedelta(days=14)) == GUARANTEE.start + timedelta(days=28)


def week(met: int, unmet: int) -> World:
    world = World()
    world.state = replace(world.state, tallies={"2026-03-02/12": Tally(met, unmet)})
    world.poll()
    return world


@pytest.mark.parametrize(
    ("met", "unmet", "opens"), [(15, 5, True), (16, 4, False), (14, 5, False), (0, 20, True), (0, 19, False)]
)
def test_a_week_is_low_below_eighty_percent_of_at_least_twenty(met: int, unmet: int, opens: bool) -> None:
    assert (week(met, unmet).kinds() == [LOW]) is opens


def test_it_closes_above_eighty_five_percent_and_not_before() -> None:
    world = week(15, 5)
    for met, still in ((17, True), (18, False)):
        world.state = replace(world.state, tallies={"2026-03-02/12": Tally(met, 3)})
        world.poll()
        assert bool(world.kinds()) is still
    assert world.closed[0].close_reason == "recovered"
    assert world.closed[0].words["ru"].summary == (
        "Снова вовремя отвечено больше 85 % обращений. Было: За неделю вовремя отвечено 85 % обращений"
    )
    assert world.closed[0].words["en"].summary == (
        "More than 85% of the requests are answered in time again. It was: 85% of the week's requests were answered in "
        "time"
    )


def test_a_week_that_gets_better_is_not_called_low_any_more_and_says_when_it_closes() -> None:
    world = week(15, 5)
    first = world.incident().words
    world.state = replace(world.state, tallies={"2026-03-02/12": Tally(17, 4)})
    world.poll()
    later = world.incident().words
    assert first["ru"].summary == "За неделю вовремя отвечено только 75 % обращений"
    assert later["ru"].summary == "За неделю вовремя отвечено 80 % обращений"
    assert later["en"].summary == "80% of the week's requests were answered in time"
    assert later["ru"].description == (
        "За 7 дней ответ был нужен 21 раз, вовремя ответили 17. Договорённость: не меньше 80 %; тревога закроется, "
        "когда будет больше 85 %."
    )
    assert later["en"].description == (
        "In 7 days 21 messages needed an answer, 17 got one in time. Agreed is at least 80 %; the alert closes above "
        "85 %."
    )


def test_its_evidence_names_who_weighs_most() -> None:
    world = World()
    world.state = replace(world.state, tallies={"2026-03-02/12": Tally(5, 9), "2026-03-01/0": Tally(0, 11)})
    world.poll()
    evidence = world.incident().evidence
    assert evidence == ("очередь (никто не взял): вовремя 0 из 11 (0 %)", "Иван Петров: вовремя 5 из 14 (35 %)")


def test_who_has_too_few_requests_comes_after_those_who_can_be_judged_and_the_advice_names_these() -> None:
    world = World()
    tallies = {"2026-03-02/12": Tally(3, 7), "2026-03-01/0": Tally(0, 9), "2026-03-01/77": Tally(12, 0)}
    world.state = replace(world.state, tallies=tallies)
    world.poll()
    assert world.incident().evidence == (
        "Иван Петров: вовремя 3 из 10 (30 %)",
        "сотрудник 77: вовремя 12 из 12 (100 %)",
        "очередь (никто не взял): вовремя 0 из 9 (0 %), мало данных для оценки",
    )
    words = world.incident().words["ru"]
    assert words.summary == "За неделю вовремя отвечено только 48 % обращений"
    assert words.recommendation.endswith("дежурства; начать с: Иван Петров.")


def test_a_week_is_seven_days_and_who_still_waits_is_late_already() -> None:
    tallies = {"2026-02-24/12": Tally(0, 50), "2026-02-25/12": Tally(1, 0), "2026-03-03/12": Tally(2, 1)}
    now = START + timedelta(days=1)
    assert last_week(tallies, [make_turn()], now, "Europe/Moscow") == {12: Tally(3, 2)}
    assert last_week(tallies, [make_turn(now)], now, "Europe/Moscow") == {12: Tally(3, 1)}


def test_a_corrected_turn_is_taken_out_as_it_was_and_put_in_as_it_is() -> None:
    tallies: dict[str, Tally] = {}
    late = ended(make_turn(), Verdict.LATE, START + 20 * MINUTE)
    recount(tallies, None, late, "Europe/Moscow")
    assert tallies == {"2026-03-02/12": Tally(0, 1)}
    recount(tallies, late, replace(late, verdict=Verdict.EXCUSED), "Europe/Moscow")
    assert recent(tallies, START, "Europe/Moscow") == {}
