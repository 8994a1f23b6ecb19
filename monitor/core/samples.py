"""A portal's state as samples: what the metrics say of it at a moment. What is gone or not known has no sample."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from monitor.core.audits import STALE, standing_audits
from monitor.core.canary import Canaries
from monitor.core.expiries import terms
from monitor.core.guarantee import end_of
from monitor.core.lateness import is_late
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import BLIND_STATES, UP_STATES, State
from monitor.core.policy import Policy
from monitor.core.portal_clock import portal_now
from monitor.core.portal_rules import is_out_of_sight
from monitor.core.schedules import PublicDays, schedule_of, targets_of
from monitor.core.turn import Turn
from monitor.core.turn_book import waiting


class Sample(NamedTuple):
    name: str
    labels: tuple[str, ...]
    value: float


class StateSet(NamedTuple):
    """One sample for each state there is, 1 for the one that is so: most of all samples, and seldom others."""

    name: str
    labels: tuple[str, ...]
    state: State

    def samples(self) -> list[Sample]:
        return [Sample(self.name, (*self.labels, word), one is self.state) for one, word in _STATES]


_STATES = tuple((state, state.value) for state in State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The samples of one portal at a moment, made each time somebody goes through them: most polls nobody does."""

    state: PortalState
    policy: Policy
    public_days: Mapping[str, PublicDays]
    now: datetime

    def __iter__(self) -> Iterator[Sample]:
        return samples_of(self.state, self.policy, self.public_days, self.now)

    def told(self) -> Iterator[Sample | StateSet]:
        """The same, for one who knows what to do with a set of states as a whole."""
        return _told(self.state, self.policy, self.public_days, self.now)


def samples_of(
    state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays], now: datetime
) -> Iterator[Sample]:
    """All gauges of one portal, and the counters that its state remembers."""
    for one in _told(state, policy, public_days, now):
        if isinstance(one, StateSet):
            yield from one.samples()
        else:
            yield one


def _told(
    state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays], now: datetime
) -> Iterator[Sample | StateSet]:
    yield from _portal(state, policy, now)
    for memory in state.channels.values():
        if not memory.gone:
            yield from _channel(state.portal, memory)
    yield from _lines(state, policy, public_days, now)
    yield from _turns(state, policy, public_days, now)
    kinds = Counter((one.kind.value, one.severity.value) for one in state.incidents.values())
    for (kind, severity), count in sorted(kinds.items()):
        yield Sample("messenger_incidents", (state.portal, kind, severity), count)
    for kind, count in state.memory.problems:
        yield Sample("messenger_odd_data_total", (state.portal, kind), count)
    for manager in state.managers.values():
        yield Sample("messenger_manager_info", (state.portal, str(manager.id), manager.name), 1)


def _portal(state: PortalState, policy: Policy, now: datetime) -> Iterator[Sample]:
    name, memory = state.portal, state.memory
    yield Sample("messenger_portal_info", (name, policy.url.partition("://")[2]), 1)
    if memory.up is not None:
        yield Sample("messenger_portal_up", (name,), memory.up)
    if memory.auth_ok is not None:
        yield Sample("messenger_portal_auth_ok", (name,), memory.auth_ok)
    if memory.skew is not None and not is_out_of_sight(memory):
        yield Sample("messenger_portal_clock_skew_seconds", (name,), memory.skew.total_seconds())
    in_window = any(window.start <= now < window.end for window in policy.maintenance)
    yield Sample("messenger_maintenance", (name,), in_window)
    if policy.guarantee is not None:
        yield Sample("messenger_guarantee_end_timestamp_seconds", (name,), end_of(policy.guarantee).timestamp())
    for audit in standing_audits(state, policy, now):
        if audit.seen.holds is not None and now - audit.read_at <= STALE * policy.audits:
            place = (name, str(audit.seen.line or ""), audit.seen.check)
            yield Sample("messenger_guarantee_check", place, audit.seen.holds)
    for term in terms(state, policy):
        yield Sample("messenger_expiry_timestamp_seconds", (name, term.subject), term.at.timestamp())
    for subject, reminder in state.reminders.items():
        yield Sample("messenger_reminders_sent", (name, subject), reminder.sent)


_sample = tuple.__new__  # a NamedTuple's own constructor costs twice as much, and this is most of all there is


def _channel(portal: str, memory: ChannelMemory) -> list[Sample | StateSet]:
    """A list and not an iterator: it is most of what /metrics shows, and made at each scrape."""
    channel, state = memory.channel, memory.diagnosis.state
    labels = (portal, str(channel.line), channel.connector, channel.messenger.value)
    told: list[Sample | StateSet] = [StateSet("messenger_channel_state", labels, state)]
    if state not in BLIND_STATES:
        told.append(_sample(Sample, ("messenger_channel_up", labels, state in UP_STATES)))
    since = memory.since.timestamp()
    told.append(_sample(Sample, ("messenger_channel_state_since_timestamp_seconds", labels, since)))
    if memory.last_inbound is not None:
        at = memory.last_inbound.timestamp()
        told.append(_sample(Sample, ("messenger_channel_last_inbound_timestamp_seconds", labels, at)))
    if memory.last_outbound is not None:
        at = memory.last_outbound.timestamp()
        told.append(_sample(Sample, ("messenger_channel_last_outbound_timestamp_seconds", labels, at)))
    if memory.patience is not None and memory.patience.after is not None:
        gap = memory.patience.after - memory.patience.since
        told.append(Sample("messenger_channel_expected_gap_seconds", labels, gap.total_seconds()))
    if memory.canaries.sent:
        told += _canaries(labels, memory.canaries)
    told.append(_sample(Sample, ("messenger_channel_messages_total", (*labels, "in"), memory.received)))
    told.append(_sample(Sample, ("messenger_channel_messages_total", (*labels, "out"), memory.sent)))
    return told


def _canaries(labels: tuple[str, ...], known: Canaries) -> Iterator[Sample]:
    yield Sample("messenger_canary_sent_timestamp_seconds", labels, known.sent[-1].sent.timestamp())
    arrived = [one for one in known.sent if one.arrived is not None]
    if arrived and (at := arrived[-1].arrived) is not None:
        yield Sample("messenger_canary_arrived_timestamp_seconds", labels, at.timestamp())


def _lines(
    state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays], now: datetime
) -> Iterator[Sample]:
    for line in state.lines.values():
        place = (state.portal, str(line.id))
        yield Sample("messenger_line_info", (*place, line.name), 1)
        schedule = schedule_of(line.id, state, policy, public_days)
        if schedule is not None:
            yield Sample("messenger_working_hours", place, schedule.is_open(now))
        targets = targets_of(line.id, policy)
        yield Sample("messenger_response_target_seconds", (*place, "first"), targets.first.total_seconds())
        yield Sample("messenger_response_target_seconds", (*place, "next"), targets.next.total_seconds())


def _turns(
    state: PortalState, policy: Policy, public_days: Mapping[str, PublicDays], now: datetime
) -> Iterator[Sample]:
    """Who has somebody waiting; a manager without any has no series."""
    groups: dict[tuple[int, int], list[Turn]] = defaultdict(list)
    for turn in waiting(state.turns):
        groups[turn.line, turn.holder].append(turn)
    for (line, holder), turns in sorted(groups.items()):
        labels = (state.portal, str(line), str(holder) if holder else "queue")
        yield Sample("messenger_open_turns", labels, len(turns))
        yield Sample("messenger_overdue_turns", labels, sum(is_late(turn, state, policy, now) for turn in turns))
        waits = [(turn, portal_now(state.memory, now, turn.opened)) for turn in turns]
        oldest = max((seen - turn.opened).total_seconds() for turn, seen in waits)
        yield Sample("messenger_oldest_open_turn_seconds", (*labels, "calendar"), max(0.0, oldest))
        schedule = schedule_of(line, state, policy, public_days)
        if schedule is not None:
            longest = max(schedule.working(turn.working_from, seen).total_seconds() for turn, seen in waits)
            yield Sample("messenger_oldest_open_turn_seconds", (*labels, "working"), max(0.0, longest))
