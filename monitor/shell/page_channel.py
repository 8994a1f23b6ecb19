"""One channel's page: its state now with proof, and its last ninety days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from monitor.core.canary import Canary
from monitor.core.memory import ChannelMemory, Flip
from monitor.core.model import ChannelKey
from monitor.core.policy import CanaryRule
from monitor.core.timeline import Day, days_of, spans_of, uptime
from monitor.core.words import percent
from monitor.shell import charts
from monitor.shell.page_portal import channel_name, channel_row, open_incidents
from monitor.shell.sight import Sight, light_of

Row = dict[str, Any]

_USUAL = CanaryRule(through="", to="")
SHOWN = timedelta(days=89)  # and today
MOST_CHANGES = 50
_DATE = {"ru": "%d.%m.%Y", "en": "%Y-%m-%d"}


def past_begins(now: datetime) -> datetime:
    return now - SHOWN


def channel(memory: ChannelMemory, flips: Sequence[Flip], sight: Sight) -> Row:
    """`flips` of this channel alone, since `past_begins`, ascending."""
    days = _days(memory, flips, sight)
    seen = [day for day in days if day.up or day.down]
    subject = f"{memory.channel.line}/{memory.channel.connector}"
    known = {one.id for one in sight.state.incidents.values() if one.subject == subject}
    return channel_row(memory, sight) | {
        "gone": memory.gone,
        **_strip(days, sight),
        "seen_days": len(seen),
        "bad_days": sum(bool(day.down) for day in seen),
        "first_day": days[0].day.strftime(_DATE[sight.language]),
        "changes": [_change(flip, sight) for flip in reversed(flips[-MOST_CHANGES:])],
        "incidents": [row for row in open_incidents(sight) if row["id"] in known],
        "canaries": [_canary(one, memory, sight) for one in reversed(memory.canaries.sent)],
    }


def _canary(one: Canary, memory: ChannelMemory, sight: Sight) -> Row:
    wish = sight.policy.channels.get(memory.channel.key)
    wait = (wish.canary if wish and wish.canary else _USUAL).wait
    if one.arrived is not None:
        told = sight.say("canary_arrived").format(span=sight.span(max(timedelta(), one.arrived - one.sent)))
    elif one.taken is None:
        told = sight.say("canary_not_sent").format(problem=one.problem or "—")
    else:
        told = sight.say("canary_on_its_way" if sight.now < one.taken + wait else "canary_lost")
    light = "good" if one.arrived else "bad" if one.taken and sight.now >= one.taken + wait else "none"
    return {"at": sight.at(one.sent), "number": one.number, "light": light, "told": told}


def strips(flips: Sequence[Flip], sight: Sight) -> list[Row]:
    """Every channel's last ninety days, of all the portal's changes since `past_begins`."""
    mine: dict[ChannelKey, list[Flip]] = defaultdict(list)
    for flip in flips:
        mine[ChannelKey(flip.line, flip.connector)].append(flip)
    shown = {key: memory for key, memory in sight.state.channels.items() if not memory.gone}
    return [
        {"name": channel_name(memory, sight), "line": key.line, "connector": key.connector}
        | _strip(_days(memory, mine[key], sight), sight, hatch=f"hatch-{index}")
        for index, (key, memory) in enumerate(shown.items())
    ]


def _days(memory: ChannelMemory, flips: Sequence[Flip], sight: Sight) -> tuple[Day, ...]:
    since = past_begins(sight.now)
    return days_of(spans_of(flips, memory, since, sight.now), sight.policy.timezone, since, sight.now)


def _strip(days: Sequence[Day], sight: Sight, hatch: str = "hatch") -> Row:
    share = percent(uptime(days), sight.language, digits=2)
    seen = uptime(days) is not None
    label = sight.say("strip_label").format(days=len(days), share=share) if seen else sight.say("never_seen")
    told = f"{sight.say('uptime')} {share} {sight.say('uptime_of')}" if seen else sight.say("not_seen")
    return {"told": told, "strip": charts.strip([_bar(day, sight) for day in days], label, hatch=hatch), "share": share}


def _bar(day: Day, sight: Sight) -> charts.Bar:
    date = day.day.strftime(_DATE[sight.language])
    if not day.up and not day.down:
        return charts.Bar(share=None, title=f"{date}: {sight.say('not_seen')}")
    share = day.up / (day.up + day.down)
    if not day.down or day.worst is None:
        return charts.Bar(share=share, title=f"{date}: {sight.say('all_well')}")
    lost = sight.say("did_not_work").format(span=sight.span(day.down), state=sight.state_word(day.worst))
    return charts.Bar(share=share, title=f"{date}: {lost}")


def _change(flip: Flip, sight: Sight) -> Row:
    return {
        "at": sight.at(flip.at),
        "light": light_of(flip.after),
        "before": sight.state_word(flip.before) if flip.before else "",
        "after": sight.state_word(flip.after),
        "proof": [f"{proof.source}: {proof.word}" for proof in flip.diagnosis.proof],
    }
