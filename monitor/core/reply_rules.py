"""When a waiting customer is the head's business: slow_reply past one target, no_reply past three."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.core.assessment import Assessment, Labels, Say, Scene, closing
from monitor.core.incident import Audience, IncidentKind, Severity
from monitor.core.lateness import due_at, no_reply_due_at
from monitor.core.model import Messenger
from monitor.core.portal_clock import portal_now
from monitor.core.reply_words import about_reply, messenger_of_turn
from monitor.core.turn import Turn, TurnKey, Verdict
from monitor.core.turn_book import waiting

FIRST_SIGHT = timedelta(hours=48)  # of what was overdue before we came, only the younger is news
REPLY_KINDS = (IncidentKind.SLOW_REPLY, IncidentKind.NO_REPLY)

_ENDS = {Verdict.MET: "answered", Verdict.LATE: "answered", Verdict.MISSED: "closed"}
_SHUT = frozenset({"channel", "portal", "us"})  # whose fault it is that nobody could answer


def replies(scene: Scene) -> Iterator[Assessment]:
    """What is open and over is closed; what waits too long opens, unless our knowledge of it is stale."""
    for incident in scene.opened(*REPLY_KINDS):
        chat, message = incident.subject.split("/")
        turn = scene.state.turns.get(TurnKey(int(chat), int(message)))
        if turn is None or turn.verdict is not Verdict.OPEN:
            reason = how_ended(turn) if turn else "gone"
            yield closing(incident.kind, incident.subject, reason, turn.ended if turn else None)
    if scene.state.memory.failing_since is not None:
        return
    for turn in waiting(scene.state.turns):
        if portal_now(scene.state.memory, scene.now, turn.opened) > turn.deadline:
            yield from _overdue(scene, turn, due_at(turn, scene.state, scene.policy))


def how_ended(turn: Turn) -> str:
    """To the customer: an excuse of ours does not make an answer of a close, nor a close of an answer."""
    if turn.verdict is Verdict.EXCUSED and turn.ended_by:
        return "answered"
    if turn.verdict is Verdict.EXCUSED and turn.blame in _SHUT:
        return "closed"
    return _ENDS.get(turn.verdict, "excused")


def _overdue(scene: Scene, turn: Turn, due: datetime) -> Iterator[Assessment]:
    """At one target the reply is slow until it comes; at three, that nobody replied is told beside it. What an outage
    has taken of the wait counts for neither; what is open already stays."""
    subject = f"{turn.chat}/{turn.message}"
    if scene.now <= due or _is_old_news(scene, turn) or not _was_read_after(due, turn, scene):
        return
    if scene.is_open(IncidentKind.SLOW_REPLY, subject) or _is_in_hours(due, turn, scene):
        yield _opening(scene, IncidentKind.SLOW_REPLY, subject, turn)
        if scene.is_open(IncidentKind.NO_REPLY, subject) or _is_given_up(scene, turn):
            yield _opening(scene, IncidentKind.NO_REPLY, subject, turn)


def _is_in_hours(moment: datetime, turn: Turn, scene: Scene) -> bool:
    """Whether the line works now, or did when it became late: by the next poll it may have closed."""
    return scene.is_line_open(turn.line, scene.now) or scene.is_line_open(turn.line, moment)


def _is_given_up(scene: Scene, turn: Turn) -> bool:
    late = no_reply_due_at(turn, scene.state, scene.policy)
    return scene.now > late and _is_in_hours(late, turn, scene) and _was_read_after(late, turn, scene)


def _was_read_after(moment: datetime, turn: Turn, scene: Scene) -> bool:
    """The dialog was looked at since: what was answered in time is never alerted."""
    session = scene.state.sessions.get(turn.session)
    if session is None or session.read_at is None:
        return True
    return not session.due and session.read_at > moment


def _is_old_news(scene: Scene, turn: Turn) -> bool:
    if scene.state.cursor.first_sight is None:
        return False
    first = portal_now(scene.state.memory, scene.state.cursor.first_sight, turn.opened)
    return turn.deadline < first and first - turn.opened >= FIRST_SIGHT


def _opening(scene: Scene, kind: IncidentKind, subject: str, turn: Turn) -> Assessment:
    """People who do not answer are nothing that the guarantee could put right (mission G8)."""
    return Assessment(
        kind=kind,
        subject=subject,
        say=Say.OPEN,
        severity=Severity.WARNING if kind is IncidentKind.SLOW_REPLY else Severity.CRITICAL,
        audience=Audience.HEAD,
        covered=False,
        since=turn.opened,
        labels=labels_of(turn, messenger_of_turn(turn, scene)),
        texts=about_reply(kind, turn, scene),
    )


def labels_of(turn: Turn, messenger: Messenger) -> Labels:
    return (
        ("connector", turn.connector),
        ("line", str(turn.line)),
        ("manager", str(turn.holder) if turn.holder else "queue"),
        ("messenger", messenger.value),
    )
