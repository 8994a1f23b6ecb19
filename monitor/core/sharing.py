"""Portals shared out over several processes: which shard a portal is in, how many shards are one process's part.

A shard is what changes hands: a fixed share of all names of portals. A process that holds one may ask and write of its
portals until its lease runs out; the term counts how often the shard has changed hands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2s

EVERYBODYS = ""  # the name under which what belongs to no portal is in one process's hands, as if it were one


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One shard in our hands. `until`: seconds of our monotonic clock, counted from before the database was asked."""

    shard: int
    term: int
    until: float


def shard_of(portal: str, shards: int) -> int:
    """0 .. shards - 1, the same in every process and version."""
    return int.from_bytes(blake2s(portal.encode(), digest_size=8).digest()) % shards


def part(shards: int, processes: int) -> int:
    """How many shards one of so many processes holds at most: all of them hold all."""
    return -(-shards // max(1, processes))


def surplus(held: Collection[int], shards: int, processes: int) -> list[int]:
    """What one process gives up when others have come; the highest numbers, so that what stays is stable."""
    return sorted(held)[part(shards, processes) :]


def lapsed(held: Mapping[int, Lease], now: float) -> list[int]:
    """Shards that nobody vouches for any more: the database was not reached in time, or we were asleep."""
    return [shard for shard, lease in held.items() if now >= lease.until]
