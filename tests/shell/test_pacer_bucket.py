"""Our copy of the portal's leaky bucket never lets a request through that the portal would reject."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from monitor.shell.pacer import Pacer, Rate


@dataclass
class Bucket:
    """The portal's counter as its page describes it: +1 a request, drained per second, above burst rejected."""

    rate: Rate
    level: float = 0.0
    at: float = 0.0

    def accepts(self, now: float) -> bool:
        self.level = max(0.0, self.level - (now - self.at) * self.rate.per_second) + 1
        self.at = now
        return self.level <= self.rate.burst


@dataclass
class Timeline:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def asked_at(pacer: Pacer, timeline: Timeline, steps: int = 20) -> float:
    """When a request that wants to leave now does leave; time stands still but for the waiting."""
    while (wait := pacer.wait()) > 0:
        timeline.now += wait
        steps -= 1
        assert steps, "the waiting does not end"
    asyncio.run(pacer.take())
    return timeline.now


rates = st.builds(Rate, per_second=st.floats(0.5, 10), burst=st.integers(4, 60))
pauses = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.3, 2.0, 30.0]), min_size=1, max_size=60)


@given(rates, pauses, st.lists(st.floats(0, 0.2), min_size=60, max_size=60))
def test_no_request_overflows_the_portals_bucket_even_when_the_way_is_uneven(
    rate: Rate, gaps: list[float], way: list[float]
):
    timeline = Timeline()
    pacer, bucket = Pacer(rate, timeline), Bucket(rate)
    arrivals = []
    for gap, delay in zip(gaps, way, strict=False):
        timeline.now += gap
        arrivals.append(asked_at(pacer, timeline) + delay * min(1.0, 5 / rate.per_second))
    assert all(bucket.accepts(moment) for moment in sorted(arrivals))


def test_a_burst_within_the_bucket_does_not_wait():
    timeline = Timeline()
    pacer = Pacer(Rate(per_second=2, burst=50), timeline)
    assert [asked_at(pacer, timeline) for _ in range(48)] == [0.0] * 48


def test_beyond_the_burst_requests_leave_at_the_draining_rate():
    timeline = Timeline()
    pacer = Pacer(Rate(per_second=2, burst=10), timeline)
    moments = [asked_at(pacer, timeline) for _ in range(12)]
    assert moments[-1] - moments[-3] == 1.0


def test_the_waiting_is_never_longer_than_needed():
    timeline = Timeline()
    pacer = Pacer(Rate(per_second=2, burst=10), timeline)
    for _ in range(8):
        asked_at(pacer, timeline)
    assert 0 < pacer.wait() <= 0.5


def test_after_a_rejection_the_bucket_is_taken_for_full():
    timeline = Timeline()
    pacer = Pacer(Rate(per_second=2, burst=50), timeline)
    pacer.overflowed()
    assert pacer.wait() == 1.5


def test_a_retry_after_shuts_the_portal_for_that_long():
    timeline = Timeline()
    pacer = Pacer(Rate(), timeline)
    pacer.shut(30)
    timeline.now = 10
    assert pacer.wait() == 20


def test_a_pacer_that_is_opened_forgets_the_wait_but_not_what_it_sent():
    pacer = Pacer(Rate(per_second=1, burst=3), Timeline())
    pacer.overflowed()
    pacer.shut(300)
    pacer.open()
    assert pacer.wait() == 3.0


def test_a_tiny_bucket_still_lets_single_requests_through():
    timeline = Timeline()
    pacer = Pacer(Rate(per_second=1, burst=1), timeline)
    assert [asked_at(pacer, timeline) for _ in range(3)] == [0.0, 1.0, 2.0]


@given(rates, st.floats(0, 1e6))
def test_the_waiting_ends_whatever_the_rounding(rate: Rate, uptime: float):
    timeline = Timeline(now=uptime)
    pacer = Pacer(rate, timeline)
    moments = [asked_at(pacer, timeline, steps=3) for _ in range(rate.burst + 2)]
    assert moments[0] == uptime
    assert moments == sorted(moments)
    assert moments[-1] > uptime, "more than the bucket holds has to wait"


@given(st.floats(0.5, 10), st.floats(0, 1e6), st.floats(0, 1e-9))
def test_a_wait_too_short_to_sleep_is_none(per_second: float, uptime: float, rest: float):
    timeline = Timeline(now=uptime)
    pacer = Pacer(Rate(per_second=per_second, burst=10), timeline)
    pacer.shut(rest)
    assert pacer.wait() == 0.0
