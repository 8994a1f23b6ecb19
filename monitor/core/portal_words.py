"""The portal's own trouble in words: it does not answer, or it does not let us in."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.assessment import Scene, Texts
from monitor.core.incident import IncidentKind, Words
from monitor.core.memory import PortalMemory
from monitor.core.model import Reason
from monitor.core.wording import Wording
from monitor.core.words import LANGUAGES, coarse, moment, sentence, span_of
from monitor.core.words_en import WORDS_EN
from monitor.core.words_ru import WORDS_RU

_WORDING: Mapping[str, Wording] = {"ru": WORDS_RU, "en": WORDS_EN}

_SUMMARY = {
    "ru": {
        IncidentKind.PORTAL_UNREACHABLE: "Портал {portal} не отвечает",
        IncidentKind.PORTAL_AUTH_FAILED: "Портал {portal} не пускает монитор",
    },
    "en": {
        IncidentKind.PORTAL_UNREACHABLE: "Portal {portal} does not answer",
        IncidentKind.PORTAL_AUTH_FAILED: "Portal {portal} does not let the monitor in",
    },
}
_DENIES_NOW = {
    "ru": "Портал {portal} не отвечал, теперь не пускает монитор",
    "en": "Portal {portal} did not answer and now does not let the monitor in",
}
_DESCRIPTION = {
    "ru": "С {since} (уже {lasted}) опросы не проходят: {reason}. Что сейчас с каналами и ответами, не видно.",
    "en": "Polls have failed since {since} (for {lasted}): {reason}. What happens to channels and "
    "replies cannot be seen.",
}
_ADVICE = {
    "ru": {
        IncidentKind.PORTAL_UNREACHABLE: "открыть портал в браузере; если открывается, проверить сеть сервера, где "
        "работает монитор, если нет, дождаться Битрикс24",
        IncidentKind.PORTAL_AUTH_FAILED: "проверить, что приложение установлено, а сотрудник, от имени которого оно "
        "работает, не отключён; затем выполнить `messenger-monitor auth --portal {portal}`",
    },
    "en": {
        IncidentKind.PORTAL_UNREACHABLE: "open the portal in a browser; if it opens, check the network of the "
        "monitor's server, if not, wait for Bitrix24",
        IncidentKind.PORTAL_AUTH_FAILED: "check that the application is installed and the employee on whose behalf it "
        "works is active; then run `messenger-monitor auth --portal {portal}`",
    },
}
_SCOPES = {"ru": "не хватает прав: {scopes}", "en": "missing permissions: {scopes}"}
_MOVED = {
    "ru": "адрес портала переехал на {host}: записать новый адрес в url этого портала и перечитать настройки",
    "en": "the portal's address has moved to {host}: put the new address into this portal's url and reload",
}
_FAILURE = {"ru": "последняя ошибка: {word}", "en": "last failure: {word}"}
_GOOD = {"ru": "последний удачный опрос: {at}", "en": "last good poll: {at}"}
_NEVER = {"ru": "ещё не было", "en": "none yet"}


def is_denied(memory: PortalMemory) -> bool:
    """The last poll was."""
    return memory.denied > 0 and memory.last_failure is not None and memory.last_failure.reason is Reason.DENIED


def about_portal(kind: IncidentKind, scene: Scene) -> Texts:
    words = {language: _words(kind, scene, language) for language in LANGUAGES}
    return Texts(evidence=_evidence(scene, scene.policy.language), words=words)


def _evidence(scene: Scene, language: str) -> tuple[str, ...]:
    """The vendor's code, never an address with a secret; the portal's public address."""
    memory, zone = scene.state.memory, scene.policy.timezone
    seen = moment(memory.last_success, zone, language) if memory.last_success else _NEVER[language]
    code = memory.last_failure.code if memory.last_failure else ""
    word = f"{failure_words(memory, language)} ({code})" if code else failure_words(memory, language)
    moved = (sentence(_MOVED[language].format(host=host)),) if (host := _moved_to(memory)) else ()
    return (
        *moved,
        sentence(_FAILURE[language].format(word=word)),
        sentence(_GOOD[language].format(at=seen)),
        scene.policy.url,
    )


def _moved_to(memory: PortalMemory) -> str:
    return memory.last_failure.moved_to if memory.last_failure else ""


def failure_words(memory: PortalMemory, language: str) -> str:
    """Of the last failure, without the vendor's code."""
    failure = memory.last_failure
    return _WORDING[language].reasons[failure.reason] if failure else _NEVER[language]


def _words(kind: IncidentKind, scene: Scene, language: str) -> Words:
    memory, wording = scene.state.memory, _WORDING[language]
    since = memory.failing_since or scene.now
    description = _DESCRIPTION[language].format(
        since=moment(since, scene.policy.timezone, language),
        lasted=span_of(coarse(scene.now - since), language),
        reason=failure_words(memory, language),
    )
    denies_now = kind is IncidentKind.PORTAL_UNREACHABLE and is_denied(memory)
    summary = _DENIES_NOW[language] if denies_now else _SUMMARY[language][kind]
    return Words(
        summary=summary.format(portal=scene.policy.portal),
        description=description,
        recommendation=f"{wording.actors['integrator']}: {_advice(kind, scene, language)}. {wording.next_portal}",
    )


def _advice(kind: IncidentKind, scene: Scene, language: str) -> str:
    """By the vendor's code where it says more than that we are denied, with the permissions that we know to lack; a
    command as it is typed."""
    memory = scene.state.memory
    if kind is IncidentKind.PORTAL_UNREACHABLE and (host := _moved_to(memory)):
        return _MOVED[language].format(host=host)
    if kind is IncidentKind.PORTAL_UNREACHABLE and not is_denied(memory):
        return _ADVICE[language][kind]
    code = memory.last_failure.code.lower() if memory.last_failure else ""
    known = [advice for word, advice in _WORDING[language].denials.items() if word in code]
    advice = known[0] if known else _ADVICE[language][IncidentKind.PORTAL_AUTH_FAILED]
    advice = advice.format(portal=scene.policy.portal)
    if "insufficient_scope" not in code or not memory.missing_scopes:
        return advice
    return f"{advice} ({_SCOPES[language].format(scopes=', '.join(memory.missing_scopes))})"
