"""The vocabulary of what is watched: channels and their states, lines, people, sessions, messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """The channel states of the metrics contract, in the order they are exported."""

    CONNECTED = "connected"
    CONNECTING = "connecting"
    QR_REQUIRED = "qr_required"
    PHONE_OFFLINE = "phone_offline"
    OPENED_ELSEWHERE = "opened_elsewhere"
    BANNED = "banned"
    RESTRICTED = "restricted"
    UNPAID = "unpaid"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a state's name, no secret
    MISCONFIGURED = "misconfigured"
    SILENT = "silent"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


UP_STATES = frozenset({State.CONNECTED, State.RESTRICTED})


BLIND_STATES = frozenset({State.UNREACHABLE, State.UNKNOWN})


class Messenger(StrEnum):
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    MAX = "max"
    OTHER = "other"


class Certainty(StrEnum):
    CERTAIN = "certain"  # the provider itself says so
    BY_FLAG = "by the flag"  # Bitrix24's configuration flag only
    LIKELY = "likely"  # inferred
    NONE = "none"


class Reason(StrEnum):
    """Why a reading failed, named by who has to act (signals.md, 'Decided', 6)."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    DENIED = "denied"
    REJECTED = "rejected"
    MALFORMED = "malformed"
    BUG = "bug"


PASSING = frozenset({Reason.TIMEOUT, Reason.UNREACHABLE, Reason.THROTTLED})  # it may be told a moment later


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why something could not be read. `code` is the vendor's own word, `detail` holds no secret.

    `moved_to`: the host that a redirect names, with its port where it has one of its own. `held`: nothing was sent, an
    earlier refusal stands; the same failure told again, so it is no part of what it is. `server`: the authorisation
    server where it was this one that failed; "" = the portal or provider itself."""

    reason: Reason
    code: str = ""
    detail: str = ""
    retry_at: datetime | None = None
    moved_to: str = ""
    server: str = ""
    held: bool = field(default=False, compare=False)


class CallFailed(Exception):
    """One command was not answered as asked."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.code} {failure.detail}".rstrip())
        self.failure = failure


class ChannelKey(NamedTuple):
    """A channel within its portal."""

    line: int
    connector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkTime:
    """A line's WORKTIME_* as Bitrix24 stores it, parsed: minutes of the day, weekdays 0=Monday, (month, day)."""

    opens: int
    closes: int
    timezone: str
    days_off: tuple[int, ...] = ()
    holidays: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    id: int
    name: str
    active: bool = True
    worktime: WorkTime | None = None  # None = WORKTIME_ENABLE is N: round the clock
    queue: tuple[int, ...] = ()
    queue_departments: tuple[int, ...] = ()
    queue_type: str = "all"
    crm: bool = True
    crm_forward: bool = False
    settings: tuple[tuple[str, str], ...] = ()  # other scalar settings, sorted by name: for the drift audit


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    id: int
    name: str
    active: bool = True
    departments: tuple[int, ...] = ()
    position: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    id: int
    name: str
    parent: int | None = None
    head: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    line: int
    connector: str
    messenger: Messenger
    title: str = ""
    provider: str | None = None  # name of the provider entry of the config it is bound to
    account: str | None = None  # the account (channelId, session, instance) within that provider

    @property
    def key(self) -> ChannelKey:
        return ChannelKey(self.line, self.connector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: int
    name: str
    active: bool = True
    bot: bool = False
    connector: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One open-line session as far as REST tells. `owner` 0 = nobody has taken it.

    `line` is the one that the customer wrote to, and with `connector` his channel; `moved` the one that the dialog was
    moved to since, 0 = none.
    """

    id: int
    chat: int
    line: int
    moved: int = 0
    connector: str
    customer: int  # the customer's technical user id on the portal
    started_by_customer: bool = True
    created: datetime
    updated: datetime | None = None  # LAST_UPDATED of its activity; None = known by its history only
    closed: datetime | None = None
    owner: int = 0
    responsible: int = 0
    accepted: bool = False
    status: int | None = None  # bitrix24-api.md 4.6, where something tells it
    crm: bool = True
    crm_entity: tuple[str, int] | None = None  # ("deal", 501)
    contact: int = 0  # the customer's CRM contact, 0 = none is told

    @property
    def served_by(self) -> int:
        """The line by whose hours and targets it is answered."""
        return self.moved or self.line


class Author(StrEnum):
    """Who speaks (bitrix24-api.md 6.6)."""

    CUSTOMER = "customer"
    MANAGER = "manager"
    BOT = "bot"
    AUTOMATIC = "automatic"  # a text the portal sent to the customer: welcome, off hours, vote
    NOTICE = "notice"  # a system line inside the chat, never seen by the customer
    WHISPER = "whisper"  # an employee's internal note


class Delivery(StrEnum):
    ACCEPTED = "accepted"
    PENDING = "pending"  # `sending` is still set
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a session without its text: ids, times and what the text was good for.

    `mentions` are the [USER=id] of a notice in order; `mark` is the notice's kind: start, end, output, attention,
    queue, offer (to one who has not taken it yet), left, joined, spam, passed_on (to the next one, by itself) or ""
    (one named: he took it). `digest` is a short keyed hash of the normalised text, to see the same text again.
    """

    id: int
    session: int
    chat: int
    at: datetime
    author: Author
    user: int = 0
    delivery: Delivery = Delivery.ACCEPTED
    mirrored: bool = False  # connectorMid and not `sending`: confirmed, or typed on the phone
    content: str = "text"  # text, voice, image, video, file, sticker, location, contact, call, reaction, form
    length: int = 0
    digest: str = ""
    closing_phrase: bool = False  # "thank you", "ok"
    canned: bool = False  # a ready answer, by the config's texts
    deleted: bool = False
    mark: str = ""
    mentions: tuple[int, ...] = ()
