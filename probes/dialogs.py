"""What customers and managers say: sessions found three ways, histories read only where something moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from monitor.core.history import NotHistory, integer, known_texts, moment, parse
from monitor.core.model import Failure, Reason, Session
from monitor.core.plugin import Call, PortalProbe, Question, View
from monitor.core.reading import ActivitiesSeen, ChatTouched, Finding, HistorySeen, Reading, SessionsProbed
from monitor.core.sessions import due, moved, order, unaccompanied
from probes._activities import FIELDS, PROVIDER, Row, is_activity, last_id, lasting, session_of, told_rows
from probes._asking import asking, gather
from probes._rows import entries, malformed, misshapen

OVERLAP = timedelta(seconds=120)
PAGE, MOST_PAGES = 50, 400
LOOK_AHEAD, HOLES, LIGHT_CHECKS = 4, 4, 10
GALLOP = tuple(2**power for power in range(2, 24))
ACTIVITIES, HISTORY, DIALOG = "crm.activity.list", "imopenlines.session.history.get", "imopenlines.dialog.get"
ACTIVITY = "a map with PROVIDER_ID, a session's number and CREATED"


@dataclass(kw_only=True)
class Answers:
    """All that one tick's questions brought. `histories` and `probed` by session id, `touched` by chat."""

    time: Any = None
    rows: list[Row] = field(default_factory=list)
    list_failure: Failure | None = None
    list_odd: Failure | None = None  # rows that are no session's, while the list goes on
    histories: dict[int, Any] = field(default_factory=dict)
    probed: dict[int, Any] = field(default_factory=dict)
    touched: dict[int, Any] = field(default_factory=dict)
    galloped: bool = False
    sessions: tuple[Session, ...] = ()  # of the rows, once all of them are there


def first(view: View) -> Sequence[Question]:
    """Round one: what is due anyway, as far as this tick's budget goes."""
    wanted = due(view)[: view.history_budget]
    chats = [memory.session.chat for memory in unaccompanied(view)[:LIGHT_CHECKS] if memory.session.chat]
    touches = [(DIALOG, {"CHAT_ID": chat}) for chat in chats]
    histories = map(_history_of, (*wanted, *_candidates(view)))
    return (("server.time", None), _page(_since(view), 0), *histories, *touches)


def _since(view: View) -> datetime:
    return (view.state.cursor.watermark or view.now - view.policy.history) - OVERLAP


async def then(call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]) -> Answers:
    """Round two: what has just moved, as far as the budget still goes."""
    answers, candidates = Answers(time=told[0]), set(_candidates(view))
    for (method, params), answer in zip(questions[2:], told[2:], strict=True):
        if method == DIALOG:
            answers.touched[(params or {})["CHAT_ID"]] = answer
        else:
            number = (params or {})["SESSION_ID"]
            (answers.probed if number in candidates else answers.histories)[number] = answer
    answers.galloped = bool(answers.probed) and not view.state.cursor.settled
    budget = view.history_budget - len(answers.histories)
    await _pages(call, told[1], view, answers)
    place = (view.policy.portal, "activities")
    sessions = view.recall.understood(
        place, None, map(lasting, answers.rows), partial(session_of, read=view.recall.read)
    )
    answers.sessions = tuple(filter(None, sessions))
    _look_at_the_rest(answers, sessions, view)
    more = [number for number in _moved(answers, view) if number not in answers.histories]
    more = more[: max(0, budget)]
    if more:
        answers.histories.update(zip(more, await gather(call, map(_history_of, more), unread=True), strict=True))
    return answers


async def _pages(call: Call, page: Any, view: View, answers: Answers) -> None:
    """Activities changed since the watermark, by portal time; pages by >ID, since the set moves while it is read."""
    for _ in range(MOST_PAGES):
        if isinstance(page, Failure):
            answers.list_failure = page
            return
        rows = told_rows(page)
        answers.rows += rows
        told = entries(page)
        if told is None or len(rows) < len(told):  # who knows what stood there: it is asked for again
            answers.list_failure = answers.list_failure or misshapen(ACTIVITIES, page, _is_row, ACTIVITY)
        last = last_id(rows, view.recall.read) if len(told or ()) >= PAGE else 0
        if not last:
            return
        (page,) = await gather(call, [_page(_since(view), last)], unread=True)


def _is_row(row: Any) -> bool:
    return isinstance(row, dict | bytes)


def _look_at_the_rest(answers: Answers, sessions: Sequence[Session | None], view: View) -> None:
    """Rows that are maps and no session: a list of nothing else is asked for again, single ones only counted."""
    rest = (row for row, session in zip(answers.rows, sessions, strict=True) if session is None)
    odd = sum(not is_activity(view.recall.read(row)) for row in rest)
    if odd and answers.list_failure is None:
        answers.list_odd = malformed(ACTIVITIES, f"{odd} of {len(sessions)} rows are not as expected ({ACTIVITY})")
        answers.list_failure = answers.list_odd if odd == len(sessions) else None


def _page(since: datetime, after: int) -> Question:
    chosen = {"PROVIDER_ID": PROVIDER, ">=LAST_UPDATED": since.isoformat(timespec="seconds")}
    return ACTIVITIES, {
        "order": {"ID": "ASC"},
        "filter": chosen | ({">ID": after} if after else {}),
        "select": FIELDS,
        "start": -1,
    }


def _history_of(number: int) -> Question:
    return HISTORY, {"SESSION_ID": number}


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
    last = {}
    if answers.touched:
        last = {memory.session.chat: (number, memory.last_message) for number, memory in state.sessions.items()}
    for seen in filter(None, (_touched(chat, answer) for chat, answer in answers.touched.items())):
        number, message = last.get(seen.chat, (0, 0))
        if seen.last_message > message:
            ids |= {seen.session, number} - {0}
    return order(ids, sessions)


def read(answers: Answers, view: View, now: datetime) -> Reading:
    if answers.list_failure is not None and isinstance(answers.time, Failure) and not _any_answer(answers):
        return Reading(probe="dialogs", source="bitrix24", at=now, failure=answers.list_failure)
    failures = [one for one in (answers.list_failure or answers.list_odd,) if one]
    failures += [answer for answer in map(_touch_failure, answers.touched.values()) if answer]
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


def _touch_failure(answer: Any) -> Failure | None:
    is_told = isinstance(answer, dict | Failure) or answer == []
    told = answer if is_told else malformed(DIALOG, "the answer is no map of a chat")
    return told if isinstance(told, Failure) else None


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


PROBE = PortalProbe(name="dialogs", ask=asking(first, then), read=read, first=first, then=then)
PROBES = (PROBE,)
