"""One poll's flags, provider words and traffic folded into what is remembered of every channel."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.core.connectors import messenger_of
from monitor.core.deliveries import Deliveries, with_gist
from monitor.core.fold import UNREAD_AFTER, fold_channel
from monitor.core.furniture import kept
from monitor.core.listening import listened, still_silent, still_undelivered
from monitor.core.memory import ChannelMemory, Flip, PortalState, SessionMemory
from monitor.core.model import Channel, ChannelKey, Message
from monitor.core.policy import ChannelPolicy, Policy
from monitor.core.quiet_days import DaysOff, QuietDays
from monitor.core.reading import Finding, FlagSeen, ProviderSeen
from monitor.core.replacing import replace
from monitor.core.sessions import Read
from monitor.core.traffic import fold_traffic

Channels = Mapping[ChannelKey, ChannelMemory]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    channels: Channels
    flips: tuple[Flip, ...]


def fold_channels(
    state: PortalState,
    findings: Sequence[Finding],
    policy: Policy,
    *,
    blind: bool,
    settled: bool,
    asked: bool = False,
    now: datetime,
) -> Folded:
    """Every channel that a finding speaks of, and, while the portal is out of sight, every other one too.

    `settled`: the channels were named and judged by this very policy and these titles of connectors; `asked`: all of
    them were asked for their flags, so one that is not told could not be read.
    """
    flags = {finding.key: finding for finding in findings if isinstance(finding, FlagSeen)}
    words = [finding for finding in findings if isinstance(finding, ProviderSeen)]
    unread = _unread(state.channels, flags, policy, now) if asked else {}
    channels, flips = dict(state.channels), []
    for key in sorted(_touched(state, flags, words, policy, blind=blind) | unread.keys()):
        known = unread.get(key) or state.channels.get(key)
        channel = known.channel if settled and known is not None else identify(key, state, policy)
        memory, flip = fold_channel(
            known,
            channel,
            flags.get(key),
            _word_for(channel, words),
            blind,
            policy,
            now,
            still_silent(known, policy.language),
            still_undelivered(known),
            settled=settled,
        )
        channels[key] = memory
        flips += [flip] if flip else []
    return Folded(channels=kept(state.channels, channels), flips=tuple(flips))


def _unread(channels: Channels, flags: Mapping[ChannelKey, FlagSeen], policy: Policy, now: datetime) -> Channels:
    """Those that were asked for in vain, once more; beyond what is believed nobody asks how often."""
    most = max(UNREAD_AFTER, policy.confirm_open)
    return {
        key: replace(
            memory, unread=min(memory.unread + 1, most), unread_since=memory.unread_since if memory.unread else now
        )
        for key, memory in channels.items()
        if key not in flags and not memory.gone and memory.flag is not None
    }


def identify(key: ChannelKey, state: PortalState, policy: Policy) -> Channel:
    """Who a channel is: the config's word first, then the connector's title and id."""
    wish = policy.channels.get(key, ChannelPolicy())
    title = state.connectors.get(key.connector, "")
    return Channel(
        line=key.line,
        connector=key.connector,
        messenger=wish.messenger or messenger_of(key.connector, title),
        title=title,
        provider=wish.provider,
        account=wish.account,
    )


Traffic = tuple[ChannelKey, tuple[Message, ...]]  # of one dialog: messages of people not counted before


def fold_dialogs(
    channels: Channels,
    read: Iterable[Read],
    traffic: Iterable[Traffic],
    sessions: Mapping[int, SessionMemory],
    now: datetime,
    *,
    zone: str,
    days_off: QuietDays,
    phone_users: Container[int] = frozenset(),
) -> Channels:
    """What customers wrote, counted once, and what became of the answers; `sessions` as they were before.

    `phone_users`: under whose names a connector shows what was typed on the phone.
    """
    fresh: dict[ChannelKey, list[tuple[Message, ...]]] = {}
    for key, messages in traffic:
        fresh.setdefault(key, []).append(messages)
    sent: dict[ChannelKey, Deliveries] = {}
    for one in read:
        memory, number = channels.get(one.channel), one.history.session.id
        if memory is not None:
            waiting = sessions[number].unconfirmed if number in sessions else ()
            known = sent.get(one.channel, memory.deliveries)
            sent[one.channel] = with_gist(known, number, waiting, one.gist, now)
    told = {}
    for key, deliveries in sent.items():
        counted = _counted(channels[key], fresh.get(key, ()), phone_users, zone, days_off(key.line))
        told[key] = counted if deliveries is counted.deliveries else replace(counted, deliveries=deliveries)
    return {**channels, **told} if told else channels


def _counted(
    memory: ChannelMemory,
    dialogs: Sequence[tuple[Message, ...]],
    phone_users: Container[int],
    zone: str,
    days_off: DaysOff,
) -> ChannelMemory:
    if not dialogs:
        return memory
    counted = fold_traffic(memory, [message for messages in dialogs for message in messages], phone_users)
    habit, patience = listened(counted, dialogs, zone, days_off)
    return replace(counted, habit=habit, patience=patience)


def seen_by_traffic(
    channels: Channels, keys: Iterable[ChannelKey], state: PortalState, policy: Policy, now: datetime
) -> Channels:
    """With a webhook the flags are out of reach: a channel is what customers write through."""
    new = {key for key in keys if key not in channels}
    if not policy.webhook_only or not new:
        return channels
    made = {key: fold_channel(None, identify(key, state, policy), None, None, False, policy, now)[0] for key in new}
    return {**channels, **made}


def _touched(
    state: PortalState,
    flags: Mapping[ChannelKey, FlagSeen],
    words: Sequence[ProviderSeen],
    policy: Policy,
    *,
    blind: bool,
) -> set[ChannelKey]:
    known = {key for key, memory in state.channels.items() if not memory.gone}
    spoken = {key for key, flag in flags.items() if key in known or flag.configured or flag.status or flag.error}
    asked = known | policy.channels.keys() if words else set()
    bound = {key for key in asked if _word_for(identify(key, state, policy), words)}
    return spoken | bound | _unheard(state, policy) | (known if blind else set())


def _unheard(state: PortalState, policy: Policy) -> set[ChannelKey]:
    """Channels that the config names, of an account that has never answered: nobody has seen them."""
    silent = {name for name, one in state.accounts.items() if one.seen is None and one.since is not None}
    return {key for key, wish in policy.channels.items() if wish.provider in silent and key not in state.channels}


def _word_for(channel: Channel, words: Sequence[ProviderSeen]) -> ProviderSeen | None:
    mine = [word for word in words if word.provider == channel.provider]
    if channel.account is None:
        return mine[0] if len(mine) == 1 else None
    return next((word for word in mine if word.account == channel.account), None)


def renamed(channels: Channels, state: PortalState, policy: Policy) -> Channels:
    """Channels under the names that config and connector list give them now: after a reload or a discovery."""
    fresh = {key: _identified(memory, identify(key, state, policy)) for key, memory in channels.items()}
    return kept(channels, fresh)


def _identified(memory: ChannelMemory, channel: Channel) -> ChannelMemory:
    """One that nobody has ever seen was the config's word alone, and goes with it."""
    if memory.channel == channel:
        return memory
    is_seen = memory.flag is not None or memory.provider is not None or memory.received or memory.sent
    is_given_up = memory.channel.provider is not None and channel.provider is None and not is_seen
    return replace(memory, channel=channel, gone=memory.gone or is_given_up)
