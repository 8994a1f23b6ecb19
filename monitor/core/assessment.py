"""What the facts say of one possible incident, and the scene in which it is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.core.incident import Audience, Incident, IncidentKind, Severity, Words
from monitor.core.memory import PortalState
from monitor.core.policy import Policy
from monitor.core.shared_cause import Outage
from monitor.core.turn import Turn

NONE: Mapping[str, Outage] = {}
Labels = tuple[tuple[str, str], ...]


class Say(StrEnum):
    OPEN = "open"
    HOLD = "hold"  # neither: what is open stays open, maybe told in other texts, what is not stays away
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Evidence in the policy's language, words in every language."""

    evidence: tuple[str, ...] = ()
    words: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """One rule's say of one subject. Only what is open or opens has labels and texts.

    `covered`: whether the guarantee covers it at all; `labels`: the alert's own, sorted pairs; `since`: when what is
    wrong began, `until`: when it ended, None = now; `through_portal`: known through the portal alone, so a portal out
    of sight hides it.
    """

    kind: IncidentKind
    subject: str
    say: Say
    severity: Severity = Severity.WARNING
    audience: Audience = Audience.INTEGRATOR
    covered: bool = True
    cover: str = ""  # why it is not covered, a word of the table of cover; "" = by its kind
    through_portal: bool = True
    since: datetime | None = None
    until: datetime | None = None
    labels: Labels = ()
    texts: Texts = Texts()
    close_reason: str = ""


class Scene:
    """All that a rule may look at."""

    __slots__ = ("_open", "is_line_open", "now", "outages", "policy", "state", "working")

    def __init__(
        self,
        state: PortalState,
        policy: Policy,
        now: datetime,
        working: Callable[[Turn], timedelta | None] = lambda _: None,
        is_line_open: Callable[[int, datetime], bool] = lambda _line, _at: True,
        outages: Mapping[str, Outage] = NONE,
    ) -> None:
        self.state, self.policy, self.now = state, policy, now
        self.working = working  # how long an open turn has waited on its line's working clock, None = not told
        self.is_line_open = is_line_open  # whether a line works at a moment
        self.outages = outages  # of providers, by their type
        self._open = {(one.kind, one.subject): one for one in state.incidents.values()}

    def zone(self) -> ZoneInfo:
        """The portal's."""
        return ZoneInfo(self.policy.timezone)

    def is_open(self, kind: IncidentKind, subject: str) -> bool:
        return (kind, subject) in self._open

    def of(self, kind: IncidentKind, subject: str) -> Incident | None:
        """The open one."""
        return self._open.get((kind, subject))

    def opened(self, *kinds: IncidentKind) -> tuple[Incident, ...]:
        """The open incidents of these kinds."""
        return tuple(one for one in self.state.incidents.values() if one.kind in kinds)


def closing(kind: IncidentKind, subject: str, reason: str, until: datetime | None = None) -> Assessment:
    return Assessment(kind=kind, subject=subject, say=Say.CLOSE, close_reason=reason, until=until)
