"""The whole way of an alert: portal, daemon, the delivered Alertmanager configuration, a message in Telegram."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from e2e_parts import eventually, get, post_json
from e2e_stage import Stage

from tests.alerting.alerting_parts import alertmanager, bot_server, filled_in

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("e2e")]

WHATSAPP = "wz_whatsapp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"
FAST = {"poll": "1s", "settle": "2s", "targets": {"first": "4s", "next": "4s"}}


def test_a_lost_qr_code_is_told_in_telegram_with_a_runbook_that_opens_and_its_end_too(
    stage: Stage, tmp_path: Path
) -> None:
    stage.sandbox()
    tree = filled_in()
    (tmp_path / "told").mkdir()
    with bot_server() as (bot, sent):
        tree["global"] = {"smtp_smarthost": "127.0.0.1:9", "smtp_from": "monitor@example.org"}
        receivers = {one["name"]: one for one in tree["receivers"]}
        receivers["integrator"]["telegram_configs"][0].update(api_url=bot, bot_token="1:x")
        with alertmanager(tmp_path / "told", tree) as url:
            stage.daemon(stage.config(alertmanager={"url": url}, defaults=FAST))
            control = f"{stage.portal['url']}/_control/set_error"
            eventually(lambda: "messenger_channel_up{" in get(f"http://127.0.0.1:{stage.web}/metrics"), within=20)
            post_json(control, {"connector": WHATSAPP, "line": 1})
            eventually(lambda: sent, within=30)
            text = sent[0]["text"]
            post_json(control, {"connector": WHATSAPP, "line": 1, "error": False})
            eventually(lambda: len(sent) > 1, within=40)
            assert text.startswith(
                "🔴 WhatsApp (WAZZUP: WhatsApp) на линии «Линия 1»: похоже, нужно заново отсканировать QR-код\n"
            ), text
            assert "Что делать: Интегратор:" in text
            assert "\nГарантии на этот портал нет.\n" in text
            links = dict(re.findall(r"^(Подробнее|Инструкция): (http://127\.0\.0\.1:\d+\S+)$", text, re.MULTILINE))
            assert "похоже, нужно заново отсканировать QR-код" in get(links["Подробнее"])
            assert "<h1>Нужно заново отсканировать QR-код</h1>" in get(links["Инструкция"])
            assert sent[1]["text"].startswith(
                "✅ WhatsApp (WAZZUP: WhatsApp) на линии «Линия 1»: похоже, нужно заново отсканировать QR-код\n"
            )
