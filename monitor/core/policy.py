"""One portal's wishes with defaults applied: all that the core judges by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.model import ChannelKey, Messenger
from monitor.core.receivers import Receiver

# The audits of the guarantee, as the metrics call them.
CHECKS = (
    "department_can_write",
    "routed_to_responsible",
    "crm_notified",
    "queue_staffed",
    "config_drift",
    "document_numbers",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    first: timedelta
    next: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRule:
    """An explicit schedule of the config: (weekdays 0=Monday, intervals in minutes of the day) rows.

    `holidays` a country code or None; `exceptions` (ISO date, intervals) override everything on that date.
    """

    timezone: str
    week: tuple[tuple[tuple[int, ...], tuple[tuple[int, int], ...]], ...]
    holidays: str | None = None
    exceptions: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePolicy:
    """`schedule` None = the line's own WORKTIME_*."""

    schedule: ScheduleRule | None = None
    timezone: str | None = None
    targets: Targets | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryRule:
    """A test message to this channel, through another account. `through`: the provider entry that sends, as `account`
    where it has several; `to`: the channel's own address there. `every`: after how long without a word of a customer;
    `wait`: how long one may be on its way."""

    through: str
    to: str
    account: str | None = None
    every: timedelta = timedelta(hours=12)
    wait: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPolicy:
    messenger: Messenger | None = None
    provider: str | None = None
    account: str | None = None
    phone_holder: int | None = None  # the employee with whom the phone lies
    canary: CanaryRule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    start: datetime
    end: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    option: str
    start: datetime
    end: datetime
    service_price: int = 0
    currency: str = "RUB"
    review: timedelta = timedelta(days=14)
    department: int | None = None
    ended: datetime | None = None  # ended early, without a refund
    price: int | None = None  # as agreed upon; None = what the rule says
    checks: tuple[str, ...] = CHECKS  # the audits wished


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How long before the end an expiry is told: one early warning, then exactly three reminders."""

    early: timedelta = timedelta(days=30)
    reminders: tuple[timedelta, timedelta, timedelta] = (timedelta(days=14), timedelta(days=7), timedelta(days=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    subject: str
    at: datetime
    paid_through_us: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyOptions:
    """What the portal's data cannot tell of its dialogs, told by the config.

    `automatic` and `canned`: texts with `*` for what varies, as connectors or quick answers send them under an
    employee's name; `excluded`: customers (user ids) who are ourselves; `campaigns`: when mass mailings left;
    `phone_users`: under whose name a connector shows what was typed on the phone; `groups`: how long a group's
    message may wait, None = groups are left alone.
    """

    automatic: tuple[str, ...] = ()
    canned: tuple[str, ...] = ()
    excluded: frozenset[int] = frozenset()
    campaigns: tuple[datetime, ...] = ()
    phone_users: frozenset[int] = frozenset()
    reaction_ends_turn: bool = False
    call_ends_turn: bool = True
    groups: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One portal's wishes, defaults applied: all that the core judges by."""

    portal: str
    url: str
    timezone: str
    language: str = "ru"
    poll: timedelta = timedelta(seconds=60)
    history: timedelta = timedelta(days=14)
    targets: Targets = Targets(first=timedelta(minutes=15), next=timedelta(minutes=30))
    confirm_open: int = 2
    confirm_close: int = 2
    confirm_again: timedelta = timedelta(seconds=2)  # how soon a first sign is looked at again; 0 = at the next poll
    settle: timedelta = timedelta(minutes=3)
    webhook_only: bool = False
    lines: Mapping[int, LinePolicy] = field(default_factory=dict)
    channels: Mapping[ChannelKey, ChannelPolicy] = field(default_factory=dict)
    maintenance: tuple[Maintenance, ...] = ()
    guarantee: Guarantee | None = None
    expiries: tuple[Expiry, ...] = ()
    ladder: Ladder = Ladder()
    audits: timedelta = timedelta(hours=1)  # the rhythm of the guarantee's audits
    head: int | None = None
    replies: ReplyOptions = ReplyOptions()
    receivers: tuple[Receiver, ...] = ()
    provider_types: Mapping[str, str] = field(default_factory=dict)  # provider name -> type
    pages: str = ""  # the daemon's own base URL, for generatorURL and links

    def line(self, line: int) -> LinePolicy:
        return self.lines.get(line, LinePolicy())
