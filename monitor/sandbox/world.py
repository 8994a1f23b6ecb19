"""The emulated portal's facts and what may happen to them: lines, connectors, people, dialogs (bitrix24-api.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from monitor.sandbox.cards import Cards
from monitor.sandbox.clock import Now
from monitor.sandbox.records import ConnectorRow, Department, Dialog, Message, User

ZONE = timezone(timedelta(hours=3))
CLASS = "bx-messenger-content-item-"
NOT_CONFIRMED = timedelta(seconds=300)


class World:
    """Everything a portal knows. Ids ascend; session ids have gaps, as on a real portal."""

    def __init__(self, clock: Now) -> None:
        self.clock = clock
        self.lines: dict[int, dict[str, Any]] = {}
        self.titles: dict[str, str] = {}
        self.rows: dict[tuple[str, int], ConnectorRow] = {}
        self.users: dict[int, User] = {}
        self.departments: dict[int, Department] = {}
        self.customers: dict[int, str] = {}
        self.dialogs: dict[int, Dialog] = {}
        self.chats: dict[tuple[str, int, int], int] = {}
        self.moves: list[Dialog] = []
        self.cards = Cards()
        self._last = {"session": 7000, "chat": 1700, "activity": 900, "message": 90000, "customer": 800}

    def now(self) -> datetime:
        return self.clock.now()

    # --- furniture ----------------------------------------------------------------------------------

    def add_user(self, number: int, name: str, last_name: str = "", *, department: int = 1, bot: bool = False) -> User:
        self.users[number] = User(number, name, last_name, department=department, bot=bot)
        return self.users[number]

    def add_line(self, number: int, name: str, **settings: Any) -> None:
        people = [str(user.id) for user in self.users.values() if not user.bot]
        self.lines[number] = {
            "ID": str(number),
            "LINE_NAME": name,
            "ACTIVE": "Y",
            "TEMPORARY": "N",
            "LANGUAGE_ID": "ru",
            "CRM": "Y",
            "CRM_CREATE": "lead",
            "CRM_FORWARD": "Y",
            "QUEUE_TYPE": "all",
            "QUEUE_TIME": "60",
            "CHECK_AVAILABLE": "N",
            "WORKTIME_ENABLE": "N",
            "WORKTIME_FROM": "9",
            "WORKTIME_TO": "18.30",
            "WORKTIME_TIMEZONE": "Europe/Moscow",
            "WORKTIME_DAYOFF": [""],
            "WORKTIME_HOLIDAYS": [""],
            "KPI_FIRST_ANSWER_TIME": "0",
            "DATE_CREATE": {},
            "DATE_MODIFY": {},
            "QUEUE": people,
            **settings,
        }

    def connect(self, connector: str, line: int, title: str) -> None:
        self.titles[connector] = title
        self.rows[connector, line] = ConnectorRow()

    def disconnect(self, connector: str, line: int) -> None:
        """Deletes the row: all three words of the status become false."""
        self.rows.pop((connector, line), None)

    def set_error(self, connector: str, line: int, *, error: bool = True) -> None:
        self.rows[connector, line].error = error

    def queue(self, line: int) -> list[int]:
        known = [int(user) for user in self.lines[line]["QUEUE"] if user]
        whole = self.lines[line].get("QUEUE_DEPARTMENTS", ())
        known += [one.id for one in self.users.values() if one.department in whole and not one.bot]
        known = list(dict.fromkeys(known))
        return [user for user in known if user in self.users and self.users[user].active]

    # --- dialogs ------------------------------------------------------------------------------------

    def add_customer(self, name: str = "Клиент") -> int:
        number = self._next("customer")
        self.customers[number] = name
        return number

    def customer_writes(
        self, connector: str, line: int, customer: int, text: str = "Здравствуйте, сколько стоит?", **params: Any
    ) -> Dialog:
        """Into the open session of the chat, or a new one. While the client waits already, LAST_UPDATED stands."""
        dialog = self.open_dialog(connector, line, customer)
        if dialog is None:
            dialog = self._start(connector, line, customer)
        elif dialog.status >= 40 or dialog.status == 10:
            self._touch(dialog)
        if dialog.accepted:
            dialog.status = 25 if dialog.status >= 40 else 20
        self.say(dialog, customer, text, CONNECTOR_MID=[f"ext-{self._last['message'] + 1}"], **params)
        if len(dialog.messages) == 2 and self.lines[line]["QUEUE_TYPE"] != "all":
            self.notice(dialog, f"Обращение направлено на {self._mention(dialog.offered)}")
        return dialog

    def open_dialog(self, connector: str, line: int, customer: int) -> Dialog | None:
        mine = (one for one in self.dialogs.values() if one.customer == customer and one.closed is None)
        return next((one for one in mine if (one.connector, one.line) == (connector, line)), None)

    def _start(self, connector: str, line: int, customer: int, *, outbound: bool = False) -> Dialog:
        key = (connector, line, customer)
        if key not in self.chats:
            self.chats[key] = self._next("chat")
        number = self._next("session", 1 + self._last["message"] % 2)
        bound = self.lines[line]["CRM"] == "Y" and self.lines[line]["CRM_CREATE"] != "none"
        now = self.now()
        dialog = Dialog(
            id=number,
            chat=self.chats[key],
            line=line,
            connector=connector,
            customer=customer,
            external=f"ext{customer}",
            created=now,
            updated=now,
            activity=self._next("activity") if bound else 0,
            outbound=outbound,
            deal=self.cards.deals.get(customer, 501),
        )
        everybody = self.queue(line)
        dialog.offered = everybody[number % len(everybody)] if everybody else 1
        if self.lines[line]["QUEUE_TYPE"] == "all":
            dialog.offered = everybody[0] if everybody else 1
        responsible = self.cards.responsible_for(customer)
        if self.lines[line]["CRM_FORWARD"] == "Y" and responsible in everybody:
            dialog.offered = responsible
        self.dialogs[number] = dialog
        self.notice(dialog, f"Начат диалог {number}", CLASS=CLASS + "ol-start", COMPONENT_ID="StartDialogMessage")
        return dialog

    def operator_starts(self, connector: str, line: int, customer: int, user: int, text: str) -> Dialog:
        """An outgoing dialog: DIRECTION 2."""
        dialog = self._start(connector, line, customer, outbound=True)
        dialog.owner, dialog.accepted, dialog.status = user, True, 40
        self.operator_writes(dialog, user, text)
        return dialog

    def operator_accepts(self, dialog: Dialog, user: int) -> None:
        dialog.owner, dialog.accepted, dialog.status = user, True, 10
        self._touch(dialog)
        self.notice(dialog, f"{self._mention(user)} начал работу с диалогом")

    def operator_writes(
        self, dialog: Dialog, user: int, text: str = "Добрый день! Сейчас уточню.", *, delivery: str = "confirmed"
    ) -> Message:
        """`delivery`: confirmed, pending (`sending` stays) or failed (isDelivered N and a system line)."""
        if not dialog.accepted:
            self.operator_accepts(dialog, user)
        self._touch(dialog)
        dialog.status = 40
        params: dict[str, Any] = {"SENDING": "Y", "SENDING_TS": int(self.now().timestamp())}
        if delivery == "confirmed":
            params = {"CONNECTOR_MID": [f"out-{self._last['message'] + 1}"]}
        if delivery == "failed":
            params = {"IS_DELIVERED": "N"}
        message = self.say(dialog, user, text, **params)
        if delivery == "failed":
            self.notice(dialog, "Сообщение не доставлено")  # its class tells nothing (bitrix24-api.md 6.6)
        return message

    def unconfirmed_notices(self) -> None:
        """After 300 s without a confirmation the session waits again and a system line says so."""
        for dialog in self.dialogs.values():
            for message in dialog.messages[-5:]:
                stuck = "SENDING" in message.params and self.now() - message.at >= NOT_CONFIRMED
                if stuck and not message.params.get("NOTICED"):
                    message.params["NOTICED"] = True
                    dialog.status = 20
                    self.notice(dialog, "Нет подтверждения доставки сообщения", CLASS=CLASS + "ol-attention")

    def bot_writes(self, dialog: Dialog, bot: int, text: str = "Я бот, чем помочь?") -> None:
        if not dialog.owner:
            dialog.owner = bot
            self._touch(dialog)
            self.notice(dialog, f"{self._mention(bot)} начал работу с диалогом")
        self.say(dialog, bot, text, CONNECTOR_MID=["bot"])

    def automatic(self, dialog: Dialog, text: str) -> None:
        """A text that the portal itself sends to the customer: author 0, class ol-output."""
        self.say(dialog, 0, text, CLASS=CLASS + "ol-output")

    def whisper(self, dialog: Dialog, user: int, text: str = "Дайте ему скидку") -> None:
        self.say(dialog, user, text, COMPONENT_ID="HiddenMessage", CLASS=CLASS + "system")

    def transfer(self, dialog: Dialog, user: int) -> None:
        """The owner changes, the activity's PROVIDER_TYPE_ID does not; LAST_UPDATED moves."""
        before = dialog.owner
        dialog.owner, dialog.status = user, 10
        self._touch(dialog)
        self.notice(dialog, f"{self._mention(before)} перенаправил диалог на {self._mention(user)}")

    def pass_on(self, dialog: Dialog, user: int) -> None:
        """By itself, to the next in the queue: who was offered it, or had it, did not answer in time."""
        before = dialog.owner or dialog.offered
        dialog.owner, dialog.accepted, dialog.offered = 0, False, user
        self.notice(dialog, f"{self._mention(before)} не ответил, диалог перенаправлен на {self._mention(user)}")

    def move_to_line(self, dialog: Dialog, line: int) -> None:
        """USER_CODE and PROVIDER_TYPE_ID stay; only the chat's entity data tells of it."""
        dialog.moved = line
        self._touch(dialog)
        self.notice(dialog, f"Диалог перенесён на линию «{self.lines[line]['LINE_NAME']}»")

    def return_to_queue(self, dialog: Dialog) -> None:
        dialog.owner, dialog.accepted, dialog.status = 0, False, 5
        self.notice(dialog, "Диалог возвращён в очередь", CLASS=CLASS + "ol-attention")

    def close(self, dialog: Dialog, *, status: int = 60) -> None:
        dialog.closed, dialog.status = self.now(), status
        self._touch(dialog)
        self.notice(dialog, "Диалог завершён", CLASS=CLASS + "ol-end")

    def delete_message(self, dialog: Dialog, number: int) -> None:
        dialog.messages = [message for message in dialog.messages if message.id != number]

    def notice(self, dialog: Dialog, text: str, **params: Any) -> Message:
        return self.say(dialog, 0, text, **params)

    def say(self, dialog: Dialog, author: int, text: str, **params: Any) -> Message:
        message = Message(self._next("message"), author, self.now(), text, params)
        dialog.messages.append(message)
        return message

    def _mention(self, user: int) -> str:
        known = self.users.get(user)
        return f"[USER={user}]{known.full_name if known else ''}[/USER]"

    def _touch(self, dialog: Dialog) -> None:
        dialog.updated = self.now()
        self.moves.append(dialog)

    def sessions_go_on_after(self, number: int) -> None:
        """The ids up to it belong to nothing that can be read: spam that was deleted, another's dialogs."""
        self._last["session"] = number

    def _next(self, what: str, by: int = 1) -> int:
        self._last[what] += by
        return self._last[what]

    def activities(self) -> Iterator[Dialog]:
        return (dialog for dialog in self.dialogs.values() if dialog.activity)

    def newest(self, chat: int) -> Dialog | None:
        mine = [dialog for dialog in self.dialogs.values() if dialog.chat == chat]
        return max(mine, key=lambda dialog: dialog.id, default=None)
