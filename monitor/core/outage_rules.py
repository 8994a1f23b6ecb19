"""A provider's outage as one portal has it: one incident in place of those of its channels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from monitor.core.assessment import Assessment, Say, Scene, closing
from monitor.core.channel_rules import CHANNEL_KINDS, due_kind, is_settled
from monitor.core.diagnosis import OUT_OF_SIGHT
from monitor.core.incident import Incident, IncidentKind, Severity
from monitor.core.memory import ChannelMemory
from monitor.core.model import State
from monitor.core.outage_words import about_outage
from monitor.core.shared_cause import SHARED, provider_of

KIND = IncidentKind.PROVIDER_OUTAGE


def provider_outages(scene: Scene) -> Iterator[Assessment]:
    for incident in scene.opened(KIND):
        if incident.subject not in scene.outages:
            yield from _after(scene, incident)
    for type_, outage in scene.outages.items():
        ill = failing_of(scene, type_, outage.since)
        if any(due_kind(memory, scene.policy) is not None for memory in ill.values()):
            yield Assessment(
                kind=KIND,
                subject=type_,
                say=Say.OPEN,
                severity=Severity.CRITICAL,
                through_portal=False,
                since=outage.since,
                labels=(("provider", type_),),
                texts=about_outage(outage, ill, scene),
            )
        elif scene.is_open(KIND, type_) and not ill and _are_settled(scene, type_):
            yield closing(KIND, type_, "recovered", _ended(scene, type_, outage.since))


def _after(scene: Scene, incident: Incident) -> Iterator[Assessment]:
    """The outage is over elsewhere: who is still ill has a trouble of his own."""
    began = incident.since or incident.opened
    if failing_of(scene, incident.subject, began):
        yield closing(KIND, incident.subject, "changed")
    elif _are_settled(scene, incident.subject):
        yield closing(KIND, incident.subject, "recovered", _ended(scene, incident.subject, began))


def _ended(scene: Scene, type_: str, began: datetime) -> datetime | None:
    """When the last of its channels was connected again; None where none of them is."""
    channels = _channels_of(scene, type_).values()
    again = [one.since for one in channels if one.diagnosis.state is State.CONNECTED and one.since > began]
    return max(again, default=None)


def failing_of(scene: Scene, type_: str, since: datetime) -> dict[str, ChannelMemory]:
    """By the channel's subject. What was ill before the outage began is no part of it."""
    return {
        subject: memory
        for subject, memory in _channels_of(scene, type_).items()
        if memory.diagnosis.state in SHARED and memory.since >= since
    }


def _are_settled(scene: Scene, type_: str) -> bool:
    """Those that are well, for long enough; a channel with another trouble has its own incident. Out of sight nothing
    is settled."""
    hidden = [memory for memory in scene.state.channels.values() if memory.hidden is not None]
    if any(memory.diagnosis.cause == OUT_OF_SIGHT.cause or _is_of(memory, scene, type_) for memory in hidden):
        return False
    well = [one for one in _channels_of(scene, type_).values() if one.diagnosis.state is State.CONNECTED]
    return all(is_settled(memory, scene.policy) for memory in well)


def _channels_of(scene: Scene, type_: str) -> dict[str, ChannelMemory]:
    return {
        f"{key.line}/{key.connector}": memory
        for key, memory in scene.state.channels.items()
        if not memory.gone and memory.hidden is None and _is_of(memory, scene, type_)
    }


def _is_of(memory: ChannelMemory, scene: Scene, type_: str) -> bool:
    return provider_of(memory, scene.state, scene.policy) == type_


def without_shared(scene: Scene, said: Iterator[Assessment]) -> Iterator[Assessment]:
    """The channels' own assessments; of those that a provider's outage speaks for none opens, and what is open ends."""
    spoken_for = {name for one in scene.outages.values() for name in failing_of(scene, one.provider, one.since)}
    for one in said:
        if one.kind not in CHANNEL_KINDS or one.subject not in spoken_for or one.say is not Say.OPEN:
            yield one
        elif scene.is_open(one.kind, one.subject):
            yield closing(one.kind, one.subject, "shared")
