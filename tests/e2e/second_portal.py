"""A second, independent emulation of a portal, written from the vendor's pages: small, wholly under a test's hand.

The sandbox of the product lives its own life; here nothing happens that a test did not say.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

MSK = timezone(timedelta(hours=3))


class Refused(Exception):
    def __init__(self, status: int, code: str, text: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.text = status, code, text


@dataclass
class Dialog:
    session: int
    chat: int
    activity: int
    line: int
    connector: str
    client: int
    created: datetime
    updated: datetime
    owner: int = 0
    accepted: bool = False
    closed: datetime | None = None
    crm: bool = True
    messages: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class SecondPortal:
    """`now` is the portal's clock. `faults` maps a method (or "*") to what is done instead of answering."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    lines: dict[int, dict[str, Any]] = field(default_factory=dict)
    flags: dict[tuple[str, int], tuple[bool, bool, bool]] = field(default_factory=dict)  # ERROR, CONFIGURED, STATUS
    titles: dict[str, str] = field(default_factory=dict)
    users: dict[int, str] = field(default_factory=dict)
    dialogs: dict[int, Dialog] = field(default_factory=dict)
    access_ttl: float = 3600.0
    scopes: list[str] = field(
        default_factory=lambda: ["imopenlines", "imconnector", "crm", "im", "user_brief", "department"]
    )
    fault: Callable[[web.Request], Any] | None = None
    before_tokens: Callable[[web.Request], Any] | None = None  # awaited when new ones are given, before they are told
    counts: Counter[str] = field(default_factory=Counter)
    url: str = ""
    client_id: str = "local.0123456789abcd.12345678"
    client_secret: str = "second-portal-client-secret"
    refresh_token: str = ""
    webhook_secret: str = "secondportalhook"
    _access: dict[str, float] = field(default_factory=dict)
    _pending: dict[str, str] = field(default_factory=dict)  # new access -> old refresh that dies at its first use
    _refresh: set[str] = field(default_factory=set)
    _last: Counter[str] = field(default_factory=Counter)
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> SecondPortal:
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_route("*", "/oauth/token/", self._token)
        app.router.add_route("*", "/rest/{tail:.*}", self._rest)
        app.router.add_post("/_hand/{act}", self._hand)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.refresh_token = self._new_refresh()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner
        await self._runner.cleanup()

    # --- the test's hand --------------------------------------------------------------------------

    def line(self, number: int, **settings: Any) -> None:
        plain = {"ID": str(number), "LINE_NAME": f"Линия {number}", "ACTIVE": "Y", "QUEUE_TYPE": "all", "CRM": "Y"}
        self.lines[number] = {**plain, "QUEUE": [str(user) for user in self.users], "WORKTIME_ENABLE": "N", **settings}

    def channel(self, connector: str, line: int, title: str) -> None:
        self.titles[connector] = title
        self.flags[connector, line] = (False, True, True)

    def write(self, client: int, connector: str, line: int, text: str = "Сколько стоит?", **known: Any) -> Dialog:
        """The customer writes: into his open dialog, or a new one."""
        dialog = next((d for d in self.dialogs.values() if d.client == client and d.closed is None), None)
        if dialog is None:
            session = self._next("session")
            chat = next((d.chat for d in self.dialogs.values() if d.client == client), 0) or self._next("chat")
            number = self._next("activity") if known.get("crm", True) else 0
            dialog = Dialog(session, chat, number, line, connector, client, self.now(), self.now(), **known)
            self.dialogs[session] = dialog
            self.say(dialog, 0, "Начат диалог", CLASS="bx-messenger-content-item-ol-start")
        elif dialog.accepted and dialog.messages[-1]["senderid"] != str(client):
            dialog.updated = self.now()
        self.say(dialog, client, text, CONNECTOR_MID=["x"])
        return dialog

    def accept(self, dialog: Dialog, user: int) -> None:
        dialog.owner, dialog.accepted, dialog.updated = user, True, self.now()
        self.say(dialog, 0, f"[USER={user}]{self.users[user]}[/USER] начал работу с диалогом")

    def reply(self, dialog: Dialog, user: int, text: str = "Добрый день! Сейчас посмотрю.") -> None:
        if not dialog.accepted:
            self.accept(dialog, user)
        dialog.updated = self.now()
        self.say(dialog, user, text, CONNECTOR_MID=["y"], SENDING_TS=1)

    def close(self, dialog: Dialog) -> None:
        dialog.closed = dialog.updated = self.now()
        self.say(dialog, 0, "Диалог завершён", CLASS="bx-messenger-content-item-ol-end")

    def say(self, dialog: Dialog, user: int, text: str, **params: Any) -> None:
        number = str(self._next("message"))
        mangled = {
            "".join(p.capitalize() if i else p for i, p in enumerate(k.lower().split("_"))): v
            for k, v in params.items()
        }
        dialog.messages.append(
            {
                "id": number,
                "chatid": str(dialog.chat),
                "senderid": str(user),
                "recipientid": f"chat{dialog.chat}",
                "date": self._iso(self.now()),
                "text": text,
                "textlegacy": text,
                "params": mangled or [],
            }
        )

    def access_lives(self, seconds: float) -> None:
        """All access tokens there are, from now on."""
        self._access = dict.fromkeys(self._access, asyncio.get_running_loop().time() + seconds)

    def _next(self, what: str) -> int:
        self._last[what] += 1
        return self._last[what] + {"session": 7000, "chat": 1700, "activity": 900, "message": 90000}[what]

    async def _hand(self, request: web.Request) -> web.Response:
        """The same hand for tests whose daemon is another process."""
        body = await request.json()
        match request.match_info["act"]:
            case "flags":
                self.flags[body["connector"], body["line"]] = tuple(body["flags"])
            case "write":
                return web.json_response(self.write(body["client"], body["connector"], body["line"]).session)
            case "reply":
                self.reply(self.dialogs[body["session"]], body["user"])
            case "close":
                self.close(self.dialogs[body["session"]])
        return web.json_response(dict(self.counts))

    # --- OAuth ------------------------------------------------------------------------------------

    def _new_refresh(self) -> str:
        token = "r" + secrets.token_hex(24)
        self._refresh.add(token)
        return token

    async def _token(self, request: web.Request) -> web.Response:
        self.counts["token"] += 1
        old = request.query.get("refresh_token", "")
        if request.query.get("client_id") != self.client_id:
            return web.json_response({"error": "wrong_client"})
        if request.query.get("client_secret") != self.client_secret:
            return web.json_response({"error": "invalid_client"}, status=400)
        if old not in self._refresh:
            self.counts["invalid_grant"] += 1
            return web.json_response({"error": "invalid_grant"}, status=400)
        access = "a" + secrets.token_hex(24)
        self._access[access] = asyncio.get_running_loop().time() + self.access_ttl
        self._pending[access] = old
        if self.before_tokens is not None:
            await self.before_tokens(request)
        return web.json_response(
            {
                "access_token": access,
                "refresh_token": self._new_refresh(),
                "expires_in": 3600,
                "scope": "crm",
                "client_endpoint": f"{self.url}/rest/",
                "server_endpoint": f"{self.url}/rest/",
                "status": "L",
                "member_id": "0f3c",
                "user_id": 7,
                "domain": "oauth.bitrix.info",
            }
        )

    def _check(self, access: str) -> None:
        if access not in self._access:
            raise Refused(401, "invalid_token" if access else "NO_AUTH_FOUND")
        if old := self._pending.pop(access, ""):
            self._refresh.discard(old)
        if asyncio.get_running_loop().time() > self._access[access]:
            raise Refused(401, "expired_token", "The access token provided has expired.")

    # --- REST -------------------------------------------------------------------------------------

    async def _rest(self, request: web.Request) -> web.StreamResponse:
        self.counts["http"] += 1
        if self.fault is not None and (answer := await self.fault(request)) is not None:
            return answer
        parts = request.match_info["tail"].strip("/").split("/")
        body = dict(await request.json()) if request.can_read_body else dict(request.query)
        try:
            hook = len(parts) == 3
            if hook and parts[1] != self.webhook_secret:
                raise Refused(401, "INVALID_CREDENTIALS")
            if not hook:
                self._check(str(body.get("auth", "")))
            return web.json_response({"result": self._call(parts[-1], body, hook), "time": self._time()})
        except Refused as no:
            return web.json_response({"error": no.code, "error_description": no.text}, status=no.status)

    def _call(self, method: str, params: dict[str, Any], hook: bool) -> Any:
        method = method.lower().removesuffix(".json")
        self.counts[method] += 1
        if method == "batch":
            return self._batch(params, hook)
        if hook and method.startswith("imconnector."):
            raise Refused(403, "WRONG_AUTH_TYPE", "Current authorization type is denied for this method")
        found = getattr(self, "_do_" + method.replace(".", "_"), None)
        if found is None:
            raise Refused(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        return found(params)

    def _batch(self, params: dict[str, Any], hook: bool) -> Any:
        result: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        times: dict[str, Any] = {}
        for key, text in params["cmd"].items():
            method, _, query = text.partition("?")
            try:
                result[key] = self._call(method, nested(query), hook)
                times[key] = self._time()
            except Refused as no:
                errors[key] = {"error": no.code, "error_description": no.text}
        return {
            "result": result or [],
            "result_error": errors or [],
            "result_total": [],
            "result_next": [],
            "result_time": times or [],
        }

    def _time(self) -> dict[str, Any]:
        return {
            "start": 1.0,
            "finish": 1.1,
            "duration": 0.1,
            "processing": 0.1,
            "operating": 0.1,
            "operating_reset_at": int(self.now().timestamp()) + 600,
        }

    def _iso(self, at: datetime) -> str:
        return at.astimezone(MSK).isoformat(timespec="seconds")

    def _do_server_time(self, _: dict[str, Any]) -> Any:
        return self._iso(self.now())

    def _do_scope(self, _: dict[str, Any]) -> Any:
        return self.scopes

    def _do_app_info(self, _: dict[str, Any]) -> Any:
        return {"ID": 5, "STATUS": "L", "INSTALLED": True, "PAYMENT_EXPIRED": "N", "DAYS": None, "LICENSE": "ru_pro100"}

    def _do_imconnector_list(self, _: dict[str, Any]) -> Any:
        return self.titles or []

    def _do_imconnector_status(self, params: dict[str, Any]) -> Any:
        pair = str(params["CONNECTOR"]).lower(), int(params.get("LINE", 0))
        error, configured, status = self.flags.get(pair, (False, False, False))
        return {"LINE": pair[1], "CONNECTOR": pair[0], "ERROR": error, "CONFIGURED": configured, "STATUS": status}

    def _do_imopenlines_config_list_get(self, params: dict[str, Any]) -> Any:
        offset = int(params.get("PARAMS", {}).get("offset", 0))
        return list(self.lines.values())[offset:]

    def _do_user_get(self, params: dict[str, Any]) -> Any:
        rows = [
            {
                "ID": str(number),
                "ACTIVE": True,
                "NAME": name,
                "LAST_NAME": "",
                "UF_DEPARTMENT": [7],
                "LAST_ACTIVITY_DATE": {},
            }
            for number, name in self.users.items()
        ]
        return rows[int(params.get("start", 0)) :][:50]

    def _do_department_get(self, _: dict[str, Any]) -> Any:
        return [{"ID": "7", "NAME": "Продажи", "SORT": 500, "UF_HEAD": "5"}]

    def _do_crm_activity_list(self, params: dict[str, Any]) -> Any:
        wanted = params.get("filter", {})
        since = datetime.fromisoformat(wanted[">=LAST_UPDATED"])
        after = int(wanted.get(">ID", 0))
        rows = [d for d in self.dialogs.values() if d.activity > after and d.updated.replace(microsecond=0) >= since]
        return [self._activity(d) for d in sorted(rows, key=lambda d: d.activity) if d.crm][:50]

    def _activity(self, d: Dialog) -> dict[str, Any]:
        code = f"{d.connector}|{d.line}|ext{d.client}|{d.client}"
        end = d.closed or self.now() + timedelta(days=1)
        return {
            "ID": str(d.activity),
            "PROVIDER_ID": "IMOPENLINES_SESSION",
            "ASSOCIATED_ENTITY_ID": str(d.session),
            "PROVIDER_TYPE_ID": str(d.line),
            "PROVIDER_PARAMS": {"USER_CODE": code},
            "DIRECTION": "1",
            "RESULT_SOURCE_ID": d.connector,
            "RESULT_STATUS": "2" if d.accepted else "1",
            "RESPONSIBLE_ID": str(d.owner or 12),
            "CREATED": self._iso(d.created),
            "OWNER_TYPE_ID": "2",
            "LAST_UPDATED": self._iso(d.updated),
            "END_TIME": self._iso(end),
            "OWNER_ID": "501",
            "COMPLETED": "Y" if d.closed else "N",
        }

    def _do_imopenlines_session_history_get(self, params: dict[str, Any]) -> Any:
        d = self.dialogs.get(int(params["SESSION_ID"]))
        if d is None:
            raise Refused(400, "ACCESS_DENIED", "У вас нет доступа к этому диалогу")
        authors = {int(m["senderid"]) for m in d.messages} - {0}
        users = {
            str(n): {
                "id": str(n),
                "name": self.users.get(n, "Клиент"),
                "active": True,
                "bot": False,
                "connector": n not in self.users,
            }
            for n in authors
        }
        chat = {
            "id": str(d.chat),
            "owner": str(d.owner),
            "entityType": "LINES",
            "entityId": f"{d.connector}|{d.line}|ext{d.client}|{d.client}",
            "entityData1": f"{'Y' if d.crm else 'N'}|DEAL|501|N|N|{d.session}|1790000000|0|0|0",
        }
        return {
            "chatId": str(d.chat),
            "sessionId": d.session,
            "message": {m["id"]: m for m in reversed(d.messages)},
            "users": users or [],
            "chat": {str(d.chat): chat},
            "files": [],
        }

    def _do_imopenlines_dialog_get(self, params: dict[str, Any]) -> Any:
        mine = [d for d in self.dialogs.values() if d.chat == int(params["CHAT_ID"])]
        d = max(mine, key=lambda one: one.session)
        return {
            "id": d.chat,
            "owner": d.owner,
            "last_message_id": int(d.messages[-1]["id"]),
            "entity_data_1": f"N|NONE|0|N|N|{d.session}|1790000000",
        }


def nested(query: str) -> dict[str, Any]:
    """PHP's bracketed names into maps; `[]` into lists."""
    out: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        head, *rest = name.replace("]", "").split("[")
        place: Any = out
        keys = [head, *rest]
        for key, following in zip(keys, [*keys[1:], None], strict=True):
            if following is None:
                place.append(value) if isinstance(place, list) else place.__setitem__(key, value)
            elif isinstance(place, dict):
                place = place.setdefault(key, [] if following == "" else {})
    return out


async def _main() -> None:
    async with SecondPortal() as portal:
        portal.users = {12: "Анна Петрова", 15: "Олег Смирнов"}
        portal.line(1)
        portal.channel("wz_whatsapp_0a1b", 1, "WAZZUP: WhatsApp")
        print(json.dumps({"url": portal.url, "refresh_token": portal.refresh_token}), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
