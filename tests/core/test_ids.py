"""Ids that no database holds, and connectors' ids that cannot be ones: nothing stands under them."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.core.connectors import connector_id
from monitor.core.history import LARGEST, NotHistory, integer, parse, user_code

AT = "2026-09-21T10:00:00+03:00"


@pytest.mark.parametrize(
    ("told", "number"),
    [
        (7, 7),
        ("7", 7),
        ("-7", -7),
        ("0", 0),
        (LARGEST, LARGEST),
        (str(LARGEST), LARGEST),
        (str(-LARGEST), -LARGEST),
        (LARGEST + 1, None),
        (str(LARGEST + 1), None),
        (-LARGEST - 1, None),
        (10**30, None),
        ("9" * 5000, None),
        (True, None),
        (1.0, None),
        ("", None),
        ("-", None),
        ("1.5", None),
        (None, None),
    ],
)
def test_a_number_that_the_store_cannot_hold_is_none(told: Any, number: int | None) -> None:
    assert integer(told) == number


@pytest.mark.parametrize("place", ["sessionId", "chatId"])
def test_a_history_of_a_session_beyond_all_numbers_is_none(place: str) -> None:
    with pytest.raises(NotHistory):
        parse({"sessionId": 7, "chatId": 9, "message": [], place: LARGEST + 1})


def test_a_message_is_told_without_the_numbers_that_cannot_be_ones() -> None:
    rows = [
        {"id": LARGEST + 1, "date": AT, "senderid": 12, "text": "lost"},
        {"id": 5, "date": AT, "senderid": 2**63, "text": "hello"},
        {"id": 6, "date": AT, "senderid": 0, "text": f"[USER={'9' * 5000}]x[/USER] passed it on to [USER=12]A[/USER]"},
    ]
    first, notice = parse({"sessionId": 7, "chatId": 9, "message": rows}).messages
    assert (first.id, first.user, notice.mentions) == (5, 0, (12,))


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("WZ_WhatsApp_0a1b", "wz_whatsapp_0a1b"),
        ("odd name/one", "odd name/one"),
        ("канал", "канал"),
        ("x" * 100, "x" * 100),
        ("x" * 101, ""),
        ("wz\0x", ""),
        ("wz\nx", ""),
        ("wz\x1b[2J", ""),
        ("wz\u202ex", ""),
        ("wz\ud800", ""),
        ("", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_a_connector_with_what_nobody_can_type_is_none(told: object, known: str) -> None:
    assert connector_id(told) == known


def test_a_dialog_of_a_connector_that_is_none_keeps_its_line_and_customer() -> None:
    assert user_code("tele\0bot|1|79\x0099|844") == ("", 1, 844)
