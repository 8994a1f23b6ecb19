"""What one poll's readings change in what is remembered of the portal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgement_parts import DENIED, MINUTE, REFUSED, START, TIMEOUT

from monitor.core.fold import fold_portal
from monitor.core.memory import PortalMemory
from monitor.core.model import ChannelKey, Failure, Reason
from monitor.core.reading import (
    ActivitiesSeen,
    ClockSeen,
    FlagSeen,
    LicenceSeen,
    LinesSeen,
    Reading,
    ScopesSeen,
    SessionsProbed,
)

CLOCK = ClockSeen(portal=START, asked=START, answered=START)


def reading(*findings: object, failure: Failure | None = None, source: str = "bitrix24", **more: object) -> Reading:
    return Reading(probe="p", source=source, at=START, findings=findings, failure=failure, **more)  # type: ignore[arg-type]  # named by the tests


def after(*failures: Failure | None) -> PortalMemory:
    memory = PortalMemory()
    for minute, failure in enumerate(failures):
        told = reading(failure=failure) if failure else reading(CLOCK)
        memory = fold_portal(memory, [told], START + minute * MINUTE)
    return memory


def test_a_good_poll_ends_every_streak_of_failures() -> None:
    memory = after(TIMEOUT, DENIED, REFUSED, None)
    assert (memory.up, memory.auth_ok, memory.failed, memory.denied, memory.good) == (True, True, 0, 0, 1)
    assert (memory.refused, memory.failing_since, memory.last_failure) == (False, None, None)
    assert memory.last_success == START + 3 * MINUTE


def test_failures_are_counted_from_the_first_of_them() -> None:
    memory = after(None, TIMEOUT, TIMEOUT)
    assert (memory.up, memory.failed, memory.good, memory.failing_since) == (False, 2, 0, START + MINUTE)


def test_a_failure_that_is_no_denial_says_nothing_of_our_authorisation() -> None:
    assert after(None, TIMEOUT).auth_ok is True
    assert after(TIMEOUT).auth_ok is None


def test_a_denial_shows_that_the_portal_is_up_and_a_second_one_ends_the_streak_of_failures() -> None:
    memory = after(TIMEOUT, TIMEOUT, DENIED)
    assert (memory.up, memory.auth_ok, memory.failed, memory.denied) == (True, False, 2, 1)
    memory = after(TIMEOUT, TIMEOUT, DENIED, DENIED)
    assert (memory.up, memory.auth_ok, memory.failed, memory.denied) == (True, False, 0, 2)


@pytest.mark.parametrize("other", [TIMEOUT, Failure(reason=Reason.UNREACHABLE, code="500")])
def test_denials_with_another_failure_between_them_are_not_in_a_row(other: Failure) -> None:
    assert after(DENIED, other, DENIED).denied == 1
    assert after(DENIED, other, DENIED, DENIED).denied == 2


def test_a_refused_refresh_stays_refused_while_something_else_fails() -> None:
    memory = after(REFUSED, TIMEOUT)
    assert (memory.refused, memory.denied) == (True, 0)


def test_a_refused_refresh_does_not_show_that_the_portal_is_up() -> None:
    memory = after(TIMEOUT, REFUSED)
    assert (memory.up, memory.auth_ok, memory.refused, memory.denied) == (False, False, True, 1)


def test_a_failed_command_in_a_good_batch_leaves_the_portal_good() -> None:
    memory = fold_portal(PortalMemory(), [reading(CLOCK, failures=(DENIED,)), reading(failure=TIMEOUT)], START)
    assert (memory.up, memory.auth_ok, memory.good) == (True, True, 1)


def test_a_probe_that_had_nothing_to_ask_does_not_make_a_failed_poll_good() -> None:
    memory = fold_portal(PortalMemory(), [reading(), reading(failure=TIMEOUT)], START)
    assert (memory.up, memory.failed) == (False, 1)


def test_a_poll_in_which_every_command_failed_is_a_failed_poll() -> None:
    memory = fold_portal(PortalMemory(), [reading(failures=(TIMEOUT, DENIED))], START)
    assert (memory.denied, memory.last_failure) == (1, DENIED)


def test_a_refused_refresh_is_seen_among_other_failures_of_the_poll() -> None:
    readings = [reading(failure=TIMEOUT), reading(failure=DENIED), reading(failure=REFUSED)]
    assert fold_portal(PortalMemory(), readings, START).refused


NO_SCOPE = Failure(reason=Reason.DENIED, code="insufficient_scope")
LICENCE = LicenceSeen(licence="ru_pro100", installed=True, payment_expired=False, days_left=None)
SCOPES = ScopesSeen(granted=frozenset(), missing=frozenset({"crm", "imopenlines"}))
NO_ROWS = ActivitiesSeen(sessions=(), watermark=START, complete=False)
NO_IDS = SessionsProbed(highest=0, missing=(7, 8))


def test_a_poll_in_which_only_the_clock_was_told_and_all_else_denied_is_a_denied_poll() -> None:
    before = after(None)
    readings = [reading(CLOCK), reading(failure=NO_SCOPE), reading(NO_ROWS, NO_IDS, failures=(NO_SCOPE,))]
    memory = fold_portal(before, readings, START + MINUTE)
    assert (memory.up, memory.auth_ok, memory.good, memory.denied) == (True, False, 0, 1)
    assert (memory.last_success, memory.failing_since, memory.last_failure) == (START, START + MINUTE, NO_SCOPE)
    assert fold_portal(memory, readings, START + 2 * MINUTE).denied == 2


def test_scopes_and_licence_that_any_application_is_told_make_no_good_poll_and_are_remembered() -> None:
    memory = fold_portal(after(None), [reading(CLOCK, SCOPES, LICENCE), reading(failure=NO_SCOPE)], START)
    assert (memory.denied, memory.missing_scopes, memory.licence) == (1, ("crm", "imopenlines"), LICENCE)


@pytest.mark.parametrize(
    "told",
    [
        FlagSeen(key=ChannelKey(1, "max"), error=False, configured=True, status=True),
        ActivitiesSeen(sessions=(), watermark=START),
        SessionsProbed(highest=7, missing=()),
        LinesSeen(lines=()),
    ],
)
def test_one_useful_answer_leaves_a_poll_good(told: object) -> None:
    memory = fold_portal(after(None), [reading(CLOCK, told), reading(failure=NO_SCOPE)], START)
    assert (memory.denied, memory.good) == (0, 2)


def test_a_clock_beside_failures_of_which_not_all_are_denials_leaves_a_poll_good() -> None:
    readings = [reading(CLOCK), reading(failure=NO_SCOPE), reading(failure=TIMEOUT)]
    assert fold_portal(after(None), readings, START).good == 2
    assert fold_portal(after(None), [reading(CLOCK)], START).good == 2  # nothing was denied


@pytest.mark.parametrize("failure", [None, TIMEOUT, DENIED])
def test_a_providers_reading_says_nothing_of_the_portal(failure: Failure | None) -> None:
    memory = after(TIMEOUT)
    assert fold_portal(memory, [reading(CLOCK, failure=failure, source="wazzup")], START) is memory


def test_scopes_and_licence_are_remembered() -> None:
    licence = LicenceSeen(licence="ru_pro100", installed=True, payment_expired=False, days_left=None)
    scopes = ScopesSeen(granted=frozenset({"crm"}), missing=frozenset({"imopenlines", "im"}))
    memory = fold_portal(PortalMemory(), [reading(scopes, licence)], START)
    assert (memory.missing_scopes, memory.licence) == (("im", "imopenlines"), licence)


@pytest.mark.parametrize(
    ("portal", "skew"),
    [
        (START, 0),
        (START - timedelta(seconds=1), 0),  # the portal tells whole seconds
        (START + timedelta(seconds=4), 0),  # it may have answered at the very end
        (START + timedelta(seconds=94), 90),
        (START - timedelta(seconds=91), -90),
    ],
)
def test_skew_is_only_what_the_way_of_the_question_cannot_explain(portal: object, skew: int) -> None:
    seen = ClockSeen(portal=portal, asked=START, answered=START + timedelta(seconds=4))  # type: ignore[arg-type]  # a datetime
    assert fold_portal(PortalMemory(), [reading(seen)], START).skew == timedelta(seconds=skew)


def test_three_failed_polls_are_an_outage_from_the_first_to_the_next_good_one() -> None:
    assert after(TIMEOUT, TIMEOUT).outages == ()
    assert after(TIMEOUT, TIMEOUT, TIMEOUT).outages == ((START, None),)
    assert after(TIMEOUT, TIMEOUT, TIMEOUT, None).outages == ((START, START + 3 * MINUTE),)


@given(st.lists(st.sampled_from([None, TIMEOUT, DENIED, REFUSED, Failure(reason=Reason.MALFORMED)]), max_size=12))
def test_a_portal_is_failing_exactly_while_its_last_poll_was_not_good(polls: list[Failure | None]) -> None:
    memory = after(*polls)
    failing = bool(polls) and polls[-1] is not None
    assert (memory.failing_since is not None) == failing
    assert (memory.good > 0) == (bool(polls) and not failing)
    assert memory.failed + memory.denied >= failing
