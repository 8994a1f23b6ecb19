"""Bitrix24's flag of every known channel: configuration state only, necessary and not sufficient."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from monitor.core.model import ChannelKey, Failure, Reason
from monitor.core.plugin import Call, PortalProbe, View
from monitor.core.reading import FlagSeen, Reading
from probes._asking import gather, total_failure

Answers = list[tuple[ChannelKey, Any]]


async def ask(call: Call, view: View) -> Answers:
    keys = sorted(key for key, memory in view.state.channels.items() if not memory.gone)
    return await ask_for(call, keys)


async def ask_for(call: Call, keys: Iterable[ChannelKey]) -> Answers:
    """LINE is always given: without it the portal answers for line 0."""
    wanted = list(keys)
    questions = [("imconnector.status", {"CONNECTOR": key.connector, "LINE": key.line}) for key in wanted]
    return list(zip(wanted, await gather(call, questions), strict=True))


def read(answers: Answers, view: View, now: datetime) -> Reading:
    del view
    failure = total_failure(answer for _, answer in answers)
    if failure is not None:
        return Reading(probe="connector_status", source="bitrix24", at=now, failure=failure)
    seen = [flag_of(key, answer) for key, answer in answers]
    return Reading(
        probe="connector_status",
        source="bitrix24",
        at=now,
        findings=tuple(one for one in seen if isinstance(one, FlagSeen)),
        failures=tuple(one for one in seen if isinstance(one, Failure)),
    )


def flag_of(key: ChannelKey, answer: Any) -> FlagSeen | Failure:
    """The three booleans as they are; anything else is no flag."""
    if isinstance(answer, Failure):
        return answer
    words = [answer.get(name) for name in ("ERROR", "CONFIGURED", "STATUS")] if isinstance(answer, dict) else []
    flags = [word if type(word) is bool else _truth(word) for word in words]
    if len(flags) != 3 or None in flags:
        return Failure(reason=Reason.MALFORMED, detail="imconnector.status is not three booleans")
    return _flag(key, *flags)


@lru_cache(maxsize=4096)  # thousands of channels say the same at every poll
def _flag(key: ChannelKey, error: bool, configured: bool, status: bool) -> FlagSeen:
    return FlagSeen(key=key, error=error, configured=configured, status=status)


def _truth(word: Any) -> bool | None:
    return {"Y": True, "N": False}.get(word) if isinstance(word, str) else None


PROBE = PortalProbe(name="connector_status", ask=ask, read=read, application=True)
PROBES = (PROBE,)
