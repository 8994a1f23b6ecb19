"""A portal's canaries: what was sent, taken and heard of them, which are due, and what their loss proves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from monitor.core.canary import ENOUGH, Canary, is_due, last_arrival, lost, with_heard, with_sent, with_taken
from monitor.core.memory import ChannelMemory, PortalState, Proof
from monitor.core.model import ChannelKey, State
from monitor.core.policy import CanaryRule, Policy
from monitor.core.quiet_days import DaysOff, QuietDays
from monitor.core.reading import CanarySent, CanaryTaken, Finding, HistorySeen
from monitor.core.replacing import replace
from monitor.core.silence import patience
from monitor.core.words import moment

_SENTENCE = {
    "ru": "тестовых сообщений подряд не пришло: {count} (№ {numbers}); первое отправлено {at}, каждого ждали "
    "{wait} мин",
    "en": "{count} test messages in a row (No. {numbers}) did not arrive; the first was sent {at}, each was waited for "
    "{wait} min",
}
_TRIED_IN = frozenset({State.CONNECTED, State.SILENT})


def rules(policy: Policy) -> Mapping[ChannelKey, CanaryRule]:
    """By channel; mostly none."""
    return {key: wish.canary for key, wish in policy.channels.items() if wish.canary is not None}


def fold_canaries(
    state: PortalState, findings: Sequence[Finding], policy: Policy, days_off: QuietDays
) -> Mapping[ChannelKey, ChannelMemory]:
    """The channels with what these findings tell; the very mapping that came in where that is nothing."""
    if not rules(policy):
        return state.channels
    channels = dict(state.channels)
    for finding in findings:
        key = _place(finding)
        memory = channels.get(key) if key is not None else None
        if key is not None and memory is not None:
            channels[key] = _told(memory, finding, policy, days_off(key.line))
    changed = any(channels[key] is not memory for key, memory in state.channels.items())
    return channels if changed else state.channels


def _place(finding: Finding) -> ChannelKey | None:
    match finding:
        case CanarySent(key=key) | CanaryTaken(key=key):
            return key
        case HistorySeen(session=session):
            return ChannelKey(session.line, session.connector)
        case _:
            return None


def _told(memory: ChannelMemory, finding: Finding, policy: Policy, days_off: DaysOff) -> ChannelMemory:
    known = memory.canaries
    match finding:
        case CanarySent(number=number, digest=digest, at=at):
            after = with_sent(known, Canary(number=number, digest=digest, sent=at))
        case CanaryTaken(number=number, at=at, problem=problem):
            after = with_taken(known, number, at, problem)
        case HistorySeen(session=session, messages=messages):
            after = with_heard(known, session.customer, messages)
        case _:
            return memory
    if after is known:
        return memory
    return _encouraged(replace(memory, canaries=after), policy.timezone, days_off)


def _encouraged(memory: ChannelMemory, zone: str, days_off: DaysOff) -> ChannelMemory:
    """A canary that arrived is as good as a customer: patience starts anew."""
    waited, arrived = memory.patience, last_arrival(memory.canaries)
    if waited is None or waited.after is None or arrived is None or arrived <= waited.since:
        return memory
    return replace(memory, patience=patience(memory.habit, arrived, zone, days_off))


def due(
    state: PortalState, policy: Policy, is_open: Callable[[int], bool], now: datetime
) -> Iterator[tuple[ChannelKey, CanaryRule]]:
    """Channels that count as working, in their line's hours, and from which nothing was heard for long enough."""
    if state.memory.failing_since is not None or any(one.start <= now < one.end for one in policy.maintenance):
        return
    for key, rule in rules(policy).items():
        memory = state.channels.get(key)
        if memory is None or memory.gone or memory.hidden is not None or not is_open(key.line):
            continue
        tried = memory.diagnosis.state in _TRIED_IN or memory.diagnosis.cause == "webhook_only"
        if tried and is_due(memory.canaries, rule, memory.last_inbound, now):
            yield key, rule


def awaited(state: PortalState, policy: Policy) -> frozenset[tuple[ChannelKey, int]]:
    """Customers who are ourselves, and whose last word has not been seen: into a session that waits for an answer
    already, more may be written without that its activity tells of it (bitrix24-api.md 6.5)."""
    found = set()
    for key in rules(policy):
        memory = state.channels.get(key)
        if memory is not None and memory.canaries.sent and memory.canaries.sent[-1].arrived is None:
            found |= {(key, customer) for customer in memory.canaries.customers}
    return frozenset(found)


def unheard(memory: ChannelMemory, policy: Policy, read_until: datetime) -> Proof | None:
    """The canaries' own word that nothing arrives; None while one does, or too few are known."""
    rule = policy.channels[memory.channel.key].canary if memory.channel.key in policy.channels else None
    if rule is None or not memory.canaries.sent:
        return None
    heard = max((at for at in (memory.last_inbound, last_arrival(memory.canaries)) if at), default=None)
    gone = lost(memory.canaries, rule, heard, read_until)
    if len(gone) < ENOUGH:
        return None
    word = _SENTENCE[policy.language].format(
        count=len(gone),
        numbers=", ".join(one.number for one in gone),
        at=moment(gone[0].sent, policy.timezone, policy.language),
        wait=round(rule.wait.total_seconds() / 60),
    )
    return Proof(source="canary", word=word, at=gone[0].sent)
