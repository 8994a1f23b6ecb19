"""Which messenger a connector carries, by its id and title."""

from __future__ import annotations

import pytest

from monitor.core.connectors import is_personal, messenger_of
from monitor.core.model import Messenger

WA, TG, MAX, OTHER = Messenger.WHATSAPP, Messenger.TELEGRAM, Messenger.MAX, Messenger.OTHER


@pytest.mark.parametrize(
    ("connector", "title", "messenger"),
    [
        ("telegrambot", "Telegram", TG),
        ("max", "MAX", MAX),
        ("whatsappbytwilio", "WhatsApp", WA),
        ("whatsappbyedna", "Edna.ru WhatsApp", WA),
        ("notifications", "Битрикс24 СМС и WhatsApp", WA),
        ("livechat", "Онлайн-чат", OTHER),
        ("viber", "Viber", OTHER),
        ("wz_whatsapp_0a1b2c3d", "WAZZUP: WhatsApp", WA),
        ("wz_telegram_0a1b2c3d", "WAZZUP: Telegram", TG),
        ("wz_tgapi_0a1b2c3d", "", TG),
        ("wz_wapi_0a1b2c3d", "", WA),
        ("wz_max_0a1b2c3d", "", MAX),
        ("wz_instagram_0a1b2c3d", "WAZZUP: Instagram", OTHER),
        ("wz0b8f2f0e5a1c", "WAZZUP: WhatsApp", WA),
        ("umnico_whatsapp-12345", "", WA),
        ("umnico_telegram-77", "", TG),
        ("radist_online_whatsapp", "", WA),
        ("olchat_wa_connector_2", "", WA),
        ("olchat_tg_connector", "", TG),
        ("myapp_wa", "My app", WA),
        ("myapp_max", "My app", MAX),
        ("social_connector", "", OTHER),
        ("social_connector", "i2crm: Ватсап", WA),
        ("custom_7", "Телеграм отдела продаж", TG),
        ("custom_8", "Мессенджер МАКС", MAX),
        ("custom_9", "WhatsApp и Telegram", OTHER),
        ("wazzup", "Wazzup", OTHER),
        ("maximum_chat", "Maxima", OTHER),
        ("iwatch", "Software", OTHER),
        ("chatapp", "ChatApp", OTHER),
    ],
)
def test_the_messenger_is_read_from_the_id_and_then_from_the_title(
    connector: str, title: str, messenger: Messenger
) -> None:
    assert messenger_of(connector, title) is messenger


@pytest.mark.parametrize(
    "connector", ["telegrambot", "max", "whatsappbyedna", "TELEGRAMBOT", "umnico_telegrambot-3", "wz_vk_1"]
)
def test_bots_official_accounts_and_social_networks_have_no_phone(connector: str) -> None:
    assert not is_personal(connector)


@pytest.mark.parametrize("connector", ["wz_whatsapp_1", "social_connector", "wazzup", "robot_wa", "custom_7"])
def test_any_other_third_party_connector_is_taken_for_a_personal_account(connector: str) -> None:
    assert is_personal(connector)
