"""The whole table of providers' words: each row has its recorded answers, and no recorded answer stands outside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "answers"

# (provider, common state, reason, recorded answers of the row's raw words)
TABLE = [
    ("wazzup", "token_revoked", "api_key", "dead_key foreign_key"),
    ("green_api", "token_revoked", "api_key", "unauthorized_in_200"),
    ("waha", "token_revoked", "api_key", "dead_key"),
    ("evolution", "token_revoked", "api_key", "dead_key"),
    ("wappi", "token_revoked", "api_key", "dead_token"),
    ("umnico", "token_revoked", "api_key", "dead_token"),
    ("radist", "token_revoked", "api_key", "dead_key"),
    ("pact", "token_revoked", "api_key", "dead_token"),
    ("edna", "token_revoked", "api_key", "dead_key"),
    ("green_api", "connected", "expiring", "expiring"),
    ("chatapp", "connected", "licence_expiring", "paid_expiring"),
    ("wappi", "connected", "expiring", "expiring"),
    ("whatsapp_cloud", "connected", "expiring", "token_expiring data_access_expiring"),
    ("wazzup", "unknown", "", "unknown_word"),
    ("green_api", "unknown", "", "unknown_word"),
    ("whatsapp_cloud", "unknown", "", "unknown_word"),
    ("waha", "unknown", "", "unknown_word"),
    ("evolution", "unknown", "", "unknown_word"),
    ("pact", "unknown", "", "unknown_word"),
    ("edna", "unknown", "", "unknown_word"),
    ("wazzup", "connected", "", "active"),
    ("wazzup", "connecting", "", "init on_moderation"),
    ("wazzup", "qr_required", "", "qr qridle unauthorized_phone"),
    ("wazzup", "qr_required", "2fa", "wait_for_password"),
    ("wazzup", "phone_offline", "", "phone_unavailable"),
    ("wazzup", "opened_elsewhere", "", "open_elsewhere openelsewhere_lower"),
    ("wazzup", "unpaid", "", "not_enough_money"),
    ("wazzup", "misconfigured", "", "disabled foreignphone rejected gone"),
    ("wazzup", "token_revoked", "", "unauthorized_social unauthorized_bot"),
    ("wazzup", "banned", "", "blocked banned"),
    ("green_api", "connected", "", "authorized authorized_telegram authorized_max renews_itself"),
    ("green_api", "qr_required", "", "not_authorized sentence_not_authorized plain_sentence_not_authorized"),
    ("green_api", "qr_required", "2fa", "pending_password pending_code"),
    ("green_api", "connecting", "", "starting sentence_starting plain_sentence_starting"),
    ("green_api", "phone_offline", "", "sleep_mode"),
    ("green_api", "restricted", "", "yellow_card suspended"),
    ("green_api", "banned", "", "blocked"),
    ("green_api", "unpaid", "", "expired expired_renewing"),
    ("green_api", "misconfigured", "", "deleted not_found_in_200"),
    ("chatapp", "connected", "licence_only", "paid"),
    ("chatapp", "unpaid", "", "licence_past other_code_past"),
    ("chatapp", "unknown", "", "unknown_word"),
    ("chatapp", "connecting", "token", "fresh_token_refused"),
    ("chatapp", "token_revoked", "api_key", "refresh_fails"),
    ("chatapp", "misconfigured", "", "licence_missing"),
    ("wappi", "connected", "", "open open_telegram open_max up_telegram"),
    ("wappi", "qr_required", "", "not_authorized down_telegram"),
    ("wappi", "connecting", "", "unknown_word"),
    ("wappi", "unknown", "", "unknown_word_lasts"),
    ("wappi", "unpaid", "", "payment_past"),
    ("umnico", "connected", "", "active"),
    ("umnico", "misconfigured", "", "unknown_word plugin_off gone"),
    ("radist", "unknown", "exists", "exists"),
    ("radist", "misconfigured", "", "gone not_found"),
    ("pact", "connected", "", "authorized phone_online synchronized"),
    ("pact", "phone_offline", "", "phone_offline"),
    ("pact", "opened_elsewhere", "", "unavailable"),
    ("pact", "connecting", "", "trying_resume_work"),
    ("pact", "qr_required", "", "disabled qr_code_new ig_was_set_disabled"),
    ("pact", "unpaid", "", "paywall"),
    ("pact", "unknown", "exists", "nothing_heard"),
    ("pact", "misconfigured", "", "gone"),
    ("edna", "connected", "", "active max_bot_active"),
    ("edna", "misconfigured", "", "inactive gone"),
    ("telegram_bot", "connected", "", "fine old_error polled"),
    ("telegram_bot", "token_revoked", "", "dead_token malformed_token not_found"),
    ("telegram_bot", "misconfigured", "", "logged_out no_webhook failing_receiver still_failing_receiver"),
    ("telegram_bot", "opened_elsewhere", "", "foreign_webhook foreign_webhook_by_config"),
    ("telegram_bot", "connecting", "", "synchronization_error"),
    ("max_bot", "connected", "", "fine own_beside_foreign"),
    ("max_bot", "token_revoked", "", "dead_token_401 dead_token_403"),
    ("max_bot", "misconfigured", "", "no_subscriptions"),
    ("max_bot", "opened_elsewhere", "", "foreign_subscription"),
    ("max_bot", "misconfigured", "tls_ca", "untrusted_authority"),
    ("whatsapp_cloud", "connected", "", "connected waba_active token_forever"),
    ("whatsapp_cloud", "connecting", "", "status_pending status_linked name_pending_review"),
    ("whatsapp_cloud", "misconfigured", "", "status_disconnected status_unlinked status_deleted status_migrated"),
    ("whatsapp_cloud", "misconfigured", "", "status_unverified status_offline on_premise"),
    ("whatsapp_cloud", "restricted", "", "status_flagged status_restricted status_rate_limited status_paused"),
    ("whatsapp_cloud", "restricted", "", "not_verified_business limited blocked_without_code waba_restricted"),
    ("whatsapp_cloud", "connected", "quality_yellow", "quality_yellow"),
    ("whatsapp_cloud", "restricted", "quality_red", "quality_red"),
    ("whatsapp_cloud", "banned", "", "status_banned waba_banned waba_disabled"),
    ("whatsapp_cloud", "unpaid", "", "payment_method"),
    ("whatsapp_cloud", "misconfigured", "warning", "name_declined name_expired sandbox code_expired code_unverified"),
    ("whatsapp_cloud", "misconfigured", "warning", "code_not_verified"),
    ("whatsapp_cloud", "misconfigured", "", "error_10 error_200 error_100"),
    ("whatsapp_cloud", "token_revoked", "", "error_190 error_104 token_invalid"),
    ("waha", "connected", "", "working"),
    ("waha", "connecting", "", "starting"),
    ("waha", "qr_required", "", "scan_qr_code passkey_required passkey_confirmation_required failed"),
    ("waha", "misconfigured", "", "stopped no_session"),
    ("evolution", "connected", "", "open not_listed_open"),
    ("evolution", "connecting", "", "connecting close close_408 close_428 close_503 close_515"),
    ("evolution", "qr_required", "", "connecting_lasts refused close_401 close_411 close_500"),
    ("evolution", "banned", "", "close_403 close_402 close_406"),
    ("evolution", "opened_elsewhere", "", "close_440"),
    ("evolution", "misconfigured", "", "no_state not_found"),
    ("evolution", "restricted", "", "reachout_lock"),
]


@pytest.mark.parametrize(("provider", "state", "reason", "cases"), TABLE, ids=lambda value: str(value)[:40])
def test_a_row_of_the_table_is_recorded_with_its_state(provider: str, state: str, reason: str, cases: str) -> None:
    for case in cases.split():
        means = json.loads((FOLDER / provider / f"{case}.json").read_text(encoding="utf-8"))["means"]
        assert (means["state"], means["reason"]) == (state, reason), case


def test_every_recorded_answer_stands_in_the_table() -> None:
    named = {f"{provider}/{case}" for provider, _, _, cases in TABLE for case in cases.split()}
    assert named == {f"{path.parent.name}/{path.stem}" for path in FOLDER.glob("*/*.json")}
