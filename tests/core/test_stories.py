"""A dialog's story as a head reads it: what happened, on which clock, whose turn, by which messages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replies_parts import IN_OFFICE, RULES, at, judged, only, told

from monitor.core.stories import story
from monitor.core.turn import Turn

NAMES = {12: "Анна Петрова", 15: "Олег Смирнов"}
NOW = at("23:00")


def tell(turn: Turn, language: str = "ru") -> list[str]:
    return list(story(turn, NAMES, "UTC", language, NOW))


def test_a_late_answer_names_the_clocks_the_holders_the_blame_and_the_portals_own_number() -> None:
    turn = only("03:00 c; 09:10 n12; 09:30 n12>15; 09:40 m15", rules=IN_OFFICE)
    assert tell(turn) == [
        "02.03.2026 03:00 клиент написал (сообщение 101): первое обращение, ответа на него ещё не было.",
        "02.03.2026 09:10 диалог у сотрудника: Анна Петрова (сообщение 102).",
        "02.03.2026 09:30 диалог у сотрудника: Олег Смирнов (сообщение 103).",
        "Норма ответа 15 минут рабочего времени, срок 02.03.2026 09:15.",
        "02.03.2026 09:40 ответ дан: Олег Смирнов (сообщение 104), через 6 часов 40 минут по календарю, 40 минут "
        "рабочего времени.",
        "От назначения до ответа (Олег Смирнов) прошло 10 минут рабочего времени.",
        "Итог: поздно, норма превышена на 25 минут.",
        "Рабочее время по владельцам: очередь 10 минут, Анна Петрова 20 минут, Олег Смирнов 10 минут.",
        "Задержка: Анна Петрова.",
        "Битрикс24 показывает здесь 6 часов 40 минут: он считает ночи, обед и выходные.",
    ]


def test_a_silent_close_is_told_as_no_answer_and_that_the_portal_thinks_otherwise() -> None:
    told_ = tell(only("10:00 c; 10:01 n12; 10:05 end12"), "en")
    assert "2026-03-02 10:05 Анна Петрова closed the dialog without an answer (message 103)." in told_
    assert "Verdict: the customer got no answer." in told_
    assert "Bitrix24 itself shows 5 minutes here: it takes a close without a word for an answer." in told_


def test_who_still_waits_is_told_with_the_working_clock_where_it_is_known() -> None:
    turn = only("10:00 c", now="10:05")
    assert "Клиент ждёт до сих пор: 13 часов по календарю." in tell(turn)
    with_clock = story(turn, NAMES, "UTC", "ru", NOW, NOW - at("22:00"))
    assert "Клиент ждёт до сих пор: 13 часов по календарю, 1 час рабочего времени." in with_clock


def test_nobody_is_accused_where_an_answer_from_the_phone_is_not_seen() -> None:
    rules = replace(RULES, no_phone=True)
    warning = "Ответ с телефона здесь не виден: возможно, клиенту уже ответили."
    assert warning in tell(only("10:00 c", rules=rules))
    assert warning not in tell(only("10:00 c; 10:05 m12", rules=rules))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("10:00 c voice; 10:05 m12", "прислал голосовое сообщение"),
        ("10:00 c; 10:00 n90; 10:01 b90; 12:00 end", "Итог: бот ответил сам"),
        ("10:00 c; 10:00 n90; 10:01 b90", "Пока клиенту отвечает бот, срок не идёт."),
        ("10:00 c; 10:02 m12 failed", "Сообщение сотрудника не доставлено клиенту."),
        ("10:00 c; 10:02 n12; 10:06 q12; 10:07 m12", "диалог вернулся в очередь (сообщение 103)."),
    ],
)
def test_what_was_special_is_said(line: str, said: str) -> None:
    assert any(said in sentence for sentence in tell(only(line)))


KINDS = st.sampled_from(
    ["c", "c thanks", "c call", "m12", "m15", "m77", "m12 failed", "n12", "n12>15", "q12", "b90", "a", "end", "end12"]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 90), KINDS), min_size=1, max_size=14), st.booleans())
def test_every_story_can_be_told_in_both_languages_and_names_only_messages_that_there_are(
    steps: list[Any], office: bool
) -> None:
    clock, lines = 0, []
    for wait, what in steps:
        clock += wait
        lines.append(f"{1 + clock // 1440}/{clock // 60 % 24}:{clock % 60} {what}")
    text = ";".join(lines)
    known = {message.id for message in told(text)}
    for turn in judged(text, rules=IN_OFFICE if office else RULES, now="3/23:00").turns:
        for language, word in (("ru", "сообщение"), ("en", "message")):
            sentences = tell(turn, language)
            assert all("{" not in sentence for sentence in sentences)
            assert {int(found) for found in re.findall(word + r" (\d+)", " ".join(sentences))} <= known
