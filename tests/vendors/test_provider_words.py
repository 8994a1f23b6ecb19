"""Every provider's documented words reach the state they mean, with advice (the vendors' pages, providers.md 15)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.core.model import CallFailed, Failure, Reason, State
from monitor.core.plugin import Account, ProviderProbe
from monitor.core.reading import ProviderSeen, Reading
from probes import (
    chatapp,
    edna,
    evolution,
    green_api,
    max_bot,
    pact,
    radist,
    telegram_bot,
    umnico,
    waha,
    wappi,
    wazzup,
    whatsapp_cloud,
)

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TIMESTAMP = int(NOW.timestamp())
CHANNEL = "0b8f2f0e-5a1c-4f0d-9a77-2f6f6d7c1a10"


class Vendor:
    """Answers by the end of the path; remembers what was asked."""

    def __init__(self, answers: Mapping[str, tuple[int, Any]]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def __call__(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        secret_path: bool = False,
        post: Mapping[str, Any] | None = None,
    ) -> tuple[int, Any]:
        self.asked.append(path)
        assert "canary" not in path or secret_path, "a token in a path that is not marked"
        for word, answer in self.answers.items():
            if word in path:
                return answer
        raise CallFailed(Failure(reason=Reason.UNREACHABLE))


def account(type_: str, **more: Any) -> Account:
    own = {"instance": "1101", "phone_number_id": "1055", "email": "a@shop.example", "app_id": "app_1"}
    own |= {"profile_id": "a1b2", "company_id": "17"}
    keys = {"settings": {**own, **more.pop("settings", {})}}
    secrets = {"api_key": "canary-key", "token": "canary-token", "password": "canary-password"}
    secrets |= more.pop("secrets", {})
    return Account(name="ours", type=type_, url="https://vendor.example", secrets=secrets, **keys, **more)


def probed(probe: ProviderProbe, answers: Mapping[str, tuple[int, Any]], **more: Any) -> Reading:
    ours = account(probe.type, **more)
    return probe.read(asyncio.run(probe.ask(Vendor(answers), ours)), ours, NOW)


def only(reading: Reading) -> ProviderSeen:
    assert reading.failure is None
    (found,) = reading.findings
    assert isinstance(found, ProviderSeen)
    assert "canary" not in repr(reading)
    return found


def checked(found: ProviderSeen, state: State, reason: str = "") -> None:
    assert (found.state, found.reason) == (state, reason)
    assert bool(found.action_ru) is bool(found.action_en)
    assert bool(found.action_ru) or (state is State.CONNECTED and not reason)


WAZZUP = [
    ("active", "whatsapp", State.CONNECTED, ""),
    ("init", "whatsapp", State.CONNECTING, ""),
    ("qr", "whatsapp", State.QR_REQUIRED, ""),
    ("QRIDLE", "whatsapp", State.QR_REQUIRED, ""),
    ("waitForPassword", "tgapi", State.QR_REQUIRED, "2fa"),
    ("phoneUnavailable", "whatsapp", State.PHONE_OFFLINE, ""),
    ("openelsewhere", "whatsapp", State.OPENED_ELSEWHERE, ""),
    ("notEnoughMoney", "whatsapp", State.UNPAID, ""),
    ("disabled", "whatsapp", State.MISCONFIGURED, ""),
    ("foreignphone", "whatsapp", State.MISCONFIGURED, ""),
    ("unauthorized", "whatsapp", State.QR_REQUIRED, ""),
    ("unauthorized", "instagram", State.TOKEN_REVOKED, ""),
    ("unauthorized", "telegram", State.TOKEN_REVOKED, ""),
    ("onModeration", "wapi", State.CONNECTING, ""),
    ("rejected", "wapi", State.MISCONFIGURED, ""),
    ("blocked", "whatsapp", State.BANNED, ""),
    ("banned", "wapi", State.BANNED, ""),
    ("brandNewWord", "whatsapp", State.UNKNOWN, ""),
]


@pytest.mark.parametrize(("word", "transport", "state", "reason"), WAZZUP)
def test_a_word_of_wazzup(word: str, transport: str, state: State, reason: str) -> None:
    row = {"channelId": CHANNEL, "transport": transport, "plainId": "79990001122", "state": word}
    reading = probed(wazzup.PROBE, {"/v3/channels": (200, [row])}, accounts=(CHANNEL,))
    checked(only(reading), state, reason)
    assert reading.news == (("brandNewWord",) if word == "brandNewWord" else ())
    assert "79990001122" not in repr(reading)


def test_a_bound_channel_that_the_account_has_not_is_misconfigured() -> None:
    checked(only(probed(wazzup.PROBE, {"/v3": (200, [])}, accounts=(CHANNEL,))), State.MISCONFIGURED)


GREEN = [
    ("authorized", State.CONNECTED, ""),
    ("notAuthorized", State.QR_REQUIRED, ""),
    ("pendingPassword", State.QR_REQUIRED, "2fa"),
    ("pendingCode", State.QR_REQUIRED, "2fa"),
    ("starting", State.CONNECTING, ""),
    ("sleepMode", State.PHONE_OFFLINE, ""),
    ("yellowCard", State.RESTRICTED, ""),
    ("suspended", State.RESTRICTED, ""),
    ("blocked", State.BANNED, ""),
    ("whatever", State.UNKNOWN, ""),
]


@pytest.mark.parametrize(("word", "state", "reason"), GREEN)
@pytest.mark.parametrize("product", ["whatsapp", "telegram", "max"])
def test_a_word_of_green_api(word: str, state: State, reason: str, product: str) -> None:
    answers = {
        "getStateInstance": (200, {"stateInstance": word}),
        "getAccountSettings": (200, {"suspendedUntil": "2026-11-05"}),
    }
    found = only(probed(green_api.PROBE, answers, settings={"product": product}))
    checked(found, state, reason)
    assert found.account == "1101"
    assert found.detail == ("2026-11-05" if word == "suspended" else "")


@pytest.mark.parametrize(
    ("row", "state", "reason"),
    [
        ({"isExpired": True, "expirationDate": "2026-10-01T00:00:00+00:00"}, State.UNPAID, ""),
        ({"isExpired": False, "expirationDate": "2026-11-05T00:00:00+00:00"}, State.CONNECTED, "expiring"),
        ({"isExpired": False, "expirationDate": "2026-12-25T00:00:00+00:00"}, State.CONNECTED, ""),
        ({"isPartner": True, "expirationDate": "2026-11-05T00:00:00+00:00"}, State.CONNECTED, ""),
        ({"deleted": True}, State.MISCONFIGURED, ""),
    ],
)
def test_the_paid_term_of_green_api_comes_from_the_partner_list(row: dict[str, Any], state: State, reason: str) -> None:
    answers = {
        "getStateInstance": (200, {"stateInstance": "authorized"}),
        "getInstances": (200, [{"idInstance": 1101, "apiTokenInstance": "canary", **row}]),
    }
    checked(only(probed(green_api.PROBE, answers, secrets={"partner_token": "canary-partner"})), state, reason)


def test_green_api_hides_errors_inside_a_200() -> None:
    denied = {"getStateInstance": (200, {"code": 401, "description": "Unauthorized"})}
    checked(only(probed(green_api.PROBE, denied)), State.TOKEN_REVOKED)
    gone = {"getStateInstance": (200, {"code": 404})}
    checked(only(probed(green_api.PROBE, gone)), State.MISCONFIGURED)


ME = (200, {"ok": True, "result": {"username": "shop_bot"}})


def hook(**info: Any) -> dict[str, tuple[int, Any]]:
    told = {"url": "https://im.example.info/hook/1", "pending_update_count": 3, **info}
    return {"getMe": ME, "getWebhookInfo": (200, {"ok": True, "result": told})}


@pytest.mark.parametrize(
    ("answers", "memory", "state"),
    [
        (hook(), {}, State.CONNECTED),
        (hook(), {"host": "im.example.info"}, State.CONNECTED),
        (hook(url=""), {}, State.MISCONFIGURED),
        (hook(url="https://other.example/x"), {"host": "im.example.info"}, State.OPENED_ELSEWHERE),
        (hook(last_error_date=TIMESTAMP - 60), {"pending": 1}, State.MISCONFIGURED),
        (hook(last_error_date=TIMESTAMP - 60), {"pending": 3}, State.CONNECTED),
        (hook(last_error_date=TIMESTAMP - 86400), {"pending": 1}, State.CONNECTED),
        (hook(last_synchronization_error_date=TIMESTAMP - 60), {}, State.CONNECTING),
        ({"getMe": (401, {"ok": False, "description": "Unauthorized"})}, {}, State.TOKEN_REVOKED),
        ({"getMe": (404, {"ok": False, "description": "Not Found"})}, {}, State.TOKEN_REVOKED),
        ({"getMe": (400, {"ok": False, "description": "Logged out"})}, {}, State.MISCONFIGURED),
    ],
)
def test_a_telegram_bot(answers: Mapping[str, tuple[int, Any]], memory: Mapping[str, Any], state: State) -> None:
    checked(only(probed(telegram_bot.PROBE, answers, memory=memory)), state)


def subscribed(*urls: str) -> dict[str, tuple[int, Any]]:
    rows = [{"url": url, "time": 1} for url in urls]
    return {"/me": (200, {"username": "id77_bot"}), "/subscriptions": (200, {"subscriptions": rows})}


@pytest.mark.parametrize(
    ("answers", "memory", "state", "reason"),
    [
        (subscribed("https://hook.example/1"), {}, State.CONNECTED, ""),
        (subscribed(), {"host": "hook.example"}, State.MISCONFIGURED, ""),
        (subscribed("https://thief.example/1"), {"host": "hook.example"}, State.OPENED_ELSEWHERE, ""),
        ({"/me": (401, {"code": "verify.token"})}, {}, State.TOKEN_REVOKED, ""),
        ({"/me": (403, {"code": "verify.token"})}, {}, State.TOKEN_REVOKED, ""),
    ],
)
def test_a_max_bot(
    answers: Mapping[str, tuple[int, Any]], memory: Mapping[str, Any], state: State, reason: str
) -> None:
    checked(only(probed(max_bot.PROBE, answers, memory=memory)), state, reason)


def test_a_max_host_whose_authority_is_not_trusted_asks_for_its_certificate() -> None:
    ours = account("max_bot")
    checked(only(max_bot.PROBE.read((max_bot.TLS, max_bot.TLS), ours, NOW)), State.MISCONFIGURED, "tls_ca")


def health(can_send: str, code: int | None = None) -> dict[str, Any]:
    errors = [{"error_code": code}] if code else []
    return {"health_status": {"can_send_message": can_send, "entities": [{"errors": errors}]}}


CLOUD = [
    ({"status": "CONNECTED", **health("AVAILABLE")}, State.CONNECTED, ""),
    *(({"status": word}, State.CONNECTING, "") for word in ("PENDING", "LINKED")),
    *(
        ({"status": word}, State.MISCONFIGURED, "")
        for word in ("DISCONNECTED", "UNLINKED", "DELETED", "MIGRATED", "UNVERIFIED", "OFFLINE")
    ),
    *(({"status": word}, State.RESTRICTED, "") for word in ("FLAGGED", "RESTRICTED", "RATE_LIMITED", "PAUSED")),
    ({"status": "BANNED"}, State.BANNED, ""),
    ({"status": "CONNECTED", **health("LIMITED", 141010)}, State.RESTRICTED, ""),
    ({"status": "CONNECTED", **health("BLOCKED", 141006)}, State.UNPAID, ""),
    ({"status": "CONNECTED", **health("BLOCKED", 141014)}, State.BANNED, ""),
    ({"status": "CONNECTED", **health("BLOCKED")}, State.RESTRICTED, ""),
    ({"status": "CONNECTED", "quality_rating": "RED"}, State.RESTRICTED, "quality_red"),
    ({"status": "CONNECTED", "quality_rating": "YELLOW"}, State.CONNECTED, "quality_yellow"),
    ({"status": "CONNECTED", "name_status": "PENDING_REVIEW"}, State.CONNECTING, ""),
    ({"status": "CONNECTED", "name_status": "DECLINED"}, State.MISCONFIGURED, ""),
    ({"status": "CONNECTED", "account_mode": "SANDBOX"}, State.MISCONFIGURED, ""),
    ({"status": "CONNECTED", "code_verification_status": "EXPIRED"}, State.MISCONFIGURED, ""),
    ({"status": "CONNECTED", "platform_type": "ON_PREMISE"}, State.MISCONFIGURED, ""),
    ({"status": "NEW_WORD"}, State.UNKNOWN, ""),
]


@pytest.mark.parametrize(("told", "state", "reason"), CLOUD)
def test_a_number_on_whatsapp_cloud(told: dict[str, Any], state: State, reason: str) -> None:
    checked(only(probed(whatsapp_cloud.PROBE, {"/1055": (200, {"id": "1055", **told})})), state, reason)


@pytest.mark.parametrize(
    ("code", "state"), [(190, State.TOKEN_REVOKED), (104, State.TOKEN_REVOKED), (10, State.MISCONFIGURED)]
)
def test_an_error_of_whatsapp_cloud(code: int, state: State) -> None:
    answer = (400, {"error": {"message": "no", "code": code}})
    checked(only(probed(whatsapp_cloud.PROBE, {"/1055": answer})), state)


WAHA = [
    ("WORKING", State.CONNECTED),
    ("STARTING", State.CONNECTING),
    ("SCAN_QR_CODE", State.QR_REQUIRED),
    ("PASSKEY_REQUIRED", State.QR_REQUIRED),
    ("PASSKEY_CONFIRMATION_REQUIRED", State.QR_REQUIRED),
    ("STOPPED", State.MISCONFIGURED),
    ("FAILED", State.QR_REQUIRED),
]


@pytest.mark.parametrize(("word", "state"), WAHA)
def test_a_session_of_waha(word: str, state: State) -> None:
    rows = [{"name": "default", "status": word}]
    checked(only(probed(waha.PROBE, {"/api/sessions": (200, rows)}, accounts=("default",))), state)


def test_a_session_that_waha_has_not_is_misconfigured() -> None:
    checked(only(probed(waha.PROBE, {"/api/sessions": (200, [])}, accounts=("gone",))), State.MISCONFIGURED)


EVOLUTION = [
    ("open", None, State.CONNECTED),
    ("connecting", None, State.CONNECTING),
    ("refused", None, State.QR_REQUIRED),
    *(("close", code, State.QR_REQUIRED) for code in (401, 411, 500)),
    *(("close", code, State.BANNED) for code in (403, 402, 406)),
    ("close", 440, State.OPENED_ELSEWHERE),
    *(("close", code, State.CONNECTING) for code in (408, 428, 503, 515)),
    ("", None, State.MISCONFIGURED),
]


@pytest.mark.parametrize(("word", "code", "state"), EVOLUTION)
def test_an_instance_of_evolution(word: str, code: int | None, state: State) -> None:
    rows = [{"name": "shop", "connectionStatus": word, "disconnectionReasonCode": code}]
    checked(only(probed(evolution.PROBE, {"fetchInstances": (200, rows)}, accounts=("shop",))), state)


PROBES = [
    *(wazzup, green_api, telegram_bot, max_bot, whatsapp_cloud, waha, evolution),
    *(chatapp, edna, pact, radist, umnico, wappi),
]


@pytest.mark.parametrize("module", PROBES, ids=lambda module: module.PROBE.type)
def test_a_dead_key_is_told_of_every_bound_channel(module: Any) -> None:
    body = {"error": {"code": 190}, "code": "verify.token"}
    reading = probed(module.PROBE, {"/": (401, body)}, accounts=("one", "two"))
    assert [found.state for found in reading.findings] == [State.TOKEN_REVOKED] * 2


@pytest.mark.parametrize("module", PROBES, ids=lambda module: module.PROBE.type)
@pytest.mark.parametrize(
    "body",
    [
        *(None, {}, [], "text", 7, [1, None], {"result": 5}, {"ok": True, "result": []}, {"data": 5}, {"data": [None]}),
        *({"data": {"channels": [7]}}, {"connections": [[]]}, {"stateInstance": 5}, {"authorized": "yes"}),
    ],
)
def test_a_foreign_body_is_a_failure_or_says_nothing_but_never_breaks(module: Any, body: Any) -> None:
    reading = probed(module.PROBE, {"/": (200, body)}, accounts=("one",))
    states = {found.state for found in reading.findings}
    assert reading.failure is not None or states <= {State.MISCONFIGURED, State.TOKEN_REVOKED}


@pytest.mark.parametrize(
    "body",
    [
        *(None, 7, "text", [], {"type": "qr_code"}, {"type": "system", "data": 7}),
        {"type": "system", "data": {"details": []}},
        {"type": "system", "data": {"message": "authorized"}},
        {"type": "message", "data": {"message": "authorized"}},
    ],
)
def test_a_webhook_of_pact_about_other_things_tells_nothing(body: Any) -> None:
    assert pact.hear(body, account("pact"), NOW) is None


def test_only_a_documented_limit_slows_the_polls_of_a_provider() -> None:
    slow = {module.PROBE.type: module.PROBE.fastest for module in PROBES if module.PROBE.fastest > timedelta(seconds=1)}
    assert slow == {"green_api": timedelta(seconds=30)}
