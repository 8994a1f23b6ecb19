"""What providers' probes want to know again after a restart, kept with each portal that has channels of the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.core.memory import AccountMemory
from monitor.core.policy import Policy
from monitor.core.reading import AccountNoted, Finding

Accounts = Mapping[str, AccountMemory]  # by the config's name of the provider entry


def fold_accounts(known: Accounts, findings: Sequence[Finding], policy: Policy, now: datetime) -> Accounts:
    """`at` moves on only with news. Of an entry that the config names no more nothing is kept."""
    noted = [finding for finding in findings if isinstance(finding, AccountNoted)]
    if not noted:
        return known
    after = {name: one for name, one in known.items() if name in policy.provider_types}
    for one in noted:
        before = after.get(one.provider)
        if not one.kept:
            after.pop(one.provider, None)
        elif before is None or (before.type, before.kept) != (one.type, one.kept):
            after[one.provider] = AccountMemory(type=one.type, kept=one.kept, at=now)
    return known if after == known else after


def newest(told: Iterable[AccountMemory | None], type_: str) -> Mapping[str, object]:
    """Several portals may have kept something of one account: what was learnt last counts."""
    mine = [one for one in told if one is not None and one.type == type_]
    return max(mine, key=lambda one: one.at).kept if mine else {}
