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
from probes._words import untrusted

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
        ({"isPartner": True, "isExpired": True}, State.UNPAID, ""),
        ({"deleted": True}, State.MISCONFIGURED, ""),
        ({"deleted": True, "isExpired": True}, State.MISCONFIGURED, ""),
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
    checked(only(probed(green_api.PROBE, denied)), State.TOKEN_REVOKED, "api_key")
    gone = {"getStateInstance": (200, {"code": 404})}
    checked(only(probed(green_api.PROBE, gone)), State.MISCONFIGURED)


@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Instance account not authorized", State.QR_REQUIRED),
        ("instance in starting process try later", State.CONNECTING),
    ],
)
def test_a_refusal_of_green_api_in_words_tells_the_state(said: str, state: State, plain: bool) -> None:
    body = said if plain else {"message": said}
    checked(only(probed(green_api.PROBE, {"getStateInstance": (400, body)})), state)


@pytest.mark.parametrize("body", [None, "Bad Request: wrong idInstance", {"message": 5}])
def test_a_refusal_of_green_api_in_other_words_is_a_failure(body: Any) -> None:
    failure = probed(green_api.PROBE, {"getStateInstance": (400, body)}).failure
    assert failure is not None
    assert (failure.reason, failure.code) == (Reason.REJECTED, "http_400")


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
        (hook(last_error_date=TIMESTAMP - 60), {"pending": 3, "failing_from": 3}, State.MISCONFIGURED),
        (hook(last_error_date=TIMESTAMP - 60), {"failing_from": 2}, State.MISCONFIGURED),
        (hook(last_error_date=TIMESTAMP - 60), {"pending": 9, "failing_from": 4}, State.CONNECTED),
        (hook(last_error_date=TIMESTAMP - 86400), {"pending": 3, "failing_from": 3}, State.CONNECTED),
        (hook(last_error_date=TIMESTAMP - 86400), {"pending": 1}, State.CONNECTED),
        (hook(url="https://other.example/x"), {"host": "im.example.info", "bot": "shop_bot"}, State.OPENED_ELSEWHERE),
        (hook(url="https://other.example/x"), {"host": "im.example.info", "bot": "another_bot"}, State.CONNECTED),
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


@pytest.mark.parametrize("rows", [["x", 5], [{"url": 5}], [{}], [None], [{"url": "https://hook.example/1"}, 5]])
def test_subscriptions_of_a_wrong_type_are_no_lost_webhook(rows: list[Any]) -> None:
    answers = {"/me": (200, {"username": "id77_bot"}), "/subscriptions": (200, {"subscriptions": rows})}
    failure = probed(max_bot.PROBE, answers).failure
    assert failure is not None
    assert failure.reason is Reason.MALFORMED


@pytest.mark.parametrize("path", ["getMe", "getWebhookInfo"])
def test_an_error_of_telegram_inside_a_200_is_that_error(path: str) -> None:
    denied = (200, {"ok": False, "error_code": 401, "description": "Unauthorized"})
    checked(only(probed(telegram_bot.PROBE, hook() | {path: denied})), State.TOKEN_REVOKED)


@pytest.mark.parametrize(
    ("code", "reason"), [(429, Reason.THROTTLED), (500, Reason.UNREACHABLE), (403.5, Reason.MALFORMED), (7, None)]
)
def test_other_errors_of_telegram_inside_a_200_are_failures(code: Any, reason: Reason | None) -> None:
    failure = probed(telegram_bot.PROBE, {"getMe": (200, {"ok": False, "error_code": code}), "Info": ME}).failure
    assert failure is not None
    assert failure.reason is (reason or Reason.MALFORMED)


@pytest.mark.parametrize(
    ("code", "type_", "advice"),
    [
        ("tls_ca", "max_bot", "Russian Trusted Root CA"),
        ("tls_ca", "wazzup", "ca_file"),
        ("tls_expired", "max_bot", "out of date"),
        ("tls_host", "telegram_bot", "another host's"),
    ],
)
def test_a_certificate_that_cannot_be_verified_says_who_has_to_mend_what(code: str, type_: str, advice: str) -> None:
    told = untrusted(account(type_, accounts=("one",)), NOW, Failure(reason=Reason.UNREACHABLE, code=code))
    assert told is not None
    checked(only(told), State.MISCONFIGURED, "tls_ca")
    assert advice in only(told).action_en
    assert only(told).raw == code


def test_a_failure_without_a_code_is_none_of_a_certificate() -> None:
    assert untrusted(account("wazzup"), NOW, Failure(reason=Reason.UNREACHABLE)) is None


def health(can_send: str, *codes: int) -> dict[str, Any]:
    errors = [{"error_code": code} for code in codes]
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
    ({"status": "CONNECTED", "name_status": "DECLINED"}, State.MISCONFIGURED, "warning"),
    ({"status": "CONNECTED", "account_mode": "SANDBOX"}, State.MISCONFIGURED, "warning"),
    ({"status": "CONNECTED", "code_verification_status": "EXPIRED"}, State.MISCONFIGURED, "warning"),
    ({"status": "CONNECTED", "platform_type": "ON_PREMISE"}, State.MISCONFIGURED, ""),
    ({"status": "NEW_WORD"}, State.UNKNOWN, ""),
]


@pytest.mark.parametrize(("told", "state", "reason"), CLOUD)
def test_a_number_on_whatsapp_cloud(told: dict[str, Any], state: State, reason: str) -> None:
    checked(only(probed(whatsapp_cloud.PROBE, {"/1055": (200, {"id": "1055", **told})})), state, reason)


@pytest.mark.parametrize(
    ("told", "waba", "state", "raw"),
    [
        (health("BLOCKED", 141010, 141014), "", State.BANNED, "health 141014"),
        (health("BLOCKED", 141006, 141014), "", State.BANNED, "health 141014"),
        (health("BLOCKED", 141010, 141006), "", State.UNPAID, "health 141006"),
        ({"status": "FLAGGED", **health("BLOCKED", 141014)}, "", State.BANNED, "health 141014"),
        ({"status": "RESTRICTED", **health("BLOCKED", 141006)}, "", State.UNPAID, "health 141006"),
        ({"status": "DISCONNECTED", **health("BLOCKED", 141010)}, "", State.MISCONFIGURED, "DISCONNECTED"),
        ({"status": "BANNED"}, "RESTRICTED", State.BANNED, "BANNED"),
        ({"status": "DISCONNECTED"}, "PENDING", State.MISCONFIGURED, "DISCONNECTED"),
        ({"status": "FLAGGED"}, "disabled", State.BANNED, "WABA DISABLED"),
        ({"code_verification_status": "EXPIRED", "quality_rating": "RED"}, "", State.RESTRICTED, "quality_rating RED"),
        (
            {"account_mode": "SANDBOX", "platform_type": "ON_PREMISE"},
            "",
            State.MISCONFIGURED,
            "platform_type",
        ),
        ({"status": "PENDING", "code_verification_status": "NOT_VERIFIED"}, "", State.CONNECTING, "PENDING"),
        ({"status": "NEW_WORD", **health("BLOCKED", 141014)}, "", State.BANNED, "health 141014"),
        ({"status": "NEW_WORD", "name_status": "PENDING_REVIEW"}, "", State.UNKNOWN, "NEW_WORD"),
        ({"quality_rating": "YELLOW", "code_verification_status": "EXPIRED"}, "", State.MISCONFIGURED, "code_"),
    ],
)
def test_the_worst_of_what_the_fields_of_a_number_say_is_told(
    told: dict[str, Any], waba: str, state: State, raw: str
) -> None:
    answers = {
        "/1055": (200, {"id": "1055", "status": "CONNECTED", **told}),
        "/2077": (200, {"id": "2077", "status": waba}),
    }
    reading = probed(whatsapp_cloud.PROBE, answers, settings={"waba_id": "2077"} if waba else {})
    assert only(reading).state is state
    assert only(reading).raw.startswith(raw)
    assert reading.news == (("NEW_WORD",) if told.get("status") == "NEW_WORD" else ())


@pytest.mark.parametrize(
    ("told", "waba", "state", "raw", "news"),
    [
        ({}, "newly_seen", State.UNKNOWN, "WABA NEWLY_SEEN", "WABA NEWLY_SEEN"),
        ({}, "ACTIVE", State.CONNECTED, "CONNECTED", ""),
        (health("PARTLY"), "", State.UNKNOWN, "can_send_message PARTLY", "can_send_message PARTLY"),
        ({"status": "BANNED", **health("PARTLY")}, "ODD", State.BANNED, "BANNED", "WABA ODD,can_send_message PARTLY"),
        ({"name_status": "QUEUED"}, "", State.CONNECTED, "CONNECTED", "name_status QUEUED"),
        ({"quality_rating": "PURPLE"}, "", State.CONNECTED, "CONNECTED", "quality_rating PURPLE"),
        ({"account_mode": "TRIAL"}, "", State.CONNECTED, "CONNECTED", "account_mode TRIAL"),
        ({"code_verification_status": "LATER"}, "", State.CONNECTED, "CONNECTED", "code_verification_status LATER"),
        ({"name_status": "available_without_review", "quality_rating": "NA"}, "", State.CONNECTED, "CONNECTED", ""),
        ({"name_status": "NONE", "quality_rating": "UNKNOWN"}, "", State.CONNECTED, "CONNECTED", ""),
    ],
)
def test_a_foreign_word_of_any_field_of_a_number_is_reported(
    told: dict[str, Any], waba: str, state: State, raw: str, news: str
) -> None:
    answers = {
        "/1055": (200, {"id": "1055", "status": "CONNECTED", **told}),
        "/2077": (200, {"id": "2077", "status": waba}),
    }
    reading = probed(whatsapp_cloud.PROBE, answers, settings={"waba_id": "2077"} if waba else {})
    assert (only(reading).state, only(reading).raw) == (state, raw)
    assert ",".join(reading.news) == news


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


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize(
    ("told", "state"),
    [
        ((200, {"instance": {"instanceName": "shop", "state": "open"}}), State.CONNECTED),
        ((200, {"instance": {"instanceName": "shop", "state": "connecting"}}), State.CONNECTING),
        ((200, {"instance": {"instanceName": "shop"}}), State.MISCONFIGURED),
        ((404, {"status": 404, "error": "Not Found"}), State.MISCONFIGURED),
        ((401, {"status": 401, "error": "Unauthorized"}), State.TOKEN_REVOKED),
    ],
)
def test_an_evolution_server_without_a_list_is_asked_by_name(status: int, told: tuple[int, Any], state: State) -> None:
    answers = {"fetchInstances": (status, {"status": status}), "connectionState/shop": told}
    reason = "api_key" if state is State.TOKEN_REVOKED else ""
    checked(only(probed(evolution.PROBE, answers, accounts=("shop",))), state, reason)


def test_an_evolution_server_with_a_list_is_asked_once() -> None:
    vendor, ours = Vendor({"fetchInstances": (200, [])}), account("evolution", accounts=("shop", "two"))
    asyncio.run(evolution.PROBE.ask(vendor, ours))
    assert vendor.asked == ["/instance/fetchInstances"]


@pytest.mark.parametrize("body", [[], "text", {"instance": 5}, {}])
def test_a_foreign_answer_by_name_is_a_failure(body: Any) -> None:
    answers = {"fetchInstances": (404, {}), "connectionState": (200, body)}
    assert probed(evolution.PROBE, answers, accounts=("shop",)).failure is not None


@pytest.mark.parametrize(
    ("product", "up", "state"),
    [("telegram", True, State.CONNECTED), ("telegram", False, State.QR_REQUIRED), ("whatsapp", True, None)],
)
def test_a_wappi_profile_of_telegram_may_tell_its_status_alone(product: str, up: bool, state: State | None) -> None:
    answers = {"/sync/get/status": (200, {"status": up, "phone": "79990001122", "username": "shop"})}
    reading = probed(wappi.PROBE, answers, settings={"product": product})
    assert (reading.findings[0].state if reading.findings else None) is state  # type: ignore[union-attr]
    assert (reading.failure is None) is (state is not None)


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
@pytest.mark.parametrize("body", ["<html><body>Forbidden by policy</body></html>", None])
def test_a_403_that_is_not_the_apis_own_says_nothing_of_the_key(module: Any, body: str | None) -> None:
    """A firewall's page. Wazzup alone is known to leave the body of its own refusal empty."""
    reading = failed_or_told(module.PROBE, (403, body))
    if module is wazzup and body is None:
        assert [found.state for found in reading.findings] == [State.TOKEN_REVOKED] * 2  # type: ignore[union-attr]
        return
    assert reading.findings == ()
    assert reading.failure is not None
    assert (reading.failure.reason, reading.failure.code) == (Reason.UNREACHABLE, "http_403")


def failed_or_told(probe: ProviderProbe, answer: tuple[int, Any]) -> Reading:
    ours = account(probe.type, accounts=("one", "two"))
    try:
        return probe.read(asyncio.run(probe.ask(Vendor({"/": answer}), ours)), ours, NOW)
    except CallFailed as error:
        return Reading(probe=probe.type, source=probe.type, at=NOW, failure=error.failure)


@pytest.mark.parametrize("module", PROBES, ids=lambda module: module.PROBE.type)
@pytest.mark.parametrize("body", ["<html>", None, {"error": {"code": 190}, "code": "verify.token"}])
def test_a_401_means_a_dead_key_whatever_its_body(module: Any, body: Any) -> None:
    reading = failed_or_told(module.PROBE, (401, body))
    assert {found.state for found in reading.findings} == {State.TOKEN_REVOKED}  # type: ignore[union-attr]


@pytest.mark.parametrize("body", ["<html>no such page</html>", None])
def test_a_404_of_a_relay_says_nothing_of_a_telegram_token(body: str | None) -> None:
    assert probed(telegram_bot.PROBE, {"getMe": (404, body)}).failure is not None


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
