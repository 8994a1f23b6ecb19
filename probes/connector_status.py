"""Bitrix24's flag of every known channel: configuration state only, necessary and not sufficient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from monitor.core.memory import ChannelMemory
from monitor.core.model import ChannelKey, Failure, Reason
from monitor.core.plugin import Call, PortalProbe, Question, View
from monitor.core.reading import FlagSeen, Reading
from monitor.core.replacing import maker
from probes._asking import asking, gather, total_failure

Answers = tuple[Sequence[Question], Sequence[Any]]

_reading = maker(Reading)


def first(view: View) -> Sequence[Question]:
    """The same questions as long as the channels are the same."""
    return view.recall.once((view.policy.portal, "flags"), view.state.channels, partial(_questions, view))


def _questions(view: View) -> Sequence[Question]:
    return tuple([_question(key) for key in sorted(key for key, one in view.state.channels.items() if not one.gone)])


async def then(call: Call, view: View, questions: Sequence[Question], told: Sequence[Any]) -> Answers:
    del call, view
    return questions, told


def _question(key: ChannelKey) -> Question:
    """LINE is always given: without it the portal answers for line 0."""
    return "imconnector.status", {"CONNECTOR": key.connector, "LINE": key.line}


async def ask_for(call: Call, keys: Iterable[ChannelKey]) -> list[tuple[ChannelKey, Any]]:
    wanted = list(keys)
    return list(zip(wanted, await gather(call, map(_question, wanted)), strict=True))


def read(answers: Answers, view: View, now: datetime) -> Reading:
    questions, told = answers
    failure = total_failure(told)
    if failure is not None:
        return Reading(probe="connector_status", source="bitrix24", at=now, failure=failure, failures=tuple(told))
    seen = view.recall.told_again(
        (view.policy.portal, "flags told"), questions, told, partial(_flags, questions, told, view)
    )
    flags, failures = seen
    return _reading(probe="connector_status", source="bitrix24", at=now, findings=flags, failures=failures)


def _flags(
    questions: Sequence[Question], told: Sequence[Any], view: View
) -> tuple[tuple[FlagSeen, ...], tuple[Failure, ...]]:
    keys = [ChannelKey(params["LINE"], params["CONNECTOR"]) for _, params in questions if params]
    seen = [
        _as_before(view.state.channels.get(key), flag_of(key, view.recall.read(answer)))
        for key, answer in zip(keys, told, strict=True)
    ]
    flags = tuple([one for one in seen if isinstance(one, FlagSeen)])
    return flags, tuple([one for one in seen if isinstance(one, Failure)])


def _as_before(known: ChannelMemory | None, flag: FlagSeen | Failure) -> FlagSeen | Failure:
    """The flag itself that was seen the last time, where the answer says the same words again."""
    return known.flag if known is not None and known.flag is not None and known.flag == flag else flag


def flag_of(key: ChannelKey, answer: Any) -> FlagSeen | Failure:
    """The three booleans as they are; anything else is no flag."""
    if isinstance(answer, Failure):
        return answer
    words = [answer.get(name) for name in ("ERROR", "CONFIGURED", "STATUS")] if isinstance(answer, dict) else []
    flags = [word if type(word) is bool else _truth(word) for word in words]
    if len(flags) != 3 or None in flags:
        return Failure(reason=Reason.MALFORMED, detail="imconnector.status is not three booleans")
    error, configured, status = flags
    return FlagSeen(key=key, error=error is True, configured=configured is True, status=status is True)


def _truth(word: Any) -> bool | None:
    return {"Y": True, "N": False}.get(word) if isinstance(word, str) else None


PROBE = PortalProbe(
    name="connector_status", ask=asking(first, then), read=read, first=first, then=then, application=True
)
PROBES = (PROBE,)
