"""When the next two-weekly review is due: counted from the guarantee's start, without one from a fixed Monday."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.core.policy import Policy

USUAL = timedelta(days=14)
A_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def next_review(policy: Policy, at: datetime) -> datetime:
    """The first review after `at`."""
    start, every = A_MONDAY, USUAL
    if policy.guarantee is not None:
        start, every = policy.guarantee.start, policy.guarantee.review
    return start + ((at - start) // every + 1) * every
