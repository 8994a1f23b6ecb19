"""When a channel's state, lasting long enough or read often enough, is an incident, and when it is over.

Lengths are measured up to the last reading of the deciding witness: nothing opens or closes on stale knowledge.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.core.assessment import Assessment, Labels, Say, Scene, closing
from monitor.core.channel_words import about_channel, still
from monitor.core.cover import Cover, cover_of_channel
from monitor.core.diagnosis import is_unread, rests_on_portal, shown_since
from monitor.core.incident import Incident, IncidentKind, Severity
from monitor.core.memory import ChannelMemory
from monitor.core.model import BLIND_STATES, State
from monitor.core.patterns import WARNED
from monitor.core.policy import Policy

CONNECTING_FOR = timedelta(minutes=10)
OFFLINE_FOR = timedelta(minutes=30)
LOGOUT_RISK_AFTER = timedelta(days=10)  # linked devices are logged out after 14 days without the phone
SLACK = timedelta(seconds=1)  # polls come a little early or late: a whole number of them is to be enough
FLAPS, QUIET = 6, timedelta(hours=1)

DOWN = frozenset({State.BANNED, State.UNPAID, State.OPENED_ELSEWHERE, State.TOKEN_REVOKED, State.MISCONFIGURED})

_TOLD_BY_FLAG = DOWN | {State.QR_REQUIRED}

# Each state has one kind, so that its trouble is one incident; the order is that of the texts in signals.md.
STATE_KINDS: dict[IncidentKind, Severity] = {
    IncidentKind.QR_RESCAN_REQUIRED: Severity.CRITICAL,
    IncidentKind.CHANNEL_DOWN: Severity.CRITICAL,
    IncidentKind.CHANNEL_DEGRADED: Severity.WARNING,
    IncidentKind.PHONE_LOGOUT_RISK: Severity.CRITICAL,
    IncidentKind.CHANNEL_SILENT: Severity.WARNING,
}
CHANNEL_KINDS = (*STATE_KINDS, IncidentKind.CHANNEL_FLAPPING)

# States on the way to another: they may open an incident of their own, but do not prove that the old trouble is over.
_PASSING = frozenset({State.CONNECTING, State.UNKNOWN, State.UNREACHABLE})
_OVER_AT_ONCE = frozenset({IncidentKind.PHONE_LOGOUT_RISK, IncidentKind.CHANNEL_SILENT})


def channels(scene: Scene) -> Iterator[Assessment]:
    present = {}
    for key, memory in scene.state.channels.items():
        if not memory.gone:
            present[f"{key.line}/{key.connector}"] = memory
    in_trouble = set()
    for incident in scene.opened(*CHANNEL_KINDS):
        in_trouble.add(incident.subject)
        if incident.subject not in present:
            yield closing(incident.kind, incident.subject, "gone")
    for subject, memory in present.items():
        if is_unread(memory):
            yield from _unread(scene, subject, memory)
        if memory.hidden is not None or (_is_well(memory) and subject not in in_trouble):
            continue
        yield from _states(scene, subject, memory)
        yield from _flapping(scene, subject, memory)


def _is_well(memory: ChannelMemory) -> bool:
    """Nothing of it can open an incident."""
    return memory.diagnosis.state is State.CONNECTED and not memory.flips


def _unread(scene: Scene, subject: str, memory: ChannelMemory) -> Iterator[Assessment]:
    """That nobody can tell its state. What was told before goes on, but for a silence that a customer has broken."""
    kind, others = IncidentKind.CHANNEL_DEGRADED, False
    for incident in scene.opened(*CHANNEL_KINDS):
        if incident.subject == subject and incident.kind is IncidentKind.CHANNEL_SILENT and not _is_silent(memory):
            yield closing(incident.kind, subject, "recovered")
        elif incident.subject == subject:
            others |= incident.kind is not kind or ("state", State.UNKNOWN.value) not in incident.labels
    if not others and memory.unread >= scene.policy.confirm_open:
        yield _opening(scene, kind, subject, memory)


def _is_silent(memory: ChannelMemory) -> bool:
    return memory.hidden is not None and memory.hidden.state is State.SILENT


def _states(scene: Scene, subject: str, memory: ChannelMemory) -> Iterator[Assessment]:
    due = due_kind(memory, scene.policy)
    for kind in STATE_KINDS:
        if kind is due:
            yield _opening(scene, kind, subject, memory)
        elif (incident := scene.of(kind, subject)) is None:
            continue
        elif reason := _end(kind, due, memory, scene.policy):
            yield closing(kind, subject, reason, _ended(incident, memory))
        elif memory.diagnosis.state in _PASSING:
            yield Assessment(kind=kind, subject=subject, say=Say.HOLD, texts=still(incident, memory, scene))


def due_kind(memory: ChannelMemory, policy: Policy) -> IncidentKind | None:
    """The kind whose opening condition the present state fulfils."""
    state, confirmed = memory.diagnosis.state, memory.streak >= policy.confirm_open
    lasted = _seen_at(memory) - memory.since
    if state is State.QR_REQUIRED:
        return IncidentKind.QR_RESCAN_REQUIRED if confirmed or _by_provider(memory) else None
    if memory.diagnosis.cause == WARNED:
        return IncidentKind.CHANNEL_DEGRADED if confirmed else None
    if state in DOWN:
        return IncidentKind.CHANNEL_DOWN if confirmed else None
    if state is State.SILENT:
        return IncidentKind.CHANNEL_SILENT
    if state is State.PHONE_OFFLINE and _seen_at(memory) - (memory.phone_gone or memory.since) >= LOGOUT_RISK_AFTER:
        return IncidentKind.PHONE_LOGOUT_RISK
    degraded = (
        (state is State.CONNECTING and lasted > CONNECTING_FOR)
        or (state is State.PHONE_OFFLINE and lasted > OFFLINE_FOR)
        or (state is State.RESTRICTED and confirmed)
        or (state in BLIND_STATES and _by_provider(memory) and confirmed)
    )
    return IncidentKind.CHANNEL_DEGRADED if degraded else None


def wants_second_look(memory: ChannelMemory, policy: Policy) -> bool:
    """The portal's flag tells of trouble, and not yet often enough to be believed."""
    if memory.gone or memory.hidden is not None or memory.streak >= policy.confirm_open or _by_provider(memory):
        return False
    return memory.diagnosis.state in _TOLD_BY_FLAG


def _end(kind: IncidentKind, due: IncidentKind | None, memory: ChannelMemory, policy: Policy) -> str:
    """Why an open incident of this kind is over; "" = it is not."""
    state = memory.diagnosis.state
    if kind is IncidentKind.PHONE_LOGOUT_RISK and memory.phone_gone is None and due is None:
        return "recovered"
    if state is State.CONNECTED:
        return "recovered" if kind in _OVER_AT_ONCE or is_settled(memory, policy) else ""
    if due is None or state in _PASSING:
        return ""
    return "escalated" if STATE_KINDS[kind] is Severity.WARNING else "changed"


def _ended(incident: Incident, memory: ChannelMemory) -> datetime | None:
    """When it was connected again: that we waited for it to last is no part of the trouble, nor of the channel's time
    down. None where that is not known, as of a flag that nobody could read."""
    began_at = incident.since or incident.opened
    return memory.since if memory.diagnosis.state is State.CONNECTED and memory.since > began_at else None


def is_settled(memory: ChannelMemory, policy: Policy) -> bool:
    """Connected often enough and long enough: a rescan is followed by minutes of hiccups."""
    since = memory.well_since
    return (
        memory.well >= policy.confirm_close and since is not None and _seen_at(memory) - since >= policy.settle - SLACK
    )


def _flapping(scene: Scene, subject: str, memory: ChannelMemory) -> Iterator[Assessment]:
    kind = IncidentKind.CHANNEL_FLAPPING
    recent = [at for at in memory.flips if _seen_at(memory) - at < QUIET]
    if len(recent) >= FLAPS:
        yield _opening(scene, kind, subject, memory)
    elif not recent and (incident := scene.of(kind, subject)) is not None:
        last = memory.since if memory.since > (incident.since or incident.opened) else None
        yield closing(kind, subject, "recovered", last)


def _opening(scene: Scene, kind: IncidentKind, subject: str, memory: ChannelMemory) -> Assessment:
    flapping = kind is IncidentKind.CHANNEL_FLAPPING
    cover = cover_of_channel(memory, scene.state, scene.policy)
    return Assessment(
        kind=kind,
        subject=subject,
        say=Say.OPEN,
        severity=STATE_KINDS.get(kind, Severity.WARNING),
        covered=memory.diagnosis.covered and cover is Cover.COVERED,
        cover="" if cover is Cover.COVERED else cover.value,
        through_portal=rests_on_portal(memory.diagnosis),
        since=memory.flips[0] if flapping else began(kind, memory),
        labels=_labels(memory, scene.policy, with_state=not flapping),
        texts=about_channel(kind, memory, scene),
    )


def began(kind: IncidentKind, memory: ChannelMemory) -> datetime:
    gone = memory.phone_gone if kind is IncidentKind.PHONE_LOGOUT_RISK else None
    return gone or shown_since(memory)


def _labels(memory: ChannelMemory, policy: Policy, *, with_state: bool) -> Labels:
    channel = memory.channel
    place = (("connector", channel.connector), ("line", str(channel.line)), ("messenger", channel.messenger.value))
    own = (*place, ("source", _source(memory, policy)))
    return (*own, ("state", memory.diagnosis.state.value)) if with_state else own


def _source(memory: ChannelMemory, policy: Policy) -> str:
    """Who decides: what a provider told is true while the portal is away, and must be heard then."""
    if memory.provider is None or not _by_provider(memory):
        return "bitrix24"
    return policy.provider_types.get(memory.provider.provider, memory.provider.provider)


def _by_provider(memory: ChannelMemory) -> bool:
    return not rests_on_portal(memory.diagnosis)


def _seen_at(memory: ChannelMemory) -> datetime:
    """When the witness that decides was last read."""
    seen = memory.provider_at if _by_provider(memory) else memory.flag_at
    return seen or memory.since
