"""What the provider probes share: a table of a vendor's words, and readings made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.model import CallFailed, Failure, Messenger, Reason, State
from monitor.core.plugin import Account
from monitor.core.reading import ProviderSeen, Reading

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


def malformed(account: Account, now: datetime, detail: str) -> Reading:
    return reading(account, now, failure=Failure(reason=Reason.MALFORMED, detail=detail))


def missing(account: Account, found: Iterable[ProviderSeen], meant: Meaning, raw: str) -> list[ProviderSeen]:
    """The bound accounts that the provider's list does not name."""
    named = {one.account for one in found}
    return [seen(account, one, meant, raw) for one in account.accounts if one not in named]


def rejected(account: Account, now: datetime, status: int) -> Reading:
    return reading(account, now, failure=Failure(reason=Reason.REJECTED, code=f"http_{status}"))


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


def moment(value: Any) -> datetime | None:
    """A date in seconds, milliseconds or words, parsed leniently."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 15:
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if value >= 2**34 else value
        return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < 2**34 else None
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
