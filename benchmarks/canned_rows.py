"""What the canned portal has at all times, and the rows of its histories (benchmarks/canned.py)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

LINES, CONNECTORS = (1, 2, 3), ("wz_whatsapp", "telegrambot", "max", "avito")
CLASS = "bx-messenger-content-item-"


def iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def message(number: int, chat: int, author: int, at: datetime) -> dict[str, Any]:
    text = f"Сообщение {number}: здравствуйте, подскажите, пожалуйста, когда будет готов заказ?"
    params = {"connectorMid": [f"3EB0{number:016X}"], "class": f"{CLASS}ol", "imolSid": str(number)}
    place = {"id": str(number), "chatid": str(chat), "senderid": str(author), "recipientid": f"chat{chat}"}
    return place | {"date": iso(at), "text": text, "textlegacy": text, "params": params}


def person(number: int, *, connector: bool) -> dict[str, Any]:
    name = {"id": str(number), "name": f"Анна Петрова {number}", "active": True, "bot": False, "type": "user"}
    return name | {"firstName": "Анна", "lastName": "Петрова", "connector": connector, "extranet": False}


def line(number: int) -> dict[str, Any]:
    hours = {"WORKTIME_ENABLE": "Y", "WORKTIME_FROM": "9", "WORKTIME_TO": "20", "WORKTIME_TIMEZONE": "Europe/Moscow"}
    queue = {"QUEUE": [str(user) for user in range(11, 19)], "CRM": "Y", "CRM_FORWARD": "Y", "QUEUE_TYPE": "all"}
    return {"ID": str(number), "LINE_NAME": f"Линия {number}", "ACTIVE": "Y", "TEMPORARY": "N"} | hours | queue


FURNITURE: dict[str, Any] = {
    "scope": ["imopenlines", "imconnector", "crm", "im", "user_brief", "department"],
    "app.info": {"LICENSE": "ru_pro100", "INSTALLED": True, "PAYMENT_EXPIRED": "N", "DAYS": None},
    "imopenlines.config.list.get": [line(number) for number in LINES],
    "imconnector.list": {name: name for name in CONNECTORS},
    "user.get": [
        {"ID": str(n), "ACTIVE": True, "NAME": "Анна", "LAST_NAME": f"П{n}", "UF_DEPARTMENT": [1]}
        for n in range(11, 19)
    ],
    "department.get": [{"ID": "1", "NAME": "Продажи", "UF_HEAD": "11"}],
}
# A usual customer: one line with WhatsApp, Telegram and Max.
SMALL = FURNITURE | {
    "imopenlines.config.list.get": [line(1)],
    "imconnector.list": {name: name for name in CONNECTORS[:3]},
}
