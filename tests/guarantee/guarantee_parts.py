"""A portal's wishes with a guarantee in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from monitor.core.policy import Guarantee, Policy

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # a Monday, 09:00 in Moscow
GUARANTEE = Guarantee(option="messengers", start=START - 30 * DAY, end=START + 335 * DAY, service_price=60_000)


def make_policy(**wishes: object) -> Policy:
    policy = Policy(portal="acme", url="https://acme.bitrix24.ru", timezone="Europe/Moscow", guarantee=GUARANTEE)
    return replace(policy, **wishes)  # type: ignore[arg-type]  # the wishes are named by the tests
