"""A portal that answers at once from templates, in a process of its own: what is measured is the one who asks.

`python -m benchmarks.canned` prints its port. Any address is a portal: /<name>/rest/1/secret/batch. A portal whose
name begins with `busy` has 50 activities of which 10 sessions have moved since the last poll, by two messages each;
any other has nothing new, and one whose name begins with `small`
has three channels instead of twelve. With `--step` a portal's time goes on by that many seconds at each
list of activities. A history is told whole, as Bitrix24 tells it: a session grows to 38 messages, or as long as
`--turnover` lets it, is closed, and its customer begins another one; they are of all ages, 20 messages in the mean.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

from benchmarks.canned_rows import CONNECTORS, FURNITURE, LINES, SMALL, iso, message, person

ZONE = timezone(timedelta(hours=3))
START = datetime(2026, 3, 2, 10, 0, tzinfo=ZONE)
SESSIONS, LIFE, FIRST, CHATS = 50, 19, 7001, 1700  # a life of so many moves; the first ids
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n"


class Portal:
    """One emulated portal: so many customers, each of whom always has one session open. `polls` counts the rounds it
    was asked for the time; customers come in groups, one of which moves at each poll."""

    def __init__(self, *, busy: bool, step: float, moved: int, turnover: int = 0) -> None:
        self.busy, self.step, self.moved, self.polls = busy, step, moved, 0
        self.groups = max(1, SESSIONS // moved)
        self.life = max(1, turnover // self.groups) if turnover else LIFE
        self.begun = self.moment
        ranks = [index % moved * self.groups + index // moved for index in range(SESSIONS)]
        self.first = [rank * self.life // SESSIONS for rank in ranks]  # moves until a customer begins anew
        self.order = sorted(range(SESSIONS), key=lambda index: (self.first[index], index // moved))
        self.place = {index: place for place, index in enumerate(self.order)}
        self.recorded: list[str] = []
        self.broken = False
        self.small = False

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.polls * self.step) if self.step else datetime.now(ZONE)

    @property
    def moment(self) -> int:
        return self.polls if self.step else int(self.now.timestamp() // 60)

    def age(self, index: int, moment: int) -> tuple[int, int]:
        """How many sessions a customer has had before the present one, and how often that has moved."""
        moves = (moment - self.begun + self.groups - 1 - index // self.moved) // self.groups
        return divmod(moves + self.life - 1 - self.first[index], self.life)

    def moved_at(self, index: int, generation: int, move: int) -> datetime:
        moves = generation * self.life + move - (self.life - 1 - self.first[index])
        moment = self.begun + moves * self.groups - self.groups + 1 + index // self.moved
        ago = timedelta(seconds=30)
        if self.step:
            return START + timedelta(seconds=moment * self.step) - ago
        return datetime.fromtimestamp(moment * 60, ZONE) - ago

    def session(self, index: int, generation: int) -> int:
        """Ids ascend as sessions begin."""
        return FIRST + generation * SESSIONS + self.place[index]

    def customer(self, session: int) -> tuple[int, int]:
        """(index, generation) of a session."""
        generation, place = divmod(session - FIRST, SESSIONS)
        return self.order[place], generation

    def answer(self, method: str, params: dict[str, list[str]]) -> Any:  # noqa: PLR0911 - one for each method
        """The command's result; None = refused."""
        match method:
            case "server.time":
                return iso(self.now + timedelta(seconds=self.step))  # asked just before the list that moves it on
            case "imconnector.status":
                place = {"LINE": int(params["LINE"][0]), "CONNECTOR": params["CONNECTOR"][0]}
                broken = self.broken and place == {"LINE": 1, "CONNECTOR": "wz_whatsapp"}
                return place | {"ERROR": broken, "CONFIGURED": True, "STATUS": not broken}
            case "crm.activity.list":
                if "filter[>ID]" in params:
                    return []
                self.polls += 1
                return self.activities() if self.busy else []
            case "imopenlines.dialog.get":
                return self.chat(int(params["CHAT_ID"][0]) - CHATS)
            case "imopenlines.session.history.get":
                index, generation = self.customer(int(params["SESSION_ID"][0]))
                known = self.busy and 0 <= generation <= self.age(index, self.moment)[0]
                return self.history(index, generation) if known else None
        return (SMALL if self.small else FURNITURE).get(method)

    def activities(self) -> list[dict[str, Any]]:
        """The present sessions, and those that were closed because their customers begin anew."""
        rows = []
        for index in range(SESSIONS):
            generation, move = self.age(index, self.moment)
            if generation and move == 0 and self.age(index, self.moment - 1)[0] < generation:
                closed = {"COMPLETED": "Y", "LAST_UPDATED": iso(self.now), "END_TIME": iso(self.now)}
                rows.append(self.activity(index, generation - 1, self.life - 1) | closed)
            rows.append(self.activity(index, generation, move))
        return rows

    def activity(self, index: int, generation: int, move: int) -> dict[str, Any]:
        line, connector = place_of(index)
        number = self.session(index, generation)
        return {
            **{"ID": str(900 + number - FIRST), "PROVIDER_ID": "IMOPENLINES_SESSION", "PROVIDER_TYPE_ID": str(line)},
            **{"ASSOCIATED_ENTITY_ID": str(number), "ORIGIN_ID": f"IMOL_{number}"},
            "PROVIDER_PARAMS": {"USER_CODE": f"{connector}|{line}|79990000{index:03}|{800 + index}"},
            **{"RESULT_SOURCE_ID": connector, "DIRECTION": "1", "RESULT_STATUS": "2", "RESPONSIBLE_ID": "12"},
            **{
                "CREATED": iso(self.moved_at(index, generation, 0).replace(hour=0)),
                "LAST_UPDATED": iso(self.moved_at(index, generation, move)),
                "END_TIME": iso(self.moved_at(index, generation, move) + timedelta(days=1)),
            },
            **{"COMPLETED": "N", "OWNER_TYPE_ID": "2", "OWNER_ID": str(500 + index)},
        }

    def chat(self, index: int) -> dict[str, Any]:
        generation, moves = self.age(index, self.moment)
        session, (line, connector) = self.session(index, generation), place_of(index)
        return {
            **{"id": CHATS + index, "name": f"Иван {index}", "owner": 11 + index % 8, "type": "lines"},
            **{"entity_type": "LINES", "entity_id": f"{connector}|{line}|79990000{index:03}|{800 + index}"},
            **{"entity_data_1": f"Y|DEAL|{500 + index}|N|N|{session}|0|0|0|0", "entity_data_3": "N"},
            **{"message_count": 2 * moves + 2, "last_message_id": session * 10**4 + 2 * moves + 1},
            **{"dialog_id": f"chat{CHATS + index}", "manager_list": [11 + index % 8]},
        }

    def history(self, index: int, generation: int) -> dict[str, Any]:
        line, connector = place_of(index)
        present, last = self.age(index, self.moment)
        moves = last if generation == present else self.life - 1
        session = self.session(index, generation)
        chat, customer, manager = CHATS + index, 800 + index, 11 + index % 8
        first = session * 10**4
        rows = {}
        for move in range(moves, -1, -1):  # each move is a question and its answer, the newest comes first
            at = self.moved_at(index, generation, move)
            question, answer = first + 2 * move, first + 2 * move + 1
            rows[str(answer)] = message(answer, chat, manager, at)
            rows[str(question)] = message(question, chat, customer, at - timedelta(seconds=20))
        code = f"{connector}|{line}|79990000{index:03}|{customer}"
        return {
            **{"chatId": str(chat), "canJoin": "Y", "canVoteHead": "N", "sessionId": session},
            **{"sessionVoteHead": 0, "sessionCommentHead": None, "userId": f"chat{chat}", "message": rows},
            **{"usersMessage": {f"chat{chat}": list(rows)}, "openlines": {"canvoteashead": {str(line): True}}},
            "users": {str(one): person(one, connector=one == customer) for one in (manager, customer)},
            "chat": {
                str(chat): {
                    **{"id": str(chat), "owner": str(manager), "entityType": "LINES", "entityId": code},
                    **{"entityData1": f"Y|DEAL|{500 + index}|N|N|{session}|0|0|0|0", "entityData3": "N"},
                }
            },
            **{"userInGroup": [], "woUserInGroup": [], "userInChat": {str(chat): [manager, customer]}, "files": []},
        }


def place_of(index: int) -> tuple[int, str]:
    return LINES[index % len(LINES)], CONNECTORS[index % len(CONNECTORS)]


class Portals:
    """All portals of this process, made when they are first asked."""

    def __init__(self, *, step: float, moved: int, turnover: int = 0) -> None:
        self._step, self._moved, self._turnover = step, moved, turnover
        self._known: dict[str, Portal] = {}
        self.asked: dict[str, int] = defaultdict(int)

    def reply(self, path: str, raw: bytes) -> bytes:
        name = path.split("/")[1]
        if path.startswith("/recorded/"):
            return json.dumps(self._known[path.split("/")[2]].recorded).encode()
        if path.startswith("/break/"):
            self._known[path.split("/")[2]].broken = True
            return b"{}"
        if path.startswith("/asked"):
            return json.dumps(self.asked).encode()
        if name.endswith("-floor"):
            return self.again(name.removesuffix("-floor"), raw)
        self.asked[name] += 1
        if name not in self._known:
            is_busy = name.startswith("busy")
            self._known[name] = Portal(busy=is_busy, step=self._step, moved=self._moved, turnover=self._turnover)
            self._known[name].small = name.startswith("small")
        return batch(self._known[name], raw)

    def again(self, name: str, raw: bytes) -> bytes:
        """What a portal has answered to its last poll, once more."""
        portal = self._known[name]
        recorded, portal.polls = portal.recorded, portal.polls - (b"crm.activity.list" in raw and b"[%3EID]" not in raw)
        told = batch(portal, raw)
        portal.recorded = recorded
        return told


def batch(portal: Portal, raw: bytes) -> bytes:
    body = json.loads(raw)
    if "cmd" not in body:
        return json.dumps({"result": {}, "time": {}}).encode()
    portal.recorded = [*portal.recorded[-3:], raw.decode()]
    results, errors, times = {}, {}, {}
    cost = {"start": 1772452800.1, "finish": 1772452800.2, "duration": 0.1, "processing": 0.05, "operating": 0.31}
    for key, text in body["cmd"].items():
        method, _, query = text.partition("?")
        result = portal.answer(method, parse_qs(query))
        if result is None:
            errors[key] = {"error": "ACCESS_DENIED", "error_description": "У вас нет доступа к этому диалогу"}
        else:
            results[key] = result
            times[key] = cost | {"date_start": iso(portal.now), "date_finish": iso(portal.now)}
    parts: dict[str, Any] = {
        "result": results or [],
        "result_error": errors or [],
        "result_total": [],
        "result_next": [],
    }
    return json.dumps({"result": parts | {"result_time": times or []}, "time": cost}, ensure_ascii=False).encode()


class Connection(asyncio.Protocol):
    """HTTP/1.1 with kept connections, no more of it than our own client speaks."""

    def __init__(self, portals: Portals, latency: float) -> None:
        self._portals, self._latency, self._buffer = portals, latency, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            first, *headers = self._buffer[:end].split(b"\r\n")
            fields = dict(header.lower().split(b": ", 1) for header in headers)
            if fields.get(b"transfer-encoding") == b"chunked":
                raise ValueError("a body in chunks")
            size = int(fields.get(b"content-length", 0))
            if len(self._buffer) < end + 4 + size:
                return
            raw, self._buffer = self._buffer[end + 4 : end + 4 + size], self._buffer[end + 4 + size :]
            body = self._portals.reply(first.split()[1].decode(), raw)
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency, self._transport.write, HEAD % len(body) + body)


async def serve(port: int, latency: float, portals: Portals, certificate: str | None) -> None:
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(portals, latency), "127.0.0.1", port, backlog=4096, ssl=tls)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--step", type=float, default=60.0, help="seconds of portal time a poll, 0 = real time")
    options.add_argument("--moved", type=int, default=10, help="sessions that move between two polls")
    options.add_argument("--turnover", type=int, default=0, help="polls after which sessions close, 0 = never")
    options.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options.add_argument("--certificate", help="a file with key and certificate: speak TLS")
    given = options.parse_args()
    portals = Portals(step=given.step, moved=given.moved, turnover=given.turnover)
    asyncio.run(serve(given.port, given.latency, portals, given.certificate))


if __name__ == "__main__":
    main()
