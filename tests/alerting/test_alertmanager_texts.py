"""What arrives in Telegram and by mail, word for word, from the delivered templates by Debian's Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import yaml
from alerting_parts import alert, alertmanager, bot_server, filled_in, mail_server, post

from tests.e2e.e2e_parts import eventually

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("alerting")]

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules" / "messenger-monitor.yml"
CHANNEL = {"portal": "acme", "line": "1", "connector": "wz_whatsapp_0a1b", "messenger": "whatsapp"}
QR = {
    "summary": "WhatsApp на линии «Продажи»: нужно заново отсканировать QR-код",
    "description": "С 12:30 (уже 20 минут) сообщения не доходят.",
    "evidence": "Wazzup: qridle, 12:30\nБитрикс24: ERROR=true, 12:31",
    "recommendation": "Интегратор: отсканировать QR-код в кабинете Wazzup. Тревога закроется сама.",
    "runbook": "http://127.0.0.1:9460/runbooks/qr_rescan_required",
    "covered_why": "Не входит в гарантию: телефон остался у уволенного сотрудника.",
}


@dataclass
class Office:
    url: str
    telegram: list[dict[str, Any]]
    mail: list[EmailMessage]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with bot_server() as (bot, telegram), mail_server() as (smtp, mail):
        tree = filled_in()
        tree["global"] = {"smtp_smarthost": smtp, "smtp_from": "monitor@example.org", "smtp_require_tls": False}
        receivers = {one["name"]: one for one in tree["receivers"]}
        receivers["integrator"]["telegram_configs"][0].update(api_url=bot, bot_token="1:x")
        receivers["dead-mans-switch"]["webhook_configs"] = []
        with alertmanager(tmp_path, tree) as url:
            yield Office(url=url, telegram=telegram, mail=mail)


def qr(**more: Any) -> dict[str, Any]:
    told = alert("QrRescanRequired", severity="critical", audience="integrator", guaranteed="yes", **CHANNEL, **more)
    return told | {"annotations": QR}


def test_a_lost_qr_code_and_its_end_in_telegram(office: Office) -> None:
    post(office.url, [qr()])
    eventually(lambda: len(office.telegram) == 1, within=20)
    assert office.telegram[0]["text"] == (
        "🔴 WhatsApp на линии «Продажи»: нужно заново отсканировать QR-код\n"
        "С 12:30 (уже 20 минут) сообщения не доходят.\n"
        "\n"
        "Wazzup: qridle, 12:30\n"
        "Битрикс24: ERROR=true, 12:31\n"
        "\n"
        "Что делать: Интегратор: отсканировать QR-код в кабинете Wazzup. Тревога закроется сама.\n"
        "Не входит в гарантию: телефон остался у уволенного сотрудника.\n"
        "Подробнее: http://127.0.0.1:9460/incidents/7f3a\n"
        "Инструкция: http://127.0.0.1:9460/runbooks/qr_rescan_required\n"
    )
    post(office.url, [qr(over=True)])
    eventually(lambda: len(office.telegram) == 2, within=20)
    assert office.telegram[1]["text"] == (
        "✅ WhatsApp на линии «Продажи»: нужно заново отсканировать QR-код\n"
        "Закончилось. Когда и сколько длилось: http://127.0.0.1:9460/incidents/7f3a\n"
    )


def test_a_rule_of_prometheus_speaks_russian_too(office: Office) -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    down = next(rule for rule in rules if rule["alert"] == "MessengerMonitorDown")
    post(office.url, [alert("MessengerMonitorDown", **down["labels"]) | {"annotations": down["annotations"]}])
    eventually(lambda: office.telegram, within=20)
    assert office.telegram[0]["text"] == (
        "🔴 Монитор мессенджеров не отвечает\n"
        "Prometheus не может достать его уже 3 минуты. Пока это так, ни каналы, ни ответы не наблюдаются.\n"
        "\n"
        "Что делать: Посмотреть журнал: journalctl -u messenger-monitor или docker compose logs monitor.\n"
        "С 02.03.2026 09:30 UTC\n"
        "Инструкция: http://127.0.0.1:9460/runbooks/MessengerMonitorDown\n"
    )


def test_a_warning_comes_by_mail_as_text_and_as_a_page_that_no_text_can_break(office: Office) -> None:
    told = alert("ChannelSilent", severity="warning", audience="integrator", guaranteed="no", **CHANNEL)
    words = {"summary": "Канал <b>молчит</b>", "description": "", "evidence": "a < b", "recommendation": "Написать."}
    post(office.url, [told | {"annotations": words | {"runbook": QR["runbook"]}}])
    eventually(lambda: office.mail, within=20)
    (letter,) = office.mail
    assert letter["Subject"] == "🟡 Внимание, портал acme: Канал <b>молчит</b>"
    assert (letter["From"], letter["To"]) == ("monitor@example.org", "duty@example.org")
    parts = {part.get_content_type(): part.get_content() for part in letter.iter_parts()}
    assert parts["text/plain"].replace("\r\n", "\n").strip() == (
        "🟡 Канал <b>молчит</b>\n"
        "\n"
        "a < b\n"
        "\n"
        "Что делать: Написать.\n"
        "По гарантии: нет.\n"
        "Подробнее: http://127.0.0.1:9460/incidents/7f3a\n"
        "Инструкция: http://127.0.0.1:9460/runbooks/qr_rescan_required"
    )
    page = parts["text/html"]
    assert "<h3 style=\"margin:0\">Канал &lt;b&gt;молчит&lt;/b&gt;</h3>" in page  # fmt: skip
    assert "a &lt; b</pre>" in page
    assert '<a href="http://127.0.0.1:9460/incidents/7f3a">Подробнее</a>' in page
    assert "<b>Что делать:</b> Написать." in page


def test_several_in_one_message_are_counted_in_the_subject_and_cut_at_ten(office: Office) -> None:
    many = []
    for line in range(12):
        one = alert("ChannelDegraded", severity="warning", audience="integrator", guaranteed="no", portal="acme",
                    line=str(line), connector="max")  # fmt: skip
        many.append(one | {"annotations": {"summary": f"Линия {line}", "evidence": "x"}})
    post(office.url, many)
    subject = "🟡 Внимание, портал acme: открыто 12"  # under load a first message may go out before all have come in
    letter = eventually(lambda: next((one for one in office.mail if one["Subject"] == subject), None), within=20)
    text = next(part.get_content() for part in letter.iter_parts() if part.get_content_type() == "text/plain")
    assert text.count("🟡 Линия") == 10
    assert "Показаны первые 10 из 12." in text
