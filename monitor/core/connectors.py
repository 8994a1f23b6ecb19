"""What a connector's id and title tell: which messenger it carries, and whether a phone stands behind it."""

from __future__ import annotations

import re

from monitor.core.model import Messenger

# Connectors that Bitrix24 ships (bitrix24-api.md 5): bots and official accounts, never a phone with a QR code.
# `wazzup` is shipped too, yet hides personal accounts behind its one id.
BUILT_IN: dict[str, Messenger] = {
    "livechat": Messenger.OTHER,
    "whatsappbytwilio": Messenger.WHATSAPP,
    "avito": Messenger.OTHER,
    "viber": Messenger.OTHER,
    "telegrambot": Messenger.TELEGRAM,
    "imessage": Messenger.OTHER,
    "wechat": Messenger.OTHER,
    "vkgroup": Messenger.OTHER,
    "ok": Messenger.OTHER,
    "olx": Messenger.OTHER,
    "facebook": Messenger.OTHER,
    "facebookcomments": Messenger.OTHER,
    "fbinstagramdirect": Messenger.OTHER,
    "fbinstagram": Messenger.OTHER,
    "network": Messenger.OTHER,
    "notifications": Messenger.WHATSAPP,
    "whatsappbyedna": Messenger.WHATSAPP,
    "max": Messenger.MAX,
}

# Words inside third-party ids that say bot, official account or social network: no phone, no QR code.
_IMPERSONAL = re.compile(r"(?:^|[^a-z])(?:instagram|vk|avito|facebook|waba|wapi|bot|telegrambot|maxbot)(?:[^a-z]|$)")

_SPOKEN: tuple[tuple[Messenger, re.Pattern[str]], ...] = (
    (Messenger.WHATSAPP, re.compile(r"what'?s ?app|ватсап|вотсап|waba|(?:^|[^a-z])(?:wa|wapi)(?:[^a-z]|$)")),
    (Messenger.TELEGRAM, re.compile(r"telegram|телеграм|(?:^|[^a-z])(?:tg|tgapi)(?:[^a-z]|$)")),
    (Messenger.MAX, re.compile(r"(?:^|[^a-zа-яё])(?:max|макс|maxbot)(?:[^a-zа-яё]|$)")),
)


MOST_OF_AN_ID = 100  # characters; the portal's own column holds fifty


def connector_id(told: object) -> str:
    """An id in small letters, as it is compared and kept; "" for what cannot be one: it names no channel."""
    name = told.lower() if isinstance(told, str) else ""
    return name if len(name) <= MOST_OF_AN_ID and name.isprintable() else ""


def messenger_of(connector: str, title: str) -> Messenger:
    """By the id, then by the title; a text that names several messengers tells nothing."""
    built_in = BUILT_IN.get(connector.lower())
    if built_in is not None:
        return built_in
    return _named(connector.lower()) or _named(title.lower()) or Messenger.OTHER


def is_personal(connector: str) -> bool:
    """Whether a personal account stands behind the connector: a phone that may have to show its QR code again."""
    name = connector.lower()
    return name not in BUILT_IN and not _IMPERSONAL.search(name)


def confirms(connector: str) -> bool:
    """Whether Bitrix24's own connector server confirms what is given to it to send; `livechat` needs none, of a
    third-party connector it has to be learnt (bitrix24-api.md 5)."""
    name = connector.lower()
    return name == "wazzup" or (name in BUILT_IN and name != "livechat")


def _named(text: str) -> Messenger | None:
    named = [messenger for messenger, pattern in _SPOKEN if pattern.search(text)]
    return named[0] if len(named) == 1 else None
