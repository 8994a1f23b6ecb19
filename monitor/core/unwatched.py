"""The time in which nobody watched at all, the daemon being down: of it nothing is known (D14), whatever stood before.

It is told by the ledger's own rows, a change to unknown when the channel was last heard of and one back, so every
view of the past knows of it. Poll by poll a failing portal tells of itself; this is about the time without polls.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.core.memory import ChannelMemory, Diagnosis, Flip, PortalState
from monitor.core.model import BLIND_STATES, Certainty, ChannelKey, State
from monitor.core.policy import Policy
from monitor.core.replacing import replace

FEW_POLLS = 4  # one more than a failing portal takes to go out of sight
SHORT = timedelta(minutes=20)  # a restart is no gap, and quiet polls are written once in fifteen minutes only

NOT_WATCHED = Diagnosis(state=State.UNKNOWN, certainty=Certainty.NONE, cause="not_watched")


def with_gaps(
    flips: Sequence[Flip], before: PortalState, after: PortalState, policy: Policy, now: datetime
) -> tuple[Flip, ...]:
    """The flips of one judgement, and those of the gap that ended with it."""
    last, start = before.memory.last_success, after.watched_since
    allowed = max(FEW_POLLS * policy.poll, SHORT)
    if last is None or start is None or last + allowed >= start:
        return tuple(flips)
    lost = {
        key: at
        for key, memory in before.channels.items()
        if not memory.gone
        and memory.diagnosis.state not in BLIND_STATES
        and (at := _heard(memory, last)) + allowed < start
    }
    mine = {ChannelKey(flip.line, flip.connector): flip for flip in flips}
    told = [one for key, at in lost.items() for one in _gap(before.channels[key], after, mine.get(key), at, now)]
    return (*told, *(flip for flip in flips if ChannelKey(flip.line, flip.connector) not in lost))


def _heard(memory: ChannelMemory, last_success: datetime) -> datetime:
    """Calm polls move the portal's clock only."""
    return max(last_success, memory.provider_at or last_success, memory.flag_at or last_success)


def _gap(was: ChannelMemory, after: PortalState, flip: Flip | None, at: datetime, now: datetime) -> Sequence[Flip]:
    """Unknown from `at` on, until the channel is heard of again; nothing yet while it is not."""
    key, state = was.channel.key, was.diagnosis.state
    if flip is not None and flip.after in BLIND_STATES:
        return [replace(flip, at=at)]
    memory = after.channels[key]
    if flip is None and now not in (after.memory.last_success, memory.provider_at, memory.flag_at):
        return []
    lost = Flip(line=key.line, connector=key.connector, at=at, before=state, after=State.UNKNOWN, diagnosis=NOT_WATCHED)
    seen = flip or replace(lost, after=state, diagnosis=memory.diagnosis)
    return [lost, replace(seen, at=now, before=State.UNKNOWN)]
