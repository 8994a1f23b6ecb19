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
_WEBHOOK_MOVED = {
    "ru": "адрес портала переехал на {host}: записать новый адрес в url этого портала и в webhook_url_file, "
    "перечитать настройки",
    "en": "the portal's address has moved to {host}: put the new address into this portal's url and webhook_url_file, "
    "and reload",
}
_SERVER_MOVED = {
    "ru": "сервер авторизации {server} отвечает переадресацией на {host}: проверить прокси сервера, где работает "
    "монитор, и auth.oauth_url этого портала, затем перечитать настройки",
    "en": "the OAuth server {server} answers with a redirect to {host}: check the proxy of the monitor's "
    "server and this portal's auth.oauth_url, then reload",
}
_SERVER_FAILS = {
    "ru": "проверить, доступен ли с сервера монитора сервер авторизации {server} (сеть, прокси, auth.oauth_url этого "
    "портала); если доступен, дождаться Битрикс24",
    "en": "check that the monitor's server reaches the OAuth server {server} (network, proxy, this portal's "
    "auth.oauth_url); if it does, wait for Bitrix24",
}
_SERVER = {"ru": "сервер авторизации {server}, {word}", "en": "the OAuth server {server}, {word}"}
_NEW_WEBHOOK = {"ru": "{advice}, затем перечитать настройки", "en": "{advice}, then reload"}
_TICK = {
    "ru": "отметить недостающие права в настройках вебхука",
    "en": "tick the missing permissions in the webhook's settings",
}
# What the portal says of itself: another webhook would fare no better.
_OF_THE_PORTAL = frozenset({"portal_deleted", "wrong_license", "payment_required", "rest_not_on_plan"})
_REFUSED = "refresh_refused"
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
    moved = _moved(scene, language)
    return (
        *((sentence(moved),) if moved else ()),
        sentence(_FAILURE[language].format(word=_last_failure(memory, language))),
        sentence(_GOOD[language].format(at=seen)),
        scene.policy.url,
    )


def _last_failure(memory: PortalMemory, language: str) -> str:
    """With the vendor's code, and whose it was where it was not the portal's."""
    failure, word = memory.last_failure, failure_words(memory, language)
    if failure is None:
        return word
    word = f"{word} ({failure.code})" if failure.code else word
    return _SERVER[language].format(server=failure.server, word=word) if failure.server else word


def _moved(scene: Scene, language: str) -> str:
    """A redirect of the OAuth server says nothing of where the portal is."""
    failure = scene.state.memory.last_failure
    if failure is None or failure.server or not failure.moved_to:
        return ""
    texts = _WEBHOOK_MOVED if scene.policy.webhook_only else _MOVED
    return texts[language].format(host=failure.moved_to)


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
    memory = scene.state.memory
    if kind is IncidentKind.PORTAL_UNREACHABLE and not is_denied(memory):
        return _of_server(memory, language) or _moved(scene, language) or _ADVICE[language][kind]
    code = memory.last_failure.code.lower() if memory.last_failure else ""
    refused_before_it = "" if code.startswith(_REFUSED) else _of_server(memory, language)  # by a proxy, say
    advice = refused_before_it or _denied(scene, code, language)
    if "insufficient_scope" not in code or not memory.missing_scopes:
        return advice
    return f"{advice} ({_SCOPES[language].format(scopes=', '.join(memory.missing_scopes))})"


def _of_server(memory: PortalMemory, language: str) -> str:
    failure = memory.last_failure
    if failure is None or not failure.server:
        return ""
    texts = _SERVER_MOVED if failure.moved_to else _SERVER_FAILS
    return texts[language].format(server=failure.server, host=failure.moved_to)


def _denied(scene: Scene, code: str, language: str) -> str:
    """By the vendor's code where it says more than that we are denied; a command as it is typed."""
    wording = _WORDING[language]
    why = code.removeprefix(_REFUSED)  # says more than that the refresh was refused
    known = next((word for said in (why, code) for word in wording.denials if word in said), "")
    if scene.policy.webhook_only and known not in _OF_THE_PORTAL:
        is_scope = known == "insufficient_scope"
        return _TICK[language] if is_scope else _NEW_WEBHOOK[language].format(advice=wording.new_webhook)
    advice = wording.denials[known] if known else _ADVICE[language][IncidentKind.PORTAL_AUTH_FAILED]
    return advice.format(portal=scene.policy.portal)
