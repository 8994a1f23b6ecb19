"""A portal's wishes with a guarantee in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.past_reviews import KeptReview
from monitor.core.policy import Guarantee, Policy

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # a Monday, 09:00 in Moscow
GUARANTEE = Guarantee(option="messengers", start=START - 30 * DAY, end=START + 335 * DAY, service_price=60_000)


def make_policy(**wishes: object) -> Policy:
    policy = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", guarantee=GUARANTEE)
    return replace(policy, **wishes)  # type: ignore[arg-type]  # the wishes are named by the tests


def kept(number: int, **wishes: object) -> KeptReview:
    since = GUARANTEE.start + 14 * DAY * (number - 1)
    made = KeptReview(
        number=number,
        since=since,
        until=since + 14 * DAY,
        made=since + 14 * DAY,
        met=8,
        n=10,
        share=0.8,
        missed=1,
        advice=(),
    )
    return replace(made, **wishes)  # type: ignore[arg-type]  # the wishes are named by the tests
