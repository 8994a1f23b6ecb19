"""Shares of portals: the same in every process, even, stable, and over when the lease is."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.sharing import Lease, lapsed, part, shard_of, surplus


def test_a_portal_is_in_the_same_shard_for_good() -> None:
    assert [shard_of(name, 64) for name in ("acme", "rival", "")] == [45, 42, 28]


def test_ten_thousand_portals_fill_the_shards_evenly() -> None:
    counted = Counter(shard_of(f"portal-{number}", 64) for number in range(10_000))
    assert set(counted) == set(range(64))
    assert max(counted.values()) < 1.3 * 10_000 / 64


@given(st.integers(1, 1024), st.integers(1, 200))
def test_the_parts_of_all_processes_hold_every_shard_and_none_has_one_too_many(shards: int, processes: int) -> None:
    assert part(shards, processes) * processes >= shards
    assert (part(shards, processes) - 1) * processes < shards


def test_an_empty_list_of_processes_counts_as_ourselves() -> None:
    assert part(12, 0) == 12


@given(st.sets(st.integers(0, 63)), st.integers(1, 70))
def test_what_is_given_up_is_what_is_beyond_the_part_and_what_stays_stays(held: set[int], processes: int) -> None:
    gone = surplus(held, 64, processes)
    kept = sorted(held - set(gone))
    assert len(kept) == min(len(held), part(64, processes))
    assert kept == sorted(held)[: len(kept)]


def test_a_lease_is_over_at_its_last_moment() -> None:
    held = {1: Lease(shard=1, term=4, until=10.0), 2: Lease(shard=2, term=1, until=10.1)}
    assert lapsed(held, 9.9) == []
    assert lapsed(held, 10.0) == [1]
    assert lapsed(held, 11.0) == [1, 2]
