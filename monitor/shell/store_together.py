"""Polls of several portals in one transaction: each of them is kept whole or not at all, and one's fault stays its own.

Durable when told so, like a poll that is written by itself; the price of a commit is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection

from monitor.core.memory import Judgement, PortalState
from monitor.core.sharing import shard_of
from monitor.shell.fence import Fence
from monitor.shell.store_engine import StoreError
from monitor.shell.store_rows import changes_of
from monitor.shell.store_thread import Errand, Outcome
from monitor.shell.store_writing import Change, write

Transaction = Callable[[Callable[[Connection], Any], Collection[str]], Any]
ENOUGH = 2  # polls that the store itself refuses one after the other: the rest would only wait for the same words


class Poll(NamedTuple):
    """What there is to be kept of one."""

    portal: str
    before: PortalState
    judgement: Judgement


class Worded(NamedTuple):
    """A poll in rows, and where its outcome goes."""

    portal: str
    changes: list[Change]
    outcome: Outcome


def write_together(errands: Sequence[Errand[Poll]], transaction: Transaction, fence: Fence | None) -> None:
    """Leaves in each errand what came of it. StoreError and Fenced as `transaction` raises them."""
    for polls in _parted(_worded(errands), fence):
        if len(polls) == 1 or not _is_written(polls, transaction):
            _write_each(polls, transaction)


def _worded(errands: Iterable[Errand[Poll]]) -> list[Worded]:
    """Those that can be put in rows; what cannot is the fault of that poll alone."""
    worded = []
    for errand in errands:
        with errand.outcome:
            worded.append(Worded(errand.work.portal, changes_of(*errand.work), errand.outcome))
    return worded


def _parted(polls: list[Worded], fence: Fence | None) -> Iterator[list[Worded]]:
    """By shard where portals are shared: a change of hands concerns all of a transaction or none, and no transaction
    waits for one shard while it keeps another."""
    if fence is None:
        return iter([polls] if polls else [])
    shards = fence.shards
    ordered = sorted(polls, key=lambda poll: shard_of(poll.portal, shards))
    return (list(mine) for _, mine in groupby(ordered, key=lambda poll: shard_of(poll.portal, shards)))


def _is_written(polls: Sequence[Worded], transaction: Transaction) -> bool:
    """False where one of them, or the store, stood in the way: nothing of any is written then."""
    attempt = Outcome()
    changes = [change for poll in polls for change in poll.changes]
    with attempt:
        transaction(partial(write, changes=changes), [poll.portal for poll in polls])
    return attempt.error is None


def _write_each(polls: Iterable[Worded], transaction: Transaction) -> None:
    refusals: list[StoreError] = []
    for poll in polls:
        with poll.outcome:
            if len(refusals) == ENOUGH:
                raise StoreError(*refusals[-1].args)
            transaction(partial(write, changes=poll.changes), [poll.portal])
        if isinstance(poll.outcome.error, StoreError):
            refusals.append(poll.outcome.error)
        else:
            refusals.clear()
