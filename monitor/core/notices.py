"""Which notices one poll gives rise to, for whom and when: at once in working hours, or in a morning's digest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.core.calendar import NEVER, Schedule
from monitor.core.cards import WAITS
from monitor.core.incident import Audience, Incident, IncidentKind, Severity
from monitor.core.memory import Reminder
from monitor.core.notice_words import subject_of, text_of
from monitor.core.policy import Policy
from monitor.core.receivers import Notice, Receiver

DAY = timedelta(days=1)
PUNCTUAL = timedelta(minutes=5)  # told so soon after it was due, it is told when it was meant to be
SEARCH = 30  # days ahead for a working morning; a line that never opens gets its digest all the same

LADDERS = frozenset({IncidentKind.EXPIRY_SOON, IncidentKind.EXPIRED})
DIGEST_ONLY = frozenset({IncidentKind.CLOSED_WITHOUT_ANSWER, IncidentKind.LOW_COMPLIANCE})
_SHUT = IncidentKind.CLOSED_WITHOUT_ANSWER
OF_A_WAIT = WAITS | {_SHUT}  # the last of them is told of one customer's wait
# Not told as an end: the next incident is told instead, or the review that the case is part of.
HANDED_OVER = frozenset({"escalated", "changed", "shared", "reviewed"})

Hours = Callable[[int | None], Schedule]  # of a line, or of the whole portal


def notices(
    opened: Iterable[Incident],
    updated: Iterable[Incident],
    closed: Iterable[Incident],
    reminders: Mapping[str, Reminder],
    before: Mapping[str, Reminder],
    policy: Policy,
    hours: Hours,
    now: datetime,
) -> tuple[Notice, ...]:
    """What has to be told of what changed. `reminders`: the ladders now, `before`: as they were."""
    opened, updated = tuple(opened), tuple(updated)
    events = [*_events(opened, updated, closed, reminders, before)]
    shut = {one.subject for one in (*opened, *updated) if one.kind is _SHUT}
    return tuple(
        _notice(incident, what, receiver, policy, hours, now)
        for incident, what in events
        for receiver in policy.receivers
        if _hears(receiver, incident) and not _is_told_as_shut(incident, what, receiver, shut)
    )


def as_it_stands(notice: Notice, open_: Mapping[str, Incident], receiver: Receiver, policy: Policy) -> Notice:
    """What waited to be told, in the words of the moment at which it is: an hour ago it may have been told of five
    people, of whom four have been helped since. Of what is over its end is told, or the words it was kept with."""
    number, _, what = notice.key.partition("/")
    incident = open_.get(number)
    if incident is None or what == "closed":
        return notice
    return replace(
        notice,
        subject=subject_of(incident, what, receiver.language, policy),
        text=text_of(incident, what, receiver.language, policy),
    )


def _events(
    opened: Iterable[Incident],
    updated: Iterable[Incident],
    closed: Iterable[Incident],
    reminders: Mapping[str, Reminder],
    before: Mapping[str, Reminder],
) -> Iterator[tuple[Incident, str]]:
    """(incident, opened | step2 ... | closed): of a ladder each step is told, of the rest the beginning and the end.
    What is over has no steps any more: its last one may be kept after its incident has opened."""
    yield from ((incident, "opened") for incident in opened)
    for incident in updated:
        reminder, known = reminders.get(incident.subject), before.get(incident.subject)
        if incident.kind is IncidentKind.EXPIRY_SOON and reminder and known and reminder.step > known.step:
            yield incident, f"step{reminder.step}"
    yield from ((incident, "closed") for incident in closed if incident.close_reason not in HANDED_OVER)


def _is_told_as_shut(incident: Incident, what: str, receiver: Receiver, shut: Collection[str]) -> bool:
    """Whether the end of a wait is told as a dialog closed without an answer: once is enough for whoever hears both."""
    is_shut = what == "closed" and incident.kind in WAITS and incident.subject in shut
    return is_shut and (_SHUT in receiver.kinds or not receiver.kinds)


def _hears(receiver: Receiver, incident: Incident) -> bool:
    """Who wished for certain kinds hears of them, whatever their audience."""
    if receiver.routed:
        return False
    return incident.kind in receiver.kinds if receiver.kinds else incident.audience is receiver.audience


def _notice(incident: Incident, what: str, receiver: Receiver, policy: Policy, hours: Hours, now: datetime) -> Notice:
    labels = dict(incident.labels)
    urgent = is_urgent(incident, what, receiver)
    line, manager = (
        int(said) if said.isdecimal() else 0 for said in (labels.get("line", ""), labels.get("manager", ""))
    )
    return Notice(
        receiver=receiver.name,
        key=f"{incident.id}/{what}",
        due=due_at(
            receiver,
            policy,
            hours(line or None),
            now,
            urgent=urgent or is_step(incident, what),
        ),
        urgent=urgent,
        subject=subject_of(incident, what, receiver.language, policy),
        text=text_of(incident, what, receiver.language, policy),
        about=f"wait {incident.subject}" if incident.kind in OF_A_WAIT else incident.id,
        final=what == "closed" or incident.kind is _SHUT,
        expiry=incident.subject if incident.kind in LADDERS and what != "closed" else "",
        manager=manager,
        line=line,
    )


def is_urgent(incident: Incident, what: str, receiver: Receiver) -> bool:
    """The head is called for what cannot wait; that it is over can. An integrator hears of both ends at once."""
    if incident.kind in DIGEST_ONLY:
        return False
    if receiver.audience is Audience.INTEGRATOR:
        return incident.severity is Severity.CRITICAL
    return incident.severity is Severity.CRITICAL and what != "closed"


def is_step(incident: Incident, what: str) -> bool:
    """A reminder is due on the working day that it is meant for: by the next one's digest all may be over."""
    return incident.kind is IncidentKind.EXPIRY_SOON and what != "closed"


def due_at(receiver: Receiver, policy: Policy, office: Schedule, now: datetime, *, urgent: bool) -> datetime:
    """When it may be told: now, at the next opening, or with the next digest."""
    if not urgent:
        return next_digest(receiver, policy, office, now)
    if receiver.always:
        return now
    opens = office.next_open(now)
    return now if opens == NEVER else opens


def put_off_until(
    receiver: Receiver, policy: Policy, office: Schedule, due: datetime, now: datetime, *, urgent: bool
) -> datetime | None:
    """When to tell what could not be told when it was due: None = now, since people read it now.

    What comes late after working hours (we were down, the portal took nothing) waits for the next opening, or for the
    next digest where that comes within hours.
    """
    is_free = receiver.always or receiver.routed or now - due <= PUNCTUAL or office.is_open(now)
    opens = office.next_open(now)
    if is_free or opens == NEVER:
        return None
    digest = next_digest(receiver, policy, office, now)
    return opens if urgent or (digest > opens and not office.is_open(digest)) else digest


def next_digest(receiver: Receiver, policy: Policy, office: Schedule, now: datetime) -> datetime:
    """The next working morning's digest, in the portal's time; of who hears at any hour, the next morning's."""
    zone = ZoneInfo(policy.timezone)
    day = now.astimezone(zone).date()
    mornings = [datetime.combine(day + ahead * DAY, receiver.digest_at, zone) for ahead in range(SEARCH)]
    later = [morning for morning in mornings if morning > now]
    if receiver.always:
        return later[0]
    return next((at for at in later if _is_working_day(at, office)), later[0])


def _is_working_day(morning: datetime, office: Schedule) -> bool:
    midnight = morning.replace(hour=0, minute=0)
    return bool(office.working(midnight, midnight + DAY))
