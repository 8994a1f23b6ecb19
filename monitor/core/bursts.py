"""Outages that nobody knew of: a channel that was said to be well, a gap that its habit does not know, then a crowd.

Bitrix24 dates messages by their arrival, so what customers wrote into a dead channel comes within one minute when it
lives again (response-time.md, case 45). What arrived like that waited where nobody could see it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.gist import new_words
from monitor.core.habit import Model, hours_from, model_of
from monitor.core.memory import ChannelMemory, PortalState
from monitor.core.model import ChannelKey
from monitor.core.policy import Policy
from monitor.core.quiet_days import DaysOff, QuietDays
from monitor.core.reading import Finding, HistorySeen
from monitor.core.turn_book import shelf_of

TOGETHER = timedelta(minutes=1)
FEWEST_DIALOGS = 3
MANY = 6.0  # times what usually comes in such a minute, beyond the fewest
FEWEST_MISSED = 5.0  # conversations that should have come meanwhile: in one such gap of 150 none does by chance
SHORTEST = timedelta(minutes=45)
LONGEST = timedelta(days=3)  # a longer silence has other stories, and its own incident


def learnt(
    state: PortalState, findings: Sequence[Finding], policy: Policy, days_off: QuietDays
) -> tuple[Mapping[ChannelKey, ChannelMemory], tuple[str, ...]]:
    """The channels with what a burst tells of their past, and a note for each such outage."""
    arrived: dict[ChannelKey, list[tuple[datetime, int]]] = defaultdict(list)
    for key, at, chat in _arrivals(state, findings):
        arrived[key].append((at, chat))
    gaps = {key: _gap(state.channels[key], rows, policy, days_off(key.line)) for key, rows in arrived.items()}
    found = {key: gap for key, gap in gaps.items() if gap}
    if not found:
        return state.channels, ()
    channels = {
        key: replace(memory, outages=(*memory.outages, found[key])) if key in found else memory
        for key, memory in state.channels.items()
    }
    return channels, tuple(_note(key, gap) for key, gap in found.items())


def _arrivals(state: PortalState, findings: Iterable[Finding]) -> Iterator[tuple[ChannelKey, datetime, int]]:
    """Customers' messages that were not heard before, of channels whose last word is known."""
    gists = shelf_of(state.turns).gists
    for one in findings:
        if isinstance(one, HistorySeen):
            key = ChannelKey(one.session.line, one.session.connector)
            memory = state.channels.get(key)
            last = memory.last_inbound if memory is not None else None
            if last is not None:
                for message in new_words(one, gists, last):
                    yield key, message.at, message.chat


def _gap(
    memory: ChannelMemory, arrived: list[tuple[datetime, int]], policy: Policy, days_off: DaysOff
) -> tuple[datetime, datetime] | None:
    """From the last word in either direction to the first of the crowd, where both are out of the ordinary."""
    first = min(at for at, _ in arrived)
    last = max(filter(None, (memory.last_inbound, memory.last_outbound)))
    if not SHORTEST <= first - last <= LONGEST or _is_known(memory, last):
        return None
    local = first.astimezone(ZoneInfo(policy.timezone))
    model = model_of(memory.habit.days, local.toordinal(), days_off)
    if model is None:
        return None
    dialogs = {chat for at, chat in arrived if at - first <= TOGETHER}
    usual = _expected(model, first, first + TOGETHER, policy.timezone, days_off)
    if len(dialogs) < FEWEST_DIALOGS + MANY * usual:
        return None
    missed = _expected(model, last, first, policy.timezone, days_off)
    return (last, first) if missed >= FEWEST_MISSED else None


def _is_known(memory: ChannelMemory, last: datetime) -> bool:
    """The channel was seen to be down meanwhile: then nothing is learnt later."""
    return any(end is None or end > last for _, end in memory.outages)


def _expected(model: Model, since: datetime, until: datetime, zone: str, days_off: DaysOff) -> float:
    """Conversations that usually come between two moments."""
    total = 0.0
    for start, end in hours_from(since, zone):
        if start >= until:
            return total
        local = start.astimezone(ZoneInfo(zone))
        rate = model.expected(local.date(), local.toordinal() in days_off)[local.hour]
        total += rate * ((min(end, until) - start) / timedelta(hours=1))
    return total


def _note(key: ChannelKey, gap: tuple[datetime, datetime]) -> str:
    since, until = (at.isoformat(timespec="seconds") for at in gap)
    return f"channel.outage_learnt line={key.line} connector={key.connector} since={since} until={until}"
