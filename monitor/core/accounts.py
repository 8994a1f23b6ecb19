"""Providers' accounts as each portal that has channels of them remembers them.

What their probes want to know again after a restart, since when they are asked, when they last answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.core.memory import AccountMemory, PortalState
from monitor.core.policy import Policy
from monitor.core.reading import OUR_KEY, SHUT, AccountNoted, Finding, ProviderSeen, Reading
from monitor.core.replacing import replace

Accounts = Mapping[str, AccountMemory]  # by the config's name of the provider entry
NOTED_EVERY = timedelta(minutes=15)  # an answer that tells nothing new is not worth a row of the store


def fold_asked(known: Accounts, readings: Sequence[Reading], policy: Policy, now: datetime) -> Accounts:
    """Of an entry that the config names no more nothing is kept, nor of one that names another service now."""
    asked = [reading for reading in readings if reading.account]
    if not asked:
        return known
    after = {name: one for name, one in known.items() if name in policy.provider_types}
    for reading in asked:
        before = after.get(reading.account)
        if before is None or before.type != reading.source:
            before = AccountMemory(type=reading.source, kept={}, at=now)
        is_due = before.seen is None or now - before.seen >= NOTED_EVERY
        seen = now if has_told(reading) and is_due else before.seen
        after[reading.account] = replace(before, since=before.since or now, seen=seen)
    return known if after == known else after


def has_told(reading: Reading) -> bool:
    """Whether a run of a probe was answered at all."""
    return reading.failure is None and bool(reading.findings or reading.failures)


def last_reads(state: PortalState, policy: Policy, lately: Mapping[str, datetime]) -> Mapping[str, datetime]:
    """When the portal, and each service that a channel of it is bound to, was last read; of several accounts the one
    that has been silent longest, of one that never answered since when it is asked. `lately`: by the entry's name, what
    this process has seen itself."""
    told = {} if state.memory.last_success is None else {"bitrix24": state.memory.last_success}
    for name in {wish.provider for wish in policy.channels.values() if wish.provider}:
        known = state.accounts.get(name)
        moments = [lately.get(name), known.seen if known else None]
        at = max(filter(None, moments), default=known.since if known else None)
        if known is not None and at is not None:
            told[known.type] = min(at, told.get(known.type, at))
    return told


def with_term(word: ProviderSeen, known: ProviderSeen | None) -> ProviderSeen:
    """An API that does not let us in says nothing of the paid term: what it said last stands."""
    if word.reason not in {OUR_KEY, SHUT} or known is None or known.valid_until is None:
        return word
    if (known.provider, known.account) != (word.provider, word.account):
        return word
    return replace(word, valid_until=word.valid_until or known.valid_until)


def fold_accounts(known: Accounts, findings: Sequence[Finding], policy: Policy, now: datetime) -> Accounts:
    """`at` moves on only with news. Of an entry that the config names no more nothing is kept."""
    noted = [finding for finding in findings if isinstance(finding, AccountNoted)]
    if not noted:
        return known
    after = {name: one for name, one in known.items() if name in policy.provider_types}
    for one in noted:
        before = after.get(one.provider)
        is_asked = before is not None and before.since is not None
        if not one.kept and not is_asked:
            after.pop(one.provider, None)
        elif before is None or before.type != one.type:
            after[one.provider] = AccountMemory(type=one.type, kept=one.kept, at=now)
        elif before.kept != one.kept:
            after[one.provider] = replace(before, kept=one.kept, at=now)
    return known if after == known else after


def newest(told: Iterable[AccountMemory | None], type_: str) -> Mapping[str, object]:
    """Several portals may have kept something of one account: what was learnt last counts."""
    mine = [one for one in told if one is not None and one.type == type_ and one.kept]
    return max(mine, key=lambda one: one.at).kept if mine else {}
