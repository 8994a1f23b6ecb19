"""The head inside Bitrix24: a notification, a message from the monitor's account, or a task (scopes im and task).

A notification's TAG replaces the one sent before, so it is never there twice. A message and a task carry their number
and are looked for before they are sent again.
"""

from __future__ import annotations

from typing import Any

from monitor.core.model import CallFailed, Failure, Reason
from monitor.receivers import DELIVERED, Delivered, Parcel, ReceiverType

NOBODY = "no head is known: set head.user_id of the portal, or a head of the department in Bitrix24"
LOOK_BACK = 50  # messages
_LATER = frozenset({Reason.TIMEOUT, Reason.UNREACHABLE, Reason.THROTTLED, Reason.MALFORMED, Reason.DENIED, Reason.BUG})
_UNKNOWN = frozenset({Reason.TIMEOUT, Reason.UNREACHABLE, Reason.MALFORMED})


async def deliver(parcel: Parcel) -> Delivered:
    user = int(parcel.receiver.settings.get("to", "0")) or parcel.head
    if user is None:
        return Delivered(result="retried", problem=NOBODY)
    way = parcel.receiver.settings.get("as", "notify")
    try:
        if way == "message":
            return await _message(parcel, user)
        if way == "task":
            return await _task(parcel, user)
        result = await _notify(parcel, user)
    except CallFailed as error:
        return _failed(error.failure)
    return DELIVERED if result else Delivered(result="retried", problem=f"the portal took no {way}")


async def _notify(parcel: Parcel, user: int) -> Any:
    params: dict[str, Any] = {
        "USER_ID": user,
        "MESSAGE": _text(parcel),
        "TAG": f"MESSENGER_MONITOR|{parcel.message.id}",
    }
    if parcel.by_webhook:
        params["CLIENT_ID"] = "messenger-monitor"  # without an application a TAG needs one
    return await parcel.call("im.notify.system.add", params)


async def _message(parcel: Parcel, user: int) -> Delivered:
    if parcel.again and await _is_there(parcel, user):
        return DELIVERED
    text = f"{_text(parcel)}\n[{_number(parcel)}]"
    result = await parcel.call("im.message.add", {"DIALOG_ID": str(user), "MESSAGE": text, "URL_PREVIEW": "N"})
    return DELIVERED if result else Delivered(result="retried", problem="the portal took no message")


async def _is_there(parcel: Parcel, user: int) -> bool:
    answer = await parcel.call("im.dialog.messages.get", {"DIALOG_ID": str(user), "LIMIT": LOOK_BACK})
    rows = answer.get("messages") if isinstance(answer, dict) else None
    texts = [str(row.get("text", "")) for row in rows or () if isinstance(row, dict)]
    return any(_number(parcel) in text for text in texts)


async def _task(parcel: Parcel, user: int) -> Delivered:
    if parcel.again and await _is_a_task(parcel, user):
        return DELIVERED
    text = f"{_text(parcel)}\n[{_number(parcel)}]"
    fields = {"TITLE": _plain(parcel.message.subject), "DESCRIPTION": text, "RESPONSIBLE_ID": user}
    result = await parcel.call("tasks.task.add", {"fields": fields})
    return DELIVERED if result else Delivered(result="retried", problem="the portal took no task")


async def _is_a_task(parcel: Parcel, user: int) -> bool:
    """Among his newest fifty, one page of the list (dev.1c-bitrix.ru, tasks.task.list)."""
    question = {"filter": {"RESPONSIBLE_ID": user}, "select": ["ID", "DESCRIPTION"], "order": {"ID": "desc"}}
    answer = await parcel.call("tasks.task.list", question)
    rows = answer.get("tasks") if isinstance(answer, dict) else None
    texts = [str(row.get("description", "")) for row in rows or () if isinstance(row, dict)]
    return any(_number(parcel) in text for text in texts)


def _number(parcel: Parcel) -> str:
    return f"№ {parcel.message.id}"


def _text(parcel: Parcel) -> str:
    return f"[B]{_plain(parcel.message.subject)}[/B]\n{_plain(parcel.message.text)}"


def _plain(text: str) -> str:
    """Names come from people: no BB code of theirs is obeyed."""
    return text.replace("[", "(").replace("]", ")")


def _failed(failure: Failure) -> Delivered:
    problem = f"{failure.reason.value} {failure.code}".rstrip()
    if failure.code.lower() == "insufficient_scope":
        problem += ": give the application the scopes im and task"
    if failure.code.lower() == "access_error":
        return Delivered(result="refused", problem=f"{problem}: this user cannot be written to: correct `to` or `head`")
    if failure.reason not in _LATER:
        return Delivered(result="refused", problem=problem)
    return Delivered(result="retried", problem=problem, unknown=failure.reason in _UNKNOWN)


RECEIVER = ReceiverType(
    type="bitrix24",
    deliver=deliver,
    optional=("as", "to"),
    choices={"as": ("notify", "message", "task")},
)
