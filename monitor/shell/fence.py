"""What one of several processes may still do: ask portals within its lease, write rows within its term.

The lease is looked at before every request, the term inside every transaction: who was asleep, cut off from the
database or taken for dead finds both closed, whatever he still believes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sqlalchemy import Connection, text

from monitor.core.sharing import Lease, lapsed, shard_of

# The weakest lock that keeps a change of hands waiting (shell/leases.py: FOR UPDATE). Our own beats and a long
# transaction do not wait for each other: no lease is lost while we write, and who falls asleep is waited for once.
_STILL_OURS = text("SELECT 1 FROM shards WHERE shard = :shard AND term = :term FOR KEY SHARE")


class Fenced(Exception):
    """The portal is in other hands, or may be: nothing more is asked or written of it here."""


class Fence:
    """The leases of this process."""

    def __init__(self, shards: int, monotonic: Callable[[], float]) -> None:
        self.shards = shards
        self._monotonic = monotonic
        self._held: dict[int, Lease] = {}

    def grant(self, lease: Lease) -> None:
        self._held[lease.shard] = lease

    def drop(self, shard: int) -> None:
        self._held.pop(shard, None)

    def held(self) -> dict[int, Lease]:
        """What is in our hands by our own clock."""
        gone = set(lapsed(self._held, self._monotonic()))
        return {shard: lease for shard, lease in self._held.items() if shard not in gone}

    def allows(self, portal: str) -> bool:
        lease = self._held.get(shard_of(portal, self.shards))
        return lease is not None and self._monotonic() < lease.until

    def permit(self, portal: str) -> None:
        """Fenced unless the portal is ours at this moment."""
        if not self.allows(portal):
            raise Fenced(f"portal {portal}: this process does not hold shard {shard_of(portal, self.shards)}")

    def check(self, connection: Connection, portals: Iterable[str]) -> None:
        """Fenced unless the database agrees. A change of hands waits until this transaction is over."""
        for shard in sorted({shard_of(portal, self.shards) for portal in portals}):
            lease = self._held.get(shard)
            term = lease.term if lease is not None else None
            if term is None or connection.execute(_STILL_OURS, {"shard": shard, "term": term}).first() is None:
                raise Fenced(f"shard {shard} has changed hands after term {term}")
