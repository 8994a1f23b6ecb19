"""While the daemon was down nobody saw the channels: that time is unknown, neither up nor down (D14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from judgement_parts import BOT, ERROR, MINUTE, OK, START, WAZZUP, flag, make_policy, word
from replies_parts import ALWAYS

from monitor.core.availability import availability, spans
from monitor.core.desk import Context, judge
from monitor.core.memory import Flip, PortalState
from monitor.core.model import Failure, Reason, State
from monitor.core.policy import ChannelPolicy
from monitor.core.reading import ClockSeen, Reading
from monitor.core.timeline import days_of, spans_of, uptime

DAY = timedelta(days=1)
TIMEOUT = Failure(reason=Reason.TIMEOUT)


class Life:
    """A portal with one channel, a poll a minute; `stop` is the daemon's end, the next poll its new start."""

    def __init__(self, **wishes: object) -> None:
        self.policy = make_policy(**wishes)
        self.state, self.now = PortalState(portal="acme"), START
        self.flips: list[Flip] = []

    def poll(self, bits=OK, *, failure: Failure | None = None, times: int = 1) -> None:
        for _ in range(times):
            self.now += MINUTE
            clock = ClockSeen(portal=self.now, asked=self.now, answered=self.now)
            told = () if failure else (clock, flag(WAZZUP, bits))
            self._judge(
                Reading(probe="connector_status", source="bitrix24", at=self.now, findings=told, failure=failure)
            )

    def hear(self, state: State) -> None:
        self.now += MINUTE
        self._judge(Reading(probe="wazzup", source="wazzup", at=self.now, findings=(word(state),)))

    def stop(self, away: timedelta) -> None:
        """What the store keeps is the state without what a start makes anew."""
        self.now += away
        self.state = replace(self.state, judged_by=None, calm_until=None, watched_since=None)

    def _judge(self, *readings: Reading) -> None:
        judged = judge(self.state, readings, self.policy, Context(), now=self.now, real_now=self.now)
        self.state = judged.state
        self.flips += judged.flips

    def told(self) -> list[tuple[datetime, State]]:
        return [(flip.at, flip.after) for flip in self.flips]


def test_four_days_without_the_daemon_are_unknown_and_not_up() -> None:
    life = Life()
    life.poll(times=3)
    left = life.now
    life.stop(4 * DAY)
    life.poll(times=3)
    back = life.now - 2 * MINUTE
    assert life.told()[1:] == [(left, State.UNKNOWN), (back, State.CONNECTED)]
    told = availability(spans(life.flips, WAZZUP, START, life.now), ALWAYS)
    assert (told.up, told.down, told.unknown) == (4 * MINUTE, timedelta(), 4 * DAY + 2 * MINUTE)
    assert told.share == 1.0
    assert told.knowledge is not None
    assert told.knowledge < 0.01


def test_the_days_of_the_channels_page_that_nobody_watched_are_neither_up_nor_down() -> None:
    life = Life()
    life.poll(times=2)
    life.stop(4 * DAY)
    life.poll()
    past = spans_of(life.flips, life.state.channels[WAZZUP], START, life.now)
    days = days_of(past, "UTC", START, life.now)
    assert [bool(day.up or day.down) for day in days] == [True, False, False, False, False]
    assert uptime(days) == 1.0


def test_a_channel_that_broke_while_nobody_watched_is_down_from_the_first_good_poll_on() -> None:
    life = Life()
    life.poll()
    left = life.now
    life.stop(DAY)
    life.poll(ERROR)
    lost, broken = life.flips[1:]
    assert (lost.at, lost.before, lost.after) == (left, State.CONNECTED, State.UNKNOWN)
    assert (broken.at, broken.before) == (life.now, State.UNKNOWN)
    assert broken.after is life.state.channels[WAZZUP].diagnosis.state


def test_what_was_down_before_is_unknown_in_the_gap_and_its_outage_goes_on() -> None:
    life = Life()
    life.poll(ERROR, times=2)
    life.stop(DAY)
    life.poll(ERROR)
    told = availability(spans(life.flips, WAZZUP, START, life.now), ALWAYS)
    assert (told.down, told.unknown) == (MINUTE, DAY + 2 * MINUTE)
    assert life.state.channels[WAZZUP].outages == ((START + MINUTE, None),)


def test_a_restart_of_some_minutes_is_no_gap() -> None:
    life = Life()
    life.poll()
    life.stop(18 * MINUTE)
    life.poll(times=2)
    assert len(life.told()) == 1


def test_a_rare_poll_makes_a_gap_of_more_than_four_of_its_rounds_only() -> None:
    for hours, flips in ((3, 1), (5, 3)):
        life = Life(poll=timedelta(hours=1))
        life.poll()
        life.stop(timedelta(hours=hours))
        life.poll()
        assert len(life.told()) == flips


def test_a_running_daemons_slow_polls_are_no_gap() -> None:
    life = Life()
    life.poll()
    life.now += DAY
    life.poll()
    assert len(life.told()) == 1


def test_the_gap_ends_with_the_first_good_poll_however_many_failed_before_it() -> None:
    life = Life()
    life.poll()
    left = life.now
    life.stop(DAY)
    life.poll(failure=TIMEOUT, times=2)
    assert len(life.told()) == 1
    life.poll()
    assert life.told()[1:] == [(left, State.UNKNOWN), (life.now, State.CONNECTED)]


def test_a_portal_that_stays_out_of_sight_after_the_start_has_been_so_since_it_was_seen_last() -> None:
    life = Life()
    life.poll()
    left = life.now
    life.stop(DAY)
    life.poll(failure=TIMEOUT, times=3)
    assert life.told()[1:] == [(left, State.UNKNOWN)]
    life.stop(DAY)
    life.poll(times=2)  # a portal is back with its second good poll
    assert life.told()[2:] == [(life.now, State.CONNECTED)]


def test_a_second_start_before_the_portal_answers_tells_of_one_gap() -> None:
    life = Life()
    life.poll()
    left = life.now
    life.stop(DAY)
    life.poll(failure=TIMEOUT)
    life.stop(DAY)
    life.poll()
    assert life.told()[1:] == [(left, State.UNKNOWN), (life.now, State.CONNECTED)]


def test_a_channel_that_its_provider_told_of_lately_was_watched() -> None:
    life = Life(channels={WAZZUP: ChannelPolicy(provider="wazzup-main", account="a1")})
    life.poll()
    life.poll(failure=TIMEOUT, times=2)
    life.now += DAY
    life.hear(State.CONNECTED)
    life.stop(5 * MINUTE)
    before = len(life.flips)
    life.poll()
    assert life.told()[before:] == []


def test_what_is_gone_from_the_portal_has_no_gap() -> None:
    life = Life()
    life.poll()
    gone = replace(life.state.channels[WAZZUP], gone=True)
    life.state = replace(life.state, channels={BOT: gone})
    life.stop(DAY)
    life.poll()
    assert [flip.connector for flip in life.flips[1:]] == [WAZZUP.connector]
    assert life.flips[1].before is None
