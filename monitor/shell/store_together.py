"""Polls of several portals in one transaction: each of them is kept whole or not at all, and one's fault stays its own.

Durable when told so, like a poll that is written by itself; the price of a commit is shared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from sqlalchemy import Connection

from monitor.core.memory import Judgement, PortalState
from monitor.core.sharing import shard_of
from monitor.shell.store_engine import StoreError
from monitor.shell.store_rows import changes_of
from monitor.shell.store_thread import Errand, Outcome
from monitor.shell.store_totals import EVERY, add_up
from monitor.shell.store_transactions import Transactions
from monitor.shell.store_writing import Change, write

ENOUGH = 2  # polls that the store itself refuses one after the other: the rest would only wait for the same words


class Poll(NamedTuple):
    """What there is to be kept of one."""

    portal: str
    before: PortalState
    judgement: Judgement


class Worded(NamedTuple):
    """A poll in rows, and where its outcome goes. `counts`: whether it notes something for the counters."""

    portal: str
    changes: list[Change]
    counts: bool
    outcome: Outcome


class Polls:
    """Lives in the store's thread."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._noted: dict[str, int] = {}  # polls since the sums were made; none: what an earlier life left waits

    def write(self, errands: Sequence[Errand[Poll]]) -> None:
        """Leaves in each errand what came of it."""
        for polls in self._parted(_worded(errands)):
            if len(polls) == 1 or not self._are_written(polls):
                self._write_each(polls)

    def _parted(self, polls: list[Worded]) -> Iterator[list[Worded]]:
        """By shard where portals are shared: a change of hands concerns all of a transaction or none, and no
        transaction waits for one shard while it keeps another."""
        if self._transactions.fence is None:
            return iter([polls] if polls else [])
        shards = self._transactions.fence.shards
        ordered = sorted(polls, key=lambda poll: shard_of(poll.portal, shards))
        return (list(mine) for _, mine in groupby(ordered, key=lambda poll: shard_of(poll.portal, shards)))

    def _are_written(self, polls: Sequence[Worded]) -> bool:
        """False where one of them, or the store, stood in the way: nothing of any is written then."""
        attempt = Outcome()
        with attempt:
            self._write(polls)
        return attempt.error is None

    def _write_each(self, polls: Iterable[Worded]) -> None:
        refusals: list[StoreError] = []
        for poll in polls:
            with poll.outcome:
                if len(refusals) == ENOUGH:
                    raise StoreError(*refusals[-1].args)
                self._write([poll])
            if isinstance(poll.outcome.error, StoreError):
                refusals.append(poll.outcome.error)
            else:
                refusals.clear()

    def _write(self, polls: Sequence[Worded]) -> None:
        counting = Counter(poll.portal for poll in polls if poll.counts)
        noted = {portal: self._noted.get(portal, EVERY) + count for portal, count in counting.items()}
        due = [portal for portal, count in noted.items() if count >= EVERY]
        changes = [change for poll in polls for change in poll.changes]

        def work(connection: Connection) -> None:
            write(connection, changes)
            for portal in due:
                add_up(connection, portal)

        self._transactions.run(work, [poll.portal for poll in polls])
        self._noted.update(noted | dict.fromkeys(due, 0))


def _worded(errands: Iterable[Errand[Poll]]) -> list[Worded]:
    """Those that can be put in rows; what cannot is the fault of that poll alone."""
    worded = []
    for errand in errands:
        portal, before, judgement = errand.work
        with errand.outcome:
            changes = changes_of(portal, before, judgement)
            worded.append(Worded(portal, changes, bool(judgement.ended), errand.outcome))
    return worded
