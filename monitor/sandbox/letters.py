"""What people of the emulated portal were told: notifications, messages, tasks (bitrix24-api.md 8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from monitor.sandbox.answers import iso
from monitor.sandbox.listing import Params, number
from monitor.sandbox.refusal import Refusal
from monitor.sandbox.world import World

OURS = 1  # the user of the application


@dataclass
class Letter:
    """`kind`: notify, message or task. `arrived` counts each sending, also of what replaced an earlier one."""

    id: int
    kind: str
    user: int
    text: str
    at: str
    tag: str = ""
    arrived: int = 1


@dataclass
class Letters:
    kept: list[Letter] = field(default_factory=list)
    last: int = 0

    def rows(self) -> list[dict[str, Any]]:
        return [asdict(letter) for letter in self.kept]

    def put(self, kind: str, user: int, text: str, at: str, tag: str = "") -> int:
        """A repeated TAG replaces the notification that had it."""
        same = next((one for one in self.kept if tag and one.tag == tag and one.user == user), None)
        if same is not None:
            self.kept.remove(same)
        self.last += 1
        arrived = same.arrived + 1 if same else 1
        self.kept.append(Letter(id=self.last, kind=kind, user=user, text=text, at=at, tag=tag, arrived=arrived))
        return self.last

    def dialog(self, user: int, limit: int) -> dict[str, Any]:
        """The application's user's dialog with somebody, the newest first."""
        mine = [one for one in self.kept if one.kind == "message" and one.user == user][::-1][:limit]
        rows = [
            {"id": one.id, "chat_id": user, "author_id": OURS, "date": one.at, "text": one.text, "params": {}}
            for one in mine
        ]
        return {"chat_id": user, "messages": rows, "users": [], "files": []}


def writing_methods(letters: Letters, world: World) -> dict[str, Callable[[Params], Any]]:
    return {
        "im.notify.system.add": partial(_notify, letters, world),
        "im.notify.personal.add": partial(_notify, letters, world),
        "im.message.add": partial(_message, letters, world),
        "tasks.task.add": partial(_task, letters, world),
        "tasks.task.list": partial(_tasks, letters),
    }


def _notify(letters: Letters, world: World, params: Params) -> Any:
    user = number(params.get("USER_ID"))
    if not user:
        raise Refusal(400, "USER_ID_EMPTY", "User ID can't be empty")
    text = _said(params)
    if user not in world.users:
        return False
    return letters.put("notify", user, text, iso(world.now()), str(params.get("TAG") or ""))


def _message(letters: Letters, world: World, params: Params) -> Any:
    dialog = str(params.get("DIALOG_ID") or "")
    if not dialog:
        raise Refusal(400, "USER_ID_EMPTY", "User ID can't be empty")
    text = _said(params)
    if not dialog.isdecimal() or int(dialog) not in world.users:
        raise Refusal(400, "ACCESS_ERROR", "You do not have access to the specified dialog")
    return letters.put("message", int(dialog), text, iso(world.now()))


def _said(params: Params) -> str:
    if not params.get("MESSAGE"):
        raise Refusal(400, "MESSAGE_EMPTY", "Message can't be empty")
    return str(params["MESSAGE"])


def _task(letters: Letters, world: World, params: Params) -> Any:
    fields = params.get("fields") or {}
    if not fields.get("TITLE") or number(fields.get("RESPONSIBLE_ID")) not in world.users:
        raise Refusal(400, "ERROR_CORE", "Не указано название задачи или исполнитель.<br>")
    text = f"{fields['TITLE']}\n{fields.get('DESCRIPTION', '')}"
    return {"task": {"id": str(letters.put("task", number(fields["RESPONSIBLE_ID"]), text, iso(world.now())))}}


def _tasks(letters: Letters, params: Params) -> Any:
    """One page; the keys of the answer are in camel case, whatever the question's were."""
    wanted = number((params.get("filter") or {}).get("RESPONSIBLE_ID"))
    mine = [one for one in letters.kept if one.kind == "task" and wanted in {0, one.user}]
    newest = mine[::-1] if str((params.get("order") or {}).get("ID", "")).lower() == "desc" else mine
    rows = [
        {"id": str(one.id), "title": one.text.partition("\n")[0], "description": one.text.partition("\n")[2]}
        for one in newest[:50]
    ]
    return {"tasks": rows}
