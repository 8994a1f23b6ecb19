"""The two-weekly review as data: is the channel alive, how fast do we answer, three things to do, and the evidence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.audits import standing_audits
from monitor.core.availability import Availability, Span, availability, by_day, spans
from monitor.core.calendar import Schedule
from monitor.core.delays import Own, culprit_of, is_unmet, is_untaken, own_delays
from monitor.core.expiries import terms
from monitor.core.guarantee import is_of_option
from monitor.core.incident import Audience, Incident, IncidentKind, Severity
from monitor.core.lateness import as_due
from monitor.core.memory import Audit, Flip, PortalState
from monitor.core.model import ChannelKey, State
from monitor.core.parity import Parity, parity
from monitor.core.policy import Policy
from monitor.core.replies import Figures, by_manager, in_period, of_team, whose
from monitor.core.turn import Turn, Verdict

WORST = 5
EXPIRING, TOLD = timedelta(days=30), timedelta(days=120)
REPLIES = frozenset({IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY, IncidentKind.CLOSED_WITHOUT_ANSWER})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReview:
    key: ChannelKey
    now: State
    told: Availability
    days: tuple[tuple[datetime, State], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to do: a machine word, the number behind it, and whom or what it concerns."""

    what: str  # channel_down, expired, unanswered, slow_manager, nobody_takes, expiring, all_well
    count: int = 0
    user: int = 0
    subject: str = ""
    incident: Incident | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One portal's fortnight. Everything in it is rebuilt from the ledger; `heat` by (weekday, hour): turns, unmet."""

    portal: str
    since: datetime
    until: datetime
    channels: tuple[ChannelReview, ...]
    team: Figures
    before: Figures  # the period before, as long
    managers: Mapping[int, Figures]
    incidents: tuple[Incident, ...]  # of channels, portal and guarantee; those of single replies are only counted
    worst: tuple[Turn, ...]
    advice: tuple[Advice, ...]
    parity: Parity
    reply_alarms: int = 0  # customers whose waiting raised an alarm
    heat: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    expiries: tuple[tuple[str, datetime], ...] = ()
    audits: tuple[Audit, ...] = ()
    untaken: int = 0  # requests that waited too long because nobody took them
    own: Mapping[int, Own] = field(default_factory=dict)  # employees by what they had in hand


def review(
    state: PortalState,
    policy: Policy,
    turns: Sequence[Turn],
    flips: Sequence[Flip],
    incidents: Sequence[Incident],
    *,
    schedule: Callable[[int], Schedule | None],
    since: datetime,
    until: datetime,
    now: datetime,
) -> Review:
    """`turns` from a period's length before `since` on; `flips` and `incidents` as far back as they are kept."""
    told = as_due(in_period(turns, since, until), state, policy)
    replies = [one for one in mine_of(incidents, since, until) if one.kind in REPLIES]
    channels = tuple(_channels(state, policy, flips, schedule, since, until))
    mine = _without_forerunners([one for one in mine_of(incidents, since, until) if one.kind not in REPLIES], since)
    own = own_delays(told, now)
    expiries = tuple(_expiries(state, policy, now))
    return Review(
        portal=state.portal,
        since=since,
        until=until,
        channels=channels,
        team=of_team(told, now),
        before=of_team(in_period(turns, since - (until - since), since), now),
        managers=by_manager(told, now),
        incidents=tuple(sorted(mine, key=_gravity)),
        reply_alarms=len({_chat_of(one) for one in replies}),
        worst=_worst(told, now),
        advice=_advice(mine, told, own, expiries, now),
        parity=parity(told, now),
        heat=_heat(told, policy.timezone, now),
        expiries=expiries,
        audits=tuple(_audits(state, policy, now)),
        untaken=_untaken(told, now),
        own=own,
    )


def _chat_of(incident: Incident) -> str:
    """Of one about a reply: one dialog, however often its customer waited and whatever was told of it."""
    return incident.subject.partition("/")[0]


def _audits(state: PortalState, policy: Policy, now: datetime) -> Iterator[Audit]:
    """What the option that was bought promises; whatever else is found broken stands among the incidents."""
    guarantee = policy.guarantee
    for audit in standing_audits(state, policy, now):
        if guarantee is not None and is_of_option(audit.seen.check, guarantee.option):
            yield audit


def mine_of(incidents: Sequence[Incident], since: datetime, until: datetime) -> list[Incident]:
    """Those that were open at some time of the period."""
    return [one for one in incidents if one.opened < until and (one.closed is None or one.closed >= since)]


def _without_forerunners(incidents: Sequence[Incident], since: datetime) -> tuple[Incident, ...]:
    """The warnings of what has ended meanwhile were told in the review of their beginning."""
    over = {one.subject for one in incidents if one.kind is IncidentKind.EXPIRED}
    return tuple(
        one
        for one in incidents
        if one.kind is not IncidentKind.EXPIRY_SOON or one.subject not in over or one.opened >= since
    )


def _gravity(incident: Incident) -> tuple[bool, bool, datetime]:
    return incident.closed is not None, incident.severity is not Severity.CRITICAL, incident.opened


def _channels(
    state: PortalState,
    policy: Policy,
    flips: Sequence[Flip],
    schedule: Callable[[int], Schedule | None],
    since: datetime,
    until: datetime,
) -> list[ChannelReview]:
    rows = []
    for key, memory in sorted(state.channels.items()):
        hours = schedule(key.line)
        if memory.gone or hours is None:
            continue
        told: tuple[Span, ...] = spans(flips, key, since, until)
        days = by_day(told, policy.timezone, since, until)
        rows.append(ChannelReview(key=key, now=memory.diagnosis.state, told=availability(told, hours), days=days))
    return rows


def _worst(turns: Sequence[Turn], now: datetime) -> tuple[Turn, ...]:
    """Never answered first, then the longest waits."""
    unmet = [turn for turn in turns if is_unmet(turn, now)]
    return tuple(sorted(unmet, key=lambda turn: (bool(turn.ended_by), -_waited(turn, now)))[:WORST])


def _waited(turn: Turn, now: datetime) -> float:
    return (turn.working or (turn.ended or now) - turn.opened).total_seconds()


def _advice(
    incidents: Sequence[Incident],
    turns: Sequence[Turn],
    own: Mapping[int, Own],
    expiries: Sequence[tuple[str, datetime]],
    now: datetime,
) -> tuple[Advice, ...]:
    """The three that weigh most; a week in which all was well says so."""
    told = [
        Advice(what="expired" if one.kind is IncidentKind.EXPIRED else "channel_down", incident=one)
        for one in incidents
        if one.closed is None and one.audience is Audience.INTEGRATOR and one.severity is Severity.CRITICAL
    ]
    missed = [turn for turn in turns if turn.verdict is Verdict.MISSED]
    if missed:
        told.append(Advice(what="unanswered", count=len(missed), user=_most(missed)))
    waiting = _untaken(turns, now)
    if waiting >= max(3, len(turns) // 20):
        told.append(Advice(what="nobody_takes", count=waiting))
    slow = _slowest(own)
    if slow is not None:
        told.append(Advice(what="slow_manager", user=slow, count=own[slow].late))
    over = {one.incident.subject for one in told if one.what == "expired" and one.incident is not None}
    near = [subject for subject, at in expiries if at - now < EXPIRING and subject not in over]
    told += [Advice(what="expiring", subject=subject) for subject in near]
    return tuple(told[:3]) or (Advice(what="all_well"),)


def _untaken(turns: Sequence[Turn], now: datetime) -> int:
    return sum(is_untaken(turn) for turn in turns if is_unmet(turn, now))


def _most(turns: Sequence[Turn]) -> int:
    return Counter(culprit_of(turn) if turn.blame else whose(turn) for turn in turns).most_common(1)[0][0]


def _slowest(own: Mapping[int, Own]) -> int | None:
    """Of those who can be rated, the lowest share below what was promised, by what they had in hand."""
    rated = {user: one for user, one in own.items() if one.is_rated and (one.share or 0) < 0.8}
    return min(rated, key=lambda user: (rated[user].share or 0.0, user), default=None)


def _heat(turns: Sequence[Turn], zone: str, now: datetime) -> dict[tuple[int, int], tuple[int, int]]:
    cells: dict[tuple[int, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for turn in turns:
        at = turn.opened.astimezone(ZoneInfo(zone))
        count, unmet = cells[at.weekday(), at.hour]
        cells[at.weekday(), at.hour] = (count + 1, unmet + is_unmet(turn, now))
    return dict(cells)


def _expiries(state: PortalState, policy: Policy, now: datetime) -> Iterator[tuple[str, datetime]]:
    """By the one calendar of all that ends; of what somebody has taken note of nobody is reminded."""
    for term in terms(state, policy):
        known = state.reminders.get(term.subject)
        if term.at - now < TOLD and not (known is not None and known.acknowledged):
            yield term.subject, term.at
