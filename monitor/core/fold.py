"""What one reading changes in what is remembered; a failed reading says nothing of its subjects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from monitor.core.accounts import with_term
from monitor.core.diagnosis import FLAG_UNREAD, NOT_SEEN, OUT_OF_SIGHT, diagnose, rests_on_portal
from monitor.core.memory import ChannelMemory, Diagnosis, Flip, PortalMemory, Proof
from monitor.core.model import BLIND_STATES, Channel, Failure, Reason, State
from monitor.core.outages import is_down, note_flip, note_portal
from monitor.core.policy import Policy
from monitor.core.portal_clock import with_clock
from monitor.core.reading import (
    ActivitiesSeen,
    AuditSeen,
    ClockSeen,
    Finding,
    FlagSeen,
    LicenceSeen,
    OnlineSeen,
    ProviderSeen,
    Reading,
    ScopesSeen,
    SessionsProbed,
)
from monitor.core.replacing import replace

FLIPS_KEPT = timedelta(hours=1)
ONLINE_KEPT = timedelta(days=60)
UNREACHABLE_AFTER = 3  # failed polls in a row
UNREAD_AFTER = 3  # polls in a row without a channel's flag: like a portal that does not answer

# Over these states nobody knows whether the phone came back: its absence goes on.
_PHONE_MAY_BE_GONE = frozenset({State.PHONE_OFFLINE, State.CONNECTING, State.UNKNOWN, State.UNREACHABLE})


def fold_portal(memory: PortalMemory, readings: Sequence[Reading], now: datetime) -> PortalMemory:
    """Streaks of polls. A poll is good as soon as the portal told anything, so a failed command leaves it good.

    Readings of providers say nothing of the portal, nor does a probe that had nothing to ask.
    """
    mine = [reading for reading in readings if reading.source == "bitrix24"]
    told = [reading for reading in mine if reading.failure is None and reading.findings]
    failures = [failure for reading in mine for failure in _failures(reading)]
    if told and not _is_shut_out(told, failures):
        after = _good(memory, now)
    elif failures:
        after = _failed(memory, _weightiest(failures), now)
    else:
        return memory
    for reading in told:
        after = _told(after, reading.findings, memory.last_success, now)
    return note_portal(after, UNREACHABLE_AFTER, now)


def _is_shut_out(told: Sequence[Reading], failures: Sequence[Failure]) -> bool:
    """Whether the portal told what it tells any application, its time above all, and denied all the rest: a poll that
    learned nothing of what is watched is not good."""
    if not failures or any(failure.reason is not Reason.DENIED for failure in failures):
        return False
    return all(_is_nothing(finding) for reading in told for finding in reading.findings)


def _is_nothing(finding: Finding) -> bool:
    """It says nothing of lines, channels or dialogs."""
    match finding:
        case ClockSeen() | ScopesSeen() | LicenceSeen():
            return True
        case ActivitiesSeen():
            return not finding.complete and not finding.sessions
        case SessionsProbed():
            return not finding.highest
        case AuditSeen():
            return finding.holds is None
        case _:
            return False


def _failures(reading: Reading) -> tuple[Failure, ...]:
    return (reading.failure,) if reading.failure is not None else reading.failures


def _weightiest(failures: Sequence[Failure]) -> Failure:
    """A refused refresh explains the rest, then any denial: the portal was there to deny."""
    return min(failures, key=lambda failure: (not _is_refusal(failure), failure.reason is not Reason.DENIED))


def _is_refusal(failure: Failure) -> bool:
    return failure.code.startswith("refresh_refused")


def _good(memory: PortalMemory, now: datetime) -> PortalMemory:
    return replace(
        memory,
        up=True,
        auth_ok=True,
        failed=0,
        denied=0,
        good=memory.good + 1,
        good_since=memory.good_since if memory.good else now,
        refused=False,
        failing_since=None,
        last_failure=None,
        last_success=now,
    )


def _failed(memory: PortalMemory, failure: Failure, now: datetime) -> PortalMemory:
    """A denial proves that the portal is up; every other failure says nothing of our authorisation and ends the row of
    denials. Of a portal that fails in turns the failures are counted on: neither row would ever be long enough."""
    after = replace(memory, good=0, failing_since=memory.failing_since or now, last_failure=failure)
    if failure.reason is not Reason.DENIED:
        return replace(after, up=False, failed=memory.failed + 1, denied=0)
    denied = memory.denied + 1
    if _is_refusal(failure):  # the authorisation server's word: the portal itself was not asked
        return replace(after, auth_ok=False, denied=denied, refused=True)
    return replace(after, up=True, auth_ok=False, denied=denied, failed=memory.failed if denied == 1 else 0)


def _told(
    memory: PortalMemory, findings: Iterable[Finding], told_before: datetime | None, now: datetime
) -> PortalMemory:
    for finding in findings:
        match finding:
            case ClockSeen():
                memory = with_clock(memory, finding, told_before)
            case ScopesSeen(missing=missing):
                memory = replace(memory, missing_scopes=tuple(sorted(missing)))
            case LicenceSeen():
                memory = replace(memory, licence=finding)
            case OnlineSeen(users=users):
                memory = replace(memory, online=_online(memory.online, users, now))
            case _:
                pass
    return memory


def _online(
    known: tuple[tuple[int, datetime], ...], users: tuple[int, ...], now: datetime
) -> tuple[tuple[int, datetime], ...]:
    after = {user: at for user, at in known if now - at < ONLINE_KEPT} | dict.fromkeys(users, now)
    return tuple(sorted(after.items()))


_OF_TRAFFIC = frozenset({"traffic", "canary"})  # sources
BY_TRAFFIC = frozenset({"silent", "canary_lost", "undelivered"})  # causes that the traffic alone tells of


def fold_channel(
    memory: ChannelMemory | None,
    channel: Channel,
    flag: FlagSeen | None,
    provider: ProviderSeen | None,
    blind: bool,
    policy: Policy,
    now: datetime,
    silence: Proof | None = None,
    undelivered: Proof | None = None,
    *,
    settled: bool = False,
) -> tuple[ChannelMemory, Flip | None]:
    """The channel after a reading of its flag, of its provider, or of none: then only our sight may have changed.

    `blind`: the portal is out of sight, so what is known through it alone shows as unknown; what was judged before
    waits in `hidden` and comes back with its times. The same of a channel whose own flag is not read any more.
    `silence`, `undelivered`: the traffic's own witnesses, judged elsewhere. `settled`: named and judged by this very
    policy before, so the same word of the flag is the same diagnosis.
    """
    before = memory.diagnosis.state if memory else None
    real = _unveiled(memory) if memory else ChannelMemory(channel=channel, diagnosis=NOT_SEEN, since=now)
    if memory is not None and memory.hidden is not None and flag is not None and memory.unread >= UNREAD_AFTER:
        real, settled = replace(real, well=0, well_since=None), False  # who was lost from sight settles anew
    has_news = any(one is not None for one in (flag, provider, silence, undelivered))
    if settled and flag is not None and not (provider or silence or undelivered) and _is_repeated(real, flag):
        real = _heard_again(real, now)
    elif memory is None or has_news or real.diagnosis.cause in BY_TRAFFIC:
        witnesses = (silence, undelivered)
        real = _judged(_witnessed(real, channel, flag, provider, now), memory is None, policy, witnesses, now)
    is_hidden = (blind or real.unread >= UNREAD_AFTER) and rests_on_portal(real.diagnosis)
    shown = _veiled(real, OUT_OF_SIGHT if blind else FLAG_UNREAD) if is_hidden else real
    if memory is not None and _is_same(memory.diagnosis, shown.diagnosis):
        return shown, None
    flip = Flip(
        line=channel.line,
        connector=channel.connector,
        at=now,
        before=before,
        after=shown.diagnosis.state,
        diagnosis=shown.diagnosis,
    )
    return note_flip(shown, flip), flip


def _is_same(before: Diagnosis, after: Diagnosis) -> bool:
    """Under one state a channel may stop or begin to carry messages: that is a change too."""
    return before.state is after.state and is_down(before) == is_down(after)


def _is_repeated(memory: ChannelMemory, flag: FlagSeen) -> bool:
    """Whether judging would come to the same: the traffic's word is worth one judgement only."""
    is_lasting = all(proof.source not in _OF_TRAFFIC for proof in memory.diagnosis.proof)
    return is_lasting and (flag is memory.flag or flag == memory.flag) and not memory.gone


def _heard_again(memory: ChannelMemory, now: datetime) -> ChannelMemory:
    """The flag has said its word once more: what `_judged` would come to, without judging."""
    heard = int(rests_on_portal(memory.diagnosis) or memory.provider_at == now)
    state = memory.diagnosis.state
    return replace(
        memory,
        flag_at=now,
        unread=0,
        streak=memory.streak + heard,
        well=_well(memory.well, heard) if state is State.CONNECTED else 0,
        flips=_flips(memory.flips, state, state, now) if memory.flips else (),
    )


def _unveiled(memory: ChannelMemory) -> ChannelMemory:
    return memory if memory.hidden is None else replace(memory, diagnosis=memory.hidden, hidden=None)


def _veiled(memory: ChannelMemory, veil: Diagnosis) -> ChannelMemory:
    return replace(memory, diagnosis=replace(veil, proof=memory.diagnosis.proof), hidden=memory.diagnosis)


def _witnessed(
    known: ChannelMemory,
    channel: Channel,
    flag: FlagSeen | None,
    provider: ProviderSeen | None,
    now: datetime,
) -> ChannelMemory:
    """A provider's word is forgotten with its binding; a configured flag is never forgotten."""
    told = with_term(provider, known.provider) if provider else None
    word = told or (known.provider if known.provider and known.provider.provider == channel.provider else None)
    was_configured = flag is not None and (flag.configured or flag.status or flag.error)
    return replace(
        known,
        channel=channel,
        flag=flag or known.flag,
        flag_at=now if flag else known.flag_at,
        unread=0 if flag else known.unread,
        was_configured=known.was_configured or was_configured,
        provider=word,
        provider_at=now if provider else (known.provider_at if word else None),
        gone=False,
    )


def _judged(
    memory: ChannelMemory,
    is_new: bool,
    policy: Policy,
    traffic: tuple[Proof | None, Proof | None],
    now: datetime,
) -> ChannelMemory:
    """Streaks count the readings of the witness that decides, so that one word heard once is never two."""
    old = memory.diagnosis
    verdict = _with_first_times(diagnose(memory, policy, *traffic), old)
    decisive = memory.flag_at if rests_on_portal(verdict) else memory.provider_at
    heard = int(decisive == now)
    changed = is_new or verdict.state is not old.state
    well = verdict.state is State.CONNECTED
    return replace(
        memory,
        diagnosis=verdict,
        since=now if changed else memory.since,
        streak=1 if changed else memory.streak + heard,
        well=_well(memory.well, heard) if well else 0,
        well_since=(memory.well_since or now) if well else None,
        flips=memory.flips if is_new else _flips(memory.flips, old.state, verdict.state, now),
        phone_gone=_phone_gone(memory.phone_gone, verdict.state, now),
    )


def _well(known: int, heard: int) -> int:
    """The reading that brought the recovery counts, whichever witness it was."""
    return known + heard if known else 1


def _with_first_times(verdict: Diagnosis, old: Diagnosis) -> Diagnosis:
    """A witness that repeats its word keeps the time when it first said so."""
    first = {(proof.source, proof.word): proof for proof in old.proof}
    return replace(verdict, proof=tuple(first.get((proof.source, proof.word), proof) for proof in verdict.proof))


def _flips(flips: tuple[datetime, ...], before: State, after: State, now: datetime) -> tuple[datetime, ...]:
    """Changes between states we know: losing sight of a channel and seeing it again is no change of its own."""
    recent = tuple(at for at in flips if now - at < FLIPS_KEPT)
    is_change = before is not after and before not in BLIND_STATES and after not in BLIND_STATES
    return (*recent, now) if is_change else recent


def _phone_gone(since: datetime | None, state: State, now: datetime) -> datetime | None:
    if state is State.PHONE_OFFLINE:
        return since or now
    return since if state in _PHONE_MAY_BE_GONE else None
