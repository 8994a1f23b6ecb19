"""What is remembered of a portal between polls, and what one poll changed in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.core.calendar import Schedule
from monitor.core.canary import NO_CANARIES, Canaries
from monitor.core.deliveries import NOTHING_SENT, Deliveries
from monitor.core.habit import NO_HABIT, Habit
from monitor.core.incident import Incident
from monitor.core.model import Certainty, Channel, ChannelKey, Department, Failure, Line, Manager, Session, State
from monitor.core.policy import Policy
from monitor.core.reading import AuditSeen, FlagSeen, LicenceSeen, ProviderSeen
from monitor.core.receivers import Notice
from monitor.core.silence import Patience
from monitor.core.tallies import Tally
from monitor.core.turn import Turn, TurnEvent, TurnKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One witness: who says, in its own word, when."""

    source: str
    word: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One judged state with its reasons. `actor` who must act: integrator, head, manager, provider, nobody."""

    state: State
    certainty: Certainty
    cause: str  # machine word of the rule that decided, e.g. "flag_error_personal"
    proof: tuple[Proof, ...] = ()
    actor: str = "nobody"
    action_ru: str = ""
    action_en: str = ""
    settles: str = ""  # what would settle the doubt, English, for the evidence
    settles_ru: str = ""
    covered: bool = True  # whether the guarantee covers this state (G8)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelMemory:
    """What is remembered of one channel. `since` when the judged state began; `streak` readings in a row with it;
    `well` readings in a row that were connected; `flips` the moments of the state changes of the last hour."""

    channel: Channel
    diagnosis: Diagnosis
    since: datetime
    streak: int = 0
    well: int = 0
    well_since: datetime | None = None
    flag: FlagSeen | None = None
    flag_at: datetime | None = None
    was_configured: bool = False
    provider: ProviderSeen | None = None
    provider_at: datetime | None = None
    flips: tuple[datetime, ...] = ()
    last_inbound: datetime | None = None
    last_outbound: datetime | None = None
    received: int = 0
    sent: int = 0
    outages: tuple[tuple[datetime, datetime | None], ...] = ()  # of the last two weeks; None = still down
    hidden: Diagnosis | None = None  # the last diagnosis while the portal, or this flag of it, is out of sight
    unread: int = 0  # polls in a row that told of the portal and not of this flag
    unread_since: datetime | None = None  # the first of them
    phone_gone: datetime | None = None  # since when the phone has not been seen, over reconnects
    gone: bool = False  # vanished from the portal: no series, kept for the record
    echoes_phone: bool = False  # what was typed on the phone has been seen here
    habit: Habit = NO_HABIT  # when customers usually write
    deliveries: Deliveries = NOTHING_SENT  # what became of what managers wrote
    patience: Patience | None = None  # how long it may be silent now; None = never heard of
    canaries: Canaries = NO_CANARIES  # test messages sent to it


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalMemory:
    """What is remembered of the portal as a whole. Streaks count polls."""

    up: bool | None = None
    auth_ok: bool | None = None
    failed: int = 0  # failed polls in a row, whatever the reason but denied; a single denial among them ends no row
    denied: int = 0  # denied polls in a row
    good: int = 0  # good polls in a row
    good_since: datetime | None = None  # the first of them
    refused: bool = False  # the token refresh was refused
    failing_since: datetime | None = None
    last_failure: Failure | None = None
    last_success: datetime | None = None
    skew: timedelta | None = None
    skew_since: datetime | None = None  # its clock was put elsewhere after that; None = it has always gone like that
    missing_scopes: tuple[str, ...] = ()
    licence: LicenceSeen | None = None
    webhook_only: bool = False
    outages: tuple[tuple[datetime, datetime | None], ...] = ()
    server_address: str = ""  # for links, e.g. https://acme.bitrix24.ru
    gone: tuple[tuple[int, datetime], ...] = ()  # employees seen dismissed, and since when
    online: tuple[tuple[int, datetime], ...] = ()  # employees who stay logged in, and when they were last online
    problems: tuple[tuple[str, int], ...] = ()  # odd data in dialogs: kind and how often
    bots: tuple[tuple[int, str], ...] = ()  # who answered as one, and its name; ascending
    echoed: tuple[int, ...] = ()  # messages no human typed: one text to several chats within a minute


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where the reading of dialogs stands; portal time. `holes` are session ids that did not answer yet, and when they
    were first asked for; None = they were not. `descent`: the ids below it have still to be looked at, at first sight;
    0 = none has (monitor/core/gaps.py)."""

    watermark: datetime | None = None
    highest_session: int = 0
    holes: tuple[tuple[int, datetime | None], ...] = ()
    descent: int = 0
    settled: bool = False  # the highest session id is known for sure
    discovered: datetime | None = None  # when lines, connectors and staff were last read
    first_sight: datetime | None = None  # when this portal was first read


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """An employee's message as far as other chats are concerned."""

    user: int
    at: datetime
    message: int
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMemory:
    """A session that is open or was lately: what decides when it is read again, and what was counted of it."""

    session: Session
    read_at: datetime | None = None
    read_updated: datetime | None = None  # the LAST_UPDATED that the last history read knew
    last_message: int = 0  # highest message id seen
    counted: int = 0  # highest message id counted into the channel's traffic
    due: bool = False  # its history has to be read
    mute: bool = False  # the customer waits by the portal's account: no activity would tell if he wrote again
    unconfirmed: tuple[int, ...] = ()  # manager's messages still `sending`
    spoken: tuple[Spoken, ...] = ()  # what employees wrote last, newest last: a few


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One change of a channel's judged state: a row of the ledger."""

    line: int
    connector: str
    at: datetime
    before: State | None
    after: State
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One guaranteed property as it was last seen. `since` when it began to hold or to be broken. While it cannot be
    told: what was told last, and since when that was so."""

    seen: AuditSeen
    since: datetime
    read_at: datetime
    told: bool | None = None
    told_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """A line as it was handed over to the customer, with the names of those who were in its queue. `by_itself`: nobody
    said so, it is as the first audit of a guarantee in force found it."""

    line: Line
    people: tuple[tuple[int, str], ...]
    at: datetime
    by_itself: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """One subject's ladder. `step` 0 = nothing told, 1 = the early warning, then the reminders; `sent` of those.
    `told`: the end is a provider's or the portal's word; `began`: when this ladder did, None = it was not kept."""

    until: datetime
    step: int = 0
    sent: int = 0
    at: datetime | None = None  # of the last step
    acknowledged: bool = False
    told: bool = False
    began: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMemory:
    """A provider's account as a portal's channels know it. `kept`: what its probe keeps over restarts, `at` when that
    changed last; `since` when it was first asked, `seen` when it last answered, to a quarter of an hour."""

    type: str
    kept: Mapping[str, Any]
    at: datetime
    since: datetime | None = None
    seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalState:
    """All that is remembered of one portal; the store keeps it row by row.

    `judged_by`: what its channels were named and judged by last; not kept, so a start judges all of them anew. Nor is
    `calm_until` (monitor/core/calm.py), nor `watched_since`: the first judgement after a start.
    """

    portal: str
    memory: PortalMemory = PortalMemory()
    cursor: Cursor = Cursor()
    lines: Mapping[int, Line] = field(default_factory=dict)
    managers: Mapping[int, Manager] = field(default_factory=dict)
    departments: Mapping[int, Department] = field(default_factory=dict)
    connectors: Mapping[str, str] = field(default_factory=dict)  # id -> title, imconnector.list
    channels: Mapping[ChannelKey, ChannelMemory] = field(default_factory=dict)
    sessions: Mapping[int, SessionMemory] = field(default_factory=dict)
    turns: Mapping[TurnKey, Turn] = field(default_factory=dict)  # open ones, and those of remembered sessions
    incidents: Mapping[str, Incident] = field(default_factory=dict)  # open ones, by id
    schedules: Mapping[str, Schedule] = field(default_factory=dict)  # that open turns began with, by version
    reminders: Mapping[str, Reminder] = field(default_factory=dict)  # by subject: monitor/core/expiries.py
    audits: Mapping[str, Audit] = field(default_factory=dict)  # by check and line: "queue_staffed/1"
    handed_over: Mapping[int, HandedOver] = field(default_factory=dict)  # by line
    tallies: Mapping[str, Tally] = field(default_factory=dict)  # the last days' replies: monitor/core/tallies.py
    accounts: Mapping[str, AccountMemory] = field(default_factory=dict)  # of providers: monitor/core/accounts.py
    judged_by: Policy | None = None
    calm_until: datetime | None = None
    watched_since: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one poll changed: the new state, and what happened on the way, in order, for ledger and counters."""

    state: PortalState
    flips: tuple[Flip, ...] = ()
    turn_events: tuple[TurnEvent, ...] = ()
    ended: tuple[Turn, ...] = ()  # turns to count now, each once in its life
    opened: tuple[Incident, ...] = ()
    updated: tuple[Incident, ...] = ()
    closed: tuple[Incident, ...] = ()
    notices: tuple[Notice, ...] = ()  # to be told to people, kept with the rest
    notes: tuple[str, ...] = ()  # what vanished or appeared, for the log: "line.vanished id=3"
