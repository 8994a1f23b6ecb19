"""The portal's furniture: lines, connectors, staff. What appears or vanishes is said, never dropped in silence."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from monitor.core.memory import ChannelMemory, PortalMemory, PortalState
from monitor.core.model import PASSING, ChannelKey, Line, Manager, Person
from monitor.core.reading import ConnectorsSeen, Finding, HistorySeen, LinesSeen, Reading, StaffSeen

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(frozen=True, slots=True, kw_only=True)
class Furnished:
    state: PortalState
    notes: tuple[str, ...]


def is_discovered(readings: Iterable[Reading]) -> bool:
    """Whether the portal has told what there is. Where the question for its lines failed for a moment it will; where it
    is refused nothing more will come of waiting."""
    told = [reading for reading in readings if reading.probe == "discovery" and reading.failure is None]
    return any(
        any(isinstance(finding, LinesSeen) for finding in reading.findings)
        or all(failure.reason not in PASSING for failure in reading.failures)
        for reading in told
    )


def furnish(state: PortalState, findings: Iterable[Finding], now: datetime) -> Furnished:
    """Fold LinesSeen, ConnectorsSeen, StaffSeen and the bots of dialogs into the state; `notes` are events such as
    "line.vanished 3"."""
    notes: list[str] = []
    for finding in findings:
        match finding:
            case LinesSeen(lines=lines):
                state = _with_lines(state, {line.id: line for line in lines}, notes)
            case ConnectorsSeen(connectors=connectors):
                state = replace(state, connectors=kept(state.connectors, dict(connectors)))
            case StaffSeen(managers=managers, departments=departments):
                notes += changes("manager", state.managers, {m.id for m in managers})
                state = replace(
                    state,
                    memory=_with_gone(state, managers, now),
                    managers=kept(state.managers, {m.id: m for m in managers}),
                    departments=kept(state.departments, {d.id: d for d in departments}),
                )
            case HistorySeen(people=people):
                state = _with_bots(state, people)
            case _:
                pass
    return Furnished(state=state, notes=tuple(notes))


def _with_bots(state: PortalState, people: Iterable[Person]) -> PortalState:
    """A bot is on no list of the staff: only its dialogs tell its name."""
    told = {one.id: one.name for one in people if one.bot}
    known = dict(state.memory.bots)
    if all(known.get(number) == name for number, name in told.items()):
        return state
    return replace(state, memory=replace(state.memory, bots=tuple(sorted((known | told).items()))))


def _with_gone(state: PortalState, managers: Iterable[Manager], now: datetime) -> PortalMemory:
    """Who works there no more, and since when we know it; on the first sight nobody can say since when."""
    active = {one.id for one in managers if one.active}
    known = dict(state.memory.gone)
    left = {number for number, one in state.managers.items() if one.active} - active
    gone = {number: known.get(number, now) for number in (known.keys() | left) - active}
    return replace(state.memory, gone=tuple(sorted(gone.items()))) if gone != known else state.memory


def kept(before: Mapping[K, V], after: Mapping[K, V]) -> Mapping[K, V]:
    """`after` with the old record wherever it says the same, so that what did not change keeps its identity."""
    if before == after:
        return before
    return {key: before[key] if before.get(key) == value else value for key, value in after.items()}


def changes(noun: str, before: Mapping[int, object], after: set[int]) -> list[str]:
    """Notes of what vanished and appeared; nothing on the first sight."""
    if not before:
        return []
    vanished = [f"{noun}.vanished {noun}={known}" for known in sorted(before.keys() - after)]
    return vanished + [f"{noun}.appeared {noun}={new}" for new in sorted(after - before.keys())]


def _with_lines(state: PortalState, lines: Mapping[int, Line], notes: list[str]) -> PortalState:
    notes += changes("line", state.lines, set(lines))
    after = kept(state.lines, lines)
    channels = {key: _placed(key, channel, set(lines)) for key, channel in state.channels.items()}
    return replace(state, lines=after, channels=kept(state.channels, channels))


def _placed(key: ChannelKey, channel: ChannelMemory, lines: set[int]) -> ChannelMemory:
    gone = key.line not in lines
    return channel if channel.gone == gone else replace(channel, gone=gone)
