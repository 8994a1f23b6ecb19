"""Why the guarantee covers an incident or does not, for people."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.core.cover import Cover
from monitor.core.incident import Incident

COVER_WORDS: Mapping[str, Mapping[Cover, str]] = {
    "ru": {
        Cover.COVERED: "входит в гарантию",
        Cover.NUMBER_BANNED: "не входит в гарантию: номер заблокировал или ограничил сам мессенджер",
        Cover.LICENCE_ELSEWHERE: "не входит в гарантию: лицензию клиент оплачивает сам",
        Cover.PHONE_GONE: "не входит в гарантию: телефон остался у уволенного сотрудника",
        Cover.PEOPLE: "не входит в гарантию: сотрудникам напоминают, а отвечают они сами",
        Cover.PORTAL_LICENCE: "не входит в гарантию: тариф Битрикс24 клиент оплачивает сам",
        Cover.PORTAL_SHUT: "не входит в гарантию, пока причина не ясна: так отвечает портал, где REST закрыт тарифом или "
        "у приложения отобрали права",
        Cover.NOT_COVERED: "не входит в гарантию",
        Cover.OTHER_OPTION: "не входит в гарантию: она куплена на другую опцию",
        Cover.NOT_IN_FORCE: "не входит в гарантию: сейчас она не действует",
        Cover.NO_GUARANTEE: "гарантии на этот портал нет",
    },
    "en": {
        Cover.COVERED: "covered by the guarantee",
        Cover.NUMBER_BANNED: "not covered by the guarantee: the messenger itself banned or restricted the number",
        Cover.LICENCE_ELSEWHERE: "not covered by the guarantee: the customer pays this licence himself",
        Cover.PHONE_GONE: "not covered by the guarantee: the phone stayed with a dismissed employee",
        Cover.PEOPLE: "not covered by the guarantee: people are reminded, to answer is up to them",
        Cover.PORTAL_LICENCE: "not covered by the guarantee: the customer pays the Bitrix24 plan himself",
        Cover.PORTAL_SHUT: "not covered by the guarantee as long as the cause is not known: a portal answers so whose "
        "plan has no REST or that took the application's permissions away",
        Cover.NOT_COVERED: "not covered by the guarantee",
        Cover.OTHER_OPTION: "not covered by the guarantee: it was bought for another option",
        Cover.NOT_IN_FORCE: "not covered by the guarantee: it is not in force now",
        Cover.NO_GUARANTEE: "this portal has no guarantee",
    },
}


def why_covered(one: Incident, language: str) -> str:
    """By the table of what is covered; of an incident kept before there was one, the plain word."""
    known = Cover(one.cover) if one.cover in tuple(Cover) else None
    return COVER_WORDS[language][known or (Cover.COVERED if one.guaranteed else Cover.NOT_COVERED)]
