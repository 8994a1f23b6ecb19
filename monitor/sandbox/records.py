"""What the emulated portal remembers: rows of its connectors, people, departments, dialogs and their messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class ConnectorRow:
    """One row of the connector's status table: four flags, nothing is probed when somebody asks."""

    active: bool = True
    connection: bool = True
    register: bool = True
    error: bool = False

    @property
    def configured(self) -> bool:
        return self.active and self.connection and self.register

    @property
    def status(self) -> bool:
        return self.configured and not self.error


@dataclass
class User:
    id: int
    name: str
    last_name: str = ""
    active: bool = True
    department: int = 1
    bot: bool = False
    last_login: datetime | None = None  # None = online now
    online: bool = False  # also of who logged in long ago

    @property
    def full_name(self) -> str:
        return f"{self.name} {self.last_name}".strip()


@dataclass
class Department:
    id: int
    name: str
    parent: int | None = None
    head: int | None = None


@dataclass
class Message:
    id: int
    author: int
    at: datetime
    text: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Dialog:
    """One session. `activity` 0 = not bound to a CRM entity: no activity tells of it."""

    id: int
    chat: int
    line: int
    connector: str
    customer: int
    external: str
    created: datetime
    updated: datetime
    status: int = 0
    activity: int = 0
    outbound: bool = False
    offered: int = 0
    owner: int = 0
    accepted: bool = False
    closed: datetime | None = None
    deal: int = 501
    moved: int = 0  # the line that has it now, where it was moved
    messages: list[Message] = field(default_factory=list)

    @property
    def contact(self) -> int:
        """The card of the customer: one for each, whichever messenger he writes from."""
        return self.customer

    @property
    def user_code(self) -> str:
        return f"{self.connector}|{self.line}|{self.external}|{self.customer}"
