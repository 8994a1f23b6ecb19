"""What people write as a period is in their portal's time zone, and is shown in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.replies_command import moment_of, show
from monitor.replies_report import Report
from monitor.report_command import period_of

NOW = datetime(2026, 4, 10, 9, tzinfo=UTC)
MOSCOW = "Europe/Moscow"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-04-01", datetime(2026, 3, 31, 21, tzinfo=UTC)),
        ("2026-04-01T10:00", datetime(2026, 4, 1, 7, tzinfo=UTC)),
        ("2026-04-01T10:00:00+05:00", datetime(2026, 4, 1, 5, tzinfo=UTC)),
        ("2026-04-01T10:00:00Z", datetime(2026, 4, 1, 10, tzinfo=UTC)),
        ("14d", NOW - timedelta(days=14)),
        ("12h", NOW - timedelta(hours=12)),
        ("0001-01-01", None),
        ("yesterday", None),
    ],
)
def test_a_date_is_its_day_in_the_portals_zone_and_an_offset_is_heeded(text: str, at: datetime | None) -> None:
    told = moment_of(text, NOW, MOSCOW)
    assert told == at
    assert told is None or told.tzinfo is UTC


def test_a_day_on_which_the_clocks_change_has_23_hours() -> None:
    told = period_of("2026-03-29..2026-03-30", NOW, "Europe/Berlin")
    assert told is not None
    assert told[1] - told[0] == timedelta(hours=23)


def test_a_period_is_shown_in_the_portals_zone_which_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    until = moment_of("2026-04-02T00:00:00+03:00", NOW, MOSCOW)
    since = moment_of("2026-04-01", NOW, MOSCOW)
    assert since is not None
    assert until is not None
    parity = {"n": 0}
    told = Report(portal="acme", zone=MOSCOW, since=since, until=until, by="line", rows=(), parity=parity, address="x")
    show(told, NOW)
    assert capsys.readouterr().out.startswith(
        "acme, 2026-04-01 00:00 to 2026-04-02 00:00, by deadline, in Europe/Moscow time\n"
    )
