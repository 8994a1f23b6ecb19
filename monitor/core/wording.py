"""What a language has to bring: the tables of its texts, filled in with facts by the words' modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.core.incident import IncidentKind
from monitor.core.memory import Diagnosis
from monitor.core.model import Certainty, Reason, State

Pair = tuple[str, str]  # summary and description


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Texts of one language. `by_state` and `by_cause` hold (summary, description), the more special one first."""

    actors: Mapping[str, str]
    certainty: Mapping[Certainty, str]
    states: Mapping[State, str]
    by_cause: Mapping[str, Pair]
    by_state: Mapping[State, Pair]
    by_kind: Mapping[IncidentKind, Pair]
    advice: Mapping[IncidentKind, str]
    reasons: Mapping[Reason, str]
    denials: Mapping[str, str]
    new_webhook: str  # where a webhook is refused: `auth` is not for it
    witness: str
    flag: str  # the name of Bitrix24's witness
    changes: str
    judged: str
    present: str  # what a channel in trouble says meanwhile
    settles: str
    lasts: str  # the end that the provider names of a state
    look: str
    times: tuple[str, str, str]
    next_channel: str
    next_quiet: str
    next_portal: str

    def channel(self, kind: IncidentKind, diagnosis: Diagnosis) -> Pair:
        if kind in self.by_kind:
            return self.by_kind[kind]
        return self.by_cause.get(diagnosis.cause) or self.by_state[diagnosis.state]

    def told_in(self, summary: str, facts: Mapping[str, str]) -> Pair | None:
        """The wording that made this summary of these facts."""
        pairs = (*self.by_cause.values(), *self.by_state.values())
        return next((pair for pair in pairs if pair[0].format(**facts) == summary), None)
