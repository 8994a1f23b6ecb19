"""Which days keep customers away: the country's public holidays, and those that the line's own schedule shuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from judgement_parts import WAZZUP, make_policy
from test_silence import MONDAY, lived, poll, quiet_state, silent_at, word_at

from monitor.core.calendar import PublicDay
from monitor.core.memory import PortalState
from monitor.core.model import Line, WorkTime
from monitor.core.policy import LinePolicy, Policy, ScheduleRule
from monitor.core.quiet_days import quiet_days

NOW = datetime(2026, 11, 2, 9, tzinfo=ZoneInfo("Europe/Moscow"))
UNITY = date(2026, 11, 4)
OWN = make_policy(url="https://crm.acme.example")  # an address that names no country
HOURS = WorkTime(opens=540, closes=1080, timezone="Europe/Moscow", days_off=(5, 6), holidays=((11, 4),))
RUSSIAN = {"RU": {UNITY: PublicDay.OFF, date(2026, 11, 3): PublicDay.SHORT}}


def portal(worktime: WorkTime | None) -> PortalState:
    return PortalState(portal="acme", lines={1: Line(id=1, name="Sales", worktime=worktime)})


def days_of(
    state: PortalState, policy: Policy, off: Mapping[str, frozenset[int]] | None = None, now: datetime = NOW
) -> set[date]:
    told = quiet_days(state, policy, RUSSIAN, off or {}, now)(1)
    return {date.fromordinal(day) for day in told}


def ruled(**more: object) -> Policy:
    rule = ScheduleRule(timezone="Europe/Moscow", week=(((0, 1, 2, 3, 4), ((540, 1080),)),), holidays="RU")
    return replace(OWN, lines={1: LinePolicy(schedule=replace(rule, **more))})  # type: ignore[arg-type]


def test_the_lines_own_holidays_are_quiet_every_year() -> None:
    assert days_of(portal(HOURS), OWN) == {date(year, 11, 4) for year in (2025, 2026, 2027)}


def test_an_explicit_schedules_holidays_are_quiet_but_not_its_short_days() -> None:
    assert days_of(portal(None), ruled()) == {UNITY}


def test_a_day_that_the_configuration_shuts_is_quiet_and_one_that_it_opens_is_not() -> None:
    exceptions = (("2026-11-04", ((600, 900),)), ("2026-11-06", ()))
    assert days_of(portal(None), ruled(exceptions=exceptions)) == {date(2026, 11, 6)}


def test_the_countrys_holidays_count_whatever_the_line_says() -> None:
    russian, off = make_policy(), {"RU": frozenset({UNITY.toordinal()})}
    assert days_of(portal(None), russian, off) == {UNITY}
    assert days_of(PortalState(portal="acme"), russian, off) == {UNITY}
    assert days_of(portal(replace(HOURS, holidays=((1, 1),))), russian, off, NOW) > {UNITY}


def test_a_line_that_is_shut_for_a_holiday_is_not_silent_on_it() -> None:
    tuesday = MONDAY.replace(hour=20) + timedelta(days=1)
    silent = poll(quiet_state(), tuesday)
    assert silent_at(silent.state) < tuesday
    shut = replace(HOURS, holidays=((3, 3),))  # the Tuesday
    first = replace(quiet_state(), lines={1: Line(id=1, name="Sales", worktime=shut)})
    heard = poll(first, MONDAY.replace(hour=17), word_at(MONDAY.replace(hour=17))).state
    assert heard.channels[WAZZUP].habit.days[:20] == lived(40).days[:20]
    assert silent_at(heard) > MONDAY + timedelta(days=2, hours=9)
    assert poll(heard, tuesday).opened == ()
