"""The keys of the file, section by section: what may be written, in which words, with which defaults."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from monitor.config_promises import Expiry, Guarantee, Reminders
from monitor.config_receivers import Receiver
from monitor.config_replies import Replies
from monitor.config_schedule import Schedule
from monitor.config_store import StoreUrl
from monitor.config_types import (
    Account,
    Address,
    AddressWithPassword,
    File,
    Moment,
    OwnAddress,
    Slug,
    Text,
    Zone,
    checked,
    duration,
    split,
    unexpected,
)
from monitor.config_web import Web
from monitor.core.model import Messenger
from monitor.secret import Secret
from monitor.shell.store_seal import are_keys, split_keys

Poll = Annotated[timedelta, duration("1s", "1d")]
Timeout = Annotated[timedelta, duration("1s", "5m")]
History = Annotated[timedelta, duration("0s", "366d")]
Target = Annotated[timedelta, duration("1s", "30d")]
Settle = Annotated[timedelta, duration("0s", "1d")]
Again = Annotated[timedelta, duration("0s", "1h")]
Kept = Annotated[timedelta, duration("30d", "3660d")]
Audits = Annotated[timedelta, duration("5m", "7d")]
Whole = Annotated[int, Field(ge=1)]
Count = Annotated[int, Field(ge=1, le=100)]


def _messenger(value: object) -> Messenger:
    if value in tuple(Messenger):
        return Messenger(str(value))
    raise unexpected(f"one of {', '.join(Messenger)}", value)


class Shape(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class Retention(Shape):
    """How long what is over is kept."""

    turns: Kept = timedelta(days=400)
    ledger: Kept = timedelta(days=400)
    incidents: Kept = timedelta(days=400)


class Store(Shape):
    url: StoreUrl = "sqlite:///state.db"
    key: Secret | None = None
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _keys(self) -> Self:
        if self.key is not None and self.key.reveal() and not are_keys(split_keys(self.key)):
            wanted = "a key made by `messenger-monitor generate-key`"
            raise unexpected(wanted, "another text", at="key")
        return self


class Heartbeat(Shape):
    """A check of healthchecks.io or of a service that speaks its protocol; the address itself is the secret."""

    url: Secret
    every: Annotated[timedelta, duration("10s", "1d")] = timedelta(seconds=60)

    @model_validator(mode="after")
    def _an_address(self) -> Self:
        parts = split(self.url.reveal())
        if self.url.reveal() and (parts is None or parts.scheme not in ("http", "https") or not parts.hostname):
            raise unexpected("an address such as https://hc-ping.com/UUID", "another text", at="url")
        return self


class Alertmanager(Shape):
    url: AddressWithPassword | None = "http://127.0.0.1:9093"


class Cluster(Shape):
    """This process is one of several on the same PostgreSQL. `url`: where its own pages are for people; {name} in it
    is the process's name."""

    name: Slug | None = None
    shards: Annotated[int, Field(ge=1, le=1024)] = 64
    lease: Annotated[timedelta, duration("2s", "5m")] = timedelta(seconds=30)
    url: OwnAddress | None = None


class Log(Shape):
    format: Literal["json", "console"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Targets(Shape):
    first: Target | None = None
    next: Target | None = None


class Confirmations(Shape):
    open: Count | None = None
    close: Count | None = None
    again: Again | None = None


class Rhythm(Shape):
    """What `defaults` gives and a portal may say otherwise."""

    poll: Poll | None = None
    timeout: Timeout | None = None
    history: History | None = None
    timezone: Zone | None = None
    targets: Targets = Targets()
    confirmations: Confirmations = Confirmations()
    settle: Settle | None = None
    audits: Audits | None = None
    reminders: Reminders | None = None


class Auth(Shape):
    client_id: Text | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    oauth_url: Address | None = None
    webhook_url: Secret | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        application = (self.client_id, self.client_secret, self.refresh_token, self.oauth_url)
        if self.webhook_url is None:
            return self._complete()
        if any(part is not None for part in application):
            raise unexpected("either an application (client_id ...) or a webhook", "both", at="")
        if not _is_webhook(self.webhook_url.reveal()):
            raise unexpected("https://PORTAL/rest/USER/SECRET/", "another text", at="webhook_url")
        return self

    def _complete(self) -> Self:
        if self.client_id is None and self.client_secret is None:
            raise unexpected("client_id with client_secret_file, or webhook_url_file", "neither")
        if self.client_id is None:
            raise unexpected("the client_id of the application", None, at="client_id")
        if self.client_secret is None:
            raise unexpected("the secret of the application", None, at="client_secret_file")
        return self


class Rate(Shape):
    per_second: Annotated[float, Field(gt=0, le=1000)] = 2.0
    burst: Annotated[int, Field(ge=1, le=10_000)] = 50


class Head(Shape):
    user_id: Whole


class Line(Shape):
    id: Whole
    schedule: Schedule = None
    timezone: Zone | None = None
    targets: Targets = Targets()


class Canary(Shape):
    """A test message through a second account: `through` names an entry of `providers`."""

    through: Text
    to: Text
    account: Account | None = None
    every: Annotated[timedelta, duration("1h", "7d")] = timedelta(hours=12)
    wait: Annotated[timedelta, duration("5m", "6h")] = timedelta(minutes=15)


class Channel(Shape):
    connector: Annotated[str, checked(lambda text: 0 < len(text) <= 100 and text.isprintable(), "a connector's id")]
    line: Whole
    messenger: Annotated[Messenger | None, BeforeValidator(_messenger)] = None
    provider: Text | None = None
    account: Account | None = None
    phone_holder: Whole | None = None
    canary: Canary | None = None

    @model_validator(mode="after")
    def _account_of_a_provider(self) -> Self:
        if self.account is not None and self.provider is None:
            raise unexpected("the name of the provider whose account this is", None, at="provider")
        return self


class Maintenance(Shape):
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    reason: Text | None = None

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if (self.start.tzinfo is None) != (self.end.tzinfo is None):
            raise unexpected("from and to both with an offset or both without", "one of each")
        if self.start >= self.end:
            raise unexpected("a moment after `from`", self.end.isoformat(), at="to")
        return self


def _is_webhook(url: str) -> bool:
    parts = split(url)
    if not url:  # it could not be read: said already
        return True
    steps = parts.path.strip("/").split("/") if parts and parts.scheme in ("http", "https") and parts.hostname else []
    return len(steps) >= 3 and steps[-3] == "rest" and steps[-2].isdecimal() and bool(steps[-1])


class Portal(Rhythm):
    name: Slug
    url: Address
    auth: Auth
    rate: Rate = Rate()
    ca_file: File | None = None
    head: Head | None = None
    lines: list[Line] = []
    channels: list[Channel] = []
    maintenance: list[Maintenance] = []
    guarantee: Guarantee | None = None
    expiries: list[Expiry] = []
    replies: Replies = Replies()


class Provider(Shape):
    """The keys that every provider has; those of its type are checked beside."""

    name: Slug
    type: Any = None
    poll: Poll | None = None
    timeout: Timeout | None = None
    url: Address | None = None
    ca_file: File | None = None


class Root(Shape):
    web: Web = Web()
    store: Store = Store()
    alertmanager: Alertmanager | None = Alertmanager()  # None = no push
    heartbeat: Heartbeat | None = None
    cluster: Cluster | None = None
    log: Log = Log()
    language: Literal["ru", "en"] = "ru"
    allow_literal_secrets: bool = False
    allow_plain_http: list[Text] = []
    allow_link_local: list[Text] = []
    defaults: Rhythm = Rhythm()
    portals: Annotated[list[Portal], Field(min_length=1)]
    providers: list[Provider] = []
    receivers: list[Receiver] = []
