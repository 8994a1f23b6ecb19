"""The facts that an emulated portal must reproduce (bitrix24-api.md 12), over HTTP as a client meets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from monitor.core.history import parse
from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.faults import Fault
from monitor.sandbox.presets import CONNECTORS, furnished
from monitor.sandbox.records import Dialog
from monitor.sandbox.server import Sandbox

START = datetime.fromisoformat("2026-03-02T10:00:00+03:00")
WHATSAPP = CONNECTORS[0][0]


class Client:
    """A bare HTTP client with an access token."""

    def __init__(self, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
        self.sandbox, self.http, self.access = sandbox, http, ""

    async def ask(
        self, method: str, params: dict[str, Any] | None = None, *, hook: str | None = None
    ) -> tuple[int, Any]:
        base = f"{self.sandbox.url}/rest/" + (f"1/{hook}/" if hook else "")
        body = {**(params or {}), **({"auth": self.access} if self.access and not hook else {})}
        async with self.http.post(f"{base}{method}", json=body) as answer:
            return answer.status, await answer.json()

    async def result(self, method: str, params: dict[str, Any] | None = None) -> Any:
        status, body = await self.ask(method, params)
        assert status == 200, body
        return body["result"]

    async def batch(self, cmd: Any, **more: Any) -> Any:
        return await self.result("batch", {"cmd": cmd, **more})

    async def token(self, refresh: str, **more: str) -> tuple[int, Any]:
        known = self.sandbox.credentials
        query = {"grant_type": "refresh_token", "refresh_token": refresh}
        query |= {"client_id": known["client_id"], "client_secret": known["client_secret"], **more}
        async with self.http.get(f"{self.sandbox.url}/oauth/token/", params=query) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(furnished(SandboxClock(START, rate=0), lines=2, hours=False)) as made:
        yield made


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as http:
        made = Client(sandbox, http)
        _, pair = await made.token(sandbox.refresh_token)
        made.access = pair["access_token"]
        yield made


def dialog(sandbox: Sandbox) -> Dialog:
    return sandbox.world.customer_writes(WHATSAPP, 1, sandbox.world.add_customer("Иван"))


async def test_fact_01_whether_a_method_exists_is_told_before_who_asks(client: Client) -> None:
    client.access = "nonsense"
    assert (await client.ask("no.such.method"))[1]["error"] == "ERROR_METHOD_NOT_FOUND"
    assert (await client.ask("server.time"))[1]["error"] == "invalid_token"


async def test_fact_02_a_webhook_speaks_by_its_path_and_a_wrong_secret_is_refused(client: Client) -> None:
    status, body = await client.ask("server.time.json", hook=client.sandbox.webhook_secret)
    assert (status, body["result"]) == (200, "2026-03-02T10:00:00+03:00")
    assert (await client.ask("server.time", hook="wrong"))[1]["error"] == "INVALID_CREDENTIALS"


async def test_fact_03_connectors_are_closed_to_a_webhook_also_within_a_batch(client: Client) -> None:
    hook = client.sandbox.webhook_secret
    status, body = await client.ask("imconnector.list", hook=hook)
    assert (status, body["error"]) == (403, "WRONG_AUTH_TYPE")
    status, body = await client.ask("batch", {"cmd": {"a": "imconnector.list", "b": "server.time"}}, hook=hook)
    assert (status, body["result"]["result_error"]["a"]["error"]) == (200, "WRONG_AUTH_TYPE")
    assert set(body["result"]["result"]) == {"b"}


async def test_fact_04_pairs_rotate_and_the_old_one_dies_at_the_first_use_of_the_new(client: Client) -> None:
    sandbox = client.sandbox
    first = sandbox.oauth.first_refresh()
    _, one = await client.token(first)
    assert (await client.token(first))[0] == 200  # an answer that was lost is forgiven
    client.access = one["access_token"]
    await client.result("server.time")
    assert await client.token(first) == (400, {"error": "invalid_grant"})
    sandbox.oauth.expire_all()
    assert (await client.ask("server.time"))[1]["error"] == "expired_token"
    assert await client.token("x", client_id="unknown") == (200, {"error": "wrong_client"})


async def test_fact_05_the_bucket_counts_requests_and_a_batch_is_one(client: Client) -> None:
    client.sandbox.bucket.burst, client.sandbox.bucket.per_second = 5, 0.001
    answers = [await client.ask("batch", {"cmd": {"a": "server.time", "b": "scope"}}) for _ in range(6)]
    assert [status for status, _ in answers] == [200] * 5 + [503]
    assert answers[-1][1]["error"] == "QUERY_LIMIT_EXCEEDED"


async def test_fact_06_a_method_that_worked_too_long_is_blocked_alone(client: Client) -> None:
    client.sandbox.costs["user.get"] = 300.0
    assert [(await client.ask("user.get"))[0] for _ in range(3)] == [200, 200, 429]
    told = await client.batch({"a": "user.get", "b": "server.time"})
    assert told["result_error"]["a"]["error"] == "OPERATION_TIME_LIMIT"
    assert "b" in told["result"]
    client.sandbox.clock.advance(timedelta(minutes=11))  # type: ignore[attr-defined]  # a clock moved by hand
    assert (await client.ask("user.get"))[0] == 200


async def test_fact_07_time_stands_beside_results_only_and_a_self_hosted_portal_has_no_meter(client: Client) -> None:
    _, body = await client.ask("server.time")
    assert {"operating", "operating_reset_at"} <= set(body["time"])
    client.sandbox.self_hosted = True
    assert "operating" not in (await client.ask("server.time"))[1]["time"]
    assert "time" not in (await client.ask("imconnector.status"))[1]


async def test_fact_08_a_batch_has_fifty_places_empty_parts_are_lists_and_halt_stops(client: Client) -> None:
    told = await client.batch({f"k{index}": "server.time" for index in range(52)})
    assert len(told["result"]) == 50
    assert {row["error"] for row in told["result_error"].values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}
    assert (told["result_total"], told["result_next"]) == ([], [])
    numbered = await client.batch(["server.time", "scope"])
    assert isinstance(numbered["result"], list)
    broken = await client.batch(["server.time", "no.such", "scope"])
    assert set(broken["result"]) == {"0", "2"}
    assert set((await client.batch({"a": "no.such", "b": "scope"}, halt=1))["result"]) == set()


async def test_fact_09_a_reference_is_put_in_and_one_to_nothing_is_no_error(client: Client) -> None:
    cmd = {
        "u": "user.get?FILTER[ID]=15",
        "s": "imconnector.status?CONNECTOR=%24result%5Bu%5D%5B0%5D%5BNAME%5D&LINE=1",
        "n": "imconnector.status?CONNECTOR=$result[u][0][NAME][deeper]&LINE=2",
    }
    told = await client.batch(cmd)
    assert told["result_error"] == []
    assert (told["result"]["s"]["CONNECTOR"], told["result"]["s"]["LINE"]) == ("олег", 1)
    assert told["result"]["n"]["CONNECTOR"] == "олег"  # the deepest value that is there


async def test_numbers_that_are_none_are_zero_and_parameter_names_have_no_case(client: Client) -> None:
    told = await client.result("imconnector.status", {"connector": WHATSAPP, "line": "abc"})
    assert (told["LINE"], told["STATUS"]) == (0, False)
    assert (await client.ask("imopenlines.session.history.get", {"SESSION_ID": "abc"}))[1]["error"] == "ACCESS_DENIED"
    assert [row["ID"] for row in await client.result("department.get", {"ID": 7})] == ["7"]


async def test_fact_10_start_minus_one_counts_nothing_and_the_last_page_has_no_next(client: Client) -> None:
    for _ in range(60):
        dialog(client.sandbox)
    _, first = await client.ask("crm.activity.list", {"start": 0})
    assert (len(first["result"]), first["total"], first["next"]) == (50, 60, 50)
    _, last = await client.ask("crm.activity.list", {"start": 50})
    assert (len(last["result"]), "next" in last) == (10, False)
    _, bare = await client.ask("crm.activity.list", {"start": -1})
    assert (len(bare["result"]), bare["total"], "next" in bare) == (50, 0, False)


async def test_fact_11_and_12_unknown_filters_are_dropped_and_no_users_have_no_total(client: Client) -> None:
    dialog(client.sandbox)
    assert len(await client.result("crm.activity.list", {"filter": {"NO_SUCH": 1}})) == 1
    _, nobody = await client.ask("user.get", {"FILTER": {"ID": 4711}})
    assert (nobody["result"], "total" in nobody) == ([], False)


async def test_fact_13_and_14_an_activity_is_all_texts_and_moves_as_its_session_does(client: Client) -> None:
    one = dialog(client.sandbox)
    clock = client.sandbox.clock
    (row,) = await client.result("crm.activity.list")
    assert row["ID"].isdecimal()
    assert (row["RESULT_STATUS"], row["COMPLETED"], row["SETTINGS"]) == ("1", "N", [])
    assert row["LAST_UPDATED"] == "2026-03-02T10:00:00+03:00"
    assert datetime.fromisoformat(row["END_TIME"]) > START
    clock.advance(timedelta(minutes=1))  # type: ignore[attr-defined]  # a clock moved by hand
    client.sandbox.world.customer_writes(WHATSAPP, 1, one.customer)
    assert (await client.result("crm.activity.list"))[0]["LAST_UPDATED"] == "2026-03-02T10:00:00+03:00"
    client.sandbox.world.operator_accepts(one, 15)
    (row,) = await client.result("crm.activity.list")
    assert (row["RESULT_STATUS"], row["LAST_UPDATED"]) == ("2", "2026-03-02T10:01:00+03:00")


async def test_fact_14_a_line_without_crm_has_no_activities(client: Client) -> None:
    client.sandbox.world.lines[1]["CRM"] = "N"
    one = dialog(client.sandbox)
    assert await client.result("crm.activity.list") == []
    assert (await client.result("imopenlines.session.history.get", {"SESSION_ID": one.id}))["sessionId"] == one.id


async def test_fact_15_before_it_is_accepted_the_responsible_is_the_first_of_the_queue(client: Client) -> None:
    dialog(client.sandbox)
    assert (await client.result("crm.activity.list"))[0]["RESPONSIBLE_ID"] == "12"


async def test_fact_16_and_17_the_status_is_four_flags_and_nothing_else(client: Client) -> None:
    async def flags(**params: Any) -> tuple[bool, bool, bool]:
        told = await client.result("imconnector.status", params)
        return told["ERROR"], told["CONFIGURED"], told["STATUS"]

    assert await flags(CONNECTOR=WHATSAPP.upper(), LINE=1) == (False, True, True)
    assert await flags(CONNECTOR=WHATSAPP) == (False, False, False)
    assert await flags(CONNECTOR="unknown", LINE=77) == (False, False, False)
    client.sandbox.world.set_error(WHATSAPP, 1)
    assert await flags(CONNECTOR=WHATSAPP, LINE=1) == (True, True, False)
    client.sandbox.world.disconnect(WHATSAPP, 1)
    assert await flags(CONNECTOR=WHATSAPP, LINE=1) == (False, False, False)
    status, body = await client.ask("imconnector.status", {"LINE": 1})
    assert (status, body["error"], body["argument"]) == (400, "ERROR_ARGUMENT", "CONNECTOR")


async def test_fact_18_the_list_of_connectors_needs_a_right_of_its_own(client: Client) -> None:
    assert (await client.result("imconnector.list"))["telegrambot"] == "Telegram"
    client.sandbox.methods.may_modify_connectors = False
    status, body = await client.ask("imconnector.list")
    assert (status, body["error"]) == (400, "ACCESS_DENIED")


async def test_fact_19_a_line_has_texts_for_numbers_and_an_unknown_one_is_false(client: Client) -> None:
    line = await client.result("imopenlines.config.get", {"CONFIG_ID": 1})
    assert (line["ID"], line["DATE_CREATE"], line["WORKTIME_DAYOFF"]) == ("1", {}, [""])
    assert await client.result("imopenlines.config.get", {"CONFIG_ID": 99}) is False
    assert (await client.ask("imopenlines.config.get"))[1]["error"] == "CONFIG_ID_EMPTY"


async def test_fact_20_and_24_a_history_is_mangled_newest_first_and_knows_its_authors_only(client: Client) -> None:
    one = dialog(client.sandbox)
    client.sandbox.world.operator_writes(one, 15)
    told = await client.result("imopenlines.session.history.get", {"SESSION_ID": one.id})
    ids = [int(number) for number in told["message"]]
    assert ids == sorted(ids, reverse=True)
    marks = [told["message"][str(number)]["params"] for number in sorted(ids)]
    assert marks[0]["componentId"] == "StartDialogMessage"
    assert "connectorMid" in marks[1]
    accepted = told["message"][str(sorted(ids)[2])]
    assert (accepted["senderid"], accepted["params"]) == ("0", [])
    assert accepted["text"].startswith("[USER=15]")
    assert {number: person["connector"] for number, person in told["users"].items()} == {
        str(one.customer): True,
        "15": False,
    }
    assert told["files"] == []


async def test_fact_21_what_is_not_there_and_what_is_forbidden_look_alike(client: Client) -> None:
    async def error(**params: Any) -> tuple[int, str]:
        status, body = await client.ask("imopenlines.session.history.get", params)
        return status, body["error"]

    assert await error(SESSION_ID=1) == (400, "ACCESS_DENIED")
    assert await error(CHAT_ID=1) == (400, "INVALID_SESSION_ID")
    assert await error() == (400, "MISSING_REQUIRED_PARAM")


async def test_fact_22_and_23_a_chat_lives_on_and_tells_of_its_newest_session(client: Client) -> None:
    world = client.sandbox.world
    old = dialog(client.sandbox)
    world.close(old)
    new = world.customer_writes(WHATSAPP, 1, old.customer)
    assert (new.chat, new.id > old.id) == (old.chat, True)
    told = await client.result("imopenlines.dialog.get", {"SESSION_ID": old.id})
    assert told["entity_data_1"].split("|")[5] == str(new.id)


async def test_fact_25_and_26_sending_failing_whispering_are_told_in_the_parameters(client: Client) -> None:
    world, one = client.sandbox.world, dialog(client.sandbox)
    world.operator_writes(one, 15, delivery="pending")
    world.operator_writes(one, 15, delivery="failed")
    world.whisper(one, 15)
    client.sandbox.clock.advance(timedelta(minutes=6))  # type: ignore[attr-defined]  # a clock moved by hand
    told = await client.result("imopenlines.session.history.get", {"SESSION_ID": one.id})
    params = [row["params"] for row in told["message"].values() if row["senderid"] == "15"]
    assert [row.get("componentId") for row in params] == ["HiddenMessage", None, None]
    assert params[1]["isDelivered"] == "N"
    assert params[2]["sending"] == "Y"
    assert any("Нет подтверждения" in row["text"] for row in told["message"].values())
    (error,) = [row for row in told["message"].values() if row["text"] == "Сообщение не доставлено"]
    assert error["params"] == [], "a delivery error has no class (6.6)"


async def test_fact_28_a_dialog_moved_to_another_line_keeps_its_code_and_names_the_line_beside_it(
    client: Client,
) -> None:
    world, one = client.sandbox.world, dialog(client.sandbox)
    world.add_line(9, "Сервис")
    world.move_to_line(one, 9)
    (place,) = (await client.result("imopenlines.session.history.get", {"SESSION_ID": one.id}))["chat"].values()
    assert place["entityId"] == one.user_code
    assert place["entityData1"].split("|")[7] == "9"
    known = parse(await client.result("imopenlines.session.history.get", {"SESSION_ID": one.id})).session
    assert (known.line, known.moved) == (1, 9)


async def test_a_dialog_passed_on_by_itself_names_who_did_not_take_it(client: Client) -> None:
    world, one = client.sandbox.world, dialog(client.sandbox)
    first = one.owner or one.offered
    world.pass_on(one, 15)
    seen = parse(await client.result("imopenlines.session.history.get", {"SESSION_ID": one.id}))
    assert [(told.mark, told.mentions) for told in seen.messages][-1] == ("passed_on", (first, 15))


async def test_fact_27_customers_and_bots_are_no_users(client: Client) -> None:
    one = dialog(client.sandbox)
    ids = {row["ID"] for row in await client.result("user.get")}
    assert not ids & {str(one.customer), "90"}
    assert one.user_code.split("|")[-1] == str(one.customer)


async def test_fact_30_some_errors_have_no_code(client: Client) -> None:
    assert (await client.ask("timeman.status", {"USER_ID": 4711}))[1]["error"] == ""


async def test_fact_32_the_offline_queue_is_not_reserved_without_the_feature(client: Client) -> None:
    assert (await client.ask("event.offline.get", {"clear": 0}))[1]["error"] == "WRONG_LICENSE"


async def test_fact_34_a_token_revoked_within_a_batch_is_an_error_of_that_command(client: Client) -> None:
    client.sandbox.inject(Fault("invalid_token", method="scope", times=1))
    told = await client.batch({"a": "server.time", "b": "scope", "c": "server.time"})
    assert told["result_error"]["b"]["error"] == "invalid_token"
    assert set(told["result"]) == {"a", "c"}


async def test_fact_35_a_notification_with_the_same_tag_replaces_the_old_one(client: Client) -> None:
    for text in ("one", "two"):
        await client.result("im.notify.system.add", {"USER_ID": 5, "MESSAGE": text, "TAG": "same"})
    assert [letter["text"] for letter in client.sandbox.methods.letters.rows()] == ["two"]


async def test_recent_chats_are_the_users_own_and_tell_the_session(client: Client, sandbox: Sandbox) -> None:
    first, last = dialog(sandbox), dialog(sandbox)
    assert await client.result("im.recent.list") == {"items": [], "hasMore": False}
    sandbox.methods.is_member = True
    told = await client.result("im.recent.list", {"SKIP_CHAT": "Y", "SKIP_DIALOG": "Y", "LIMIT": 1})
    assert told["hasMore"] is True
    assert [one["lines"]["id"] for one in told["items"]] == [last.id]
    more = await client.result("im.recent.list", {"LIMIT": 1, "OFFSET": 1})
    assert (more["items"][0]["id"], more["hasMore"]) == (f"chat{first.chat}", False)


async def test_a_page_of_lines_holds_no_more_than_the_portal_wants(client: Client, sandbox: Sandbox) -> None:
    sandbox.methods.most_lines = 1
    for offset, numbers in ((0, ["1"]), (1, ["2"]), (2, [])):
        told = await client.result("imopenlines.config.list.get", {"PARAMS": {"limit": 100, "offset": offset}})
        assert [row["ID"] for row in told] == numbers
