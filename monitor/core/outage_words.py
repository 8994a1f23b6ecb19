"""A provider's outage in words: whose, since when, how many, and that nothing is to be repaired here."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.assessment import Scene, Texts
from monitor.core.channel_words import channel_evidence
from monitor.core.incident import Words
from monitor.core.memory import ChannelMemory
from monitor.core.provider_words import NAMES
from monitor.core.shared_cause import Outage
from monitor.core.words import LANGUAGES, moment

_SUMMARY = {"ru": "Сбой у провайдера {name}", "en": "An outage of {name}"}
_DESCRIPTION = {
    "ru": "С {since} отказали каналы {name} сразу у нескольких компаний: причина у провайдера, а не в телефоне и не в "
    "портале. Сообщения клиентов могут не доходить.",
    "en": "Since {since} channels of {name} have failed at several companies at once: the cause is with the provider, not "
    "with the phone or the portal. Customers' messages may not arrive.",
}
_ADVICE = {
    "ru": "Интегратор: посмотреть, что пишет {name} о сбое, и спросить его поддержку; QR-код не пересканировать. Тревога "
    "закончится сама, когда каналы заработают.",
    "en": "Integrator: look what {name} says about it and ask its support; do not rescan the QR code. The alert ends by "
    "itself when the channels work again.",
}
_CHANNEL = {"ru": "{portal}, линия {line}, {connector}", "en": "{portal}, line {line}, {connector}"}


def about_outage(outage: Outage, ill: Mapping[str, ChannelMemory], scene: Scene) -> Texts:
    """The evidence is of this portal's channels alone: others' names are not its business."""
    language = scene.policy.language
    evidence = [row for memory in ill.values() for row in _evidence(memory, scene, language)]
    return Texts(evidence=tuple(evidence), words={one: _words(outage, scene, one) for one in LANGUAGES})


def _evidence(memory: ChannelMemory, scene: Scene, language: str) -> tuple[str, ...]:
    key = memory.channel.key
    place = _CHANNEL[language].format(portal=scene.policy.portal, line=key.line, connector=key.connector)
    return tuple(f"{place}: {row}" for row in channel_evidence(memory, scene, language))


def _words(outage: Outage, scene: Scene, language: str) -> Words:
    name = NAMES.get(outage.provider, outage.provider)
    since = moment(outage.since, scene.policy.timezone, language)
    return Words(
        summary=_SUMMARY[language].format(name=name),
        description=_DESCRIPTION[language].format(name=name, since=since),
        recommendation=_ADVICE[language].format(name=name),
    )
