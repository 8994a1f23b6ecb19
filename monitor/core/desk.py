"""One poll's readings turned into one judgement: the order in which the core's parts are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from monitor.core.accounts import fold_accounts, fold_asked
from monitor.core.audits import fold_audits
from monitor.core.bursts import learnt
from monitor.core.calm import calm_until, calmly, is_new_quarter
from monitor.core.canary_rules import fold_canaries
from monitor.core.channels import fold_channels, fold_dialogs, renamed, seen_by_traffic
from monitor.core.dialogue import Heard, hear
from monitor.core.drift import with_snapshot
from monitor.core.expiries import climb
from monitor.core.fold import fold_portal
from monitor.core.furniture import furnish, is_discovered, kept
from monitor.core.incidents import Step, step
from monitor.core.ladder import hours_of, office_of
from monitor.core.listening import judge_delivery, judge_silence
from monitor.core.memory import Audit, ChannelMemory, Flip, Judgement, PortalState, Reminder
from monitor.core.model import ChannelKey
from monitor.core.notices import notices
from monitor.core.policy import Policy
from monitor.core.portal_clock import portal_now
from monitor.core.quiet_days import quiet_days
from monitor.core.reading import Finding, Reading
from monitor.core.receivers import Notice
from monitor.core.replacing import maker, replace
from monitor.core.rules import assess, is_blind
from monitor.core.schedules import PublicDays, schedule_of
from monitor.core.shared_cause import Outage
from monitor.core.turn import Turn
from monitor.core.turns import waits
from monitor.core.unwatched import with_gaps

_judged = maker(Judgement)
FLAGS = "connector_status"  # the probe that asks for every channel's flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the core has to be told beside the portal's own facts: public holidays by country.

    `days_off`: the same as ordinals of the days nobody works, for habits. `outages` of providers, by their type.
    """

    public_days: Mapping[str, PublicDays] = field(default_factory=dict)
    days_off: Mapping[str, frozenset[int]] = field(default_factory=dict)
    outages: Mapping[str, Outage] = field(default_factory=dict)


def judge(
    state: PortalState,
    readings: Sequence[Reading],
    policy: Policy,
    context: Context,
    *,
    now: datetime,
    real_now: datetime,
) -> Judgement:
    """Fold readings into the state, then judge channels, replies and incidents by it.

    The same readings judged again change nothing: cursors, counters and turns know what they have seen.
    """
    calm = calmly(state, readings, policy, context.outages, now)
    if calm is not None:
        return _judged(state=calm)
    findings = _findings(readings)
    furnished = furnish(state, findings, now)
    seen = _polled(furnished.state, readings, findings, policy, now)
    blind = is_blind(seen, policy, now)
    settled = state.judged_by is policy and state.connectors is seen.connectors
    asked = seen.memory.last_success == now and any(one.probe == FLAGS for one in readings)
    channels = fold_channels(seen, findings, policy, blind=blind, settled=settled, asked=asked, now=now)
    seen = _with_channels(seen, channels.channels if settled else renamed(channels.channels, seen, policy))
    days_off = quiet_days(seen, policy, context.public_days, context.days_off, now)
    learnt_later, learnt_notes = learnt(seen, findings, policy, days_off)
    seen = _with_channels(seen, learnt_later)
    seen = _with_channels(seen, fold_canaries(seen, findings, policy, days_off))
    forgetting = is_new_quarter(state.memory.last_success, now)
    heard = hear(seen, findings, policy, context.public_days, now=now, forgetting=forgetting)
    seen = _with_replies(seen, heard, policy, context, now)
    quiet = judge_silence(seen, policy, days_off, blind, now)
    seen = _with_channels(seen, quiet.channels)
    mute = judge_delivery(seen, policy, blind, now)
    seen = _with_channels(seen, mute.channels)
    ladders = climb(seen, policy, findings, now, office_of(seen, policy, context.public_days))
    seen = _with_reminders(seen, kept(seen.reminders, ladders), fold_audits(seen.audits, readings, now))
    seen = with_snapshot(seen, findings, now)
    working = partial(_waited, seen, policy, context, now)
    is_open = partial(_is_open, seen, policy, context)
    said = assess(seen, policy, now, working=working, is_open=is_open, outages=context.outages)
    outcome = step(seen.incidents, said, policy, now, real_now)
    told = notices(
        outcome.opened,
        outcome.updated,
        outcome.closed,
        seen.reminders,
        state.reminders,
        policy,
        partial(hours_of, state=seen, policy=policy, public_days=context.public_days),
        now,
    )
    seen = replace(seen, incidents=outcome.open)
    seen = replace(seen, calm_until=calm_until(seen, policy, now))
    flips = with_gaps(channels.flips + quiet.flips + mute.flips, state, seen, policy, now)
    return _judgement(seen, furnished.notes + learnt_notes, flips, heard, outcome, told)


def _waited(state: PortalState, policy: Policy, context: Context, now: datetime, turn: Turn) -> timedelta | None:
    """How long an open turn has waited on its line's working clock; None while the line's hours are not known."""
    schedule = schedule_of(turn.line, state, policy, context.public_days)
    return waits(turn, schedule, portal_now(state.memory, now, turn.opened))[0] if schedule is not None else None


def _is_open(state: PortalState, policy: Policy, context: Context, line: int, at: datetime) -> bool:
    """Whether a line works at a moment; one whose hours are not known hides nothing."""
    schedule = schedule_of(line, state, policy, context.public_days)
    return schedule is None or schedule.is_open(at)


def _findings(readings: Sequence[Reading]) -> list[Finding]:
    return [finding for reading in readings if reading.failure is None for finding in reading.findings]


def _polled(
    state: PortalState, readings: Sequence[Reading], findings: Sequence[Finding], policy: Policy, now: datetime
) -> PortalState:
    done = is_discovered(readings)
    cursor = state.cursor
    first = cursor.first_sight or now
    fresh = replace(cursor, discovered=now if done else cursor.discovered, first_sight=first)
    return replace(
        state,
        cursor=cursor if fresh == cursor else fresh,
        memory=fold_portal(state.memory, readings, now),
        accounts=fold_accounts(fold_asked(state.accounts, readings, policy, now), findings, policy, now),
        judged_by=policy,
        watched_since=state.watched_since or now,
    )


def _with_channels(state: PortalState, channels: Mapping[ChannelKey, ChannelMemory]) -> PortalState:
    return state if channels is state.channels else replace(state, channels=channels)


def _with_reminders(state: PortalState, reminders: Mapping[str, Reminder], audits: Mapping[str, Audit]) -> PortalState:
    if reminders is state.reminders and audits is state.audits:
        return state
    return replace(state, reminders=reminders, audits=audits)


def _with_replies(state: PortalState, heard: Heard, policy: Policy, context: Context, now: datetime) -> PortalState:
    channels = state.channels
    if policy.webhook_only:
        keys = {ChannelKey(memory.session.line, memory.session.connector) for memory in heard.sessions.values()}
        channels = seen_by_traffic(channels, keys, state, policy, now)
    channels = fold_dialogs(
        channels,
        heard.read,
        heard.fresh,
        state.sessions,
        now,
        zone=policy.timezone,
        days_off=quiet_days(state, policy, context.public_days, context.days_off, now),
        phone_users=policy.replies.phone_users,
    )
    memory = state.memory if heard.echoed == state.memory.echoed else replace(state.memory, echoed=heard.echoed)
    if heard.problems:
        memory = replace(memory, problems=_counted(memory.problems, heard.problems))
    return replace(
        state,
        memory=memory,
        cursor=heard.cursor,
        sessions=heard.sessions,
        turns=heard.turns,
        schedules=heard.schedules,
        tallies=heard.tallies,
        channels=channels,
    )


def _counted(before: tuple[tuple[str, int], ...], problems: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """By kind: "replies.future session=7 count=1" is one more replies.future."""
    counts = Counter(dict(before)) + Counter(problem.partition(" ")[0] for problem in problems)
    return tuple(sorted(counts.items()))


def _judgement(
    state: PortalState,
    notes: tuple[str, ...],
    flips: tuple[Flip, ...],
    heard: Heard,
    outcome: Step,
    told: tuple[Notice, ...],
) -> Judgement:
    return Judgement(
        state=state,
        flips=flips,
        turn_events=heard.events,
        ended=heard.ended,
        opened=outcome.opened,
        updated=outcome.updated,
        closed=outcome.closed,
        notices=told,
        notes=notes + heard.problems,
    )
