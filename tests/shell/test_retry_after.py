"""Retry-After in its two forms: seconds, and a date of HTTP by the clock of who sent it; never more than an hour."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.shell.wire import Answer

NOW = datetime(2026, 10, 21, 7, 20, tzinfo=UTC)


def seconds(retry_after: str, date: str = "") -> float | None:
    headers = {"Retry-After": retry_after} | ({"Date": date} if date else {})
    told = Answer(status=429, headers=headers, body=b"").retry_after(NOW)
    return told.total_seconds() if told is not None else None


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("9999999", 3600),
        ("99999999999", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_seconds_are_a_whole_number_of_at_most_an_hour(text: str, wait: int | None) -> None:
    assert seconds(text) == wait


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("Wed, 21 Oct 2026 07:28:00 GMT", 480),
        ("Wednesday, 21-Oct-26 07:28:00 GMT", 480),
        ("Wed Oct 21 07:28:00 2026", 480),
        ("Wed, 21 Oct 2026 10:28:00 +0300", 480),
        ("Wed, 21 Oct 2026 07:20:00 GMT", 0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0),
        ("Fri, 31 Dec 2099 23:59:59 GMT", 3600),
        ("Wed, 41 Oct 2026 07:28:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT; " + "x" * 64, None),
    ],
)
def test_a_date_is_the_span_until_it_and_one_that_is_over_is_no_wait(text: str, wait: int | None) -> None:
    assert seconds(text) == wait


def test_a_date_is_measured_by_the_clock_of_who_sent_it() -> None:
    assert seconds("Tue, 20 Oct 2026 05:01:00 GMT", "Tue, 20 Oct 2026 05:00:00 GMT") == 60


def test_an_unreadable_clock_of_theirs_leaves_ours() -> None:
    assert seconds("Wed, 21 Oct 2026 07:28:00 GMT", "yesterday") == 480
