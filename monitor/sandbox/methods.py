"""The REST methods of the sandbox, each as its page documents it. Parameters arrive as PHP would see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.sandbox import answers
from monitor.sandbox.cards_methods import card_methods
from monitor.sandbox.letters import Letters, writing_methods
from monitor.sandbox.listing import Listed, Params, number, page, several
from monitor.sandbox.records import Dialog
from monitor.sandbox.refusal import Refusal
from monitor.sandbox.world import World

DENIED = "У вас нет доступа к этому диалогу"


@dataclass
class Methods:
    """`granted`: the scopes of the application; `sent`: what was written through the portal, for tests.

    `most_lines`: on a page, whatever limit is asked for (documents and source differ); `is_member`: the service user is
    in every queue, so that open lines' chats are among his own."""

    world: World
    granted: tuple[str, ...] = ("imopenlines", "imconnector", "crm", "im", "task", "user_brief", "department")
    sent: list[tuple[str, Params]] = field(default_factory=list)
    letters: Letters = field(default_factory=Letters)
    may_modify_connectors: bool = True
    most_lines: int = 200
    is_member: bool = False

    def table(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "server.time": lambda _: answers.iso(self.world.now()),
            "scope": lambda _: list(self.granted),
            "app.info": self.app_info,
            "profile": lambda _: {"ID": "1", "ADMIN": True, "NAME": "Монитор", "LAST_NAME": "", "TIME_ZONE": ""},
            "method.get": lambda params: {"isExisting": str(params.get("name")) in self.table(), "isAvailable": True},
            "feature.get": lambda _: {"value": "N"},
            "events": lambda _: ["ONAPPINSTALL", "ONOPENLINEMESSAGEADD", "ONSESSIONSTART", "ONSESSIONFINISH"],
            "event.get": lambda _: [],
            "event.offline.get": self.offline,
            "imopenlines.revision.get": lambda _: {"rest": 2, "web": 1, "mobile": 1},
            "imopenlines.config.path.get": lambda _: {"SERVER_ADDRESS": "", "PUBLIC_PATH": "/contact_center/"},
            "imopenlines.config.list.get": self.lines,
            "imopenlines.config.get": self.line,
            "imopenlines.dialog.get": self.dialog,
            "imopenlines.session.history.get": self.history,
            "imopenlines.session.open": self.session_open,
            "imopenlines.crm.chat.get": lambda _: [],
            "imconnector.list": self.connectors,
            "imconnector.status": self.status,
            "imconnector.activate": self.activate,
            "crm.activity.list": self.activities,
            "im.dialog.messages.get": self.messages,
            "im.recent.list": self.recent,
            **writing_methods(self.letters, self.world),
            "user.get": self.users,
            "department.get": self.departments,
            "im.department.managers.get": self.heads,
            "timeman.status": self.timeman,
            "calendar.settings.get": lambda _: {"work_time_start": "9", "work_time_end": "18", "year_holidays": "1.01"},
            **card_methods(self.world),
        }

    # --- application ----------------------------------------------------------------------------------

    def app_info(self, _: Params) -> Any:
        return {
            "ID": 5,
            "CODE": "local.0123456789abcd.12345678",
            "VERSION": 1,
            "STATUS": "L",
            "INSTALLED": True,
            "PAYMENT_EXPIRED": "N",
            "DAYS": None,
            "LANGUAGE_ID": "ru",
            "LICENSE": "ru_pro100",
            "LICENSE_TYPE": "pro100",
            "LICENSE_FAMILY": "pro",
        }

    def offline(self, params: Params) -> Any:
        if str(params.get("clear", "1")) == "0":
            raise Refusal(403, "WRONG_LICENSE", "Not available on your plan")
        return {"process_id": None, "events": []}

    # --- open lines -------------------------------------------------------------------------------------

    def lines(self, params: Params) -> Any:
        wishes = params.get("PARAMS") or {}
        limit, offset = int(wishes.get("limit", 50)), int(wishes.get("offset", 0))
        options = params.get("OPTIONS") or {}
        rows = [self._line(row, options) for row in self.world.lines.values()]
        return rows[offset : offset + min(limit, self.most_lines)]

    def _line(self, row: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """QUEUE are those who work, CONFIG_QUEUE what was put in: people and whole departments."""
        shown = {name: value for name, value in row.items() if name not in {"QUEUE", "QUEUE_DEPARTMENTS"}}
        if options.get("QUEUE") == "Y":
            working = [str(user) for user in self.world.queue(number(row["ID"]))]
            shown |= {"QUEUE": working, "QUEUE_USERS_FIELDS": []}
        if options.get("CONFIG_QUEUE") == "Y":
            put_in = [("user", user) for user in row["QUEUE"]]
            put_in += [("department", str(one)) for one in row.get("QUEUE_DEPARTMENTS", ())]
            shown["CONFIG_QUEUE"] = [{"ENTITY_ID": one, "ENTITY_TYPE": kind} for kind, one in put_in]
        return shown

    def line(self, params: Params) -> Any:
        wanted = number(params.get("CONFIG_ID"))
        if not wanted:
            raise Refusal(400, "CONFIG_ID_EMPTY", "Config id can't be empty")
        row = self.world.lines.get(wanted)
        if row is None:
            return False
        shown = {name: value for name, value in row.items() if name != "QUEUE_DEPARTMENTS"}
        queue = [str(user) for user in self.world.queue(wanted)]
        return {**shown, "QUEUE": queue, "QUEUE_FULL": {}, "QUEUE_ONLINE": "Y"}

    def dialog(self, params: Params) -> Any:
        found = self._find(params)
        if found is None:
            raise Refusal(400, "ACCESS_ERROR", "У вас нет доступа к этому чату")
        return answers.chat(self.world, found)

    def _find(self, params: Params) -> Dialog | None:
        if params.get("SESSION_ID"):
            return self.world.dialogs.get(number(params["SESSION_ID"]))
        if params.get("USER_CODE"):
            code = str(params["USER_CODE"]).removeprefix("imol|")
            return next((one for one in self.world.dialogs.values() if one.user_code == code), None)
        chat = str(params.get("CHAT_ID") or params.get("DIALOG_ID") or "").removeprefix("chat")
        return self.world.newest(int(chat)) if chat.isdecimal() else None

    def history(self, params: Params) -> Any:
        if not params.get("SESSION_ID") and not params.get("CHAT_ID"):
            raise Refusal(400, "MISSING_REQUIRED_PARAM", "Не указан обязательный параметр")
        found = self._find({key: params[key] for key in ("SESSION_ID", "CHAT_ID") if params.get(key)})
        if found is None and not params.get("SESSION_ID"):
            raise Refusal(400, "INVALID_SESSION_ID", "Session ID is invalid")
        if found is None:
            raise Refusal(400, "ACCESS_DENIED", DENIED)
        return answers.history(self.world, found)

    def session_open(self, params: Params) -> Any:
        found = self._find({"USER_CODE": params.get("USER_CODE")})
        if found is None:
            raise Refusal(400, "ACCESS_DENIED", DENIED)
        return {"chatId": str(found.chat)}

    def messages(self, params: Params) -> Any:
        if str(params.get("DIALOG_ID", "")).isdecimal():
            return self.letters.dialog(number(params["DIALOG_ID"]), int(params.get("LIMIT") or 20))
        found = self._find({"DIALOG_ID": params.get("DIALOG_ID")})
        if found is None:
            raise Refusal(403, "ACCESS_ERROR", "У вас нет доступа к этому чату")
        first = int(params.get("FIRST_ID") or 0)
        rows = [m for m in found.messages if m.id > first][: int(params.get("LIMIT") or 20)]
        told = [
            {"id": m.id, "chat_id": found.chat, "author_id": m.author, "date": answers.iso(m.at), "text": m.text}
            for m in rows
        ]
        return {"chat_id": found.chat, "messages": told, "users": [], "files": []}

    def recent(self, params: Params) -> Any:
        """The calling user's own chats, those of open lines among them, the latest first."""
        if not self.is_member or params.get("SKIP_OPENLINES") == "Y":
            return {"items": [], "hasMore": False}
        newest = {one.chat: one for one in sorted(self.world.dialogs.values(), key=lambda one: one.id)}
        dialogs = sorted(newest.values(), key=lambda one: one.messages[-1].id, reverse=True)
        first, many = number(params.get("OFFSET")), number(params.get("LIMIT")) or 50
        more = first + min(many, 200)
        told = [answers.recent(self.world, one) for one in dialogs[first:more]]
        return {"items": told, "hasMore": more < len(dialogs)}

    # --- connectors -------------------------------------------------------------------------------------

    def connectors(self, _: Params) -> Any:
        if not self.may_modify_connectors:
            raise Refusal(400, "ACCESS_DENIED", "Доступ запрещён")
        return answers.php_map(dict(self.world.titles))

    def status(self, params: Params) -> Any:
        """A pure function of four flags; an unknown pair is three times false, and never an error."""
        told = {name.upper(): value for name, value in params.items()}
        if not told.get("CONNECTOR"):
            raise Refusal(400, "ERROR_ARGUMENT", "Argument 'CONNECTOR' is null or empty", argument="CONNECTOR")
        connector = str(told["CONNECTOR"]).lower().partition(".")[0]
        line = number(told.get("LINE"))
        row = self.world.rows.get((connector, line))
        return {
            "LINE": line,
            "CONNECTOR": connector,
            "ERROR": row.error if row else False,
            "CONFIGURED": row.configured if row else False,
            "STATUS": row.status if row else False,
        }

    def activate(self, params: Params) -> Any:
        self.sent.append(("imconnector.activate", params))
        return True

    # --- CRM ----------------------------------------------------------------------------------------------

    def activities(self, params: Params) -> Any:
        """Unknown filter keys are dropped without a word; `start=-1` counts nothing."""
        wanted = params.get("filter") or params.get("FILTER") or {}
        rows = [answers.activity(self.world, one) for one in self._activities(wanted)]
        if str((params.get("order") or params.get("ORDER") or {}).get("ID", "ASC")).upper() == "DESC":
            rows.reverse()
        chosen = params.get("select") or params.get("SELECT")
        if isinstance(chosen, list) and "*" not in chosen:
            rows = [{name: row[name] for name in chosen if name in row} for row in rows]
        return page(rows, params)

    def _activities(self, wanted: dict[str, Any]) -> list[Dialog]:
        rows = sorted(self.world.activities(), key=lambda one: one.activity)
        if wanted.get("PROVIDER_ID", "IMOPENLINES_SESSION") != "IMOPENLINES_SESSION":
            return []
        if since := wanted.get(">=LAST_UPDATED"):
            at = datetime.fromisoformat(since)
            rows = [one for one in rows if one.updated.replace(microsecond=0) >= at]
        if after := wanted.get(">ID"):
            rows = [one for one in rows if one.activity > int(after)]
        if completed := wanted.get("COMPLETED"):
            rows = [one for one in rows if (one.closed is not None) == (completed == "Y")]
        if created := wanted.get(">=CREATED"):
            rows = [one for one in rows if one.created.replace(microsecond=0) >= datetime.fromisoformat(created)]
        return rows

    # --- people -------------------------------------------------------------------------------------------

    def users(self, params: Params) -> Any:
        """Bots and customers are no users here. No hits: no total."""
        wanted = params.get("FILTER") or params.get("filter") or {}
        known = [user for user in self.world.users.values() if not user.bot]
        if "ACTIVE" in wanted:
            known = [user for user in known if user.active is (str(wanted["ACTIVE"]) in {"1", "Y", "true", "True"})]
        if "ID" in wanted:
            known = [user for user in known if str(user.id) in several(wanted["ID"])]
        if "UF_DEPARTMENT" in wanted:
            known = [user for user in known if str(user.department) in several(wanted["UF_DEPARTMENT"])]
        rows: list[dict[str, Any]] = [
            {
                "ID": str(user.id),
                "ACTIVE": user.active,
                "NAME": user.name,
                "LAST_NAME": user.last_name,
                "WORK_POSITION": "Менеджер",
                "TIME_ZONE": "",
                "IS_ONLINE": "N" if user.last_login and not user.online else "Y",
                "LAST_ACTIVITY_DATE": {},
                "LAST_LOGIN": answers.iso(user.last_login or self.world.now()),
                "UF_DEPARTMENT": [user.department],
                "USER_TYPE": "employee",
            }
            for user in known
        ]
        return page(rows, params) if rows else Listed([])

    def departments(self, params: Params) -> Any:
        rows = []
        known = self.world.departments
        for one in [known[number(params["ID"])]] if number(params.get("ID")) in known else known.values():
            row = {"ID": str(one.id), "NAME": one.name, "SORT": 500}
            row |= {"PARENT": str(one.parent)} if one.parent else {}
            rows.append(row | ({"UF_HEAD": str(one.head)} if one.head else {}))
        return page(rows, {"start": params.get("START", params.get("start", 0))})

    def heads(self, params: Params) -> Any:
        ids = params.get("ID")
        if not ids:
            raise Refusal(400, "ID_EMPTY", "Department ID can't be empty")
        wanted = [int(one) for one in (ids if isinstance(ids, list) else [ids])]
        known = self.world.departments
        return {str(one): [known[one].head] for one in wanted if one in known and known[one].head}

    def timeman(self, params: Params) -> Any:
        if number(params.get("USER_ID") or 1) not in self.world.users:
            raise Refusal(400, "", "Пользователь не найден")
        return {"STATUS": "OPENED", "TIME_START": answers.iso(self.world.now()), "TIME_FINISH": None, "ACTIVE": True}
