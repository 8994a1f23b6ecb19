"""What the audits ask of an emulated portal: cards, documents, queues and people, as the documented methods answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from monitor.sandbox.clock import SandboxClock
from monitor.sandbox.presets import CONNECTORS, furnished
from monitor.sandbox.server import Sandbox

START = datetime.fromisoformat("2026-03-02T10:00:00+03:00")
FAMILY = "crm.documentgenerator"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(furnished(SandboxClock(START, rate=0), hours=False)) as made:
        cards = made.world.cards
        cards.add("deal", 501, 12, START - timedelta(days=90))
        cards.add("deal", 502, 15, START)
        cards.templates[39] = ("Договор", 2)
        cards.add_numerator(2, "{YEAR}-{NUMBER}", periodicBy="year")
        for number in range(1, 61):
            cards.add_document(f"2026-{number}", START)
        cards.add_document("2026-61", START, public_url="https://acme/~71q5j", viewed=START)
        yield made


async def ask(sandbox: Sandbox, method: str, params: dict[str, Any] | None = None) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{sandbox.webhook_url}{method}", json=params or {}) as answer,
    ):
        return answer.status, await answer.json()


async def test_documents_come_in_pages_with_texts_for_numbers(sandbox: Sandbox) -> None:
    _, body = await ask(sandbox, f"{FAMILY}.document.list", {"select": ["*"], "order": {"id": "desc"}})
    rows = body["result"]["documents"]
    assert (len(rows), body["total"], body["next"]) == (50, 61, 50)
    assert rows[0]["number"] == "2026-61"
    assert (rows[0]["entityTypeId"], rows[0]["entityId"], rows[0]["templateId"]) == ("2", "501", "39")
    assert "publicUrl" not in rows[0]


async def test_documents_after_an_id_are_a_cursor(sandbox: Sandbox) -> None:
    _, body = await ask(sandbox, f"{FAMILY}.document.list", {"filter": {">id": 119}})
    assert [row["id"] for row in body["result"]["documents"]] == ["120", "121"]


async def test_an_explicit_entity_type_is_refused_with_error_100(sandbox: Sandbox) -> None:
    status, body = await ask(sandbox, f"{FAMILY}.document.list", {"select": ["id", "entityTypeId"]})
    assert (status, body["error"]) == (400, "100")


async def test_one_document_tells_its_public_link_and_when_it_was_last_seen(sandbox: Sandbox) -> None:
    _, body = await ask(sandbox, f"{FAMILY}.document.get", {"id": 121})
    document = body["result"]["document"]
    assert document["publicUrl"] == "https://acme/~71q5j"
    assert document["publicUrlView"] == {"time": "2026-03-02T10:00:00+03:00"}
    _, other = await ask(sandbox, f"{FAMILY}.document.get", {"id": 61})
    assert other["result"]["document"]["publicUrl"] is None


async def test_numerators_count_their_page_alone_and_templates_are_a_map(sandbox: Sandbox) -> None:
    _, body = await ask(sandbox, f"{FAMILY}.numerator.list")
    assert (body["total"], body.get("next")) == (1, None)
    (numerator,) = body["result"]["numerators"]
    (settings,) = numerator["settings"].values()
    assert (numerator["template"], settings["step"], settings["periodicBy"]) == ("{YEAR}-{NUMBER}", 1, "year")
    _, plain = await ask(sandbox, f"{FAMILY}.template.list")
    assert "numeratorId" not in plain["result"]["templates"]["39"]
    _, chosen = await ask(sandbox, f"{FAMILY}.template.list", {"select": ["id", "numeratorId"]})
    assert chosen["result"]["templates"]["39"]["numeratorId"] == "2"


async def test_cards_are_filtered_by_ids_and_a_typo_in_a_filter_returns_everything(sandbox: Sandbox) -> None:
    _, body = await ask(sandbox, "crm.deal.list", {"filter": {"@ID": [502]}, "select": ["ID", "ASSIGNED_BY_ID"]})
    assert body["result"] == [{"ID": "502", "ASSIGNED_BY_ID": "15"}]
    _, typo = await ask(sandbox, "crm.deal.list", {"filter": {"@IDS": [502]}})
    assert len(typo["result"]) == 2


async def test_a_queue_shows_who_works_and_its_configuration_who_was_put_in(sandbox: Sandbox) -> None:
    sandbox.world.users[21].active = False
    sandbox.world.lines[1]["QUEUE_DEPARTMENTS"] = [7]
    _, body = await ask(sandbox, "imopenlines.config.list.get", {"OPTIONS": {"QUEUE": "Y", "CONFIG_QUEUE": "Y"}})
    (line,) = body["result"]
    assert line["QUEUE"] == ["12", "15", "18", "24", "5"]
    assert {"ENTITY_ID": "21", "ENTITY_TYPE": "user"} in line["CONFIG_QUEUE"]
    assert {"ENTITY_ID": "7", "ENTITY_TYPE": "department"} in line["CONFIG_QUEUE"]
    assert "QUEUE_DEPARTMENTS" not in line


async def test_people_are_filtered_by_department_and_tell_their_last_login(sandbox: Sandbox) -> None:
    sandbox.world.users[15].last_login = START - timedelta(days=20)
    _, body = await ask(sandbox, "user.get", {"FILTER": {"UF_DEPARTMENT": 7, "ID": [12, 15, 1]}})
    told = {row["ID"]: (row["IS_ONLINE"], row["LAST_LOGIN"]) for row in body["result"]}
    assert told == {"12": ("Y", "2026-03-02T10:00:00+03:00"), "15": ("N", "2026-02-10T10:00:00+03:00")}


async def test_a_known_customers_dialog_is_offered_to_his_responsible_where_the_line_forwards(sandbox: Sandbox) -> None:
    world = sandbox.world
    customer = world.add_customer()
    world.cards.deals[customer] = 502
    assert world.customer_writes(CONNECTORS[0][0], 1, customer).offered == 15
    other = world.add_customer()
    world.cards.deals[other] = 502
    world.lines[1]["CRM_FORWARD"] = "N"
    assert world.customer_writes(CONNECTORS[0][0], 1, other).offered == 12


async def test_activities_come_newest_first_when_asked_so(sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.world.customer_writes(CONNECTORS[0][0], 1, sandbox.world.add_customer())
    _, body = await ask(sandbox, "crm.activity.list", {"order": {"ID": "DESC"}, "start": -1})
    ids = [int(row["ID"]) for row in body["result"]]
    assert ids == sorted(ids, reverse=True)
