"""The contracts a probe is written to: two functions, one that asks and one that understands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.reading import Reading
from monitor.core.recall import Recall

Params = Mapping[str, Any]
Question = tuple[str, Params | None]  # a method and its parameters
Answers = Any  # what `ask` hands to `read`: the probe's own business


class Call(Protocol):
    """One REST method of the portal: its `result`, or CallFailed. Calls of one tick leave as one batch."""

    def __call__(self, method: str, params: Params | None = None) -> Awaitable[Any]: ...


class Several(Protocol):
    """What a Call may have as `several`: many questions in one piece, since a task for each costs more than the
    asking itself. Results in order; a Failure stands where one was not answered. `unread`: the rows of a large
    answer are left as they came, bytes for `Recall.read`."""

    def __call__(self, questions: Iterable[Question], *, unread: bool = False) -> Awaitable[list[Any]]: ...


class Together(Protocol):
    """What a Call may have as `together`: the questions of several who ask in the same tick leave at once, in one
    piece, and each gets his own answers, rows unread."""

    def __call__(self, parts: Sequence[Sequence[Question]]) -> Awaitable[list[list[Any]]]: ...


class Get(Protocol):
    """One GET of a provider's API, path relative to its `url`: (status, decoded JSON body). Of a 4xx that is not JSON
    the beginning of its text, None of an empty one.

    CallFailed on timeout, unreachable (5xx too), throttled (429) or a 2xx whose body is not JSON. `secret_path` marks
    a path that holds a token: it is never logged.
    """

    def __call__(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        secret_path: bool = False,
        post: Mapping[str, Any] | None = None,
    ) -> Awaitable[tuple[int, Any]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a portal probe may know before it asks."""

    policy: Policy
    state: PortalState
    now: datetime
    clock: Callable[[], datetime]  # for the moments a question is asked and answered
    history_budget: int = 60  # sessions whose history may be read in this tick
    recall: Recall = field(default_factory=Recall)  # what the portal has told word by word before


class Then(Protocol):
    """Answers of what was told to the first questions, in their order; it may ask on."""

    def __call__(
        self, call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]
    ) -> Awaitable[Answers]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalProbe:
    """A probe of the portal. `every` None = each poll; otherwise its own slower rhythm, and where
    `polls` are told after so many polls at the latest.

    `first`: what is asked in any case, known before anything is answered: a tuple where the very same one is asked
    again and again, which is written but once, else a list; `then` makes answers of what was told, and
    may ask on. Where all probes of a tick have them, their first questions leave in one piece and no task is needed;
    `ask` is the same by itself.

    `application` = needs an application's authorisation and is not asked with a webhook. `audits` = the properties of
    the guarantee that it looks at: it is asked only where they are guaranteed, at the policy's rhythm of audits.
    """

    name: str
    ask: Callable[[Call, View], Awaitable[Answers]]
    read: Callable[[Answers, View, datetime], Reading]
    every: timedelta | None = None
    polls: int | None = None
    application: bool = False
    audits: tuple[str, ...] = ()
    first: Callable[[View], Sequence[Question]] | None = None
    then: Then | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One provider entry of the config. `secrets` never leave the probe; `settings` are its plain keys."""

    name: str
    type: str
    url: str
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    accounts: tuple[str, ...] = ()  # the accounts that channels are bound to
    memory: Mapping[str, Any] = field(default_factory=dict)  # what the last reading asked to remember


class Send(Protocol):
    def __call__(self, get: Get, account: Account, *, sender: str, to: str, text: str) -> Awaitable[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderProbe:
    """A probe of a provider's status API: one account polled once for all its channels.

    `fastest` is the vendor's limit: the poll interval is never below it. `required` names secrets and settings.
    `probes/<type>.py` holds it as the constant PROBE; `type` is the config's `type`. `send` writes one text as
    one of its accounts to an address of the messenger; CallFailed where the vendor does not take it. `keeps`: the keys
    of what it remembers that outlive a restart, as JSON; a token is none of them.
    """

    type: str
    default_url: str
    required: tuple[str, ...]
    ask: Callable[[Get, Account], Awaitable[Answers]]
    read: Callable[[Answers, Account, datetime], Reading]
    optional: tuple[str, ...] = ()
    fastest: timedelta = timedelta(seconds=1)  # as fast as any, unless the vendor documents a limit that asks for more
    hear: Callable[[Any, Account, datetime], Reading | None] | None = None  # one webhook body; None = no news in it
    keeps: tuple[str, ...] = ()
    send: Send | None = None  # for test messages only; every other question of a probe changes nothing
