"""What customers and managers say: sessions found three ways, histories read only where something moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from monitor.core.history import NotHistory, integer, known_texts, moment, parse
from monitor.core.model import Failure, Reason, Session
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import ActivitiesSeen, ChatTouched, Finding, HistorySeen, Reading, SessionsProbed
from monitor.core.sessions import due, moved, order, unaccompanied
from probes._activities import FIELDS, PROVIDER, lasting, session_of
from probes._asking import Question, gather, one
from probes.discovery import rows_of

OVERLAP = timedelta(seconds=120)
PAGE, MOST_PAGES = 50, 400
LOOK_AHEAD, HOLES, LIGHT_CHECKS = 4, 4, 10
GALLOP = tuple(2**power for power in range(2, 24))
HISTORY = "imopenlines.session.history.get"


@dataclass(kw_only=True)
class Answers:
    """All that one tick's questions brought. `histories` and `probed` by session id, `touched` by chat."""

    time: Any = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    list_failure: Failure | None = None
    histories: dict[int, Any] = field(default_factory=dict)
    probed: dict[int, Any] = field(default_factory=dict)
    touched: dict[int, Any] = field(default_factory=dict)
    galloped: bool = False
    sessions: tuple[Session, ...] = ()  # of the rows, once all of them are there


async def ask(call: Call, view: View) -> Answers:
    """Round one: what is due anyway. Round two: what has just moved, as far as this tick's budget goes."""
    answers = Answers()
    since = (view.state.cursor.watermark or view.now - view.policy.history) - OVERLAP
    wanted, probed = due(view)[: view.history_budget], _candidates(view)
    chats = [memory.session.chat for memory in unaccompanied(view)[:LIGHT_CHECKS] if memory.session.chat]
    first = (("server.time", None), ("crm.activity.list", _query(since, 0)))
    touches = [("imopenlines.dialog.get", {"CHAT_ID": chat}) for chat in chats]
    # In one piece: a task for each kind would cost more than all the asking.
    told = iter(await gather(call, (*first, *_histories(wanted), *_histories(probed), *touches)))
    answers.time, page = next(told), next(told)
    answers.histories.update(zip(wanted, told, strict=False))
    answers.probed.update(zip(probed, told, strict=False))
    answers.touched.update(zip(chats, told, strict=True))
    answers.galloped = bool(probed) and not view.state.cursor.settled
    await _pages(call, page, since, answers)
    place = (view.policy.portal, "activities")
    sessions = view.recall.understood(place, None, map(lasting, answers.rows), session_of)
    answers.sessions = tuple(filter(None, sessions))
    more = [number for number in _moved(answers, view) if number not in answers.histories]
    more = more[: max(0, view.history_budget - len(wanted))]
    if more:
        answers.histories.update(zip(more, await gather(call, _histories(more)), strict=True))
    return answers


async def _pages(call: Call, page: Any, since: datetime, answers: Answers) -> None:
    """Activities changed since the watermark, by portal time; pages by >ID, since the set moves while it is read."""
    for _ in range(MOST_PAGES):
        if isinstance(page, Failure):
            answers.list_failure = page
            return
        rows = rows_of(page)
        answers.rows += rows
        last = max((integer(row.get("ID")) or 0 for row in rows), default=0)
        if len(rows) < PAGE or not last:
            return
        page = await one(call, "crm.activity.list", _query(since, last))


def _query(since: datetime, after: int) -> dict[str, Any]:
    chosen = {"PROVIDER_ID": PROVIDER, ">=LAST_UPDATED": since}
    return {
        "order": {"ID": "ASC"},
        "filter": chosen | ({">ID": after} if after else {}),
        "select": FIELDS,
        "start": -1,
    }


def _histories(ids: Iterable[int]) -> list[Question]:
    return [(HISTORY, {"SESSION_ID": number}) for number in ids]


def _candidates(view: View) -> list[int]:
    """Sessions without a CRM activity are found by their ids: just ahead, young holes, and far ahead at the start."""
    cursor = view.state.cursor
    if cursor.watermark is None:
        return []  # the first list of activities may tell the highest id for nothing
    if not cursor.settled:
        return [cursor.highest_session + step for step in (1, 2, 3, *GALLOP)]
    ahead = [cursor.highest_session + step for step in range(1, LOOK_AHEAD + 1)]
    holes = [number for number, _ in cursor.holes if number not in view.state.sessions]
    start = int(view.now.timestamp() // 60) * HOLES % len(holes) if holes else 0
    return ahead + (holes[start:] + holes[:start])[:HOLES]


def _moved(answers: Answers, view: View) -> tuple[int, ...]:
    sessions = answers.sessions
    state = view.state
    ids = {one.id for one in sessions if moved(one, state.cursor, state.sessions.get(one.id))}
    last = {memory.session.chat: (number, memory.last_message) for number, memory in state.sessions.items()}
    for seen in filter(None, (_touched(chat, answer) for chat, answer in answers.touched.items())):
        number, message = last.get(seen.chat, (0, 0))
        if seen.last_message > message:
            ids |= {seen.session, number} - {0}
    return order(ids, sessions)


def read(answers: Answers, view: View, now: datetime) -> Reading:
    if answers.list_failure is not None and isinstance(answers.time, Failure) and not _any_answer(answers):
        return Reading(probe="dialogs", source="bitrix24", at=now, failure=answers.list_failure)
    failures = [answers.list_failure] if answers.list_failure else []
    failures += [answer for answer in answers.touched.values() if isinstance(answer, Failure)]
    findings: list[Finding] = [_activities(answers)]
    for number, answer in {**answers.probed, **answers.histories}.items():
        seen = _history(answer, view)
        if isinstance(seen, HistorySeen):
            findings.append(seen)
        elif number in answers.histories:
            failures.append(seen)
    findings += filter(None, (_touched(chat, answer) for chat, answer in answers.touched.items()))
    return Reading(
        probe="dialogs",
        source="bitrix24",
        at=now,
        findings=(*findings, *_probed(answers)),
        failures=tuple(failures),
    )


def _any_answer(answers: Answers) -> bool:
    told = (*answers.histories.values(), *answers.probed.values(), *answers.touched.values())
    return any(not isinstance(answer, Failure) for answer in told)


def _activities(answers: Answers) -> ActivitiesSeen:
    sessions: dict[int, Session] = {}
    for session in answers.sessions:
        sessions[session.id] = session
    complete = answers.list_failure is None
    return ActivitiesSeen(sessions=tuple(sessions.values()), watermark=moment(answers.time), complete=complete)


def _history(answer: Any, view: View) -> HistorySeen | Failure:
    if isinstance(answer, Failure):
        return answer
    try:
        return parse(answer, known_texts(view.policy.replies), view.recall, view.policy.portal)
    except NotHistory as error:
        return Failure(reason=Reason.MALFORMED, detail=f"imopenlines.session.history.get: {error}")


def _probed(answers: Answers) -> tuple[SessionsProbed, ...]:
    if not answers.probed:
        return ()
    found = [number for number, answer in answers.probed.items() if isinstance(answer, dict) and "sessionId" in answer]
    missing = tuple(number for number in answers.probed if number not in found)
    return (SessionsProbed(highest=max(found, default=0), missing=missing, galloped=answers.galloped),)


def _touched(chat: int, answer: Any) -> ChatTouched | None:
    """entity_data_1 may have fewer parts; the sixth is the chat's newest session."""
    if not isinstance(answer, dict):
        return None
    parts = str(answer.get("entity_data_1") or "").split("|")
    session = integer(parts[5]) if len(parts) > 5 else 0
    return ChatTouched(
        chat=chat,
        session=session or 0,
        last_message=integer(answer.get("last_message_id")) or 0,
        owner=integer(answer.get("owner")) or 0,
    )


PROBE = PortalProbe(name="dialogs", ask=ask, read=read)
PROBES = (PROBE,)
