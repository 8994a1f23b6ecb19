"""A poll that tells nothing new of a portal where all is well: what it comes to, without judging.

Of a hundred portals ninety are well at any moment, so this is what a poll mostly is. A judgement says until when time
alone can change nothing of it; up to then a poll that repeats what is known moves the clocks on and nothing else. The
streaks of channels stand still meanwhile: beyond what confirms a state nobody asks how long they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.calendar import NEVER
from monitor.core.channel_rules import is_settled
from monitor.core.expiries import terms
from monitor.core.incident import IncidentKind
from monitor.core.memory import ChannelMemory, Cursor, PortalMemory, PortalState
from monitor.core.model import Department, Line, Manager, State
from monitor.core.policy import Policy
from monitor.core.portal_clock import ahead, is_another, skew_of
from monitor.core.portal_rules import GOOD_POLLS
from monitor.core.reading import (
    ActivitiesSeen,
    ChatTouched,
    ClockSeen,
    ConnectorsSeen,
    Finding,
    FlagSeen,
    LicenceSeen,
    LinesSeen,
    Reading,
    ScopesSeen,
    SessionsProbed,
    StaffSeen,
)
from monitor.core.replacing import replace
from monitor.core.sessions import moved, touched, watermark
from monitor.core.turn import Turn
from monitor.core.turn_book import waiting

# What people write into schedules begins at quarters of an hour, in every time zone, and so does each day.
QUARTER = timedelta(minutes=15)
_ERA = datetime(2000, 1, 1, tzinfo=UTC)
# They stay open for days, and time alone ends or changes them at the day's own hours.
LASTING = frozenset(
    {IncidentKind.CLOSED_WITHOUT_ANSWER, IncidentKind.LOW_COMPLIANCE, IncidentKind.GUARANTEE_CHECK_FAILED}
    | {IncidentKind.EXPIRY_SOON, IncidentKind.EXPIRED}
)
EACH_POLL = frozenset({"portal_health", "connector_status", "dialogs"})
OF_THE_PORTAL = EACH_POLL | {"discovery", "portal_rights"}


def calm_until(state: PortalState, policy: Policy, now: datetime) -> datetime | None:
    """Before which time alone changes nothing of a judged state; None where something is under way."""
    present = [memory for memory in state.channels.values() if not memory.gone]
    if _is_under_way(state, policy, now) or not all(_is_steady(memory, policy) for memory in present):
        return None
    late = [_late_at(turn, state.memory) for turn in waiting(state.turns)]  # who waits longer is told of by the minute
    over = [term.at for term in terms(state, policy) if term.at > now]
    until = min([_next_quarter(now), *late, *over, *map(_silent_at, present)])
    return until if until > now else None


def _is_under_way(state: PortalState, policy: Policy, now: datetime) -> bool:
    """Whether something is wrong, awaited, hidden by a maintenance or still to be read."""
    return (
        any(one.kind not in LASTING for one in state.incidents.values())
        or not _is_well(state.memory)
        or not _is_level(state.cursor)
        or any(window.start <= now < window.end for window in policy.maintenance)
        or any(wish.canary is not None for wish in policy.channels.values())
        or any(memory.due or memory.unconfirmed for memory in state.sessions.values())
    )


def is_new_quarter(before: datetime | None, now: datetime) -> bool:
    """Whether a quarter of an hour has begun since the last poll that succeeded: what may wait is done then."""
    return before is None or _next_quarter(before) <= now


def calmly(
    state: PortalState, readings: Sequence[Reading], policy: Policy, outages: Mapping[str, object], now: datetime
) -> PortalState | None:
    """The state after a poll that repeats what is known; None where it has to be judged."""
    until, last = state.calm_until, state.memory.last_success
    if until is None or last is None or not last <= now < until or state.judged_by is not policy or outages:
        return None
    if not all(_says_what_is_known(reading, state) for reading in readings):
        return None
    memory, cursor, is_told = state.memory, state.cursor, False
    for reading in readings:
        for finding in reading.findings:
            if type(finding) is ClockSeen:
                memory = replace(memory, skew=skew_of(finding))
            elif type(finding) is ActivitiesSeen and finding.watermark is not None:
                is_told = True
                cursor = replace(cursor, watermark=watermark(cursor.watermark, finding.watermark))
            elif type(finding) is StaffSeen:
                cursor = replace(cursor, discovered=now)
    if not is_told:
        return None  # the dialogs were not looked at
    return replace(state, memory=replace(memory, good=memory.good + 1, last_success=now), cursor=cursor)


def _says_what_is_known(reading: Reading, state: PortalState) -> bool:
    if reading.failure is not None or reading.failures or reading.news or reading.probe not in OF_THE_PORTAL:
        return False
    return all(_NO_NEWS.get(type(finding), _never)(finding, state) for finding in reading.findings)


def _never(finding: Finding, state: PortalState) -> bool:
    """Whatever else is told has to be judged."""
    del finding, state
    return False


def _is_repeated(seen: ActivitiesSeen, state: PortalState) -> bool:
    """Every row was told before."""
    known, cursor = state.sessions, state.cursor
    is_told = seen.complete and seen.watermark is not None
    return is_told and not any(
        row.id > cursor.highest_session or moved(row, cursor, known.get(row.id)) for row in seen.sessions
    )


def _is_known(flag: FlagSeen, state: PortalState) -> bool:
    """A flag that repeats its word, or says that there is no channel where none was."""
    memory = state.channels.get(flag.key)
    if memory is None:
        return not (flag.configured or flag.status or flag.error)
    return not memory.gone and (memory.flag is flag or memory.flag == flag)


def _is_untouched(seen: ChatTouched, state: PortalState) -> bool:
    return not touched(state.sessions, seen)


def _goes_on(clock: ClockSeen, state: PortalState) -> bool:
    skew = state.memory.skew
    return skew is not None and not is_another(skew, skew_of(clock))


def _found_nothing(seen: SessionsProbed, state: PortalState) -> bool:
    return seen.highest <= state.cursor.highest_session


def _are_the_lines(seen: LinesSeen, state: PortalState) -> bool:
    return _are(seen.lines, state.lines)


def _are_the_connectors(seen: ConnectorsSeen, state: PortalState) -> bool:
    return dict(seen.connectors) == state.connectors


def _are_the_staff(seen: StaffSeen, state: PortalState) -> bool:
    return _are(seen.managers, state.managers) and _are(seen.departments, state.departments)


def _are_the_rights(seen: ScopesSeen, state: PortalState) -> bool:
    return tuple(sorted(seen.missing)) == state.memory.missing_scopes


def _is_the_licence(seen: LicenceSeen, state: PortalState) -> bool:
    return seen == state.memory.licence


def _are(told: Sequence[Line] | Sequence[Manager] | Sequence[Department], known: Mapping[int, object]) -> bool:
    return len(told) == len(known) and all(known.get(one.id) == one for one in told)


_NO_NEWS: Mapping[type, Callable[[Any, PortalState], bool]] = {
    FlagSeen: _is_known,
    ActivitiesSeen: _is_repeated,
    ChatTouched: _is_untouched,
    ClockSeen: _goes_on,
    SessionsProbed: _found_nothing,
    LinesSeen: _are_the_lines,
    ConnectorsSeen: _are_the_connectors,
    StaffSeen: _are_the_staff,
    ScopesSeen: _are_the_rights,
    LicenceSeen: _is_the_licence,
}


def _is_well(memory: PortalMemory) -> bool:
    is_shut = memory.failed or memory.denied or memory.refused or memory.failing_since is not None
    is_out = bool(memory.outages) and memory.outages[-1][1] is None
    return memory.good >= GOOD_POLLS and not is_shut and not is_out


def _is_level(cursor: Cursor) -> bool:
    """Nothing is left to look for."""
    is_told = cursor.watermark is not None and cursor.discovered is not None
    return cursor.settled and not cursor.holes and not cursor.descent and is_told


def _is_steady(memory: ChannelMemory, policy: Policy) -> bool:
    is_connected = memory.diagnosis.state is State.CONNECTED and memory.hidden is None and memory.flag is not None
    is_quiet = not memory.flips and not memory.deliveries.stuck and not memory.unread
    return is_connected and is_quiet and memory.streak >= policy.confirm_open and is_settled(memory, policy)


def _late_at(turn: Turn, memory: PortalMemory) -> datetime:
    """On our clock."""
    return turn.deadline - ahead(memory, turn.opened) if turn.deadline < NEVER else NEVER


def _silent_at(memory: ChannelMemory) -> datetime:
    """When its silence would begin to say something."""
    patience = memory.patience
    return patience.after if patience is not None and patience.after is not None else NEVER


def _next_quarter(now: datetime) -> datetime:
    return now - (now - _ERA) % QUARTER + QUARTER
