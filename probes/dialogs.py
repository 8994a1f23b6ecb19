"""What customers and managers say: sessions found three ways, histories read only where something moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from monitor.core.gaps import horizon, is_first_sight
from monitor.core.history import NotHistory, integer, moment, parse
from monitor.core.known_texts import known_texts
from monitor.core.looks import due, first_of, glances, order
from monitor.core.model import PASSING, Failure, Reason, Session
from monitor.core.plugin import Call, Params, PortalProbe, Question, View
from monitor.core.reading import ActivitiesSeen, ChatTouched, Finding, HistorySeen, Reading, SessionsProbed
from monitor.core.replacing import maker
from monitor.core.sessions import REMEMBERED, moved
from probes._activities import ACTIVITIES, FIELDS, PROVIDER, Row, is_activity, last_id, lasting, session_of, told_rows
from probes._ahead import REFUSED, failed_ahead
from probes._asking import asking, gather
from probes._numbers import DIALOG, candidates, chased, hinted, hints, is_galloping, newest_session, share, slot
from probes._rows import entries, malformed, misshapen

OVERLAP = timedelta(seconds=120)
PAGE, MOST_PAGES = 50, 400
LIGHT_CHECKS, MUTED_CHECKS = 10, 4  # at a poll
HISTORY = "imopenlines.session.history.get"
UNTOLD = PASSING | {Reason.MALFORMED}  # an answer without a word of what was asked
BLOCKED = frozenset({Reason.THROTTLED})
PATIENCE = timedelta(hours=1)
BY_ID = {"ID": "ASC"}
ACTIVITY = "a map with PROVIDER_ID, a session's number and CREATED"


_reading, _seen, _ids = maker(Reading), maker(ActivitiesSeen), maker(SessionsProbed)


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
    wanted = first_of(due(view), _at_once(view), view)
    silent = glances(view)
    shares = ((silent.unlisted, LIGHT_CHECKS), (silent.muted, MUTED_CHECKS), (silent.told, 1))
    touches = [(DIALOG, {"CHAT_ID": chat}) for chats, many in shares for chat in share(chats, many, slot(view))]
    histories = map(_history_of, (*wanted, *candidates(view, len(wanted))))
    return [("server.time", None), _page(_since(view), 0), *histories, *touches, *hints(view)]


def _at_once(view: View) -> int:
    """Of the budget so much that a backlog leaves some of it to what moves now."""
    return view.history_budget - view.history_budget // 3


def _since(view: View) -> datetime:
    return (view.state.cursor.watermark or view.now - view.policy.history) - OVERLAP


async def then(call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]) -> Answers:
    """Round two: what has just moved, as far as the budget still goes, and what lies beyond the ids that answered."""
    answers = Answers(time=told[0])
    for (method, params), answer in zip(questions[2:], told[2:], strict=True):
        _sort(answers, method, params or {}, answer, view)
    answers.galloped = _has_galloped(answers.probed, view)
    if told[1] != []:
        await _rows(call, told[1], view, answers)
    await _go_on(call, view, answers, max(0, view.history_budget - len(answers.histories)))
    return answers


def _sort(answers: Answers, method: str, params: Params, answer: Any, view: View) -> None:
    if method == HISTORY:
        number = params["SESSION_ID"]
        is_due = number in view.state.sessions and number <= view.state.cursor.highest_session
        (answers.histories if is_due else answers.probed)[number] = answer
    elif method == DIALOG:
        answers.touched[params["CHAT_ID"]] = view.recall.read(answer)
    else:
        answers.hinted = max(answers.hinted, hinted(method, view.recall.read(answer), view))


async def _rows(call: Call, page: Any, view: View, answers: Answers) -> None:
    await _pages(call, page, view, answers)
    place = (view.policy.portal, "activities")
    sessions = view.recall.understood(
        place, None, map(lasting, answers.rows), partial(session_of, read=view.recall.read)
    )
    answers.sessions = tuple(filter(None, sessions))
    _look_at_the_rest(answers, sessions, view)


async def _go_on(call: Call, view: View, answers: Answers, budget: int) -> None:
    known, found = answers.histories, {number: _is_session(answer) for number, answer in answers.probed.items()}
    backlog = due(view) if len(known) == _at_once(view) else ()
    wanted = dict.fromkeys((*_moved(answers, view), *backlog))
    left = [one for one in wanted if one not in known and not found.get(one)]
    moved_on = [one for one in first_of(left, budget, view, answers.sessions) if one not in known]
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
        page = view.recall.read(page)
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
    chosen: dict[str, str | int] = {"PROVIDER_ID": PROVIDER, ">=LAST_UPDATED": since.isoformat(timespec="seconds")}
    if after:
        chosen[">ID"] = after
    return ACTIVITIES, {"order": BY_ID, "filter": chosen, "select": FIELDS, "start": -1}


def _history_of(number: int) -> Question:
    return HISTORY, {"SESSION_ID": number}


def _moved(answers: Answers, view: View) -> tuple[int, ...]:
    sessions = answers.sessions
    if not sessions and not answers.touched:
        return ()
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
    findings: list[Finding] = [_activities(answers)]
    probed = {number: _history(answer, view) for number, answer in answers.probed.items()}
    findings += [seen for seen in probed.values() if type(seen) is HistorySeen and _is_wanted(seen, view)]
    failures += failed_ahead(answers.probed, probed)
    for answer in answers.histories.values():
        read_now = _history(answer, view)
        findings += [read_now] if isinstance(read_now, HistorySeen) else []
        failures += [read_now] if isinstance(read_now, Failure) else []
    if answers.touched:
        failures += _touch_failures(answers.touched, view)
        findings += filter(None, map(_touched, answers.touched, answers.touched.values()))
    if probed or answers.hinted:
        findings.append(_probed(answers, probed, view))
    return _reading(probe="dialogs", source="bitrix24", at=now, findings=tuple(findings), failures=tuple(failures))


def _any_answer(answers: Answers) -> bool:
    told = (*answers.histories.values(), *answers.probed.values(), *answers.touched.values())
    return any(not isinstance(answer, Failure) for answer in told)


def _activities(answers: Answers) -> ActivitiesSeen:
    sessions = {session.id: session for session in answers.sessions}
    complete = answers.list_failure is None
    return _seen(sessions=tuple(sessions.values()), watermark=moment(answers.time), complete=complete)


def _history(answer: Any, view: View) -> HistorySeen | Failure:
    if type(answer) is Failure:
        return answer
    try:
        return parse(answer, known_texts(view.policy.replies), view.recall, view.policy.portal)
    except NotHistory as error:
        return Failure(reason=Reason.MALFORMED, detail=f"imopenlines.session.history.get: {error}")


def _probed(answers: Answers, probed: Mapping[int, HistorySeen | Failure], view: View) -> SessionsProbed:
    """A failure that passes says nothing of the id that was asked for: it stays to be asked for. On the way down at
    first sight only a method that is blocked is waited for, lest one id that always fails keeps all below unseen."""
    seen, descent = [one for one in probed.values() if type(one) is HistorySeen], view.state.cursor.descent
    since = horizon(view.state.cursor, view.policy, view.now)
    wanted = {one.session.id for one in seen if _is_wanted(one, view)}
    blocked = {
        number
        for number, answer in answers.probed.items()
        if _is_failed(answer, UNTOLD if number >= descent else BLOCKED)
    }
    return _ids(
        highest=max([answers.hinted, *_found(answers)]),
        missing=tuple([number for number in probed if number not in wanted and number not in blocked]),
        older=max((one.session.id for one in seen if one.messages and one.session.created < since), default=0),
        galloped=answers.galloped,
    )


def _found(answers: Answers) -> list[int]:
    return [number for number, answer in answers.probed.items() if _is_session(answer)]


def _is_session(answer: Any) -> bool:
    return isinstance(answer, dict) and "sessionId" in answer


def _is_failed(answer: Any, reasons: Set[Reason]) -> bool:
    return type(answer) is Failure and answer.reason in reasons


def _has_galloped(probed: Mapping[int, Any], view: View) -> bool:
    """A poll that failed in part does not tell where the ids end; for ever it cannot be waited for a better one."""
    if not probed or not is_galloping(view):
        return False
    first, is_unsettled = view.state.cursor.first_sight, not view.state.cursor.settled
    if is_unsettled and first is not None and view.now - first > PATIENCE:
        return True
    return not any(_is_failed(answer, PASSING) for answer in probed.values())


def _is_wanted(seen: HistorySeen, view: View) -> bool:
    """Not what ended before all that is read at first sight. What ended long ago is read when its turn has come, and
    then forgotten: found ahead of it, it would be counted twice."""
    cursor, closed = view.state.cursor, seen.session.closed
    if seen.messages and seen.messages[-1].at < horizon(cursor, view.policy, view.now):
        return False
    return not is_first_sight(cursor) or closed is None or view.now - closed < REMEMBERED / 2


def _touch_failures(touched: Mapping[int, Any], view: View) -> list[Failure]:
    """A glance at a listed dialog that is refused (ACCESS_ERROR) tells nothing and lacks nothing: its activity is
    there, and its history may be read by the right to the CRM entity alone."""
    failures = {chat: failure for chat, told in touched.items() if (failure := _touch_failure(told)) is not None}
    if not failures:
        return []
    unlisted = {one.session.chat for one in view.state.sessions.values() if one.session.updated is None}
    return [one for chat, one in failures.items() if chat in unlisted or one.reason not in REFUSED]


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
