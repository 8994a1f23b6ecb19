"""Who looks at the pages and what that lets him see and do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.secret import Secret


class Role(StrEnum):
    INTEGRATOR = "integrator"
    HEAD = "head"


class Need(StrEnum):
    """What a route asks of its visitor."""

    NOTHING = "nothing"
    SIGHT = "sight"  # of some portal; the route itself shows only what the visitor sees
    CHANGE = "change"  # of something within a portal that he sees
    OPERATE = "operate"  # the daemon as a whole: its metrics, its health in detail, its configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One entry of web.users. `portals` None = all of them."""

    name: str
    password_hash: Secret
    role: Role
    portals: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the configuration lets in. Without a token and without users everybody is: loopback only."""

    token: Secret | None = None
    users: tuple[User, ...] = ()
    address: str = ""  # how browsers reach us, where it is configured

    @property
    def is_open(self) -> bool:
        return self.token is None and not self.users

    def user(self, name: str) -> User | None:
        return next((user for user in self.users if user.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """`portals` None = all. `csrf`: the word every form of his has to bring; "" = no browser, no form."""

    name: str
    role: Role
    portals: frozenset[str] | None = None
    may_change: bool = True
    csrf: str = ""
    by_cookie: bool = False

    def sees(self, portal: str) -> bool:
        return self.portals is None or portal in self.portals

    @property
    def operates(self) -> bool:
        return self.role is Role.INTEGRATOR and self.portals is None and self.may_change

    def may(self, need: Need) -> bool:
        if need is Need.OPERATE:
            return self.operates
        return self.may_change or need is not Need.CHANGE
