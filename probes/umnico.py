"""Umnico: every integration of the account, and whether its own Bitrix24 plug-in is on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from monitor.core.model import Messenger, State
from monitor.core.plugin import Account, Get, ProviderProbe
from monitor.core.reading import ProviderSeen, Reading
from probes._beside import KEPT, Answer, Beside, Facts, beside
from probes._words import FINE, Meaning, is_refusal, malformed, missing, reading, rejected, revoked, rows, seen, text

RECONNECT = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Переподключить интеграцию в Umnico",
    action_en="Reconnect the integration in Umnico",
)
PLUGIN = Meaning(
    state=State.MISCONFIGURED, action_ru="Включить плагин Битрикс24", action_en="Enable the Bitrix24 plug-in"
)
GONE = Meaning(
    state=State.MISCONFIGURED,
    action_ru="Интеграции нет в аккаунте Umnico: проверить её номер в настройках",
    action_en="The Umnico account has no such integration: check its number in the configuration",
)
_MESSENGERS = {"whatsapp": Messenger.WHATSAPP, "telegram": Messenger.TELEGRAM, "max": Messenger.MAX}
Answers = tuple[tuple[int, Any], Answer]


async def ask(get: Get, account: Account) -> Answers:
    """Some accounts take the token without the word `bearer`: tried once after a 401."""
    token = account.secrets["token"]
    headers = {"Authorization": f"bearer {token}"}
    integrations = await get("/v1.3/integrations", headers=headers)
    if integrations[0] == 401:
        headers = {"Authorization": token}
        integrations = await get("/v1.3/integrations", headers=headers)
    if integrations[0] != 200:
        return integrations, None
    return integrations, await beside(get("/v1.3/plugins", headers=headers))


def read(answers: Answers, account: Account, now: datetime) -> Reading:
    (status, body), plugins = answers
    if is_refusal(status, body):
        return revoked(account, now, raw=status)
    if status != 200:
        return rejected(account, now, status)
    if not isinstance(body, list):
        return malformed(account, now, "the list of integrations is no list")
    aside = Beside(account)
    off = aside.facts("plugins", plugins, _plugin_word, granted=False).get("bitrix", "")
    found = [_integration(account, row, off) for row in rows(body) if text(row.get("id"))]
    words = {text(row.get("status")) for row in rows(body)}
    news = sorted(word for word in words if word.lower() != "active")
    told = [*found, *missing(account, found, GONE, "not in the list")]
    return reading(account, now, told, news=news, remember=aside.remembered(), failures=tuple(aside.failures))


def _plugin_word(body: Any) -> Facts | None:
    """The word of a Bitrix24 plug-in that is off; none where it is on or not installed."""
    if not isinstance(body, list):
        return None
    ours = [text(row.get("status")) for row in rows(body) if text(row.get("type")).lower().startswith("bitrix")]
    return {} if not ours or "1" in ours else {"bitrix": ours[0][:40] or "none"}


def _integration(account: Account, row: dict[str, Any], off: str) -> ProviderSeen:
    raw, kind = text(row.get("status")), text(row.get("type")).lower()
    meant = FINE if raw.lower() == "active" else RECONNECT
    if off and meant is FINE:
        meant, raw = PLUGIN, f"plugin bitrix: {off}"
    messenger = next((one for word, one in _MESSENGERS.items() if word in kind), Messenger.OTHER)
    return seen(account, text(row["id"]), meant, raw, messenger=messenger)


PROBE = ProviderProbe(
    type="umnico",
    default_url="https://api.umnico.com",
    required=("token",),
    ask=ask,
    read=read,
    keeps=(KEPT,),
)
