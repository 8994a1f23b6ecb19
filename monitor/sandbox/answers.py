"""Facts of the world in Bitrix24's words: texts for numbers, mangled keys, empty maps as lists."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from monitor.sandbox.records import Dialog, Message
from monitor.sandbox.world import ZONE, World


def iso(at: datetime) -> str:
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def mangled(name: str) -> str:
    """Lower-cased, then `_x` becomes `X`: CONNECTOR_MID -> connectorMid, textLegacy -> textlegacy."""
    first, *rest = name.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def php_map(rows: dict[str, Any]) -> Any:
    """PHP writes an empty map as a list."""
    return rows or []


def activity(world: World, dialog: Dialog) -> dict[str, Any]:
    """A row of crm.activity.list: every scalar a text, END_TIME in the future while the session is open."""
    seconds = int(world.lines[dialog.line].get("AUTO_CLOSE_TIME") or 0)
    end = dialog.closed or world.now() + timedelta(days=1, seconds=seconds)
    return {
        "ID": str(dialog.activity),
        "TYPE_ID": "6",
        "PROVIDER_ID": "IMOPENLINES_SESSION",
        "PROVIDER_TYPE_ID": str(dialog.line),
        "ASSOCIATED_ENTITY_ID": str(dialog.id),
        "ORIGIN_ID": f"IMOL_{dialog.id}",
        "PROVIDER_PARAMS": {"USER_CODE": dialog.user_code},
        "RESULT_SOURCE_ID": dialog.connector,
        "DIRECTION": "2" if dialog.outbound else "1",
        "RESULT_STATUS": "2" if dialog.accepted or dialog.outbound else "1",
        "RESPONSIBLE_ID": str(dialog.owner or dialog.offered),
        "AUTHOR_ID": str(dialog.owner or dialog.offered),
        "CREATED": iso(dialog.created),
        "START_TIME": iso(dialog.created),
        "END_TIME": iso(end),
        "DEADLINE": iso(end),
        "LAST_UPDATED": iso(dialog.updated),
        "COMPLETED": "Y" if dialog.closed else "N",
        "STATUS": "2" if dialog.closed else "1",
        "OWNER_TYPE_ID": "2",
        "OWNER_ID": str(dialog.deal),
        "SUBJECT": f"Диалог {dialog.id}",
        "SETTINGS": [],
    }


def history(world: World, dialog: Dialog) -> dict[str, Any]:
    """imopenlines.session.history.get: the whole session, newest first, authors only."""
    chat = f"chat{dialog.chat}"
    rows = {str(one.id): _message(one, dialog.chat) for one in reversed(dialog.messages)}
    authors = {one.author for one in dialog.messages} - {0}
    return {
        "chatId": str(dialog.chat),
        "canJoin": "Y",
        "canVoteHead": "N",
        "sessionId": dialog.id,
        "sessionVoteHead": 0,
        "sessionCommentHead": None,
        "userId": chat,
        "message": php_map(rows),
        "usersMessage": {chat: list(rows)},
        "users": php_map({str(number): _person(world, number) for number in sorted(authors)}),
        "openlines": {"canvoteashead": {str(dialog.line): True}},
        "userInGroup": [],
        "woUserInGroup": [],
        "chat": {str(dialog.chat): _chat(world, dialog)},
        "userBlockChat": {str(dialog.chat): []},
        "userInChat": {str(dialog.chat): sorted(authors)},
        "files": [],
    }


def _message(message: Message, chat: int) -> dict[str, Any]:
    params = {mangled(name): value for name, value in message.params.items() if name != "NOTICED"}
    return {
        "id": str(message.id),
        "chatid": str(chat),
        "senderid": str(message.author),
        "recipientid": f"chat{chat}",
        "date": iso(message.at),
        "text": message.text,
        "textlegacy": message.text,
        "params": php_map(params),
    }


def _person(world: World, number: int) -> dict[str, Any]:
    user = world.users.get(number)
    return {
        "id": str(number),
        "name": user.full_name if user else world.customers.get(number, "Клиент"),
        "active": user.active if user else True,
        "firstName": user.name if user else "",
        "lastName": user.last_name if user else "",
        "bot": bool(user and user.bot),
        "connector": user is None,
        "network": False,
        "extranet": False,
        "departments": [user.department] if user else [],
        "type": "user",
    }


def _chat(world: World, dialog: Dialog) -> dict[str, Any]:
    latest = world.newest(dialog.chat) or dialog
    return {
        "id": str(dialog.chat),
        "owner": str(latest.owner),
        "entityType": "LINES",
        "entityId": dialog.user_code,
        "entityData1": entity_data_1(latest),
        "entityData2": f"LEAD|0|COMPANY|0|CONTACT|{dialog.contact}|DEAL|{dialog.deal}",
        "entityData3": "N",
        "messageCount": len(dialog.messages),
        "dateCreate": iso(dialog.created),
    }


def entity_data_1(dialog: Dialog) -> str:
    crm = f"Y|DEAL|{dialog.deal}" if dialog.activity else "N|NONE|0"
    return f"{crm}|N|N|{dialog.id}|{int(dialog.created.timestamp())}|{dialog.moved}|0|0"


def chat(world: World, dialog: Dialog) -> dict[str, Any]:
    """imopenlines.dialog.get: the chat with its newest session, snake_case and real numbers."""
    latest = world.newest(dialog.chat) or dialog
    return {
        "id": dialog.chat,
        "name": f"{world.customers.get(dialog.customer, 'Клиент')} - {world.lines[dialog.line]['LINE_NAME']}",
        "owner": latest.owner,
        "type": "lines",
        "message_type": "L",
        "entity_type": "LINES",
        "entity_id": dialog.user_code,
        "entity_data_1": entity_data_1(latest),
        "entity_data_2": f"LEAD|0|COMPANY|0|CONTACT|{dialog.contact}|DEAL|{dialog.deal}",
        "entity_data_3": "N",
        "message_count": len(latest.messages),
        "last_message_id": latest.messages[-1].id if latest.messages else 0,
        "date_create": iso(dialog.created),
        "manager_list": [latest.owner] if latest.owner else [],
        "dialog_id": f"chat{dialog.chat}",
    }


def recent(world: World, dialog: Dialog) -> dict[str, Any]:
    """An item of im.recent.list: `lines.id` is the session."""
    last, told = dialog.messages[-1], chat(world, dialog)
    return {
        "id": f"chat{dialog.chat}",
        "chat_id": dialog.chat,
        "type": "chat",
        "title": told["name"],
        "message": {"id": last.id, "text": last.text, "author_id": last.author, "date": iso(last.at)},
        "counter": 0,
        "date_update": iso(dialog.updated),
        "chat": {name: told[name] for name in ("id", "owner", "entity_id", "entity_data_1", "entity_data_2")},
        "lines": {"id": dialog.id, "status": dialog.status, "date_create": iso(dialog.created)},
    }
