"""A portal whose clock was ahead and is set right: what happens there afterwards is seen at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.memory import Cursor
from monitor.core.policy import Policy
from monitor.core.reading import ActivitiesSeen
from monitor.core.sessions import remember

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
POLICY = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", pages="http://127.0.0.1:9460")


@pytest.mark.parametrize(
    ("back", "followed"),
    [
        (timedelta(hours=1), True),
        (timedelta(minutes=2), True),
        (timedelta(seconds=30), False),
        (-timedelta(minutes=1), True),
    ],
)
def test_the_watermark_follows_a_clock_that_was_set_back(back: timedelta, followed: bool) -> None:
    seen = ActivitiesSeen(sessions=(), watermark=NOW - back)
    cursor, _, _ = remember(Cursor(watermark=NOW, settled=True), {}, (seen,), NOW, POLICY)
    assert cursor.watermark == (NOW - back if followed else NOW)
