"""What one run of one probe learned: findings, failures and words we do not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.core.model import (
    ChannelKey,
    Department,
    Failure,
    Line,
    Manager,
    Message,
    Messenger,
    Person,
    Session,
    State,
)

WARNING = "warning"  # reason of a state in which the channel still works, and which somebody has to set right
SHUT = "tls_ca"  # reason where the API's certificate cannot be verified, so that nothing of it is seen
OUR_KEY = "api_key"  # reason where the key that is not accepted is the monitor's, not the one the channel works by


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagSeen:
    """imconnector.status of one pair."""

    key: ChannelKey
    error: bool
    configured: bool
    status: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSeen:
    """What a provider's own status API says of one account. `raw` is the provider's word."""

    provider: str
    account: str
    state: State
    raw: str
    messenger: Messenger | None = None
    reason: str = ""  # machine word, e.g. "2fa", "expiring", "tls_ca"
    detail: str = ""
    valid_until: datetime | None = None
    ends: datetime | None = None  # when this state is over by itself, such as a restriction
    action_ru: str = ""
    action_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountNoted:
    """What a provider's probe wants to know again after a restart, as JSON, whole each time."""

    provider: str
    type: str
    kept: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesSeen:
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorsSeen:
    """imconnector.list: (id, title) pairs enabled on the portal."""

    connectors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSeen:
    managers: tuple[Manager, ...]
    departments: tuple[Department, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSeen:
    """server.time, and when we asked and were answered by our clock."""

    portal: datetime
    asked: datetime
    answered: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopesSeen:
    granted: frozenset[str]
    missing: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceSeen:
    """app.info: the app's own payment and the portal's licence word."""

    licence: str
    installed: bool
    payment_expired: bool
    days_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySeen:
    """The whole of one session: messages ascending by id; `people` are its authors (id, name, active, bot)."""

    session: Session
    messages: tuple[Message, ...]
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitiesSeen:
    """crm.activity.list rows as sessions, and the portal's time before the question: the next watermark."""

    sessions: tuple[Session, ...]
    watermark: datetime | None
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsProbed:
    """Direct probing by session id: the highest that is a session, and the ids without one to be read; the others'
    HistorySeen stand beside. `older`: the highest id of a session that began before what is read at first sight."""

    highest: int
    missing: tuple[int, ...]
    older: int = 0
    galloped: bool = False  # ids far ahead were tried too: nothing answered beyond `highest`


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTouched:
    """imopenlines.dialog.get of a chat no activity tells of: its newest session and message."""

    chat: int
    session: int
    last_message: int
    owner: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFact:
    """One thing an audit saw. `what` is a machine word with a text of its own; `people` are names, `items` what it
    is about, `n` of `of` how many."""

    what: str
    people: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    n: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSeen:
    """What one audit found of one guaranteed property. `line` 0 = the whole portal; `holds` None = cannot be told."""

    check: str
    line: int = 0
    holds: bool | None
    facts: tuple[AuditFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineSeen:
    """Employees of queues who are online although they logged in long ago."""

    users: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """A person says that the lines are now as they are handed over to the customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """A person says that he knows of an expiry: no more reminders of this date."""

    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CanarySent:
    """A test message is about to be sent to a channel. `digest`: of its text."""

    key: ChannelKey
    number: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryTaken:
    """The sender's provider took it, or did not: `problem`."""

    key: ChannelKey
    number: str
    at: datetime
    problem: str = ""


Finding = (
    FlagSeen
    | ProviderSeen
    | AccountNoted
    | LinesSeen
    | ConnectorsSeen
    | StaffSeen
    | ClockSeen
    | ScopesSeen
    | LicenceSeen
    | HistorySeen
    | ActivitiesSeen
    | SessionsProbed
    | ChatTouched
    | Acknowledged
    | AuditSeen
    | OnlineSeen
    | HandOver
    | CanarySent
    | CanaryTaken
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one run of one probe learned. `failure` = the run as a whole failed and says nothing of its subjects;
    `failures` = single commands that failed in a good run, or each one of a run in which all were refused; `news` =
    words of the vendor that we do not know."""

    probe: str
    source: str  # "bitrix24" or the provider's type
    account: str = ""  # the config's name of the provider entry that was asked
    at: datetime
    findings: tuple[Finding, ...] = ()
    failure: Failure | None = None
    failures: tuple[Failure, ...] = ()
    news: tuple[str, ...] = ()
    remember: Mapping[str, object] | None = None  # what the probe wants to know again at its next run
