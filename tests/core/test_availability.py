"""Was the channel alive: up, down and unknown on the working clock, days lost and whose they are."""

from __future__ import annotations

from datetime import timedelta

from judgement_parts import WAZZUP
from replies_parts import ALWAYS, MINUTE, OFFICE, at

from monitor.core.availability import Availability, availability, by_day, spans
from monitor.core.memory import Diagnosis, Flip
from monitor.core.model import Certainty, State

HOUR = 60 * MINUTE
SINCE, UNTIL = at("1/00:00"), at("4/00:00")


def flip(when: str, after: State, *, covered: bool = True, connector: str = WAZZUP.connector) -> Flip:
    diagnosis = Diagnosis(state=after, certainty=Certainty.CERTAIN, cause="x", covered=covered)
    return Flip(line=1, connector=connector, at=at(when), before=None, after=after, diagnosis=diagnosis)


def told(*flips: Flip) -> Availability:
    return availability(spans(flips, WAZZUP, SINCE, UNTIL), OFFICE)


def test_before_the_first_reading_nothing_is_known() -> None:
    assert (told().share, told().knowledge) == (None, 0.0)
    later = told(flip("2/09:00", State.CONNECTED))
    assert (later.share, later.knowledge) == (1.0, 2 / 3)


def test_only_working_time_counts_as_lost() -> None:
    outage = told(
        flip("1/00:00", State.CONNECTED), flip("1/17:00", State.QR_REQUIRED), flip("2/11:00", State.CONNECTED)
    )
    assert (outage.down, outage.lost) == (3 * HOUR, 3 * HOUR)
    assert outage.share == 21 / 24


def test_what_the_guarantee_does_not_cover_is_down_but_not_lost() -> None:
    banned = told(flip("1/00:00", State.CONNECTED), flip("2/00:00", State.BANNED, covered=False))
    assert (banned.down, banned.lost) == (16 * HOUR, timedelta())


def test_a_state_from_before_the_period_holds_at_its_start_and_other_channels_do_not_matter() -> None:
    mine = [flip("1/00:00", State.CONNECTED), flip("2/00:00", State.QR_REQUIRED, connector="other")]
    assert availability(spans(mine, WAZZUP, at("2/00:00"), UNTIL), ALWAYS).up == 48 * HOUR


def test_a_restricted_channel_is_up_and_an_unreachable_one_unknown() -> None:
    mixed = told(flip("1/00:00", State.RESTRICTED), flip("2/00:00", State.UNREACHABLE), flip("3/00:00", State.UNKNOWN))
    assert (mixed.up, mixed.unknown, mixed.knowledge) == (8 * HOUR, 16 * HOUR, 1 / 3)


def test_a_day_shows_the_gravest_of_its_states() -> None:
    flips = [flip("1/00:00", State.CONNECTED), flip("2/10:00", State.QR_REQUIRED), flip("2/11:00", State.CONNECTED)]
    days = by_day(spans(flips, WAZZUP, SINCE, UNTIL), "UTC", SINCE, UNTIL)
    assert [state for _, state in days] == [State.CONNECTED, State.QR_REQUIRED, State.CONNECTED]
    moscow = by_day(spans(flips, WAZZUP, SINCE, UNTIL), "Europe/Moscow", SINCE, UNTIL)
    assert len(moscow) == 4  # it begins at three in the morning there
