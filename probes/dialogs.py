"""What customers and managers say: sessions found three ways, histories read only where something moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from monitor.core.gaps import horizon, is_first_sight
from monitor.core.history import NotHistory, integer, known_texts, moment, parse
from monitor.core.model import Failure, Reason, Session
from monitor.core.plugin import Call, PortalProbe, Question, View
from monitor.core.reading import ActivitiesSeen, ChatTouched, Finding, HistorySeen, Reading, SessionsProbed
from monitor.core.sessions import REMEMBERED, due, moved, order, unaccompanied
from probes._activities import ACTIVITIES, FIELDS, PROVIDER, Row, is_activity, last_id, lasting, session_of, told_rows
from probes._asking import asking, gather
from probes._numbers import DIALOG, candidates, chased, hinted, hints, is_galloping, newest_session, share, slot
from probes._rows import entries, malformed, misshapen

OVERLAP = timedelta(seconds=120)
PAGE, MOST_PAGES = 50, 400
LIGHT_CHECKS = 10
HISTORY = "imopenlines.session.history.get"
PASSING = (Reason.TIMEOUT, Reason.UNREACHABLE, Reason.THROTTLED)
PATIENCE = timedelta(hours=1)
ACTIVITY = "a map with PROVIDER_ID, a session's number and CREATED"


@dataclass(kw_only=True)
class Answers:
    """All that one tick's questions brought. `histories` and `probed` by session id, `touched` by chat.

    `galloped`: ids far ahead were asked for too, and answered; `hinted`: the highest id that was told elsewhere."""

    time: Any = None
    rows: list[Row] = field(default_factory=list)
    list_failure: Failure | None = None
    list_odd: Failure | None = None  # rows that are no session's, while the list goes on
    histories: dict[int, Any] = field(default_factory=dict)
    probed: dict[int, Any] = field(default_factory=dict)
    touched: dict[int, Any] = field(default_factory=dict)
    galloped: bool = False
    hinted: int = 0
    sessions: tuple[Session, ...] = ()  # of the rows, once all of them are there


def first(view: View) -> Sequence[Question]:
    """Round one: what is due anyway, as far as this tick's budget goes."""
    wanted = due(view)[: view.history_budget]
    silent = share([one.session.chat for one in unaccompanied(view) if one.session.chat], LIGHT_CHECKS, slot(view))
    touches = [(DIALOG, {"CHAT_ID": chat}) for chat in silent]
    histories = map(_history_of, (*wanted, *candidates(view, len(wanted))))
    return (("server.time", None), _page(_since(view), 0), *histories, *touches, *hints(view))


def _since(view: View) -> datetime:
    return (view.state.cursor.watermark or view.now - view.policy.history) - OVERLAP


async def then(call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]) -> Answers:
    """Round two: what has just moved, as far as the budget still goes, and what lies beyond the ids that answered."""
    answers, known = Answers(time=told[0]), view.state.sessions
    for (method, params), answer in zip(questions[2:], told[2:], strict=True):
        if method == DIALOG:
            answers.touched[(params or {})["CHAT_ID"]] = answer
        elif method == HISTORY:
            number = (params or {})["SESSION_ID"]
            is_due = number in known and number <= view.state.cursor.highest_session
            (answers.histories if is_due else answers.probed)[number] = answer
        else:
            answers.hinted = max(answers.hinted, hinted(method, answer, view))
    answers.galloped = _has_galloped(answers.probed, view)
    budget = view.history_budget - len(answers.histories)
    await _pages(call, told[1], view, answers)
    place = (view.policy.portal, "activities")
    sessions = view.recall.understood(
        place, None, map(lasting, answers.rows), partial(session_of, read=view.recall.read)
    )
    answers.sessions = tuple(filter(None, sessions))
    _look_at_the_rest(answers, sessions, view)
    await _go_on(call, view, answers, max(0, budget))
    return answers


async def _go_on(call: Call, view: View, answers: Answers, budget: int) -> None:
    found = {number: _is_session(answer) for number, answer in answers.probed.items()}
    moved_on = [one for one in _moved(answers, view) if one not in answers.histories and not found.get(one)][:budget]
    beyond = chased(view, found, {session.id for session in answers.sessions})
    if not moved_on and not beyond:
        return
    told = await gather(call, map(_history_of, (*moved_on, *beyond)), unread=True)
    answers.histories.update(zip(moved_on, told, strict=False))
    answers.probed.update(zip(beyond, told[len(moved_on) :], strict=True))


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
    probed = {number: _history(answer, view) for number, answer in answers.probed.items()}
    findings += [seen for seen in probed.values() if isinstance(seen, HistorySeen) and _is_wanted(seen, view)]
    for answer in answers.histories.values():
        read_now = _history(answer, view)
        findings += [read_now] if isinstance(read_now, HistorySeen) else []
        failures += [read_now] if isinstance(read_now, Failure) else []
    findings += filter(None, (_touched(chat, answer) for chat, answer in answers.touched.items()))
    return Reading(
        probe="dialogs",
        source="bitrix24",
        at=now,
        findings=(*findings, *_probed(answers, probed, view)),
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


def _probed(answers: Answers, probed: Mapping[int, HistorySeen | Failure], view: View) -> tuple[SessionsProbed, ...]:
    """A method that is blocked says nothing of the id it was asked for: that stays to be asked for."""
    if not probed and not answers.hinted:
        return ()
    since = horizon(view.state.cursor, view.policy, view.now)
    seen = [one for one in probed.values() if isinstance(one, HistorySeen)]
    wanted = {one.session.id for one in seen if _is_wanted(one, view)}
    blocked = {number for number, one in probed.items() if _is_failed(one, Reason.THROTTLED)}
    found = [number for number, answer in answers.probed.items() if _is_session(answer)]
    return (
        SessionsProbed(
            highest=max([answers.hinted, *found]),
            missing=tuple([number for number in probed if number not in wanted and number not in blocked]),
            older=max((one.session.id for one in seen if one.messages and one.session.created < since), default=0),
            galloped=answers.galloped,
        ),
    )


def _is_session(answer: Any) -> bool:
    return isinstance(answer, dict) and "sessionId" in answer


def _is_failed(answer: Any, *reasons: Reason) -> bool:
    return isinstance(answer, Failure) and answer.reason in reasons


def _has_galloped(probed: Mapping[int, Any], view: View) -> bool:
    """A poll that failed in part does not tell where the ids end; for ever it cannot be waited for a better one."""
    if not probed or not is_galloping(view):
        return False
    first, is_unsettled = view.state.cursor.first_sight, not view.state.cursor.settled
    if is_unsettled and first is not None and view.now - first > PATIENCE:
        return True
    return not any(_is_failed(answer, *PASSING) for answer in probed.values())


def _is_wanted(seen: HistorySeen, view: View) -> bool:
    """Not what ended before all that is read at first sight. What ended long ago is read when its turn has come, and
    then forgotten: found ahead of it, it would be counted twice."""
    cursor, closed = view.state.cursor, seen.session.closed
    if seen.messages and seen.messages[-1].at < horizon(cursor, view.policy, view.now):
        return False
    return not is_first_sight(cursor) or closed is None or view.now - closed < REMEMBERED / 2


def _touch_failure(answer: Any) -> Failure | None:
    is_told = isinstance(answer, dict | Failure) or answer == []
    told = answer if is_told else malformed(DIALOG, "the answer is no map of a chat")
    return told if isinstance(told, Failure) else None


def _touched(chat: int, answer: Any) -> ChatTouched | None:
    if not isinstance(answer, dict):
        return None
    return ChatTouched(
        chat=chat,
        session=newest_session(answer),
        last_message=integer(answer.get("last_message_id")) or 0,
        owner=integer(answer.get("owner")) or 0,
    )


PROBE = PortalProbe(name="dialogs", ask=asking(first, then), read=read, first=first, then=then)
PROBES = (PROBE,)
