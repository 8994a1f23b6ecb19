"""Many questions side by side: each answer or its failure, none cancelling the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from monitor.core.model import CallFailed, Failure
from monitor.core.plugin import Answers, Call, Params, Question, Several, Then, View


async def gather(call: Call, questions: Iterable[Question], *, unread: bool = False) -> list[Any]:
    """Answers in the order of the questions; a Failure stands where one was not answered.

    `unread`: rows of a large answer may be bytes, to be read by the view's recall."""
    several: Several | None = getattr(call, "several", None)  # isinstance of a Protocol costs as much as a question
    if several is not None:
        return await several(questions, unread=unread)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(call, method, params)) for method, params in questions]
    return [task.result() for task in tasks]


def asking(first: Callable[[View], Sequence[Question]], then: Then) -> Callable[[Call, View], Awaitable[Answers]]:
    """A probe's `ask` out of what it asks first and what it makes of it."""

    async def ask(call: Call, view: View) -> Answers:
        questions = first(view)
        return await then(call, view, questions, await gather(call, questions, unread=True))

    return ask


class Answering:
    """A call some of whose questions are answered already. `were_all`: nobody has asked for more."""

    def __init__(
        self, call: Call, questions: Sequence[Question], told: Sequence[Any], read: Callable[[Any], Any]
    ) -> None:
        self._call, self._told = call, list(zip(questions, told, strict=True))
        self._read, self.were_all = read, True

    async def __call__(self, method: str, params: Params | None = None) -> Any:
        for question, answer in self._told:
            if question == (method, params):
                if isinstance(answer, Failure):
                    raise CallFailed(answer)
                whole = self._read(answer)
                return list(map(self._read, whole)) if isinstance(whole, list) else whole
        self.were_all = False
        return await self._call(method, params)


async def one(call: Call, method: str, params: Params | None = None) -> Any:
    """One answer or its Failure."""
    try:
        return await call(method, params)
    except CallFailed as error:
        return error.failure


def total_failure(answers: Iterable[Any]) -> Failure | None:
    """The failure of all, if not one question was answered."""
    failures = []
    for answer in answers:
        if not isinstance(answer, Failure):
            return None
        failures.append(answer)
    return failures[0] if failures else None
