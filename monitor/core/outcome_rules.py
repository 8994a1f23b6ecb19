"""What came of the replies, for the head's digest: dialogs closed without a word, and a week below the promise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from monitor.core.assessment import Assessment, Say, Scene, closing
from monitor.core.incident import Audience, Incident, IncidentKind, Severity
from monitor.core.lateness import is_late
from monitor.core.outcome_words import about_closed, about_compliance
from monitor.core.reply_rules import how_ended, labels_of
from monitor.core.reply_words import messenger_of_turn
from monitor.core.reviews import next_review
from monitor.core.tallies import NOTHING, last_week
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.core.turn_book import unanswered, waiting

FIRST_SIGHT = timedelta(hours=48)
TEAM = "team"
LOW, WELL, FEWEST = 0.80, 0.85, 20

_CLOSED, _LOW = IncidentKind.CLOSED_WITHOUT_ANSWER, IncidentKind.LOW_COMPLIANCE
_UNANSWERED = frozenset({Verdict.MISSED, Verdict.OPEN})


def left_unanswered(scene: Scene) -> Iterator[Assessment]:
    """Open from the close until the next review, which tells the head of all of them together; also while the customer
    who wrote again waits on, told as it was closed last."""
    for incident in scene.opened(_CLOSED):
        turn = _turn_of(incident, scene)
        if scene.now >= next_review(scene.policy, incident.opened):
            yield closing(_CLOSED, incident.subject, "reviewed")
        elif turn is not None and turn.verdict not in _UNANSWERED:
            yield closing(_CLOSED, incident.subject, how_ended(turn), turn.ended)
        elif turn is not None and turn.ended is not None and turn.ended != incident.since:
            yield _closed(turn, scene)
    for turn in unanswered(scene.state.turns):
        if turn.verdict is Verdict.MISSED and not scene.is_open(_CLOSED, _subject(turn)) and _is_news(turn, scene):
            yield _closed(turn, scene)


def _turn_of(incident: Incident, scene: Scene) -> Turn | None:
    """None when its session is remembered no more."""
    chat, message = incident.subject.split("/")
    return scene.state.turns.get(TurnKey(int(chat), int(message)))


def _is_news(turn: Turn, scene: Scene) -> bool:
    """Closed since the last review, and not long before we came."""
    if turn.ended is None or next_review(scene.policy, turn.ended) <= scene.now:
        return False
    first = scene.state.cursor.first_sight
    return first is None or first - turn.ended < FIRST_SIGHT


def _subject(turn: Turn) -> str:
    return f"{turn.chat}/{turn.message}"


def _closed(turn: Turn, scene: Scene) -> Assessment:
    return Assessment(
        kind=_CLOSED,
        subject=_subject(turn),
        say=Say.OPEN,
        severity=Severity.WARNING,
        audience=Audience.HEAD,
        covered=False,
        since=turn.ended,
        labels=labels_of(turn, messenger_of_turn(turn, scene)),
        texts=about_closed(turn, scene),
    )


def compliance(scene: Scene) -> Iterator[Assessment]:
    """The team's share within target over seven days; who still waits past the deadline is late already,
    unless an outage excuses it."""
    late = [turn for turn in waiting(scene.state.turns) if is_late(turn, scene.state, scene.policy, scene.now)]
    managers = last_week(scene.state.tallies, late, scene.now, scene.policy.timezone)
    team = NOTHING
    for tally in managers.values():
        team = team.plus(tally)
    is_open = scene.is_open(_LOW, TEAM)
    if is_open and team.share > WELL:
        yield closing(_LOW, TEAM, "recovered")
        return
    if not is_open and (team.n < FEWEST or team.share >= LOW or scene.state.memory.failing_since is not None):
        return
    yield Assessment(
        kind=_LOW,
        subject=TEAM,
        say=Say.OPEN,
        severity=Severity.WARNING,
        audience=Audience.HEAD,
        covered=False,
        texts=about_compliance(team, managers, scene),
    )
