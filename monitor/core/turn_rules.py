"""What the turns of one session are judged by: hours, targets, people, and what was known to be broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from monitor.core.calendar import Schedule
from monitor.core.model import Messenger
from monitor.core.policy import Targets

Interval = tuple[datetime, datetime | None]  # None = still


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """Something about this customer that did not happen in this chat (cases 26, 36, 37).

    `waived`: somebody said that no reply is needed; `call`: a call of `lasted` to the same contact; `elsewhere`: a
    human message to the same contact in another chat. `message` proves it, 0 = nothing does.
    """

    kind: Literal["waived", "call", "elsewhere"]
    at: datetime
    user: int
    message: int = 0
    lasted: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Facts and options of one session's line and channel. What nothing tells is left at its default.

    `earlier`: former schedules by version, for turns that began under them. `staff`: ids of the portal's employees.
    `echoed`: messages that a connector wrote under somebody's name. `confirms`: whether the connector confirms
    deliveries, None = as the history shows. `mirrors`: users under whose name a connector shows what was typed on the
    phone; `no_phone`: it shows nothing of that. `groups`: how long a group's message may wait for anybody before it
    is our business, None = groups are left alone. `gone`: since when an employee is dismissed or away.
    """

    schedule: Schedule
    targets: Targets
    messenger: Messenger = Messenger.OTHER
    earlier: Mapping[str, Schedule] = field(default_factory=dict)
    staff: frozenset[int] = frozenset()
    gone: Mapping[int, datetime] = field(default_factory=dict)
    responsible: int = 0  # the customer's responsible employee in the CRM, 0 = not told
    outages: tuple[Interval, ...] = ()  # of the channel
    portal_outages: tuple[Interval, ...] = ()
    maintenance: tuple[tuple[datetime, datetime], ...] = ()
    answered_before: bool = False  # the chat's earlier session ended with our reply
    campaigns: tuple[datetime, ...] = ()  # mass mailings
    asides: tuple[Aside, ...] = ()
    echoed: frozenset[int] = frozenset()
    excluded: frozenset[int] = frozenset()  # customers who are ourselves: tests, employees (case 48)
    mirrors: frozenset[int] = frozenset()
    no_phone: bool = False
    confirms: bool | None = None
    reaction_ends_turn: bool = False
    call_ends_turn: bool = True
    groups: timedelta | None = None
