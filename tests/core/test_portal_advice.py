"""What is advised of a portal that lets nobody in or does not answer: by who said so, and with what word."""

from __future__ import annotations

import pytest
from judgement_parts import World

from monitor.core.incident import IncidentKind
from monitor.core.model import Failure, Reason

ENDS = {
    "ru": "Тревога закроется сама после двух удачных опросов.",
    "en": "The alert closes by itself after two good polls.",
}
AGAIN = (
    "заново авторизовать приложение: `messenger-monitor auth --portal acme`",
    "authorise the application again: `messenger-monitor auth --portal acme`",
)
BY_CODE = {
    "invalid_grant": AGAIN,
    "no_tokens": AGAIN,
    "something_new": AGAIN,
    "invalid_client": (
        "взять client_secret со страницы приложения, записать его в client_secret_file этого портала и перечитать "
        "настройки: сервер авторизации говорит, что нынешний не от этого client_id",
        "take client_secret from the application's page, put it into this portal's client_secret_file and reload: the "
        "OAuth server says that the present one is not this client_id's",
    ),
    "wrong_client": (
        "сверить client_id этого портала со страницей приложения, исправить и перечитать настройки: сервер авторизации "
        "такого не знает; если приложение другое, затем `messenger-monitor auth --portal acme`",
        "compare this portal's client_id with the application's page, correct it and reload: the OAuth server "
        "does not know it; for another application then `messenger-monitor auth --portal acme`",
    ),
    "PAYMENT_REQUIRED": (
        "попросить клиента продлить подписку: приложению отказано из-за оплаты",
        "ask the customer to renew the subscription: the application is refused for payment",
    ),
    "NOT_INSTALLED": (
        "установить приложение заново, затем `messenger-monitor auth --portal acme`",
        "install the application again, then `messenger-monitor auth --portal acme`",
    ),
    "invalid_scope": (
        "исправить права на странице приложения: оно просит то, чего у портала нет; затем "
        "`messenger-monitor auth --portal acme`",
        "correct the permissions on the application's page: it asks for some that the portal does not have; then "
        "`messenger-monitor auth --portal acme`",
    ),
    "insufficient_scope": (
        "добавить приложению недостающие права, затем `messenger-monitor auth --portal acme`",
        "give the application the missing permissions, then `messenger-monitor auth --portal acme`",
    ),
}
NEW_WEBHOOK = (
    "сделать новый входящий вебхук, записать его адрес в webhook_url_file, затем перечитать настройки",
    "make a new incoming webhook and put its address into webhook_url_file, then reload",
)


def advised(world: World) -> tuple[str, ...]:
    words, actors = world.incident().words, {"ru": "Интегратор", "en": "Integrator"}
    told = []
    for language in ("ru", "en"):
        text = words[language].recommendation
        begin, end = f"{actors[language]}: ", f". {ENDS[language]}"
        assert text.startswith(begin)
        assert text.endswith(end)
        told.append(text.removeprefix(begin).removesuffix(end))
    return tuple(told)


@pytest.mark.parametrize("code", BY_CODE)
def test_a_refused_refresh_is_advised_by_the_word_of_the_authorisation_server(code: str) -> None:
    world = World()
    world.fail(Failure(reason=Reason.DENIED, code=f"refresh_refused:{code}"))
    assert advised(world) == BY_CODE[code]


@pytest.mark.parametrize("code", ["INVALID_CREDENTIALS", "ACCESS_DENIED", "authorization_error", "NO_AUTH_FOUND"])
def test_of_a_webhook_that_is_refused_a_new_one_is_advised_since_auth_refuses_it(code: str) -> None:
    world = World(webhook_only=True)
    world.fail(Failure(reason=Reason.DENIED, code=code), times=2)
    assert world.incident().kind is IncidentKind.PORTAL_AUTH_FAILED
    assert advised(world) == NEW_WEBHOOK


@pytest.mark.parametrize("code", ["PORTAL_DELETED", "WRONG_LICENSE", "PAYMENT_REQUIRED"])
def test_what_no_new_webhook_would_mend_is_advised_as_of_an_application(code: str) -> None:
    by_webhook, by_application = World(webhook_only=True), World()
    for world in (by_webhook, by_application):
        world.fail(Failure(reason=Reason.DENIED, code=code), times=2)
    assert advised(by_webhook) == advised(by_application)


def test_of_a_webhook_that_lacks_rights_they_are_ticked_in_its_settings() -> None:
    world = World(webhook_only=True)
    world.fail(Failure(reason=Reason.DENIED, code="insufficient_scope"), times=2)
    assert advised(world) == (
        "отметить недостающие права в настройках вебхука",
        "tick the missing permissions in the webhook's settings",
    )


def test_of_a_webhook_whose_portal_moved_the_new_address_belongs_into_both_keys() -> None:
    world = World(webhook_only=True)
    world.fail(Failure(reason=Reason.REJECTED, code="http_301", moved_to="new.example"), times=3)
    assert advised(world) == (
        "адрес портала переехал на new.example: записать новый адрес в url этого портала и в webhook_url_file, "
        "перечитать настройки",
        "the portal's address has moved to new.example: put the new address into this portal's url and "
        "webhook_url_file, and reload",
    )


def test_a_redirect_of_the_authorisation_server_is_not_told_as_a_portal_that_moved() -> None:
    world = World()
    world.fail(
        Failure(reason=Reason.REJECTED, code="http_302", moved_to="new.example", server="oauth.bitrix.info"), times=3
    )
    assert advised(world) == (
        "сервер авторизации oauth.bitrix.info отвечает переадресацией на new.example: проверить прокси сервера, где "
        "работает монитор, и auth.oauth_url этого портала, затем перечитать настройки",
        "the OAuth server oauth.bitrix.info answers with a redirect to new.example: check the proxy of the "
        "monitor's server and this portal's auth.oauth_url, then reload",
    )
    assert world.incident().evidence == (
        "Последняя ошибка: сервер авторизации oauth.bitrix.info, запрос отклонён (http_302).",
        "Последний удачный опрос: ещё не было.",
        "https://acme.bitrix24.ru",
    )


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.TIMEOUT, Reason.MALFORMED, Reason.REJECTED])
def test_of_an_authorisation_server_that_fails_nobody_is_sent_to_look_at_the_portal(reason: Reason) -> None:
    world = World()
    world.fail(Failure(reason=reason, code="http_502", server="oauth.bitrix.info"), times=3)
    assert advised(world) == (
        "проверить, доступен ли с сервера монитора сервер авторизации oauth.bitrix.info (сеть, прокси, auth.oauth_url "
        "этого портала); если доступен, дождаться Битрикс24",
        "check that the monitor's server reaches the OAuth server oauth.bitrix.info (network, proxy, this "
        "portal's auth.oauth_url); if it does, wait for Bitrix24",
    )
    assert world.incident().evidence[0].startswith("Последняя ошибка: сервер авторизации oauth.bitrix.info, ")


def test_who_is_turned_away_on_the_way_to_the_authorisation_server_looks_at_the_way() -> None:
    world = World()
    world.fail(Failure(reason=Reason.DENIED, code="http_403", server="oauth.bitrix.info"), times=2)
    assert world.incident().kind is IncidentKind.PORTAL_AUTH_FAILED
    assert advised(world)[1].startswith("check that the monitor's server reaches the OAuth server oauth.bitrix.info")
