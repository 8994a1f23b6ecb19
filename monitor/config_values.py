"""The configuration as the daemon uses it: frozen, checked, defaults applied, secrets mute."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from monitor.config_receivers import Addressee
from monitor.core.plugin import Account
from monitor.core.policy import Policy
from monitor.secret import Secret
from monitor.shell.credentials import Credentials
from monitor.shell.pacer import Rate
from monitor.shell.retention import Retention
from monitor.shell.switch import Switch
from monitor.shell.visitors import Access, User


class ConfigProblems(Exception):
    """The file cannot be used: every problem at once, each beginning with the path of the key it is about."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def own_address(host: str, port: int) -> str:
    """How the pages are reached where the file does not say."""
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared
    return f"http://{shown}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where the daemon serves. `token` is demanded from everyone; never None beyond loopback."""

    host: str
    port: int
    token: Secret | None = None
    users: tuple[User, ...] = ()
    external_url: str = ""  # how a person reaches the pages; no slash at the end

    @property
    def access(self) -> Access:
        return Access(token=self.token, users=self.users, address=self.external_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logging:
    format: str = "json"
    level: str = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalConfig:
    name: str
    url: str  # no slash at the end
    credentials: Credentials
    rate: Rate
    timeout: timedelta
    ca_file: Path | None
    policy: Policy
    ca_digest: str = ""  # another certificate in the same file is a change


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """`poll` is never below the vendor's limit."""

    account: Account
    poll: timedelta
    timeout: timedelta
    ca_file: Path | None
    ca_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """This process as one of several that share the portals. `lease`: how long it may go on without the database."""

    name: str
    shards: int
    lease: timedelta
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`warnings` do not stop the daemon; `secrets` is every secret of the file, for the redaction of logs."""

    web: Listen
    store_url: str = field(repr=False)  # may hold a password
    alertmanager_url: str | None = field(repr=False)
    log: Logging
    language: str
    portals: tuple[PortalConfig, ...]
    providers: tuple[ProviderConfig, ...]
    source_path: Path
    heartbeat: Switch | None = None
    cluster: Cluster | None = None  # None = this process has all portals
    receivers: tuple[Addressee, ...] = ()
    allow_link_local: frozenset[str] = frozenset()
    retention: Retention = field(default_factory=Retention)
    store_key: Secret | None = None  # one or several keys of which the first seals
    warnings: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
