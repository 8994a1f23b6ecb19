"""One cause behind many portals: channels of one provider that fail at once are the provider's outage, told once.

What a portal alone looks like tells nothing of it; the daemon counts over all portals it watches and hands the outcome
to each of them. Where several processes share the portals, each tells the others what fails on its own, one of them
counts, and its outcome is everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.binding import guess_of
from monitor.core.incident import IncidentKind
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import State
from monitor.core.policy import Policy

PORTALS = 5
WINDOW = timedelta(minutes=10)
KEPT_EVERY = timedelta(minutes=1)  # how exact the last moment of a crowd has to be for the one who counts next

# What a provider's trouble makes of a channel. A ban, a bill or a revoked token is the customer's own.
SHARED = frozenset(
    {
        State.QR_REQUIRED,
        State.CONNECTING,
        State.PHONE_OFFLINE,
        State.RESTRICTED,
        State.UNREACHABLE,
        State.UNKNOWN,
    }
)
# Software on the customers' own servers: five of them at once have no common cause that we could name.
OWN_SERVERS = frozenset({"waha", "evolution"})

Failing = Mapping[str, datetime]  # by provider type: when the last of its channels began to fail


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """`since` when the first portal of the crowd failed; `portals` how many have failed since and still do; `crowded`
    the last moment at which there were enough of them."""

    provider: str
    since: datetime
    portals: int
    crowded: datetime


def provider_of(memory: ChannelMemory, state: PortalState, policy: Policy) -> str:
    """The provider's type: as the config binds it, else as the connector's id and title tell. "" = not known."""
    bound = memory.channel.provider
    if bound is not None:
        type_ = policy.provider_types.get(bound, "")
    else:
        guess = guess_of(memory.channel.connector, state.connectors.get(memory.channel.connector, ""))
        type_ = guess.type if guess is not None else ""
    return "" if type_ in OWN_SERVERS else type_


def failing(state: PortalState, policy: Policy) -> Failing:
    """Of one portal's channels; a portal out of sight tells nothing."""
    found: dict[str, datetime] = {}
    for memory in state.channels.values():
        if memory.diagnosis.state in SHARED and memory.hidden is None and not memory.gone:
            type_ = provider_of(memory, state, policy)
            if type_:
                found[type_] = max(found.get(type_, memory.since), memory.since)
    return found


def outages(portals: Mapping[str, Failing], before: Mapping[str, Outage], now: datetime) -> dict[str, Outage]:
    """What goes on at the providers. An outage outlives its crowd by a window: who recovers last is part of it."""
    types = {type_ for one in portals.values() for type_ in one}
    found = {}
    for type_ in sorted(types):
        starts = sorted(one[type_] for one in portals.values() if type_ in one)
        since = _crowd(starts, before.get(type_))
        if since is not None:
            count = sum(at >= since for at in starts)
            found[type_] = Outage(provider=type_, since=since, portals=count, crowded=now)
        elif type_ in before and now - before[type_].crowded < WINDOW:
            found[type_] = before[type_]
    return found


def told_by(state: PortalState) -> dict[str, Outage]:
    """The outages of which a portal has an open incident, as they were at its last good poll: what a start goes on
    with. How many others there were it does not know."""
    found = {}
    for one in state.incidents.values():
        if one.kind is IncidentKind.PROVIDER_OUTAGE:
            since = one.since or one.opened
            seen = max(since, state.memory.last_success or one.updated)
            found[one.subject] = Outage(provider=one.subject, since=since, portals=1, crowded=seen)
    return found


def joined(known: Mapping[str, Outage], told: Mapping[str, Outage]) -> dict[str, Outage]:
    """With what one more portal tells: since the first of them, until the last."""
    found = dict(known)
    for type_, one in told.items():
        other = found.get(type_, one)
        since, crowded = min(one.since, other.since), max(one.crowded, other.crowded)
        found[type_] = replace(other, since=since, crowded=crowded)
    return found


def _crowd(starts: list[datetime], before: Outage | None) -> datetime | None:
    """When the crowd began: enough portals within one window; one that goes on needs only its number."""
    if before is not None and sum(at >= before.since for at in starts) >= PORTALS:
        return before.since
    for first, last in zip(starts, starts[PORTALS - 1 :], strict=False):
        if last - first <= WINDOW:
            return first
    return None


def untold(ours: Mapping[str, Failing], told: Mapping[str, Failing]) -> dict[str, Failing]:
    """What the others do not know of our portals yet; a portal that is well again has nothing that fails."""
    return {portal: now for portal, now in ours.items() if now != told.get(portal, {})}


def is_news(before: Mapping[str, Outage], found: Mapping[str, Outage]) -> bool:
    """Whether it has to be told and kept: one began or ended, or what is kept of its crowd has grown old."""
    if before.keys() != found.keys():
        return True
    pairs = [(before[type_], found[type_]) for type_ in found]
    return any(old.since != new.since or new.crowded - old.crowded >= KEPT_EVERY for old, new in pairs)
