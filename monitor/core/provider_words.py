"""Providers as people call them, and whose console a channel is to be looked for in."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.assessment import Scene
from monitor.core.binding import guess_of
from monitor.core.model import Channel

NAMES: Mapping[str, str] = {
    "wazzup": "Wazzup",
    "green_api": "GREEN-API",
    "telegram_bot": "Telegram",
    "max_bot": "MAX",
    "whatsapp_cloud": "WhatsApp Cloud API",
    "chatapp": "ChatApp",
    "wappi": "Wappi",
    "umnico": "Umnico",
    "edna": "edna",
    "pact": "Pact",
    "radist": "Radist",
    "waha": "WAHA",
    "evolution": "Evolution API",
}
_CONSOLE = {
    "ru": ("кабинет провайдера", "кабинете провайдера"),
    "en": ("the provider's console",),
}
_LIKELY = {"ru": "похоже, {name}", "en": "probably {name}"}


def with_provider(text: str, channel: Channel, scene: Scene, language: str) -> str:
    """A text that sends to the provider's console says whose that is, where it is known or can be guessed."""
    name = _provider(channel, scene, language)
    for words in _CONSOLE[language] if name else ():
        text = text.replace(words, f"{words} ({name})")
    return text


def _provider(channel: Channel, scene: Scene, language: str) -> str:
    if channel.provider is not None:
        type_ = scene.policy.provider_types.get(channel.provider, channel.provider)
        return NAMES.get(type_, type_)
    line = scene.state.lines.get(channel.line)
    title = scene.state.connectors.get(channel.connector, "")
    guess = guess_of(channel.connector, title, line.name if line else "")
    return _LIKELY[language].format(name=NAMES.get(guess.type, guess.type)) if guess else ""
