"""Questions that are asked beside the main one: what they said last holds while they fail, over a restart too.

The main question alone tells whether a poll was answered. That its neighbour is silent undoes nothing the neighbour has
said, such as a licence that is not paid ("Decided", 4); that it is, is a failure of its own among those of the poll.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.core.model import CallFailed, Failure, Reason
from monitor.core.plugin import Account
from probes._words import is_refusal, refusal

KEPT = "beside"  # the key under which a probe keeps it: among its `keeps`
Told = tuple[int, Any]
Answer = Told | Failure | None  # None = it was not asked
Facts = dict[str, str]
_NO_RIGHT = frozenset({401, 403, 404, 405})


async def beside(asked: Awaitable[Told]) -> Told | Failure:
    """What is only told beside the main answer must not cost us that."""
    try:
        return await asked
    except CallFailed as error:
        return error.failure


@dataclass(slots=True)
class Beside:
    """What the questions beside the main one say: now, or last where they failed. What is not asked any more is
    forgotten."""

    account: Account
    failures: list[Failure] = field(default_factory=list)
    kept: list[list[Any]] = field(default_factory=list)  # a list, since of a map only the bound accounts are kept

    def facts(
        self,
        name: str,
        answer: Answer,
        pick: Callable[[Any], Facts | Failure | None],
        *,
        of: str = "",
        granted: bool = True,
    ) -> Facts:
        """`pick` takes out of a body what is to be remembered, and no secret; None = it is not what was asked for.
        `of`: what the facts are about: those of another instance or token are none. `granted` False = nobody has set
        this question up, so an account that was never answered simply may not ask it."""
        if answer is None:
            return {}
        known, told = self._known(name, of), _picked(answer, pick)
        if isinstance(told, Failure):
            if granted or known is not None or not _is_of_rights(answer):
                self.failures.append(replace(told, detail=": ".join(filter(None, (name, told.detail)))))
            if known is None:
                return {}
            told = known
        self.kept.append([name, of, told])
        return told

    def remembered(self) -> dict[str, object]:
        return {KEPT: self.kept}

    def _known(self, name: str, of: str) -> Facts | None:
        kept = self.account.memory.get(KEPT)
        rows = [row for row in kept if isinstance(row, list) and len(row) == 3] if isinstance(kept, list) else []
        return next((row[2] for row in rows if row[:2] == [name, of] and isinstance(row[2], dict)), None)


def _picked(answer: Told | Failure, pick: Callable[[Any], Facts | Failure | None]) -> Facts | Failure:
    if isinstance(answer, Failure):
        return answer
    status, body = answer
    if is_refusal(status, body):
        return Failure(reason=Reason.DENIED, code=f"http_{status}")
    if status != 200:
        return refusal(status)
    told = pick(body)
    return Failure(reason=Reason.MALFORMED, detail="the answer is not as expected") if told is None else told


def _is_of_rights(answer: Told | Failure) -> bool:
    """The API's own refusal, or that it has no such method; a firewall's page is another matter."""
    return not isinstance(answer, Failure) and answer[0] in _NO_RIGHT and (answer[0] != 403 or is_refusal(*answer))
