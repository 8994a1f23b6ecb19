"""What the provider probes share: a table of a vendor's words, and readings made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.model import CallFailed, Failure, Messenger, Reason, State
from monitor.core.plugin import Account
from monitor.core.reading import OUR_KEY, SHUT, ProviderSeen, Reading

SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What one word of a vendor means, and what to do about it."""

    state: State
    action_ru: str = ""
    action_en: str = ""
    reason: str = ""


Words = Mapping[str, Meaning]

FINE = Meaning(state=State.CONNECTED)
NEW_KEY = Meaning(
    state=State.TOKEN_REVOKED,
    reason=OUR_KEY,
    action_ru="Выпустить новый API-ключ и обновить его в настройках",
    action_en="Issue a new API key and update the configuration",
)
NOT_KNOWN = Meaning(
    state=State.UNKNOWN,
    action_ru="Посмотреть состояние в кабинете провайдера и сообщить разработчику",
    action_en="Look in the provider's console and report the word",
)


def meaning(words: Words, raw: object) -> Meaning:
    """A vendor's word in any case; one that is not in the table is news."""
    known = {word.lower(): meant for word, meant in words.items()}
    return known.get(str(raw).lower(), NOT_KNOWN)


def seen(
    account: Account,
    subject: str,
    meant: Meaning,
    raw: object,
    *,
    messenger: Messenger | None = None,
    detail: str = "",
    valid_until: datetime | None = None,
    ends: datetime | None = None,
) -> ProviderSeen:
    """One account's state as the provider tells it."""
    return ProviderSeen(
        provider=account.name,
        account=subject,
        state=meant.state,
        raw=str(raw)[:100],
        messenger=messenger,
        reason=meant.reason,
        detail=detail[:200],
        valid_until=valid_until,
        ends=ends,
        action_ru=meant.action_ru,
        action_en=meant.action_en,
    )


def reading(
    account: Account,
    now: datetime,
    findings: Iterable[ProviderSeen] = (),
    *,
    failure: Failure | None = None,
    remember: Mapping[str, object] | None = None,
    news: Iterable[str] = (),
    failures: tuple[Failure, ...] = (),
) -> Reading:
    """A reading of one account; words that the table does not know are its news."""
    found = tuple(findings)
    unknown = {one.raw for one in found if one.state is State.UNKNOWN and not one.reason}
    return Reading(
        probe=account.type,
        source=account.type,
        at=now,
        findings=found,
        failure=failure,
        failures=failures,
        news=tuple(sorted({*unknown, *news})),
        remember=remember,
    )


def subjects(account: Account, own: str = "") -> tuple[str, ...]:
    """The accounts that channels are bound to; an account of one channel answers by its own name."""
    return account.accounts or (own or account.name,)


def revoked(account: Account, now: datetime, own: str = "", meant: Meaning = NEW_KEY, raw: object = "401") -> Reading:
    """401 or 403: the key is dead for every channel of the account."""
    return reading(account, now, [seen(account, one, meant, raw) for one in subjects(account, own)])


def is_refusal(status: int, body: Any) -> bool:
    """The API itself says that the key is dead. A 403 in other words than its JSON is of something on the way."""
    return status == 401 or (status == 403 and isinstance(body, dict))


def malformed(account: Account, now: datetime, detail: str) -> Reading:
    return reading(account, now, failure=Failure(reason=Reason.MALFORMED, detail=detail))


# Which side mends what, by the failure of a certificate that cannot be verified (providers.md 0).
_CERTIFICATES = {
    "tls_ca": (
        "Указать в ca_file корневой сертификат, которым подписан этот хост",
        "Name the authority of this host's certificate in ca_file",
    ),
    "tls_expired": (
        "Сертификат хоста не действует по дате: проверить часы этой машины, затем ждать продления у владельца",
        "The host's certificate is out of date: look at this machine's clock, then wait for its owner to renew it",
    ),
    "tls_host": (
        "Показан сертификат другого хоста: проверить url и прокси по пути",
        "The certificate shown is another host's: look at the url, and at proxies on the way",
    ),
}
_AUTHORITIES = {
    "max_bot": (
        "Добавить корневой сертификат Минцифры для этого хоста (ca_file)",
        "Add the Russian Trusted Root CA for this host (ca_file)",
    )
}


def untrusted(account: Account, now: datetime, failure: Failure) -> Reading | None:
    """A certificate that cannot be verified is no silence of the vendor's: somebody has to act before anything is seen
    again. None where the failure is another one."""
    if failure.code not in _CERTIFICATES:
        return None
    authority = _AUTHORITIES.get(account.type) if failure.code == "tls_ca" else None
    action_ru, action_en = authority or _CERTIFICATES[failure.code]
    meant = Meaning(state=State.MISCONFIGURED, reason=SHUT, action_ru=action_ru, action_en=action_en)
    found = [seen(account, one, meant, failure.code) for one in subjects(account)]
    return reading(account, now, found, failures=(failure,))


def baseline(account: Account, own: str) -> str:
    """The host that has to receive a bot's updates: by the setting, else the first that was ever seen; "" = none yet.

    Another bot under the same entry has a host of its own."""
    wished, memory = account.settings.get("webhook_host", "").lower(), account.memory
    known = "" if own and memory.get("bot") and memory["bot"] != own else text(memory.get("host"))
    return wished or known


def missing(account: Account, found: Iterable[ProviderSeen], meant: Meaning, raw: str) -> list[ProviderSeen]:
    """The bound accounts that the provider's list does not name."""
    named = {one.account for one in found}
    return [seen(account, one, meant, raw) for one in account.accounts if one not in named]


def rejected(account: Account, now: datetime, status: int) -> Reading:
    return reading(account, now, failure=refusal(status))


def refusal(status: int) -> Failure:
    """A status that says nothing of the channels: a firewall or a proxy forbids, or our question is wrong."""
    if status == 403:
        return Failure(reason=Reason.UNREACHABLE, code="http_403", detail="something on the way to the API forbids it")
    if status == 429 or status >= 500:  # told inside a 200: else it is no answer at all
        return Failure(reason=Reason.THROTTLED if status == 429 else Reason.UNREACHABLE, code=f"http_{status}")
    return Failure(reason=Reason.REJECTED, code=f"http_{status}")


def taken(status: int, told: bool) -> None:
    """A vendor's answer to a message of ours; CallFailed where it was not taken."""
    if status in {401, 403}:
        raise CallFailed(Failure(reason=Reason.DENIED, code=f"http_{status}"))
    if status not in {200, 201} or not told:
        raise CallFailed(Failure(reason=Reason.REJECTED, code=f"http_{status}"))


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


_PLAUSIBLE = range(2000, 2200)  # years; others are a vendor's "none", "never" or a number that is no date


def moment(value: Any) -> datetime | None:
    """A date in seconds, milliseconds or words, parsed leniently; None of one that nobody can mean."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 15 and len(value) != 8:
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if value >= 2**34 else value
        at = datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 2**34 else None
    else:
        at = _written(value)
    return at if at is not None and at.year in _PLAUSIBLE else None


def _written(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def expiring(meant: Meaning, valid_until: datetime | None, now: datetime, what_ru: str, what_en: str) -> Meaning:
    """A channel that works, until its paid term or its token ends within a week."""
    if meant.state is not State.CONNECTED or not is_soon(valid_until, now):
        return meant
    return Meaning(state=State.CONNECTED, reason="expiring", action_ru=what_ru, action_en=what_en)


def is_soon(valid_until: datetime | None, now: datetime) -> bool:
    return valid_until is not None and now <= valid_until <= now + SOON
