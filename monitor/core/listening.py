"""Every channel's silence judged by its own habit: what it heard, which days teach nothing, when it is too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.canary_rules import unheard
from monitor.core.connectors import confirms
from monitor.core.deliveries import Stuck, undelivered
from monitor.core.fold import fold_channel
from monitor.core.furniture import kept
from monitor.core.habit import FIRST_LEARNT, Habit, listen, pass_days
from monitor.core.memory import ChannelMemory, Diagnosis, Flip, PortalState, Proof
from monitor.core.model import Author, ChannelKey, Message, State
from monitor.core.outages import Outage
from monitor.core.policy import Policy
from monitor.core.quiet_days import DaysOff, QuietDays
from monitor.core.replacing import replace
from monitor.core.silence import Patience, patience
from monitor.core.words import coarse, plural, span_of

CUSTOMER = Author.CUSTOMER
SILENCES = frozenset({"silent", "canary_lost"})  # causes of which the traffic, or its test, alone tells
FRESH = timedelta(minutes=10)  # how old the last reading of dialogs may be for a silence to be believed
TAUGHT_NOTHING = timedelta(days=5)  # how far back a new day looks for days on which the channel was not well

_SENTENCE = {
    "ru": "клиенты молчат {gap}; обычно {first} приходит около {expected} {conversations}, вероятность такой тишины на "
    "исправном канале {odds}",
    "en": "no customer for {gap}; about {expected} {conversations} {first}, the chance of such a silence on a sound "
    "channel is {odds}",
}
_FIRST = {  # the figures are those of the moment from which the silence was too long: while it goes on, it only grows
    "ru": ("за это время", "уже за {span}"),
    "en": ("in that time", "in {span} already"),
}
_ODDS = {"ru": ("1 к {odds}", "меньше 1 к {odds}"), "en": ("1 in {odds}", "below 1 in {odds}")}
_CONVERSATIONS = {
    "ru": ("обращения", "обращений", "обращений"),
    "en": ("conversation usually begins", "", "conversations usually begin"),
}

_UNDELIVERED = {
    "ru": "{count} {messages} сотрудников подряд в {dialogs} {in_dialogs} не доставлены, первое {ago} назад; "
    "подтверждения доставки с тех пор не было",
    "en": "{count} {messages} of employees in a row in {dialogs} {in_dialogs} were not delivered, the first one {ago} "
    "ago; nothing has been confirmed since",
}
_MESSAGES = {"ru": ("сообщение", "сообщения", "сообщений"), "en": ("message", "", "messages")}
_IN_DIALOGS = {"ru": ("диалоге", "диалогах", "диалогах"), "en": ("dialog", "", "dialogs")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The channels with their habits at this moment, and who fell silent or spoke again."""

    channels: Mapping[ChannelKey, ChannelMemory]
    flips: tuple[Flip, ...]


def listened(
    memory: ChannelMemory, dialogs: Iterable[Sequence[Message]], zone: str, days_off: DaysOff
) -> tuple[Habit, Patience | None]:
    """Habit and patience with what customers wrote in some dialogs; patience starts anew from the last word."""
    habit, heard = memory.habit, False
    for messages in dialogs:
        words = [(message.session, message.at) for message in messages if message.author is CUSTOMER]
        if words and memory.last_inbound is not None:
            habit, heard = listen(habit, words, zone), True
    if not heard or memory.last_inbound is None:
        return habit, memory.patience
    return habit, patience(habit, memory.last_inbound, zone, days_off)


def judge_silence(state: PortalState, policy: Policy, days_off: QuietDays, blind: bool, now: datetime) -> Quiet:
    """After the traffic of a poll was counted. What is not read freshly says nothing of anybody's silence."""
    today = now.astimezone(ZoneInfo(policy.timezone)).toordinal()
    can_hear = _can_hear(state, policy, now)
    channels, flips = dict(state.channels), []
    for key, known in state.channels.items():
        memory = known if known.gone else _new_day(known, state, policy, days_off, key.line, today, now)
        if can_hear and not memory.gone:
            memory = _after_outage(memory, state, policy.timezone, days_off, key.line)
            proof = unheard(memory, policy, min(now, state.cursor.watermark or now))
            if proof is None and is_too_long(memory, now):
                proof = witness(memory, policy.language, now)
            if _matters(memory, proof):
                memory, flip = fold_channel(memory, memory.channel, None, None, blind, policy, now, proof)
                flips += [flip] if flip else []
        channels[key] = memory
    return Quiet(channels=kept(state.channels, channels), flips=tuple(flips))


def _after_outage(
    memory: ChannelMemory, state: PortalState, zone: str, days_off: QuietDays, line: int
) -> ChannelMemory:
    """While the channel was down, silence was no wonder: patience starts anew when that is over. While the portal was,
    patience stood still: what customers wrote meanwhile is read afterwards. Who is silent stays so until one writes."""
    waited, end = memory.patience, memory.outages[-1][1] if memory.outages else None
    if waited is None or waited.after is None or _judged(memory).state is State.SILENT:
        return memory
    if end is not None and end > waited.since:
        waited = patience(memory.habit, end, zone, days_off(line))
    paused = sum((end - max(start, waited.since) for start, end in _over_since(waited, state)), timedelta())
    if waited.after is not None and paused > waited.paused:
        waited = replace(waited, after=waited.after + paused - waited.paused, paused=paused)
    return memory if waited is memory.patience else replace(memory, patience=waited)


def _over_since(waited: Patience, state: PortalState) -> Iterator[tuple[datetime, datetime]]:
    """The portal's outages that ended while it was waited."""
    for start, end in state.memory.outages:
        if end is not None and end > waited.since:
            yield start, end


def _judged(memory: ChannelMemory) -> Diagnosis:
    """The channel's own diagnosis, also while it is out of sight."""
    return memory.hidden or memory.diagnosis


def judge_delivery(state: PortalState, policy: Policy, blind: bool, now: datetime) -> Quiet:
    """Whether what managers write arrives; said of what counts as connected, and taken back with the first arrival."""
    channels, flips = dict(state.channels), []
    for key, memory in state.channels.items():
        proof = mute(memory, policy.language, now)
        if memory.gone or not _is_news(memory, proof):
            continue
        channels[key], flip = fold_channel(memory, memory.channel, None, None, blind, policy, now, None, proof)
        flips += [flip] if flip else []
    return Quiet(channels=kept(state.channels, channels), flips=tuple(flips))


def mute(memory: ChannelMemory, language: str, now: datetime) -> Proof | None:
    """The traffic's own word that nothing leaves; None while messages arrive, or too few are known."""
    stuck = undelivered(memory.deliveries, now, confirms=confirms(memory.channel.connector))
    return Proof(source="traffic", word=_stuck_words(stuck, language, now), at=stuck[0].at) if stuck else None


def _stuck_words(stuck: Sequence[Stuck], language: str, now: datetime) -> str:
    """The evidence in one sentence, with its numbers."""
    dialogs = len({one.session for one in stuck})
    return _UNDELIVERED[language].format(
        count=len(stuck),
        messages=plural(len(stuck), _MESSAGES[language], language),
        dialogs=dialogs,
        in_dialogs=plural(dialogs, _IN_DIALOGS[language], language),
        ago=span_of(coarse(now - stuck[0].at), language),
    )


def _is_news(memory: ChannelMemory, proof: Proof | None) -> bool:
    judged = _judged(memory)
    if judged.cause == "undelivered":
        return proof is None
    return proof is not None and judged.state is State.CONNECTED


def still_undelivered(memory: ChannelMemory | None) -> Proof | None:
    """Until the traffic was looked at, it goes on."""
    if memory is None or _judged(memory).cause != "undelivered":
        return None
    return next((proof for proof in _judged(memory).proof if proof.source == "traffic"), None)


def _matters(memory: ChannelMemory, proof: Proof | None) -> bool:
    """Silence says something only of what counts as connected, or of what nobody else can see; and once."""
    judged = _judged(memory)
    if judged.cause in SILENCES:
        return proof not in judged.proof
    return proof is not None and (judged.state is State.CONNECTED or judged.cause == "webhook_only")


def still_silent(known: ChannelMemory | None, language: str) -> Proof | None:
    """Until the traffic was looked at, a silence goes on."""
    if known is None or _judged(known).cause not in SILENCES:
        return None
    tried = next((proof for proof in _judged(known).proof if proof.source == "canary"), None)
    return tried or witness(known, language)


def is_too_long(memory: ChannelMemory, now: datetime) -> bool:
    return memory.patience is not None and memory.patience.after is not None and now >= memory.patience.after


def witness(memory: ChannelMemory, language: str, now: datetime | None = None) -> Proof | None:
    """The traffic's own word: how long, how much was expected, how likely. None where the silence is usual."""
    waited = memory.patience
    if waited is None or waited.after is None:
        return None
    first, gap = (coarse(until - waited.since) for until in (waited.after, max(waited.after, now or waited.after)))
    goes_on = gap > first
    odds = f"{round(1 / max(waited.chance, 1e-12), -2):,.0f}".replace(",", " ")
    expected = max(1, round(waited.expected))
    word = _SENTENCE[language].format(
        gap=span_of(gap, language),
        first=_FIRST[language][goes_on].format(span=span_of(first, language)),
        expected=expected,
        conversations=plural(expected, _CONVERSATIONS[language], language),
        odds=_ODDS[language][goes_on].format(odds=odds),
    )
    return Proof(source="traffic", word=word, at=waited.since)


def learnt_days(memory: ChannelMemory, now: datetime, zone: str) -> int | None:
    """Days of habit so far while it is being learnt, None when it is known."""
    if memory.patience is not None and memory.patience.after is not None:
        return None
    since = memory.habit.since or now.astimezone(ZoneInfo(zone)).toordinal()
    return min(FIRST_LEARNT.days, now.astimezone(ZoneInfo(zone)).toordinal() - since)


def _can_hear(state: PortalState, policy: Policy, now: datetime) -> bool:
    watermark = state.cursor.watermark
    if state.memory.failing_since is not None or watermark is None:
        return False
    return now - watermark < max(FRESH, 3 * policy.poll) + abs(state.memory.skew or timedelta())


def _new_day(
    memory: ChannelMemory,
    state: PortalState,
    policy: Policy,
    days_off: QuietDays,
    line: int,
    today: int,
    now: datetime,
) -> ChannelMemory:
    """Once a day: days without a word are learnt from too, days on which nothing could be heard are not."""
    days = memory.habit.days
    if memory.habit.since and days and days[-1].ordinal >= today:
        return memory
    unseen = frozenset(_unseen(memory, state, policy.timezone, now))
    habit = pass_days(memory.habit, now.astimezone(ZoneInfo(policy.timezone)).date(), unseen)
    is_known = memory.patience is not None and memory.patience.after is not None
    if memory.last_inbound is None or is_known:  # what the present gap does not tell must not make it look usual
        return replace(memory, habit=habit)
    waited = patience(habit, memory.last_inbound, policy.timezone, days_off(line))
    return replace(memory, habit=habit, patience=waited)


def _unseen(memory: ChannelMemory, state: PortalState, zone: str, now: datetime) -> Iterator[int]:
    """Ordinals of the last days on which the channel or the portal was down, or the channel silent."""
    outages: tuple[Outage, ...] = memory.outages + state.memory.outages
    if memory.diagnosis.state is State.SILENT and memory.patience is not None:
        outages += ((memory.patience.since, None),)
    for start, end in outages:
        first = max(start, now - TAUGHT_NOTHING).astimezone(ZoneInfo(zone)).toordinal()
        last = (end or now).astimezone(ZoneInfo(zone)).toordinal()
        yield from range(first, last + 1)
